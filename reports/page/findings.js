// Section "Data quality", and on the overview how fresh the data is and what alerts are open.

const SEVERITIES = { error: "✖", warning: "▲", info: "●", high: "✖", medium: "▲", low: "●" };
const MOST_ALERTS = 6;
const MOST_EXAMPLES = 20;

/** Whether a finding passes; what belongs to no project or board passes a filter of the others only when that is off. */
function findingPasses(filter, table, row) {
  return passes(filter, table.project[row], table.board[row], table.type[row]);
}

function showFindings(place, filter) {
  const { findings, checks, examples } = DATA;
  const counts = new Map();
  for (const row of rowsOf(findings)) {
    if (findingPasses(filter, findings, row)) counts.set(findings.check[row], (counts.get(findings.check[row]) ?? 0) + findings.count[row]);
  }
  if (counts.size === 0) {
    place.replaceChildren(element("p", { class: "nothing" }, rowsOf(findings).length === 0 ? "Nothing to fix: no check of the data found anything." : "Nothing to fix with these filters."));
    return;
  }
  const shownRows = rowsOf(examples).filter((row) => findingPasses(filter, examples, row));
  place.replaceChildren(...[...counts].sort((a, b) => a[0] - b[0]).map(([check, count]) => findingCard(check, count, shownRows.filter((row) => examples.check[row] === check), checks)));
}

function findingCard(check, count, rows, checks) {
  const severity = checks.severity[check];
  const { examples } = DATA;
  const items = rows.slice(0, MOST_EXAMPLES).map((row) => element("li", {}, link(examples.name[row], examples.url[row]), examples.evidence[row] ? `: ${examples.evidence[row]}` : ""));
  const title = checks.name[check].replaceAll("_", " ");
  return element(
    "article", { class: `card finding ${severity}`, "data-check": checks.name[check], "data-count": String(count) },
    element("h3", {}, element("span", { class: "mark", "aria-hidden": "true" }, SEVERITIES[severity] ?? "●"), ` ${number(count)} × ${title}`),
    element("p", { class: "definition" }, `${severity}: ${checks.advice[check] ?? ""}`),
    element("details", {}, element("summary", {}, count > items.length ? `Show ${number(items.length)} of ${number(count)}` : "Show them"), element("ul", {}, ...items)),
  );
}

function showFreshness(place) {
  const { source, kind, synced, error } = DATA.sources;
  const items = rowsOf(DATA.sources).map((row) => element(
    "li", {}, element("strong", {}, source[row]), ` (${kind[row].replaceAll("_", " ")}): synced ${instant(synced[row])}`,
    error[row] ? element("span", { class: "failed" }, `; last try failed: ${error[row]}`) : null,
  ));
  place.replaceChildren(...(items.length > 0 ? [element("ul", {}, ...items)] : [element("p", {}, "No source has been synced yet.")]));
}

function showAlerts(place, filter) {
  const { rule, severity, message, opened, url } = DATA.alerts;
  const items = rowsOf(DATA.alerts).filter((row) => findingPasses(filter, DATA.alerts, row)).map((row) => element(
    "li", { class: severity[row] }, element("span", { class: "mark", "aria-hidden": "true" }, SEVERITIES[severity[row]] ?? "●"),
    ` ${severity[row]}: `, link(message[row], /^https?:/.test(url[row] ?? "") ? url[row] : null), ` (${rule[row].replaceAll("_", " ")}, since ${instant(opened[row])})`,
  ));
  const [first, rest] = [items.slice(0, MOST_ALERTS), items.slice(MOST_ALERTS)];
  const more = element("details", {}, element("summary", {}, `${number(rest.length)} more`), element("ul", {}, ...rest));
  const nothing = rowsOf(DATA.alerts).length === 0 ? "No alert is open." : "No alert is open with these filters.";
  place.replaceChildren(...(items.length > 0 ? [element("ul", {}, ...first), ...(rest.length > 0 ? [more] : [])] : [element("p", {}, nothing)]));
}
