// Section "Quality", its newer half: defects that are open, and when the escaped ones of a release were found.

const MOST_SEVERITIES = 8;
const SPANS = [30, 90];

function severityName(row) {
  const severity = DATA.defects.severity[row];
  return severity === null ? "not set" : DATA.severities[severity];
}

/** Rows by severity: the heaviest first, then by name, those without one last; beyond the most that fit, the rest as one. */
function bySeverity(rows) {
  const groups = [...grouped(rows, severityName)].map(([name, some]) => ({ name, rows: some, isSet: DATA.defects.severity[some[0]] !== null, weight: weightOf(some[0]) }));
  groups.sort((a, b) => b.isSet - a.isSet || b.weight - a.weight || a.name.localeCompare(b.name, "en", { numeric: true }));
  if (groups.length <= MOST_SEVERITIES) return groups;
  const rest = groups.slice(MOST_SEVERITIES - 1).flatMap((group) => group.rows);
  return [...groups.slice(0, MOST_SEVERITIES - 1), { name: "others", rows: rest }];
}

function ageDays(row) {
  return DATA.defects.age[row] / 86400;
}

function openDefects(filter) {
  const rows = openDefectRows(filter);
  const all = openFigures(rows);
  const groups = bySeverity(rows).map((group) => ({ ...group, ...openFigures(group.rows) }));
  const visible = new Set(sampled(rows, all.p85 ?? 0, ageDays));
  const { issue, created } = DATA.defects;
  const values = groups.flatMap((group) => group.rows.filter((row) => visible.has(row)).map((row) => ({
    severity: group.name, age: ageDays(row), jitter: ((issue[row] * 7) % 11) / 10, url: issueOf(issue[row]).url,
    tip: issueTip(issue[row], `open for ${days(ageDays(row))}, since ${date(created[row])}`, `severity: ${severityName(row)}`, escapeReason(row), "click to open it in the tracker"),
  })));
  const medians = groups.map(({ name, n, p50, p85, oldest }) => ({
    severity: name, age: p50, few: n < FEW, tip: [`${name}: ${plural(n, "open defect")}`, `half of them are older than ${days(p50)}`, `${per(85)} are younger than ${days(p85)}, the oldest is ${days(oldest)} old`, ...(n < FEW ? ["a small number: read with care"] : [])],
  }));
  const labels = Object.fromEntries(groups.map(({ name, n }) => [name, [shortened(name), `n = ${number(n)}`]]));
  const y = { field: "severity", type: "ordinal", title: null, sort: null, scale: { domain: groups.map(({ name }) => name), paddingOuter: 0.7 }, axis: { grid: true, labelExpr: namesExpression(labels), labelLimit: 120 } };
  const tick = { type: "tick", orient: "vertical", thickness: 3, size: 30, color: colour("ink"), tooltip: { content: "data" } };
  return {
    n: rows.length, unit: "open defects", nothing: "No defect is open.",
    note: [`Upright bars: the median of each severity${groups.some(({ n }) => n < FEW) ? `, pale ones of fewer than ${FEW} defects` : ""}. All together ${days(all.mean)} on average.`, sampleNote([...visible], rows, per(85))].filter((text) => text !== null).join(" "),
    summary: `${groups.map(({ name, n, p50 }) => `${name}: ${number(n)}, half of them older than ${days(p50)}`).join("; ")}.`,
    spec: {
      height: Math.max(170, groups.length * 44 + 70),
      layer: [
        { data: { values }, mark: { type: "point", filled: true, size: 46, opacity: 0.7, color: colour("blue"), tooltip: { content: "data" }, cursor: "pointer" }, encoding: { x: amountAxis("age", "days since creation", { scale: { domainMin: 0 } }), y, yOffset: { field: "jitter", type: "quantitative", scale: { domain: [-0.3, 1.3] } } } },
        { data: { values: medians }, mark: tick, encoding: { x: amountAxis("age", "days since creation", { scale: { domainMin: 0 } }), y, opacity: { condition: { test: "datum.few", value: 0.45 }, value: 1 } } },
        ...ruleLayers([{ name: per(50), value: all.p50 }, { name: per(85), value: all.p85 }], "x", all.oldest ?? 0, (value) => `${number(value, 1)} d`),
      ],
    },
    table: {
      columns: ["defect", "title", "severity", "created", "days open"],
      rows: [...rows].sort((a, b) => ageDays(b) - ageDays(a)).map((row) => [{ text: issueOf(issue[row]).key, url: issueOf(issue[row]).url }, issueOf(issue[row]).title, severityName(row), date(created[row]), number(ageDays(row), 1)]),
    },
  };
}

