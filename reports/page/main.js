// The page: its filters, its sections, and what happens when one of them changes.

const choice = { project: null, board: null, type: null, period: DATA.period };

function byId(id) {
  return document.getElementById(id);
}

function options(select, all, entries) {
  const held = select.value;
  select.replaceChildren(...(all === null ? [] : [new Option(all, "")]), ...entries.map(({ value, label }) => new Option(label, value)));
  select.value = entries.some(({ value }) => String(value) === held) ? held : select.options[0]?.value ?? "";
}

/** The filters as they can be chosen: only boards of the project. */
function fillFilters() {
  const named = (names) => names.map((label, value) => ({ label, value })).sort((a, b) => a.label.localeCompare(b.label));
  options(byId("project"), "All projects", named(projectNames()));
  options(byId("board"), "All boards", named(DATA.boards.name).filter(({ value }) => choice.project === null || DATA.boards.project[value] === choice.project));
  options(byId("type"), "All types", named(DATA.types));
  byId("project").value = choice.project ?? "";
  byId("board").value = choice.board ?? "";
  byId("type").value = choice.type ?? "";
}

/** Keys; where two sources have the same one, with the source. */
function projectNames() {
  const { key, source } = DATA.projects;
  return key.map((name, place) => (key.indexOf(name) === key.lastIndexOf(name) ? name : `${name} (${source[place]})`));
}

function choose({ target }) {
  const { id, value } = target;
  if (id === "period") choice.period = value;
  else choice[id] = value === "" ? null : Number(value);
  if (id === "project" && choice.board !== null && choice.project !== null && DATA.boards.project[choice.board] !== choice.project) choice.board = null;
  fillFilters();
  show();
}

function currentFilter() {
  return { ...choice, range: rangeOf(choice.period) };
}

/** Everything anew, for the filters as they are. */
function show() {
  const filter = currentFilter();
  const { from, to } = filter.range;
  byId("span").textContent = `${date(from)} to ${date(to)}`;
  byId("fresh").textContent = `Data as of ${instant(DATA.asOf)} (${DATA.timezone}).`;
  byId("made").textContent = `Written ${instant(DATA.madeAt)}. All figures are computed in this page from ${number(rowsOf(DATA.issues).length)} issues; it sends nothing anywhere.`;
  showTiles(byId("tiles"), filter);
  showFreshness(byId("sources"));
  showAlerts(byId("alerts"), filter);
  byId("sprint-note").textContent = sprintNote(filter);
  showFigures(byId("flow-figures"), FLOW_CHARTS, filter);
  showFigures(byId("sprint-figures"), sprintCharts(filter), filter);
  showFigures(byId("quality-figures"), QUALITY_CHARTS, filter);
  showFindings(byId("findings"), filter);
}

function chooseTheme() {
  if (isOnPaper()) return;
  applyTheme(byId("theme").value);
  show();
}

function chooseLanguage() {
  language = byId("language").value;
  show();
}

function isOnPaper() {
  return document.body.classList.contains("paper");
}

/** Charts drawn for the width of paper, so that their letters are as large as the others, and light. */
function putOnPaper() {
  document.body.classList.add("paper");
  applyTheme("light");
  show();
}

/** By the button: what is asked for before this is drawn is not waited for by every browser. */
async function printed() {
  putOnPaper();
  await idle();
  window.print();
}

/** By the browser's own command: it waits for no timer, so all is drawn without one. */
function printedByBrowser() {
  if (isOnPaper()) return;
  putOnPaper();
  drawAll();
}

function takeOffPaper() {
  document.body.classList.remove("paper");
  chooseTheme();
}

let width = window.innerWidth;
let waiting;

function resized() {
  if (isOnPaper() || window.innerWidth === width) return;
  width = window.innerWidth;
  clearTimeout(waiting);
  waiting = setTimeout(show, 200);
}

function start() {
  applyTheme("auto");
  if (!DATA.isComputed) byId("empty").hidden = false;
  options(byId("period"), null, PERIODS);
  byId("period").value = choice.period;
  byId("language").value = language;
  fillFilters();
  for (const id of ["project", "board", "type", "period"]) byId(id).addEventListener("change", choose);
  byId("theme").addEventListener("change", chooseTheme);
  byId("language").addEventListener("change", chooseLanguage);
  byId("print").addEventListener("click", printed);
  systemDark.addEventListener("change", chooseTheme);
  window.addEventListener("resize", resized);
  window.addEventListener("beforeprint", printedByBrowser);
  window.addEventListener("afterprint", takeOffPaper);
  window.addEventListener("scroll", () => { byId("tip").hidden = true; }, { passive: true });
  show();
}

/** For those who want a number that is on no chart: from the browser's console, with the filters of the page. */
window.flowmart = {
  DATA, currentFilter, rangeOf, bucketsOf, byBucket, deliveredRows, cycleFigures, throughputFigures, efficiencyFigures, statusFigures,
  closedSprints, sprintFigures, velocityBand, defectRows, escapeFigures, releasesWithin, escapedWithin, openDefectRows, openFigures, resolveFigures, doneEventRows, reopenFigures, dailyLevels, headlines,
  number, percent, date, charts: () => [...FLOW_CHARTS, ...sprintCharts(currentFilter()), ...QUALITY_CHARTS],
};

start();
