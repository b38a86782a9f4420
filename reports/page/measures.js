// Every figure of the page, from rows, by the definitions that the warehouse's own tables are made by.

/** Between order statistics, as SQL's percentile_cont; `sorted` ascending; null of nothing. */
function percentile(sorted, share) {
  if (sorted.length === 0) return null;
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

function ascending(values) {
  return Float64Array.from(values).sort();
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

function ratio(part, whole) {
  return whole ? part / whole : null;
}

/** Rows of `finished` in the range: delivered, with a cycle time or without one. */
function deliveredRows(filter, range) {
  const { finished, issue } = DATA.finished;
  return rowsOf(DATA.finished).filter((row) => isWithin(finished[row], range) && issuePasses(filter, issue[row]));
}

/** Those of the rows that have a cycle time. */
function timedRows(rows) {
  return rows.filter((row) => DATA.finished.cycle[row] !== null);
}

function cycleDays(row) {
  return DATA.finished.cycle[row] / 86400;
}

/** n, p50, p70, p85 and p95 of cycle times in days, and how many skipped the work in progress. */
function cycleFigures(rows) {
  const timed = timedRows(rows);
  const sorted = ascending(timed.map(cycleDays));
  return {
    n: timed.length,
    p50: percentile(sorted, 0.5),
    p70: percentile(sorted, 0.7),
    p85: percentile(sorted, 0.85),
    p95: percentile(sorted, 0.95),
    skipped: rows.length - timed.length,
  };
}

/** Issues and points delivered. */
function throughputFigures(rows) {
  return { issues: rows.length, points: sum(rows.map((row) => DATA.finished.points[row] ?? 0)) };
}

/** Seconds of cycle time by what happened in them; efficiency null where no rule tells. */
function efficiencyFigures(rows) {
  const { active, waiting, blocked } = DATA.finished;
  const known = rows.filter((row) => active[row] !== null);
  const parts = {
    n: known.length,
    active: sum(known.map((row) => active[row])),
    waiting: sum(known.map((row) => waiting[row])),
    blocked: sum(known.map((row) => blocked[row])),
  };
  return { ...parts, efficiency: ratio(parts.active, parts.active + parts.waiting + parts.blocked) };
}

/** Mean days per issue with a cycle time in each status in progress, the longest first. */
function statusFigures(rows) {
  const wanted = new Set(timedRows(rows));
  const found = new Map();
  const { finished, status, waiting, seconds } = DATA.stays;
  for (const row of rowsOf(DATA.stays)) {
    if (!wanted.has(finished[row])) continue;
    const name = DATA.statuses[status[row]];
    const held = found.get(`${name} ${waiting[row]}`) ?? { name, isWaiting: waiting[row] === 1, seconds: 0, issues: 0 };
    held.seconds += seconds[row];
    held.issues += 1;
    found.set(`${name} ${waiting[row]}`, held);
  }
  const n = wanted.size;
  const statuses = [...found.values()].map((one) => ({ ...one, mean: one.seconds / 86400 / n }));
  return { n, statuses: statuses.sort((a, b) => b.mean - a.mean) };
}

/** Rows of `inProgress` that pass. */
function ageingRows(filter) {
  return rowsOf(DATA.inProgress).filter((row) => issuePasses(filter, DATA.inProgress.issue[row]));
}

/** Issues at the end of each day of the range by stage: `issues` or `monotone`; Map day → [todo, in progress, done]. */
function dailyLevels(filter, range, column) {
  const { day, project, board, type, stage } = DATA.daily;
  const level = [0, 0, 0];
  const found = new Map();
  let today = null;
  for (const row of rowsOf(DATA.daily)) {
    if (day[row] > range.to) break;
    if (!passes(filter, project[row], board[row], type[row])) continue;
    if (today !== null && day[row] !== today) found.set(today, [...level]);
    today = day[row];
    level[stage[row]] += DATA.daily[column][row];
  }
  if (today !== null) found.set(today, [...level]);
  return filled(found, range);
}

function filled(found, range) {
  const levels = new Map();
  let last = [0, 0, 0];
  for (const [day, level] of found) if (day < range.from) last = level;
  for (let day = range.from; day <= range.to; day += 1) {
    last = found.get(day) ?? last;
    levels.set(day, last);
  }
  return levels;
}

/** Closed sprints that ended in the range, in order of their end. */
function closedSprints(filter, range) {
  const { active, board, end } = DATA.sprints;
  return rowsOf(DATA.sprints).filter((row) => !active[row] && isWithin(end[row], range) && boardPasses(filter, board[row]));
}

const PARTS = Object.keys(DATA.sprintParts).filter((name) => /Points$|Issues$/.test(name));
const partsOf = grouped(rowsOf(DATA.sprintParts), (row) => DATA.sprintParts.sprint[row]);

function grouped(rows, keyOf) {
  const groups = new Map();
  for (const row of rows) {
    const key = keyOf(row);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  return groups;
}

/** The sums of one sprint, or of several, over the types that pass. */
function sprintFigures(filter, sprints) {
  const figures = Object.fromEntries(PARTS.map((name) => [name, 0]));
  for (const sprint of sprints) {
    for (const row of partsOf.get(sprint) ?? []) {
      if (filter.type !== null && DATA.sprintParts.type[row] !== filter.type) continue;
      for (const name of PARTS) figures[name] += DATA.sprintParts[name][row];
    }
  }
  return figures;
}

const T_90 = { 2: 1.885618083, 3: 1.637744354, 4: 1.533206274, 5: 1.475884049 };

/** 80 % prediction interval for the next velocity from the last 6 (at least 3); null of fewer. */
function velocityBand(velocities) {
  const last = velocities.slice(-6);
  const n = last.length;
  if (n < 3) return null;
  const mean = sum(last) / n;
  const deviation = Math.sqrt(sum(last.map((value) => (value - mean) ** 2)) / (n - 1));
  const half = T_90[n - 1] * deviation * Math.sqrt(1 + 1 / n);
  return { low: mean - half, high: mean + half, n };
}

/** Rows of `defects` whose day in that column (`created`, `finished`) is in the range. */
function defectRows(filter, range, column) {
  const { issue } = DATA.defects;
  return rowsOf(DATA.defects).filter((row) => isWithin(DATA.defects[column][row], range) && issuePasses(filter, issue[row]));
}

/** Whether any severity weighs more or less than the others. */
const HAS_WEIGHTS = DATA.severityWeights.some((weight) => weight !== 1);

function weightOf(row) {
  const severity = DATA.defects.severity[row];
  return severity === null ? 1 : DATA.severityWeights[severity];
}

/** Counts by class; rate = escaped ÷ (escaped + internal), null when both are 0; `weighted`: the same of the severities' weights. */
function escapeFigures(rows) {
  const counts = [0, 0, 0];
  const weights = [0, 0, 0];
  for (const row of rows) {
    counts[DATA.defects.class[row]] += 1;
    weights[DATA.defects.class[row]] += weightOf(row);
  }
  const [escaped, internal, unknown] = counts;
  const [heavy, light] = weights;
  return { defects: rows.length, escaped, internal, unknown, rate: ratio(escaped, escaped + internal), weighted: ratio(heavy, heavy + light), unknownShare: ratio(unknown, rows.length) };
}

/** Days from the release that introduced the defect to its creation; negative when it was found before. */
function daysAfterRelease(row) {
  return DATA.defects.created[row] - DATA.releases.released[DATA.defects.release[row]];
}

/** Of defects that a release introduced: how many escaped and were found within so many days after it. */
function escapedWithin(rows, most) {
  return rows.filter((row) => CLASSES[DATA.defects.class[row]] === "escaped" && daysAfterRelease(row) >= 0 && daysAfterRelease(row) <= most).length;
}

/** Rows of `defects` that are neither finished nor cancelled now. */
function openDefectRows(filter) {
  return rowsOf(DATA.defects).filter((row) => DATA.defects.age[row] !== null && issuePasses(filter, DATA.defects.issue[row]));
}

/** How long ago open defects were created, in days. */
function openFigures(rows) {
  const sorted = ascending(rows.map((row) => DATA.defects.age[row] / 86400));
  return { n: rows.length, mean: ratio(sum(sorted), rows.length), p50: percentile(sorted, 0.5), p85: percentile(sorted, 0.85), oldest: sorted.at(-1) ?? null };
}

/** Days from creation to finish of the rows. */
function resolveFigures(rows) {
  const sorted = ascending(rows.map((row) => DATA.defects.resolve[row] / 86400));
  return { n: rows.length, p50: percentile(sorted, 0.5), p85: percentile(sorted, 0.85) };
}

/** Rows of `doneEvents` in the range. */
function doneEventRows(filter, range) {
  const { defect, day } = DATA.doneEvents;
  return rowsOf(DATA.doneEvents).filter((row) => isWithin(day[row], range) && issuePasses(filter, DATA.defects.issue[defect[row]]));
}

/** Entries into done that are 14 days old, and how many of them were reopened within 14 days. */
function reopenFigures(rows) {
  const reopened = sum(rows.map((row) => DATA.doneEvents.reopened[row]));
  return { events: rows.length, reopened, rate: ratio(reopened, rows.length) };
}