/** As much of a name as fits beside a chart. */
function shortened(name) {
  return name.length > 16 ? `${name.slice(0, 15)}…` : name;
}

/** Escaped defects of a release by when they were found: what each span holds, and the sums of the first ones. */
function spansOf(rows) {
  const [young, middle] = SPANS.map((most) => escapedWithin(rows, most));
  const escaped = rows.filter((row) => CLASSES[DATA.defects.class[row]] === "escaped");
  const before = escaped.filter((row) => daysAfterRelease(row) < 0).length;
  return { escaped: escaped.length, within30: young, within90: middle, parts: [young, middle - young, escaped.length - middle - before, before] };
}

/** Whether the days after the release are over, so that no more can be found within them. */
function isOver(released, most) {
  return DATA.today > released + most;
}

function escapedAfterRelease(filter) {
  const { name, released } = DATA.releases;
  const found = releasesWithin(filter).map(([release, rows]) => ({ release: String(release), name: name[release], released: released[release], rate: escapeFigures(rows).rate, ...spansOf(rows) }));
  const visible = found.slice(0, MOST_RELEASES);
  const soFar = (one, most) => (isOver(one.released, most) ? "" : " so far");
  const within = (one) => [`within ${SPANS[0]} days: ${number(one.within30)}${soFar(one, SPANS[0])}`, `within ${SPANS[1]} days: ${number(one.within90)}${soFar(one, SPANS[1])}`];
  const allSpans = [`within ${SPANS[0]} days`, `${SPANS[0] + 1} to ${SPANS[1]} days`, "later", "before the release"];
  const spans = allSpans.filter((_, part) => part < 2 || visible.some(({ parts }) => parts[part] > 0));
  const values = visible.flatMap((one) => one.parts.map((defects, part) => ({
    release: one.release, span: allSpans[part], order: part, defects,
    tip: [`${one.name}, released ${date(one.released)}`, ...within(one), `${plural(one.escaped, "defect")} escaped up to now: ${percent(one.rate, 1)} of the classified ones`],
  })));
  const young = visible.filter((one) => !isOver(one.released, SPANS[1]));
  const y = releaseAxis(visible);
  const labels = visible.map((one) => ({ release: one.release, defects: one.escaped, label: isOver(one.released, SPANS[1]) ? "" : "so far" }));
  const x = countAxis("defects", "escaped defects", { stack: "zero", ...roomBeside(visible.map(({ escaped }) => escaped), labels) });
  return {
    n: sum(found.map(({ escaped }) => escaped)), unit: "escaped defects", nothing: "No defect that a release of this period introduced has escaped.",
    note: `${young.length > 0 ? `"So far": ${SPANS[1]} days after the release are not over. ` : ""}${number(sum(found.map((one) => one.within30)))} within ${SPANS[0]} days, ${number(sum(found.map((one) => one.within90)))} within ${SPANS[1]}.${moreReleases(found, visible)}`,
    summary: `${plural(found.length, "release")}.`,
    spec: {
      height: Math.max(160, visible.length * 32 + 70),
      layer: [
        { data: { values }, mark: { type: "bar", tooltip: { content: "data" } }, encoding: { y, x, color: series("span", spans, ["red", "orange", "yellow", "grey"].filter((_, part) => spans.includes(allSpans[part])), 130), order: { field: "order", type: "quantitative" } } },
        { data: { values: labels }, mark: { type: "text", align: "left", dx: 5 }, encoding: { y, x: { ...x, stack: null }, text: { field: "label" } } },
      ],
    },
    table: { columns: ["release", "released", "escaped", ...SPANS.map((most) => `within ${most} days`)], rows: found.map((one) => [one.name, date(one.released), number(one.escaped), `${number(one.within30)}${soFar(one, SPANS[0])}`, `${number(one.within90)}${soFar(one, SPANS[1])}`]) },
  };
}
