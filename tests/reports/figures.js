// What the page computes for each week or month, of all that passes some filters.
({ unit, project, board, type }) => {
  const { DATA, ...page } = window.flowmart;
  const place = (list, value) => (value === null ? null : list.indexOf(value));
  const filter = {
    project: place(DATA.projects.key, project),
    board: place(DATA.boards.name, board),
    type: place(DATA.types, type),
  };
  const buckets = page.bucketsOf(page.rangeOf("all"), unit);
  const by = (rows, column, figures) =>
    [...page.byBucket(buckets, rows, (row) => column[row])].map(([start, some]) => [start, figures(some)]);
  const delivered = page.deliveredRows(filter, buckets);
  const defects = (column) => page.defectRows(filter, buckets, column);
  const releases = page.releasesWithin({ ...filter, range: page.rangeOf("all") }).map(([release, some]) => ({
    name: DATA.releases.name[release],
    ...page.escapeFigures(some),
    in30: page.escapedWithin(some, 30),
    in90: page.escapedWithin(some, 90),
  }));
  return {
    releases,
    open: page.openFigures(page.openDefectRows(filter)),
    cycle: by(delivered, DATA.finished.finished, page.cycleFigures),
    throughput: by(delivered, DATA.finished.finished, page.throughputFigures),
    escape: by(defects("created"), DATA.defects.created, page.escapeFigures),
    resolve: by(defects("finished"), DATA.defects.finished, page.resolveFigures),
    reopen: by(page.doneEventRows(filter, buckets), DATA.doneEvents.day, page.reopenFigures),
  };
};
