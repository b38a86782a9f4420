// Section "Quality": which defects reached users, and how defects come and go.

const CLASS_NAMES = ["escaped", "found before release", "unknown"];
const CLASS_COLOURS = ["red", "blue", "grey"];
const MOST_RELEASES = 15;

function classValues(figures, nameOf, key) {
  return figures.flatMap((one) => CLASSES.map((name, order) => ({
    [key]: one[key], order, class: CLASS_NAMES[order], defects: one[name],
    tip: [nameOf(one), `${number(one.escaped)} escaped, ${number(one.internal)} found before release, ${number(one.unknown)} unknown`, `escape rate ${percent(one.rate, 1)}${weightedWords(one)}, unknown share ${percent(one.unknownShare, 1)}`, ...(one.escaped + one.internal < FEW ? ["a small number: read with care"] : [])],
  })));
}

/** The weighted rate as a part of a sentence, where severities have weights. */
function weightedWords({ weighted }) {
  return HAS_WEIGHTS ? ` (weighted by severity ${percent(weighted, 1)})` : "";
}

function escapeColumns(first) {
  return [first, "defects", "escaped", "before release", "unknown", "escape rate", "weighted by severity", "unknown share"];
}

function escapeCells(one) {
  return [number(one.defects), number(one.escaped), number(one.internal), number(one.unknown), percent(one.rate, 1), percent(one.weighted, 1), percent(one.unknownShare, 1)];
}

function escapeByMonth(filter) {
  const buckets = bucketsOf(filter.range, "month");
  const rows = defectRows(filter, buckets, "created");
  const figures = [...byBucket(buckets, rows, (row) => DATA.defects.created[row])].map(([start, some]) => ({ start, ...escapeFigures(some) }));
  const all = escapeFigures(rows);
  const x = bucketAxis(buckets);
  const room = roomAbove(figures.map(({ defects }) => defects));
  const y = countAxis("defects", "defects", { stack: "zero", ...room });
  const isLabelled = hasRoomForLabels(figures.length);
  const labels = figures.map(({ start, defects, rate }) => ({ start, defects, label: rate === null || !isLabelled ? "" : percent(rate) }));
  return {
    n: rows.length, unit: "defects", small: rows.length > 0 && all.escaped + all.internal < FEW, nothing: "No defect was created in these months.",
    note: `${isLabelled ? "Above each bar: the escape rate. " : ""}All together ${percent(all.rate, 1)}${weightedWords(all)}; ${percent(all.unknownShare, 1)} of the defects are unknown and in no rate. Whole months.`,
    summary: `${percent(all.rate)} of the classified defects escaped; ${percent(all.unknownShare)} of all are unknown.`,
    spec: {
      layer: [
        { data: { values: classValues(figures, (one) => bucketName(one.start, "month"), "start") }, mark: { type: "bar", tooltip: { content: "data" } }, encoding: { x, y, color: series("class", CLASS_NAMES, CLASS_COLOURS), order: { field: "order", type: "quantitative" } } },
        { data: { values: labels }, mark: { type: "text", baseline: "bottom", dy: -4, fontSize: 12 }, encoding: { x, y: countAxis("defects", "defects", room), text: { field: "label" } } },
      ],
    },
    table: { columns: escapeColumns("month"), rows: figures.map((one) => [bucketName(one.start, "month"), ...escapeCells(one)]) },
  };
}

/** Defects by the release that introduced them, the newest of the period first. */
function releasesWithin(filter) {
  const { released } = DATA.releases;
  const rows = rowsOf(DATA.defects).filter((row) => DATA.defects.release[row] !== null && isWithin(released[DATA.defects.release[row]], filter.range) && issuePasses(filter, DATA.defects.issue[row]));
  return [...grouped(rows, (row) => DATA.defects.release[row])].sort((a, b) => released[b[0]] - released[a[0]]);
}

function releaseAxis(visible) {
  const names = Object.fromEntries(visible.map((one) => [one.release, one.name]));
  return { field: "release", type: "ordinal", title: null, sort: null, scale: { domain: visible.map((one) => one.release) }, axis: { labelExpr: namesExpression(names), grid: false, labelLimit: 120 } };
}

function moreReleases(figures, visible) {
  return figures.length > visible.length ? ` The ${MOST_RELEASES} newest of ${number(figures.length)} releases.` : "";
}

