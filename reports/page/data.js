// The page's data and the filters. Tables are by column; days count from 1970-01-01.

const DATA = await unpacked(document.getElementById("data").textContent);

/** The reverse of what the report was written with: JSON, compressed, in base 64. */
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

const STAGES = { todo: 0, inProgress: 1, done: 2 };
const CLASSES = ["escaped", "internal", "unknown"];
const PERIODS = [
  { value: "4w", label: "Last 4 weeks", weeks: 4 },
  { value: "13w", label: "Last 13 weeks", weeks: 13 },
  { value: "26w", label: "Last 26 weeks", weeks: 26 },
  { value: "52w", label: "Last 52 weeks", weeks: 52 },
  { value: "all", label: "Everything", weeks: null },
];

/** The rows of a table as their numbers, 0 to n − 1. */
function rowsOf(table) {
  const [column] = Object.values(table);
  return [...column.keys()];
}

/** First day that anything happened on. */
const FIRST_DAY = [DATA.daily.day, DATA.finished.finished, DATA.defects.created].flat().reduce((a, b) => (b < a ? b : a), DATA.today);

/** The days that a period covers, both ends included. */
function rangeOf(period) {
  const { weeks } = PERIODS.find(({ value }) => value === period);
  const to = DATA.today;
  return { from: weeks === null ? FIRST_DAY : to - weeks * 7 + 1, to, isAll: weeks === null };
}

/** As many days just before; null where they reach back behind the first day, so that the two cannot be compared. */
function rangeBefore({ from, to, isAll }) {
  const start = from - (to - from + 1);
  return isAll || start < FIRST_DAY ? null : { from: start, to: from - 1, isAll };
}

function isWithin(day, range) {
  return day !== null && day >= range.from && day <= range.to;
}

/** Whether a group passes the filters; a filter that is null passes all. */
function passes(filter, project, board, type) {
  return (filter.project === null || filter.project === project)
    && (filter.board === null || filter.board === board)
    && (filter.type === null || filter.type === type);
}

/** The same of a sprint's board, whatever the type. */
function boardPasses(filter, board) {
  return (filter.board === null || filter.board === board)
    && (filter.project === null || (board !== null && DATA.boards.project[board] === filter.project));
}

function issuePasses(filter, issue) {
  const { project, board, type } = DATA.issues;
  return passes(filter, project[issue], board[issue], type[issue]);
}

/** What the page needs of an issue to name it and to open it; `url` null where there is nothing to open. */
function issueOf(issue) {
  const { key, address, tail, title, type, board, project } = DATA.issues;
  const base = address[issue] === null ? null : DATA.addresses[address[issue]];
  return {
    key: key[issue],
    title: title[issue],
    type: DATA.types[type[issue]],
    board: board[issue] === null ? "no board" : DATA.boards.name[board[issue]],
    project: DATA.projects.key[project[issue]],
    url: base === null ? null : base + (tail[issue] ?? encodeURIComponent(key[issue])),
  };
}

/** Monday of the week. */
function weekOf(day) {
  return day - ((day + 3) % 7);
}

/** First day of the month. */
function monthOf(day) {
  const date = new Date(day * 86400000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / 86400000;
}

const UNITS = {
  week: { start: weekOf, next: (day) => day + 7, adjective: "weekly" },
  month: { start: monthOf, next: (day) => monthOf(day + 31), adjective: "monthly" },
};

/** Weeks where they are few enough to be told apart, else months. */
function unitFor(range) {
  return range.to - range.from < 27 * 7 ? "week" : "month";
}

/** The whole weeks or months that a range touches: `starts`, and the days from the first to the last of them. */
function bucketsOf(range, unit) {
  const { start, next } = UNITS[unit];
  const starts = [];
  for (let day = start(range.from); day <= range.to; day = next(day)) starts.push(day);
  return { unit, starts, from: starts[0], to: next(starts.at(-1)) - 1 };
}

/** Rows by the bucket of their day; every bucket is there. */
function byBucket(buckets, rows, dayOf) {
  const groups = new Map(buckets.starts.map((start) => [start, []]));
  for (const row of rows) groups.get(UNITS[buckets.unit].start(dayOf(row)))?.push(row);
  return groups;
}
