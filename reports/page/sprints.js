// Section "Sprints": what was promised, what came of it, and where the current ones stand.

const MEASURES = ["committed", "completed", "added", "removed"];
const MOST_BOARDS = 12;

function sprintTip(row, ...facts) {
  const { name, end, board } = DATA.sprints;
  return [name[row], `${board[row] === null ? "no board" : DATA.boards.name[board[row]]}, ended ${date(end[row])}`, ...facts];
}

/** Boards that pass and have sprints, most sprints first. */
function sprintBoards(filter) {
  const rows = rowsOf(DATA.sprints).filter((row) => boardPasses(filter, DATA.sprints.board[row]));
  return [...grouped(rows, (row) => DATA.sprints.board[row])].sort((a, b) => b[1].length - a[1].length).map(([board]) => board);
}

function boardName(board) {
  return board === null ? "No board" : DATA.boards.name[board];
}

function velocityChart(board, width, filter) {
  const ofBoard = { ...filter, board, project: null };
  const all = rowsOf(DATA.sprints).filter((row) => DATA.sprints.board[row] === board && !DATA.sprints.active[row]);
  const rows = all.filter((row) => isWithin(DATA.sprints.end[row], filter.range)).slice(width < 420 ? -6 : -12);
  const figures = rows.map((row) => ({ row, end: String(row), ...sprintFigures(ofBoard, [row]) }));
  const band = velocityBand(all.map((row) => sprintFigures(ofBoard, [row]).completedPoints));
  const names = { ...Object.fromEntries(rows.map((row) => [row, shortDate(DATA.sprints.end[row])])), next: "next" };
  const domain = band ? [...rows.map(String), "next"] : rows.map(String);
  const values = figures.flatMap((one) => MEASURES.map((measure) => ({
    end: one.end, measure, points: one[`${measure}Points`],
    tip: sprintTip(one.row, ...MEASURES.map((name) => `${name}: ${amount(one[`${name}Points`])} points, ${plural(one[`${name}Issues`], "issue")}`)),
  })));
  const x = { field: "end", type: "ordinal", title: null, sort: null, scale: { domain }, axis: { labelExpr: namesExpression(names), labelAngle: 0, grid: false, labelOverlap: "parity", labelSeparation: 4 } };
  const low = band && Math.max(0, band.low);
  const tip = band && ["Next sprint", `${number(low)} to ${number(band.high)} points with a chance of ${per(80)}`, `from the last ${number(band.n)} sprints`];
  return {
    n: rows.length, unit: "closed sprints", small: band !== null && band.n < 6, nothing: "No sprint of this board ended in this period.",
    note: band ? `Next sprint: ${number(low)} to ${number(band.high)} points (${per(80)}), from the last ${number(band.n)}.` : "Fewer than 3 closed sprints: no band for the next.",
    summary: band ? `The next sprint will complete ${number(low)} to ${number(band.high)} points with a chance of ${per(80)}.` : "",
    spec: {
      layer: [
        { data: { values }, mark: { type: "bar", tooltip: { content: "data" } }, encoding: { x, xOffset: { field: "measure", sort: MEASURES, scale: { domain: MEASURES } }, y: amountAxis("points", "points"), color: series("measure", MEASURES, ["sky", "blue", "yellow", "red"]) } },
        ...(band ? [{ data: { values: [{ end: "next", low, high: band.high, tip }] }, mark: { type: "bar", opacity: 0.35, color: colour("blue"), width: 16, tooltip: { content: "data" } }, encoding: { x, y: amountAxis("low", "points"), y2: { field: "high" } } }] : []),
      ],
    },
    table: {
      columns: ["sprint", "ended", ...MEASURES.flatMap((measure) => [`${measure} points`, `${measure} issues`]), "carried over points"],
      rows: figures.map((one) => [DATA.sprints.name[one.row], date(DATA.sprints.end[one.row]), ...MEASURES.flatMap((measure) => [amount(one[`${measure}Points`]), number(one[`${measure}Issues`])]), amount(one.carried_overPoints)]),
    },
  };
}

