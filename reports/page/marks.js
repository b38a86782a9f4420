// Pieces that the charts' specifications are made of.

/** An axis of days for the field `day`, with names in the reader's language at as many as there is room for. */
function dayAxis(range, most = 8) {
  const span = range.to - range.from;
  const ticks = span > 100 ? bucketsOf(range, "month").starts.filter((day) => day >= range.from) : bucketsOf(range, "week").starts.filter((day) => day >= range.from);
  const values = span <= most ? [...Array(span + 1).keys()].map((n) => range.from + n) : thinned(ticks.length < 3 ? [...Array(span + 1).keys()].map((n) => range.from + n) : ticks, most);
  const names = Object.fromEntries(values.map((day) => [day, span > 100 ? shortBucket(day, "month") : shortDate(day)]));
  return {
    field: "day", type: "quantitative", title: null, scale: { domain: [range.from, range.to], nice: false, zero: false },
    axis: { values, labelExpr: namesExpression(names), grid: false, labelSeparation: 6, labelOverlap: "parity", labelFlush: false },
  };
}

/** Vega's expression for the name of an axis' value; its parser takes the two separators for ends of line. */
function namesExpression(names) {
  return `${JSON.stringify(names).replace(/[\u2028\u2029]/g, " ")}[datum.value]`;
}

function thinned(values, most) {
  const step = Math.ceil(values.length / most);
  return values.filter((_, n) => n % step === 0);
}

/** An axis with a place for each bucket, named where there is room. */
function bucketAxis(buckets, field = "start") {
  const names = Object.fromEntries(buckets.starts.map((start) => [start, shortBucket(start, buckets.unit)]));
  return {
    field, type: "ordinal", title: null, sort: null, scale: { domain: buckets.starts },
    axis: { labelExpr: namesExpression(names), labelAngle: 0, grid: false, labelSeparation: 6, labelOverlap: "parity" },
  };
}

function amountAxis(field, title, options = {}) {
  return { field, type: "quantitative", title, axis: { tickCount: 5, format: ",~f" }, ...options };
}

/** The same of what there is no half of. */
function countAxis(field, title, options = {}) {
  return amountAxis(field, title, { axis: { tickCount: 5, tickMinStep: 1, format: ",d" }, ...options });
}

function shareAxis(field, title, options = {}) {
  return { field, type: "quantitative", title, axis: { tickCount: 5, format: ".0%" }, scale: { domainMin: 0 }, ...options };
}

/** Named series, each with its colour; colours stay with the order of the names. `beside`: how wide the names of the axis are. */
function series(field, names, colours = COLOURS, beside = 55) {
  return { field, type: "nominal", sort: null, legend: legendOf(names, beside), scale: { domain: names, range: colours.slice(0, names.length).map(colour) } };
}

/** As many names side by side as there is room for. */
function legendOf(names, beside = 55) {
  const longest = Math.max(...names.map((name) => name.length), 1);
  return { columns: Math.max(1, Math.min(names.length, Math.floor((drawnWidth - beside) / (Math.min(longest, 24) * 6.6 + 34)))) };
}

/** Room above the highest value for a label. */
function roomAbove(values) {
  return { scale: { domainMin: 0, domainMax: Math.max(1, ...values) * 1.12, nice: false } };
}

/** Room beside the longest bar that lies, for the longest label at the end of one. */
function roomBeside(values, labels) {
  const longest = Math.max(0, ...labels.map(({ label }) => label.length));
  const share = Math.min(0.6, (longest * 6.6 + 14) / Math.max(drawnWidth - 130, 120));
  return {
    scale: { domainMin: 0, domainMax: Math.max(1, ...values) / (1 - share), nice: false },
    axis: { tickCount: 5, tickMinStep: 1, format: ",d", labelBound: true }, // a number at the very end would be cut
  };
}

/** Dashed lines with their names, such as percentiles, from the lowest value up; those that are null are left out.
    `most`: where their axis ends. The name of a level line with another just
    above it stands below; names that would lie on others stand beside them. */
