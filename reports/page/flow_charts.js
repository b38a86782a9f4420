// The rest of section "Flow": work in progress, and what happened in the time.

const BANDS = ["done", "in progress", "to do"];

function cumulativeFlow(filter) {
  const levels = [...dailyLevels(filter, filter.range, "monotone")];
  const doneBefore = levels[0]?.[1][STAGES.done] ?? 0;
  const step = Math.ceil(levels.length / 200);
  const chosen = levels.filter((_, n) => (levels.length - 1 - n) % step === 0);
  const values = chosen.flatMap(([day, [todo, inProgress, done]]) => [done - doneBefore, inProgress, todo].map((issues, order) => ({
    day, band: BANDS[order], order, issues, tip: [date(day), `${BANDS[order]}: ${plural(issues, "issue")}`],
  })));
  const last = levels.at(-1)?.[1] ?? [0, 0, 0];
  return {
    n: Math.max(...levels.map(([, level]) => sum(level)), 0), unit: "issues at most", nothing: "No issue existed in this period.",
    note: step > 1 ? `One day in ${step} is drawn.` : null,
    summary: `On the last day ${number(last[STAGES.todo])} to do, ${number(last[STAGES.inProgress])} in progress.`,
    spec: {
      data: { values },
      mark: { type: "area", interpolate: "step-after", opacity: 0.85, tooltip: { content: "data" } },
      encoding: { x: dayAxis(filter.range), y: countAxis("issues", "issues", { stack: "zero" }), color: series("band", BANDS, ["green", "blue", "sand"]), order: { field: "order", type: "quantitative" } },
    },
    table: { columns: ["day", "done in the period", "in progress", "to do"], rows: chosen.map(([day, [todo, inProgress, done]]) => [date(day), number(done - doneBefore), number(inProgress), number(todo)]) },
  };
}

function ageing(filter) {
  const rows = ageingRows(filter);
  const { issue, status, age, statusAge, passed, comparedWith, compared, blocked, started } = DATA.inProgress;
  const figures = cycleFigures(deliveredRows(filter, filter.range));
  const names = [...new Set(rows.map((row) => DATA.statuses[status[row]]))].sort();
  const visible = sampled(rows, figures.p85 ?? 0, (row) => age[row]);
  const lines = figures.n === 0 ? "No issue with a cycle time was finished in this period, so there are no lines to compare with." : `The lines are of ${plural(figures.n, "issue")} finished in the period.`;
  const values = visible.map((row) => ({
    status: DATA.statuses[status[row]], age: age[row], state: blocked[row] ? "blocked" : "not blocked", jitter: ((issue[row] * 7) % 11) / 10, url: issueOf(issue[row]).url,
    tip: issueTip(issue[row], `${days(age[row])} old, ${days(statusAge[row])} of them in ${DATA.statuses[status[row]]}`, `started ${date(started[row])}${blocked[row] ? ", blocked now" : ""}`,
      passed[row] === null ? "no cycle times to compare with" : `past the ${per(passed[row])} line of ${number(compared[row])} issues of its ${comparedWith[row] === "all" ? "company" : comparedWith[row]}`, "click to open it in the tracker"),
  }));
  return {
    n: rows.length, unit: "issues in progress", nothing: "Nothing is in progress.",
    note: visible.length < rows.length ? `${number(visible.length)} of ${number(rows.length)} points are drawn, evenly chosen, with all above the ${per(85)} line. ${lines}` : lines,
    summary: `The oldest is ${days(Math.max(...rows.map((row) => age[row])))} old; ${number(rows.filter((row) => figures.p85 !== null && age[row] > figures.p85).length)} are older than ${per(85)} of the finished ones took.`,
    spec: {
      height: Math.max(200, names.length * 46 + 70),
      layer: [
        {
          data: { values }, mark: { type: "point", filled: true, size: 52, opacity: 0.8, tooltip: { content: "data" }, cursor: "pointer" },
          encoding: {
            x: amountAxis("age", "age in days", { scale: { domainMin: 0 } }), y: { field: "status", type: "nominal", title: null, sort: names, scale: { paddingOuter: 0.7 }, axis: { grid: true, labelLimit: 110 } },
            yOffset: { field: "jitter", type: "quantitative", scale: { domain: [-0.3, 1.3] } },
            color: series("state", ["not blocked", "blocked"], ["blue", "red"]), shape: { field: "state", type: "nominal", sort: null, legend: legendOf(["not blocked", "blocked"]), scale: { domain: ["not blocked", "blocked"], range: ["circle", "triangle-up"] } },
          },
        },
        ...ruleLayers(percentileRules(figures).slice(0, 2), "x", Math.max(...rows.map((row) => age[row]), figures.p85 ?? 0), (value) => `${number(value, 1)} d`),
      ],
    },
    table: {
      columns: ["issue", "title", "status", "age in days", "in the status", "blocked"],
      rows: rows.map((row) => [{ text: issueOf(issue[row]).key, url: issueOf(issue[row]).url }, issueOf(issue[row]).title, DATA.statuses[status[row]], number(age[row], 1), number(statusAge[row], 1), blocked[row] ? "yes" : "no"]),
    },
  };
}