function sayDo(filter) {
  const rows = closedSprints(filter, filter.range);
  const figures = rows.map((row) => ({ row, board: boardName(DATA.sprints.board[row]), ...sprintFigures(filter, [row]) })).filter(({ committedPoints }) => committedPoints > 0);
  const boards = [...new Set(figures.map(({ board }) => board))].sort();
  const shownBoards = boards.slice(0, COLOURS.length);
  const values = figures.filter(({ board }) => shownBoards.includes(board)).map((one) => ({
    day: DATA.sprints.end[one.row], board: one.board, share: one.keptPoints / one.committedPoints, few: one.committedIssues < FEW,
    tip: sprintTip(one.row, `kept ${amount(one.keptPoints)} of ${amount(one.committedPoints)} points: ${percent(one.keptPoints / one.committedPoints)}`, plural(one.committedIssues, "issue") + " committed"),
  }));
  const total = sprintFigures(filter, rows);
  const encoding = { x: dayAxis(filter.range), y: shareAxis("share", "kept", { scale: { domain: [0, 1] } }), color: series("board", shownBoards) };
  return {
    n: figures.length, unit: "closed sprints", nothing: "No sprint with committed points ended in this period.",
    note: `All together ${percent(ratio(total.keptPoints, total.committedPoints), 1)} of the committed points.${boards.length > shownBoards.length ? ` The first ${number(shownBoards.length)} of ${number(boards.length)} boards are drawn.` : ""}`,
    summary: `${percent(ratio(total.keptPoints, total.committedPoints))} of the committed points were completed.`,
    spec: { data: { values }, layer: dottedLine(encoding, { tooltip: { content: "data" } }) },
    table: { columns: ["sprint", "board", "ended", "committed", "kept", "say/do"], rows: figures.map((one) => [DATA.sprints.name[one.row], one.board, date(DATA.sprints.end[one.row]), amount(one.committedPoints), amount(one.keptPoints), percent(one.keptPoints / one.committedPoints)]) },
  };
}

function carryOver(filter) {
  const buckets = bucketsOf(filter.range, unitFor(filter.range));
  const rows = closedSprints(filter, buckets);
  const figures = [...byBucket(buckets, rows, (row) => DATA.sprints.end[row])].map(([start, some]) => ({ start, sprints: some.length, ...sprintFigures(filter, some) }));
  const isLabelled = hasRoomForLabels(buckets.starts.length);
  const share = (one) => ratio(one.carried_overPoints, one.completedPoints + one.carried_overPoints + one.cancelledPoints);
  const values = figures.filter(({ sprints }) => sprints > 0).map((one) => ({
    start: one.start, issues: one.carried_overIssues, label: isLabelled ? percent(share(one)) : "",
    tip: [bucketName(one.start, buckets.unit), `${plural(one.carried_overIssues, "issue")} with ${amount(one.carried_overPoints)} points carried over`, `${percent(share(one))} of the final scope of ${plural(one.sprints, "sprint")}`],
  }));
  const x = bucketAxis(buckets);
  const y = countAxis("issues", "issues carried over", roomAbove(values.map(({ issues }) => issues)));
  return {
    n: rows.length, unit: "closed sprints", nothing: "No sprint ended in this period.", note: isLabelled ? "Above each bar: the share of the points in scope at the end." : null,
    summary: `${plural(sum(figures.map((one) => one.carried_overIssues)), "issue")} were carried over.`,
    spec: {
      data: { values },
      layer: [
        { mark: { type: "bar", color: colour("orange"), tooltip: { content: "data" } }, encoding: { x, y } },
        { mark: { type: "text", baseline: "bottom", dy: -3, fontSize: 11 }, encoding: { x, y, text: { field: "label" } } },
      ],
    },
    table: { columns: [`ended in the ${buckets.unit}`, "sprints", "issues", "points", "share of scope"], rows: figures.map((one) => [bucketName(one.start, buckets.unit), number(one.sprints), number(one.carried_overIssues), amount(one.carried_overPoints), percent(share(one))]) },
  };
}

/** The days of an active sprint with the sums over the types that pass. */
function burnDays(filter, sprint) {
  const { burn, burnDays: plan } = DATA;
  const parts = rowsOf(burn).filter((row) => burn.sprint[row] === sprint && (filter.type === null || burn.type[row] === filter.type));
  const committed = sprintFigures(filter, [sprint]).committedPoints;
  return rowsOf(plan).filter((row) => plan.sprint[row] === sprint).map((row) => {
    const some = parts.filter((part) => burn.day[part] === plan.day[row]);
    const total = (name) => (plan.known[row] ? sum(some.map((part) => burn[name][part])) : null);
    return { day: plan.day[row], ideal: plan.ideal[row] === null ? null : plan.ideal[row] * committed, remaining: total("remainingPoints"), completed: total("completedPoints"), scope: total("scopePoints"), issues: total("scopeIssues") };
  });
}