function ruleLayers(rules, channel, most, format = (value) => number(value, 1)) {
  const known = rules.filter(({ value }) => value !== null).map(({ name, value }) => ({ value, label: `${name}: ${format(value)}` }));
  const near = (n, others) => others.filter(({ value }) => Math.abs(value - known[n].value) < most * 0.07).length;
  const level = (n) => levelLabel(near(n, known.slice(0, n)), near(n, known.slice(n + 1)) > 0);
  const places = channel === "y" ? known.map((_, n) => level(n)) : uprightLabels(known, most);
  return [...known.map((rule, n) => ruleLine(rule, channel, places[n])), ...known.flatMap((rule, n) => ruleName(rule, channel, places[n]))];
}

const ROW = 15;

/** Names at the upper ends of upright lines, so that no line goes through the name of another: side by side to the outside
    if there is room, else one below the other, where the line of a lower name begins there. */
function uprightLabels(known, most) {
  if (known.length === 0) return [];
  const plot = Math.max(drawnWidth - 110, 120);
  const room = ({ label }) => label.length * 6.6 + 8;
  const isFreeLeft = (rule) => (rule.value / most) * plot * 0.8 > room(rule); // an axis may end a little further right
  const isFreeRight = (rule) => (rule.value / most) * plot + room(rule) < plot;
  const last = known.length - 1;
  const [left, right] = [isFreeLeft(known[0]), isFreeRight(known[last])];
  if (left && right && last < 2) return known.map((_, n) => uprightLabel(0, n < last));
  if (right) return known.map((_, n) => uprightLabel(n, false));
  if (left) return known.map((_, n) => uprightLabel(last - n, true));
  return known.map((_, n) => uprightLabel(n, n === last));
}

function levelLabel(place, isBelow) {
  return { mark: { align: "right", baseline: isBelow ? "top" : "bottom", dy: isBelow ? 4 : -3, dx: -2 }, encoding: { x: { value: { expr: `width - ${place * 92}` } } } };
}

function uprightLabel(row, isLeft) {
  return { begin: row * ROW + 2, mark: { align: isLeft ? "right" : "left", baseline: "middle", dx: isLeft ? -5 : 5 }, encoding: { y: { value: 9 + row * ROW } } };
}

function ruleAt(channel) {
  return { [channel]: { field: "value", type: "quantitative" } };
}

function ruleLine(rule, channel, { begin }) {
  const length = channel === "x" ? { y: { value: begin }, y2: { value: { expr: "height" } } } : {};
  return { data: { values: [rule] }, mark: { type: "rule", strokeDash: [5, 4], strokeWidth: 1.5, color: colour("ink") }, encoding: { ...ruleAt(channel), ...length } };
}

/** The name on a halo, over all lines. */
function ruleName(rule, channel, { mark, encoding }) {
  const label = (look) => ({ data: { values: [rule] }, mark: { type: "text", ...mark, ...look }, encoding: { ...ruleAt(channel), ...encoding, text: { field: "label" } } });
  return [label({ color: colour("card"), stroke: colour("card"), strokeWidth: 4, strokeJoin: "round" }), label({ color: colour("ink") })];
}

/** Whether each of so many bars side by side is wide enough for a percentage. */
function hasRoomForLabels(bars) {
  return (drawnWidth - 60) / bars >= 30;
}

/** A line with a dot at each point; points of few issues are hollow. */
function dottedLine(encoding, options = {}) {
  const hollow = { type: "point", size: 46, filled: false, fill: colour("card"), strokeWidth: 2, ...options };
  return [
    { mark: { type: "line", strokeWidth: 2, ...options }, encoding },
    { mark: { type: "point", size: 46, filled: true, opacity: 1, ...options }, encoding },
    { mark: hollow, encoding: { ...encoding, opacity: { condition: { test: "datum.few", value: 1 }, value: 0 } } },
  ];
}

/** The types that occur, most frequent first, as series with a shape each; those beyond the palette are one. */
function typeSeries(rows, typeOf) {
  const counts = grouped(rows, typeOf);
  const names = [...counts.keys()].sort((a, b) => counts.get(b).length - counts.get(a).length);
  const most = COLOURS.length - 1;
  const shown = names.length > COLOURS.length ? [...names.slice(0, most), "others"] : names;
  return {
    nameOf: (row) => (shown.includes(typeOf(row)) ? typeOf(row) : "others"),
    color: series("series", shown),
    shape: { field: "series", type: "nominal", sort: null, legend: legendOf(shown), scale: { domain: shown, range: SHAPES.slice(0, shown.length) } },
  };
}
