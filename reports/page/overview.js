// Section "Overview": the headline numbers against the period before, each with its trend and a sentence.

/** `better`: whether more is better (1), less is (−1), or neither (0). */
function headlines(filter) {
  const before = rangeBefore(filter.range);
  const at = (measure) => ({ now: measure(filter.range), before: before === null ? null : measure(before), trend: trendOf(filter, measure) });
  return [cycleTile(filter, at), throughputTile(filter, at), progressTile(filter, at), efficiencyTile(filter, at), sayDoTile(filter, at), escapeTile(filter, at), resolveTile(filter, at), reopenTile(filter, at)];
}

/** The measure over the last buckets of the period; one that is not over would look like a fall. */
function trendOf(filter, measure) {
  const unit = unitFor(filter.range);
  const { starts } = bucketsOf(filter.range, unit);
  const whole = starts.map((from) => ({ from, to: UNITS[unit].next(from) - 1 })).filter(({ to }) => to <= DATA.today);
  return whole.slice(-26).map((range) => measure(range).value);
}

function typeWord(filter) {
  return filter.type === null ? "issues" : `issues of type ${DATA.types[filter.type]}`;
}

function cycleTile(filter, at) {
  const found = at((range) => {
    const figures = cycleFigures(deliveredRows(filter, range));
    return { ...figures, value: figures.p85 };
  });
  const { n, p50, p85 } = found.now;
  return {
    id: "tile-cycle", label: `Cycle time, ${per(85)}`, value: days(p85), ...found, better: -1, n, unit: "finished issues", format: (value) => days(value),
    sentence: n === 0 ? `No ${typeWord(filter)} with a cycle time were finished.` : `Half of the ${typeWord(filter)} finish within ${days(p50)}; ${per(85)} within ${number(p85, 1)}.`,
  };
}

function throughputTile(filter, at) {
  const found = at((range) => {
    const figures = throughputFigures(deliveredRows(filter, range));
    return { ...figures, value: figures.issues };
  });
  const weeks = (filter.range.to - filter.range.from + 1) / 7;
  return {
    id: "tile-throughput", label: "Throughput", value: number(found.now.issues), ...found, better: 1, n: found.now.issues, unit: "finished issues", format: (value) => number(value),
    sentence: `${number(found.now.issues / weeks, 1)} issues a week, ${amount(found.now.points)} points in all.`,
  };
}

function progressTile(filter, at) {
  const rows = ageingRows(filter);
  const level = (range) => ({ value: [...dailyLevels(filter, { from: range.to, to: range.to }, "issues").values()][0]?.[STAGES.inProgress] ?? 0 });
  const figures = cycleFigures(deliveredRows(filter, filter.range));
  const late = figures.p85 === null ? 0 : rows.filter((row) => DATA.inProgress.age[row] > figures.p85).length;
  return {
    id: "tile-progress", label: "In progress now", value: number(rows.length), ...at(level), better: 0, n: rows.length, unit: "issues in progress", format: (value) => number(value), small: false,
    sentence: rows.length === 0 ? "Nothing is in progress." : `${plural(late, "of them is", "of them are")} older than ${per(85)} of finished issues took.`,
  };
}

function efficiencyTile(filter, at) {
  const found = at((range) => {
    const figures = efficiencyFigures(deliveredRows(filter, range));
    return { ...figures, value: figures.efficiency };
  });
  const { n, efficiency } = found.now;
  return {
    id: "tile-efficiency", label: "Flow efficiency", value: percent(efficiency), ...found, better: 1, n, unit: "finished issues", format: (value) => percent(value),
    sentence: n === 0 ? "Unknown: nothing finished, or no rule says what waits or blocks." : `Issues were worked on for ${percent(efficiency)} of their cycle time and waited or were blocked for the rest.`,
  };
}

function sayDoTile(filter, at) {
  const found = at((range) => {
    const sprints = closedSprints(filter, range);
    const figures = sprintFigures(filter, sprints);
    return { sprints: sprints.length, ...figures, value: ratio(figures.keptPoints, figures.committedPoints) };
  });
  const { value, sprints, committedPoints, keptPoints } = found.now;
  return {
    id: "tile-saydo", label: "Say/do", value: percent(value), ...found, better: 1, n: sprints, unit: "closed sprints", format: (share) => percent(share), small: sprints < 3,
    sentence: value === null ? "No sprint with committed points ended." : `${amount(keptPoints)} of ${amount(committedPoints)} committed points were completed.`,
  };
}