function escapeByRelease(filter) {
  const { name, released } = DATA.releases;
  const figures = releasesWithin(filter).map(([release, some]) => ({ release: String(release), name: name[release], released: released[release], within30: escapedWithin(some, 30), within90: escapedWithin(some, 90), ...escapeFigures(some) }));
  const visible = figures.slice(0, MOST_RELEASES);
  const y = releaseAxis(visible);
  const both = (one) => (HAS_WEIGHTS ? `${percent(one.rate)}, weighted ${percent(one.weighted)}` : percent(one.rate));
  const labels = visible.map((one) => ({ release: one.release, defects: one.defects, label: one.rate === null ? "" : both(one) }));
  const x = countAxis("defects", "defects", { stack: "zero", ...roomBeside(visible.map(({ defects }) => defects), labels) });
  return {
    n: sum(figures.map(({ defects }) => defects)), unit: "defects", nothing: "No defect names a version that was released in this period as the one that introduced it.",
    note: `Beside each bar: the escape rate${HAS_WEIGHTS ? ", and the one weighted by severity" : ""}. A young release's rate still grows.${moreReleases(figures, visible)}`,
    summary: `${plural(figures.length, "release")}.`,
    spec: {
      height: Math.max(160, visible.length * 32 + 70),
      layer: [
        { data: { values: classValues(visible, (one) => `${one.name}, released ${date(one.released)}`, "release") }, mark: { type: "bar", tooltip: { content: "data" } }, encoding: { y, x, color: series("class", CLASS_NAMES, CLASS_COLOURS, 130), order: { field: "order", type: "quantitative" } } },
        { data: { values: labels }, mark: { type: "text", align: "left", dx: 5 }, encoding: { y, x: { ...x, stack: null }, text: { field: "label" } } },
      ],
    },
    table: { columns: ["release", "released", ...escapeColumns("").slice(1), "escaped in 30 days", "in 90 days"], rows: figures.map((one) => [one.name, date(one.released), ...escapeCells(one), number(one.within30), number(one.within90)]) },
  };
}

function inflowOutflow(filter) {
  const buckets = bucketsOf(filter.range, unitFor(filter.range));
  const incoming = defectRows(filter, buckets, "created");
  const outgoing = defectRows(filter, buckets, "finished");
  const created = byBucket(buckets, incoming, (row) => DATA.defects.created[row]);
  const finished = byBucket(buckets, outgoing, (row) => DATA.defects.finished[row]);
  const names = ["created", "finished"];
  const values = buckets.starts.flatMap((start) => [created, finished].map((some, n) => ({ start, flow: names[n], defects: some.get(start).length, few: false, tip: [bucketName(start, buckets.unit), `${number(created.get(start).length)} created, ${number(finished.get(start).length)} finished`] })));
  const encoding = { x: bucketAxis(buckets), y: countAxis("defects", "defects", { scale: { domainMin: 0 } }), color: series("flow", names, ["orange", "blue"]) };
  return {
    n: incoming.length + outgoing.length === 0 ? 0 : incoming.length, unit: "defects created", nothing: "No defect was created or finished here.",
    note: `${number(incoming.length)} created, ${number(outgoing.length)} finished. Whole ${buckets.unit}s.`,
    summary: `${number(incoming.length)} created, ${number(outgoing.length)} finished.`,
    spec: { data: { values }, layer: dottedLine(encoding, { tooltip: { content: "data" } }) },
    table: { columns: [buckets.unit, ...names], rows: buckets.starts.map((start) => [bucketName(start, buckets.unit), number(created.get(start).length), number(finished.get(start).length)]) },
  };
}

function timeToResolve(filter) {
  const buckets = bucketsOf(filter.range, unitFor(filter.range));
  const rows = defectRows(filter, buckets, "finished");
  const figures = [...byBucket(buckets, rows, (row) => DATA.defects.finished[row])].map(([start, some]) => ({ start, ...resolveFigures(some) }));
  const values = figures.filter(({ n }) => n > 0).flatMap(({ start, n, p50, p85 }) => [[per(50), p50], [per(85), p85]].map(([line, value]) => ({ start, line, value, few: n < FEW, tip: [bucketName(start, buckets.unit), `${line} within ${days(value)}`, `n = ${number(n)}${n < FEW ? ": a small number" : ""}`] })));
  const all = resolveFigures(rows);
  const encoding = { x: bucketAxis(buckets), y: amountAxis("value", "days", { scale: { domainMin: 0 } }), color: series("line", [per(50), per(85)]) };
  return {
    n: rows.length, unit: "finished defects", nothing: "No defect was finished here.",
    note: `Hollow dots stand for fewer than ${FEW} defects. Whole ${buckets.unit}s.`,
    summary: `Half of the defects were resolved within ${days(all.p50)}, ${per(85)} within ${days(all.p85)}.`,
    spec: { data: { values }, layer: dottedLine(encoding, { tooltip: { content: "data" } }) },
    table: { columns: [buckets.unit, "n", per(50), per(85)], rows: figures.map(({ start, n, p50, p85 }) => [bucketName(start, buckets.unit), number(n), number(p50, 1), number(p85, 1)]) },
  };
}

function resolveDays(row) {
  return DATA.defects.resolve[row] / 86400;
}

/** Which rule decided the class of a defect, and by what. */
function escapeReason(row) {
  const { rule, evidence } = DATA.defects;
  const name = CLASS_NAMES[DATA.defects.class[row]];
  return rule[row] === null ? `${name}: no rule matched` : `${name} by rule "${DATA.rules.name[rule[row]]}": ${evidence[row] ?? "–"}`;
}

