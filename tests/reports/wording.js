// Every sentence, label, tooltip and cell of the page that it writes itself; texts of the trackers are left out.
() => {
  const page = window.flowmart;
  const filter = page.currentFilter();
  const tipsOf = (part) =>
    part === null || typeof part !== "object"
      ? []
      : Object.entries(part).flatMap(([name, value]) => (name === "tip" ? [value].flat() : tipsOf(value)));
  const ofCharts = page.charts().flatMap((chart) => {
    const { note, summary, spec, table } = chart.make(filter, 600);
    return [chart.title, chart.definition, note, summary, ...tipsOf(spec), ...table.columns, ...table.rows.flat()];
  });
  const places = ".tile, .basis, .definition, .note, #span, #fresh, #made, #sources li, .chart svg text";
  const shown = [...document.querySelectorAll(places)].map((place) => place.textContent);
  return [...ofCharts, ...shown].filter((text) => typeof text === "string");
};