function escapeTile(filter, at) {
  const found = at((range) => {
    const figures = escapeFigures(defectRows(filter, range, "created"));
    return { ...figures, value: figures.rate };
  });
  const { rate, weighted, escaped, internal, unknown } = found.now;
  return {
    id: "tile-escape", label: "Defect escape rate", value: percent(rate), ...found, better: -1, n: escaped + internal, unit: "classified defects", format: (value) => percent(value),
    sentence: rate === null ? "No classified defect was created." : `${number(escaped)} of ${number(escaped + internal)} classified defects reached users; ${number(unknown)} more are unknown.${HAS_WEIGHTS ? ` Weighted by severity: ${percent(weighted)}.` : ""}`,
  };
}

function resolveTile(filter, at) {
  const found = at((range) => {
    const figures = resolveFigures(defectRows(filter, range, "finished"));
    return { ...figures, value: figures.p50 };
  });
  const { n, p50, p85 } = found.now;
  return {
    id: "tile-resolve", label: "Time to resolve, median", value: days(p50), ...found, better: -1, n, unit: "finished defects", format: (value) => days(value),
    sentence: n === 0 ? "No defect was finished." : `Half of the defects are resolved within ${days(p50)}; ${per(85)} within ${number(p85, 1)}.`,
  };
}

function reopenTile(filter, at) {
  const found = at((range) => {
    const figures = reopenFigures(doneEventRows(filter, range));
    return { ...figures, value: figures.rate };
  });
  const { events, reopened, rate } = found.now;
  return {
    id: "tile-reopen", label: "Reopen rate", value: percent(rate), ...found, better: -1, n: events, unit: "times done", format: (value) => percent(value),
    sentence: events === 0 ? "No defect was done 14 days ago or earlier in the period." : `${number(reopened)} of ${number(events)} times that a defect was done, it was reopened within 14 days.`,
  };
}

function showTiles(place, filter) {
  place.replaceChildren(...headlines(filter).map(tile));
}

function tile({ id, label, value, now, before, trend, better, n, unit, sentence, format, small }) {
  return element(
    "article", { class: "tile", id, "data-value": now.value === null ? "" : String(now.value), "data-n": String(n) },
    element("h3", {}, label), element("p", { class: "value" }, value), change(now.value, before, better, format), sparkline(trend),
    element("p", { class: "sentence" }, sentence),
    element("p", { class: "basis" }, element("span", { class: "n" }, `n = ${number(n)} ${unit}`), (small ?? n < FEW) && n > 0 ? element("span", { class: "few" }, "small number") : null),
  );
}

function change(now, before, better, format) {
  const then = before?.value ?? null;
  if (then === null || now === null) return element("p", { class: "change" }, before === null ? "the data has no whole period before to compare with" : "nothing to compare with");
  const rises = format(now) === format(then) ? 0 : Math.sign(now - then);
  const arrow = ["▼", "■", "▲"][rises + 1];
  const verdict = better === 0 || rises === 0 ? "" : rises === better ? "better" : "worse";
  return element("p", { class: `change ${verdict}` }, element("span", { "aria-hidden": "true" }, arrow), ` ${verdict ? `${verdict}: ` : ""}${format(then)} in the period before`);
}

/** A line without axes; gaps where there is no value. */
function sparkline(values) {
  const known = values.filter((value) => value !== null);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "sparkline");
  svg.setAttribute("viewBox", "0 0 120 32");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  if (known.length < 2) return svg;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const points = values.map((value, n) => (value === null ? null : `${(n * 116) / (values.length - 1) + 2},${28 - ((value - low) * 24) / (high - low || 1)}`));
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", points.map((point, n) => (point === null ? "" : `${n > 0 && points[n - 1] !== null ? "L" : "M"}${point}`)).join(" "));
  svg.append(line);
  return svg;
}
