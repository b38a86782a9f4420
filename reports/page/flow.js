// Section "Flow": what is finished, how long it took, and where the time went.

function issueTip(issue, ...facts) {
  const { key, title, type, board, project } = issueOf(issue);
  return [`${key} ${title}`, `${type}, ${project}, ${board}`, ...facts];
}

const MOST_POINTS = 2500;

/** Evenly chosen rows where there are too many to see, with all that took longer than the limit. */
function sampled(rows, limit, daysOf) {
  if (rows.length <= MOST_POINTS) return rows;
  const step = rows.length / MOST_POINTS;
  const chosen = new Set([...Array(MOST_POINTS).keys()].map((n) => rows[Math.floor(n * step)]));
  return rows.filter((row) => chosen.has(row) || daysOf(row) > limit);
}

function sampleNote(visible, rows, line) {
  return visible.length < rows.length ? `${number(visible.length)} of ${number(rows.length)} points are drawn, evenly chosen, with all above the ${line} line. The lines are of all of them.` : null;
}

function percentileRules({ p50, p85, p95 }) {
  return [{ name: per(50), value: p50 }, { name: per(85), value: p85 }, { name: per(95), value: p95 }];
}

function cycleScatter(filter) {
  const rows = timedRows(deliveredRows(filter, filter.range));
  const figures = cycleFigures(rows);
  const visible = sampled(rows, figures.p95 ?? 0, cycleDays);
  const { issue, finished, started } = DATA.finished;
  const typeOf = (row) => DATA.types[DATA.issues.type[issue[row]]];
  const types = typeSeries(rows, typeOf);
  const values = visible.map((row) => ({
    day: finished[row], days: cycleDays(row), series: types.nameOf(row), url: issueOf(issue[row]).url,
    tip: issueTip(issue[row], `cycle time ${days(cycleDays(row))}`, `started ${date(started[row])}, finished ${date(finished[row])}`, "click to open it in the tracker"),
  }));
  const x = dayAxis(filter.range);
  const y = amountAxis("days", "cycle time in days");
  return {
    n: rows.length, unit: "finished issues", nothing: "No issue with a cycle time was finished in this period.",
    note: sampleNote(visible, rows, per(95)),
    summary: `Half of ${number(rows.length)} issues finished within ${days(figures.p50)}, ${per(85)} within ${days(figures.p85)}.`,
    spec: {
      height: 320,
      layer: [
        { data: { values }, mark: { type: "point", filled: true, opacity: 0.7, size: 42, tooltip: { content: "data" }, cursor: "pointer" }, encoding: { x, y, color: types.color, shape: types.shape } },
        ...ruleLayers(percentileRules(figures), "y", Math.max(...rows.map(cycleDays)), (value) => `${number(value, 1)} d`),
      ],
    },
    table: {
      columns: ["issue", "title", "type", "started", "finished", "days"],
      rows: [...rows].reverse().map((row) => [{ text: issueOf(issue[row]).key, url: issueOf(issue[row]).url }, issueOf(issue[row]).title, typeOf(row), date(started[row]), date(finished[row]), number(cycleDays(row), 1)]),
    },
  };
}

const STEPS = [0.5, 1, 2, 5, 7, 10, 14, 20, 30, 50, 100, 200, 365];

function cycleHistogram(filter) {
  const rows = timedRows(deliveredRows(filter, filter.range));
  const figures = cycleFigures(rows);
  const longest = Math.max(...rows.map(cycleDays), 1);
  const step = STEPS.find((one) => (figures.p95 ?? longest) / one <= 18) ?? 730;
  const bars = Math.min(Math.ceil(longest / step + 1e-9), 30);
  const counts = Array(bars).fill(0);
  for (const row of rows) counts[Math.min(Math.floor(cycleDays(row) / step), bars - 1)] += 1;
  const isOpen = longest >= bars * step;
  const name = (n) => (isOpen && n === bars - 1 ? `${amount(n * step)} days and more` : `${amount(n * step)} to ${amount((n + 1) * step)} days`);
  const values = counts.map((count, n) => ({ from: n * step, to: (n + 1) * step, count, tip: [name(n), `${plural(count, "issue")}, ${percent(count / rows.length)}`] }));
  return {
    n: rows.length, unit: "finished issues", nothing: "No issue with a cycle time was finished in this period.",
    note: isOpen ? `The last bar holds all from ${amount((bars - 1) * step)} days on.` : null,
    summary: `Most often ${name(counts.indexOf(Math.max(...counts)))}.`,
    spec: {
      layer: [
        {
          data: { values }, mark: { type: "bar", color: colour("blue"), tooltip: { content: "data" }, binSpacing: 1 },
          encoding: { x: { ...amountAxis("from", "cycle time in days", { axis: { values: values.map(({ from }) => from).filter((_, n) => n % Math.ceil(values.length / 8) === 0), format: ",~f", grid: false } }), bin: { binned: true, step } }, x2: { field: "to" }, y: countAxis("count", "issues", { scale: { domainMin: 0, domainMax: Math.max(...counts) * 1.25 } }) },
        },
        ...ruleLayers(percentileRules(figures).slice(0, 2), "x", bars * step, (value) => `${number(value, 1)} d`),
      ],
    },
    table: { columns: ["cycle time", "issues", "share"], rows: counts.map((count, n) => [name(n), number(count), percent(count / rows.length, 1)]) },
  };
}