function burnChart(sprint, lines, colours, filter) {
  const rows = burnDays(filter, sprint);
  const known = rows.filter(({ scope }) => scope !== null);
  const last = known.at(-1);
  const values = rows.flatMap((row) => lines.filter((line) => row[line] !== null).map((line) => ({ day: row.day, line, points: row[line], few: false, tip: [date(row.day), `${line}: ${amount(row[line])} points`] })));
  const range = { from: rows[0]?.day ?? 0, to: rows.at(-1)?.day ?? 0 };
  const x = dayAxis(range, 5);
  const scope = last?.issues ?? 0;
  return {
    n: scope, unit: "issues in scope", nothing: "Nothing of these types is in scope.",
    note: `${DATA.sprints.name[sprint]}: ${date(range.from)} to ${date(range.to)}.`,
    summary: last ? `On ${date(last.day)}, ${amount(last.remaining)} points remain and ${amount(last.completed)} of ${amount(last.scope)} are completed.` : "",
    spec: { height: 210, data: { values }, mark: { type: "line", strokeWidth: 2.5, interpolate: "linear", point: { size: 26 }, tooltip: { content: "data" } }, encoding: { x, y: amountAxis("points", "points", { scale: { domainMin: 0 } }), color: { ...series("line", lines, colours), legend: { ...legendOf(lines), symbolType: "stroke" } }, strokeDash: { field: "line", type: "nominal", sort: null, legend: { ...legendOf(lines), symbolType: "stroke" }, scale: { domain: lines, range: lines.map((line) => (line === "ideal" ? [5, 4] : [1, 0])) } } } },
    table: { columns: ["day", ...lines.map((line) => `${line} points`)], rows: rows.map((row) => [date(row.day), ...lines.map((line) => (row[line] === null ? "–" : amount(row[line])))]) },
  };
}

function sprintCharts(filter) {
  const boards = sprintBoards(filter).slice(0, MOST_BOARDS);
  const active = rowsOf(DATA.sprints).filter((row) => DATA.sprints.active[row] && boards.includes(DATA.sprints.board[row])).slice(0, MOST_BOARDS);
  return [
    ...boards.map((board) => ({
      id: `velocity-${board ?? "none"}`, title: `Velocity of ${boardName(board)}`,
      definition: `Points of closed sprints by the day of their end: committed at the start, completed at the end, added and removed between. The shaded bar is the ${per(80)} prediction interval for the next.`,
      make: (now, width) => velocityChart(board, width, now),
    })),
    { id: "say-do", title: "Say/do", definition: "Completed of the committed ÷ committed, both in points as estimated at the start of the sprint.", make: sayDo },
    { id: "carry-over", title: "Carry-over", definition: "Issues in scope that were neither done nor cancelled when their sprint ended.", make: carryOver },
    ...active.flatMap((sprint) => [
      { id: `burndown-${sprint}`, title: `Burndown of ${boardName(DATA.sprints.board[sprint])}`, definition: "Points in scope that are neither done nor cancelled, at the end of each day of the current sprint. The ideal line falls on working days only.", make: (now) => burnChart(sprint, ["remaining", "ideal"], ["blue", "grey"], now) },
      { id: `burnup-${sprint}`, title: `Burn-up of ${boardName(DATA.sprints.board[sprint])}`, definition: "Points completed and points in scope at the end of each day of the current sprint. Where the scope line rises, work was added.", make: (now) => burnChart(sprint, ["completed", "scope"], ["green", "orange"], now) },
    ]),
  ];
}

function sprintNote(filter) {
  const boards = sprintBoards(filter);
  const active = rowsOf(DATA.sprints).filter((row) => DATA.sprints.active[row] && boards.includes(DATA.sprints.board[row]));
  if (boards.length === 0) return "No board that passes the filters has sprints.";
  const more = boards.length > MOST_BOARDS ? ` ${number(MOST_BOARDS)} of ${number(boards.length)} boards are shown; choose one above.` : "";
  return `${plural(boards.length, "board")} with sprints, ${plural(active.length, "sprint")} under way.${more}`;
}
