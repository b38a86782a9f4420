// The sums of each sprint, and after each closed one the band for the next of its board.
() => {
  const { DATA, sprintFigures, velocityBand } = window.flowmart;
  const { active, board } = DATA.sprints;
  const none = { project: null, board: null, type: null };
  const rows = [...DATA.sprints.name.keys()];
  const closedUntil = (row) => rows.filter((one) => one <= row && board[one] === board[row] && !active[one]);
  return rows.map((row) => ({
    ...sprintFigures(none, [row]),
    active: active[row],
    band: velocityBand(closedUntil(row).map((one) => sprintFigures(none, [one]).completedPoints)),
  }));
};