const SHARES = ["active", "waiting", "blocked"];

function efficiency(filter) {
  const buckets = bucketsOf(filter.range, unitFor(filter.range));
  const rows = deliveredRows(filter, buckets);
  const figures = [...byBucket(buckets, rows, (row) => DATA.finished.finished[row])].map(([start, some]) => ({ start, ...efficiencyFigures(some) }));
  const all = efficiencyFigures(rows);
  const values = figures.flatMap((one) => SHARES.map((share, order) => ({
    start: one.start, share, order, part: ratio(one[share], one.active + one.waiting + one.blocked) ?? 0,
    tip: [bucketName(one.start, buckets.unit), `${share}: ${percent(ratio(one[share], one.active + one.waiting + one.blocked), 1)}`, `n = ${number(one.n)}${one.n < FEW ? ": a small number" : ""}`],
  })));
  return {
    n: all.n, unit: "finished issues", nothing: "No issue finished here whose waiting or blocked time is known: flow efficiency needs a rule for one of them.",
    note: `All together: ${percent(all.efficiency, 1)} active.`,
    summary: `${percent(all.efficiency)} of the time was active.`,
    spec: {
      data: { values }, mark: { type: "bar", tooltip: { content: "data" } },
      encoding: { x: bucketAxis(buckets), y: shareAxis("part", "share of the cycle time", { stack: "zero", scale: { domain: [0, 1] } }), color: series("share", SHARES, ["blue", "sand", "red"]), order: { field: "order", type: "quantitative" } },
    },
    table: { columns: [buckets.unit, "n", "flow efficiency", "active days", "waiting days", "blocked days"], rows: figures.map((one) => [bucketName(one.start, buckets.unit), number(one.n), percent(one.efficiency, 1), ...SHARES.map((share) => number(one[share] / 86400, 1))]) },
  };
}

const MOST_STATUSES = 12;

function timeInStatus(filter) {
  const { n, statuses } = statusFigures(deliveredRows(filter, filter.range));
  const visible = statuses.slice(0, MOST_STATUSES);
  const values = visible.map(({ name, isWaiting, mean, issues }) => ({
    name, mean, kind: isWaiting ? "waiting" : "working", label: number(mean, 1),
    tip: [name, `${number(mean, 2)} days an issue on average`, `${plural(issues, "issue")} of ${number(n)} came through it`],
  }));
  const y = { field: "name", type: "nominal", title: null, sort: null, axis: { grid: false, labelLimit: 120 } };
  const x = amountAxis("mean", "days an issue", roomAbove(visible.map(({ mean }) => mean)));
  return {
    n: statuses.length === 0 ? 0 : n, unit: "finished issues", nothing: "No issue with a cycle time was finished in this period.",
    note: statuses.length > visible.length ? `The ${MOST_STATUSES} longest of ${number(statuses.length)} statuses.` : null,
    summary: `Longest: ${visible[0]?.name}, ${number(visible[0]?.mean, 1)} days.`,
    spec: {
      height: Math.max(160, visible.length * 32 + 60), data: { values },
      layer: [
        { mark: { type: "bar", tooltip: { content: "data" } }, encoding: { x, y, color: series("kind", ["working", "waiting"], ["blue", "sand"]) } },
        { mark: { type: "text", align: "left", dx: 4 }, encoding: { x, y, text: { field: "label" } } },
      ],
    },
    table: { columns: ["status", "kind", "days an issue", "issues"], rows: statuses.map(({ name, isWaiting, mean, issues }) => [name, isWaiting ? "waiting" : "working", number(mean, 2), number(issues)]) },
  };
}

const FLOW_CHARTS = [
  { id: "cycle-scatter", title: "Cycle time of each finished issue", isWide: true, definition: "From the first entry into work in progress after the last return to the backlog to the last finish, in elapsed days. Cancelled issues and those without work in progress are left out. Below a line lies that share of the issues.", make: cycleScatter },
  { id: "cycle-histogram", title: "How cycle times are spread", definition: "Finished issues by cycle time. A long tail to the right is what makes averages useless for promises.", make: cycleHistogram },
  { id: "cycle-trend", title: "Cycle time over time", get definition() { return `Cycle time within which half and ${per(85)} of the issues finished in each week or month.`; }, make: cycleTrend },
  { id: "throughput", title: "Throughput", definition: "Delivered issues, by the day of their finish; cancelled ones do not count.", make: throughputRun },
  { id: "cumulative-flow", title: "Cumulative flow", definition: "Issues by stage at the end of each day; what was taken back later is left out, so no line falls. Done counts from the first day shown. A band that widens is a queue that grows.", make: cumulativeFlow },
  { id: "efficiency", title: "Flow efficiency", definition: "Active time ÷ (active + waiting + blocked) of finished issues, all within their cycle time; blocked wins over waiting.", make: efficiency },
  { id: "time-in-status", title: "Time in status", definition: "Mean days in each status in progress, between start and finish, over all finished issues with a cycle time.", make: timeInStatus },
  { id: "ageing", title: "Age of work in progress", isWide: true, get definition() { return `How long ago each issue in progress was started, by its status, against the cycle times of finished issues. What is right of the ${per(85)} line is late already.`; }, make: ageing },
];