function eachDefect(filter) {
  const rows = defectRows(filter, filter.range, "finished");
  const figures = resolveFigures(rows);
  const visible = sampled(rows, figures.p85 ?? 0, resolveDays);
  const { issue, created, finished, severity } = DATA.defects;
  const values = visible.map((row) => ({
    day: finished[row], days: resolveDays(row), class: CLASS_NAMES[DATA.defects.class[row]], url: issueOf(issue[row]).url,
    tip: issueTip(issue[row], `resolved within ${days(resolveDays(row))}`, `created ${date(created[row])}, finished ${date(finished[row])}`, `severity: ${severity[row] === null ? "not set" : DATA.severities[severity[row]]}`, escapeReason(row), "click to open it in the tracker"),
  }));
  const shape = { field: "class", type: "nominal", sort: null, legend: legendOf(CLASS_NAMES), scale: { domain: CLASS_NAMES, range: ["triangle-up", "circle", "square"] } };
  return {
    n: rows.length, unit: "finished defects", nothing: "No defect was finished in this period.", note: sampleNote(visible, rows, per(85)),
    summary: `Half of the defects were resolved within ${days(figures.p50)}, ${per(85)} within ${days(figures.p85)}.`,
    spec: {
      layer: [
        { data: { values }, mark: { type: "point", filled: true, opacity: 0.75, size: 46, tooltip: { content: "data" }, cursor: "pointer" }, encoding: { x: dayAxis(filter.range), y: amountAxis("days", "days to resolve"), color: series("class", CLASS_NAMES, CLASS_COLOURS), shape } },
        ...ruleLayers([{ name: per(50), value: figures.p50 }, { name: per(85), value: figures.p85 }], "y", Math.max(...rows.map(resolveDays)), (value) => `${number(value, 1)} d`),
      ],
    },
    table: {
      columns: ["defect", "title", "created", "finished", "days", "class and why"],
      rows: [...rows].sort((a, b) => finished[b] - finished[a]).map((row) => [{ text: issueOf(issue[row]).key, url: issueOf(issue[row]).url }, issueOf(issue[row]).title, date(created[row]), date(finished[row]), number(resolveDays(row), 1), escapeReason(row)]),
    },
  };
}

function reopenRate(filter) {
  const buckets = bucketsOf(filter.range, "month");
  const rows = doneEventRows(filter, buckets);
  const figures = [...byBucket(buckets, rows, (row) => DATA.doneEvents.day[row])].map(([start, some]) => ({ start, ...reopenFigures(some) }));
  const values = figures.filter(({ events }) => events > 0).map(({ start, events, reopened, rate }) => ({ start, rate, few: events < FEW, tip: [bucketName(start, "month"), `${number(reopened)} of ${number(events)} reopened: ${percent(rate, 1)}`, ...(events < FEW ? ["a small number: read with care"] : [])] }));
  const all = reopenFigures(rows);
  const encoding = { x: bucketAxis(buckets), y: shareAxis("rate", "reopened", { scale: { domainMin: 0, domainMax: Math.max(0.1, ...figures.map(({ rate }) => rate ?? 0)) * 1.1 } }) };
  return {
    n: rows.length, unit: "times that a defect was done", nothing: "No defect was done in these months, or it is less than 14 days ago.",
    note: `All together ${percent(all.rate, 1)}. Hollow dots stand for fewer than ${FEW}.`,
    summary: `${percent(all.rate, 1)} were reopened.`,
    spec: { data: { values }, layer: dottedLine(encoding, { color: colour("blue"), tooltip: { content: "data" } }) },
    table: { columns: ["month", "done", "reopened", "rate"], rows: figures.map(({ start, events, reopened, rate }) => [bucketName(start, "month"), number(events), number(reopened), percent(rate, 1)]) },
  };
}

const QUALITY_CHARTS = [
  { id: "escape-month", title: "Defect escape rate by month", definition: "Escaped ÷ (escaped + found before release) of the defects created in the month; unknown ones are shown and in no rate. Cancelled defects count nowhere.", make: escapeByMonth },
  { id: "escape-release", title: "Defect escape rate by release", definition: "The same for the earliest released version that a defect names as affected, for releases of the period. Weighted: each defect counts as much as its severity weighs in the configuration.", make: escapeByRelease },
  { id: "escape-age", title: "Escaped defects by time since the release", definition: "Defects that escaped, by the days from the release that introduced them to their creation. Releases of different age can be compared by the same days after them.", make: escapedAfterRelease },
  { id: "inflow", title: "Defects coming in and going out", definition: "Defects by the day of creation and by the day of their finish. While more come in than go out, the heap grows.", make: inflowOutflow },
  { id: "resolve", title: "Time to resolve", get definition() { return `From creation to finish of the defects finished in each week or month, within which half and ${per(85)} lie.`; }, make: timeToResolve },
  { id: "reopen", title: "Reopen rate", definition: "Times that a defect came to done and was reopened within 14 days ÷ all times that are at least 14 days ago.", make: reopenRate },
  { id: "open-defects", isWide: true, title: "Age of open defects", get definition() { return `Days since the creation of each defect that is neither finished nor cancelled now, by its severity. Dashed lines: half and ${per(85)} of all of them are younger.`; }, make: openDefects },
  { id: "each-defect", isWide: true, title: "Each finished defect", definition: "Days from creation to finish, at the day of the finish, by whether it escaped. The tooltip and the table name the rule that decided that, and by which value.", make: eachDefect },
];