function cycleTrend(filter) {
  const buckets = bucketsOf(filter.range, unitFor(filter.range));
  const rows = deliveredRows(filter, buckets);
  const groups = byBucket(buckets, rows, (row) => DATA.finished.finished[row]);
  const figures = [...groups].map(([start, some]) => ({ start, ...cycleFigures(some) }));
  const values = figures.filter(({ n }) => n > 0).flatMap(({ start, n, p50, p85 }) => [[per(50), p50], [per(85), p85]].map(([line, value]) => ({
    start, line, value, few: n < FEW, tip: [bucketName(start, buckets.unit), `${line} within ${days(value)}`, `n = ${number(n)}${n < FEW ? ": a small number" : ""}`],
  })));
  const encoding = { x: bucketAxis(buckets), y: amountAxis("value", "days"), color: series("line", [per(50), per(85)]) };
  return {
    n: timedRows(rows).length, unit: "finished issues", nothing: "No issue with a cycle time was finished in these weeks or months.",
    note: `Whole ${buckets.unit}s, the last one as far as it has gone. Hollow dots stand for fewer than ${FEW} issues.`,
    summary: `${plural(buckets.starts.length, buckets.unit)}.`,
    spec: { data: { values }, layer: dottedLine(encoding, { tooltip: { content: "data" } }) },
    table: {
      columns: [buckets.unit, "n", per(50), per(70), per(85), per(95), "without work in progress"],
      rows: figures.map(({ start, n, p50, p70, p85, p95, skipped }) => [bucketName(start, buckets.unit), number(n), ...[p50, p70, p85, p95].map((value) => number(value, 1)), number(skipped)]),
    },
  };
}

function throughputRun(filter) {
  const buckets = bucketsOf(filter.range, unitFor(filter.range));
  const rows = deliveredRows(filter, buckets);
  const groups = byBucket(buckets, rows, (row) => DATA.finished.finished[row]);
  const figures = [...groups].map(([start, some]) => ({ start, ...throughputFigures(some) }));
  const isWhole = ({ start }) => UNITS[buckets.unit].next(start) - 1 <= DATA.today;
  const whole = figures.filter(isWhole);
  const median = percentile(ascending(whole.map(({ issues }) => issues)), 0.5);
  const values = figures.map(({ start, issues, points }) => ({ start, issues, few: !isWhole({ start }), tip: [bucketName(start, buckets.unit), plural(issues, "issue"), `${amount(points)} points`] }));
  const encoding = { x: bucketAxis(buckets), y: countAxis("issues", "finished issues", { scale: { domainMin: 0 } }) };
  return {
    n: rows.length, unit: "finished issues", nothing: "No issue was finished in these weeks or months.",
    note: `The line is the median of the whole ${buckets.unit}s. A hollow dot stands for one that is not over.`,
    summary: `Median ${number(median, 1)} issues a ${buckets.unit}.`,
    spec: {
      layer: [
        { data: { values }, layer: dottedLine(encoding, { color: colour("blue"), tooltip: { content: "data" } }) },
        ...ruleLayers([{ name: "median", value: median }], "y", Math.max(...figures.map(({ issues }) => issues))),
      ],
    },
    table: { columns: [buckets.unit, "issues", "points"], rows: figures.map(({ start, issues, points }) => [bucketName(start, buckets.unit), number(issues), amount(points)]) },
  };
}
