// A chart as a figure: heading, definition, number of issues behind it, picture, and the same as a table.

const FEW = 10;
let drawnWidth = 600;
const queue = new Map();
const shown = new Map();
const seen = new IntersectionObserver(noteSeen, { rootMargin: "200px" });
let inView = new Set();
let isWorking = false;

function noteSeen(entries) {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) inView.add(target.id);
    else inView.delete(target.id);
  }
}

/** A new element; strings become text, never markup. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A link that opens in a tab of its own, or the text alone where there is nothing to open. */
function link(text, url) {
  return url === null ? document.createTextNode(text) : element("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
}

/** The figures of a grid become these: those that are new are added, those that are gone are taken away. */
function showFigures(grid, charts, filter) {
  const wanted = new Set(charts.map(({ id }) => id));
  for (const child of [...grid.children]) if (!wanted.has(child.id)) forget(child);
  charts.forEach((chart, place) => {
    const figure = document.getElementById(chart.id) ?? newFigure(chart);
    if (grid.children[place] !== figure) grid.insertBefore(figure, grid.children[place] ?? null);
    queue.set(chart.id, () => draw(figure, chart, filter));
  });
  work();
}

function forget(figure) {
  seen.unobserve(figure);
  inView.delete(figure.id);
  queue.delete(figure.id);
  shown.get(figure.id)?.finalize();
  shown.delete(figure.id);
  figure.remove();
}

function newFigure({ id, isWide }) {
  const figure = element(
    "figure", { id, class: isWide ? "card wide" : "card", "aria-labelledby": `${id}-title` },
    element("figcaption", {}, element("h3", { id: `${id}-title` }), element("p", { class: "definition" })),
    element("p", { class: "basis" }),
    element("div", { class: "chart" }),
    element("p", { class: "note" }),
    element("details", { class: "numbers" }, element("summary", {}, "Show the numbers"), element("div", { class: "scroll", role: "region", tabindex: "0", "aria-labelledby": `${id}-title` })),
  );
  seen.observe(figure);
  return figure;
}

/** Resolves when everything is drawn. */
function idle() {
  return new Promise((resolve) => {
    const look = () => (document.body.dataset.busy === "no" ? resolve() : setTimeout(look, 20));
    look();
  });
}

/** Draw what waits, that in view first, one at a time so that the page stays quick to the touch. */
async function work() {
  document.body.dataset.busy = "yes";
  if (isWorking) return;
  isWorking = true;
  while (queue.size > 0) {
    await new Promise((resolve) => { setTimeout(resolve); });
    await drawNext();
  }
  isWorking = false;
  document.body.dataset.busy = "no";
}

/** Draw all that waits, without giving the page time for anything else. */
async function drawAll() {
  while (queue.size > 0) await drawNext();
}

async function drawNext() {
  const id = [...queue.keys()].find((one) => inView.has(one)) ?? queue.keys().next().value;
  const task = queue.get(id);
  queue.delete(id);
  await task?.().catch((error) => showFailure(id, error));
}

/** A chart that cannot be drawn says so; the others are drawn all the same. */
function showFailure(id, error) {
  console.error(id, error);
  document.getElementById(id)?.querySelector(".chart").replaceChildren(element("p", { class: "nothing" }, `This chart could not be drawn: ${error.message}`));
}

async function draw(figure, chart, filter) {
  const picture = figure.querySelector(".chart");
  drawnWidth = picture.clientWidth || 600;
  const made = chart.make(filter, drawnWidth);
  figure.querySelector("h3").textContent = chart.title;
  figure.querySelector(".definition").textContent = chart.definition;
  showBasis(figure.querySelector(".basis"), made);
  shown.get(figure.id)?.finalize();
  shown.delete(figure.id);
  const isEmpty = made.n === 0;
  figure.querySelector(".note").textContent = (isEmpty ? null : made.note) ?? "";
  figure.classList.toggle("empty", isEmpty);
  figure.querySelector(".numbers").hidden = isEmpty;
  if (isEmpty) {
    picture.removeAttribute("role");
    picture.removeAttribute("aria-label");
    picture.replaceChildren(element("p", { class: "nothing" }, made.nothing));
    return;
  }
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", `${chart.title}. ${made.summary} The numbers follow as a table.`);
  await embed(figure.id, picture, made.spec);
  tableOnDemand(figure, chart.title, made.table);
}

function showBasis(place, { n, unit, small }) {
  place.replaceChildren(element("span", { class: "n" }, `n = ${number(n)} ${unit}`));
  if (small ?? (n > 0 && n < FEW)) place.append(" ", element("span", { class: "few" }, "small number: read with care"));
}

async function embed(id, picture, { height = 260, ...spec }) {
  const whole = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: drawnWidth, height,
    autosize: { type: "fit", contains: "padding", resize: false }, padding: 2, ...spec,
  };
  const { view, finalize } = await vegaEmbed(picture, whole, {
    mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false, config: chartConfig(), tooltip: showTip, ...vegaLocales(),
  });
  hush(picture);
  view.addEventListener("click", (_, item) => {
    if (item?.datum?.url) window.open(item.datum.url, "_blank", "noopener,noreferrer");
  });
  shown.set(id, { finalize });
}

/** The figure's own label and table tell what the picture shows; its parts tell nothing on their own. */
function hush(picture) {
  for (const part of picture.querySelectorAll("svg, svg *")) {
    for (const name of part.getAttributeNames()) if (name === "role" || name.startsWith("aria-")) part.removeAttribute(name);
  }
  picture.querySelector("svg").setAttribute("aria-hidden", "true");
}

/** The tooltip: the lines of `tip` of what the pointer is on. */
function showTip(_, event, item, value) {
  const tip = document.getElementById("tip");
  const lines = value?.tip ?? null;
  tip.hidden = lines === null;
  if (lines === null) return;
  const [first, ...rest] = lines;
  tip.replaceChildren(element("strong", {}, first), ...rest.map((line) => element("span", {}, line)));
  const { clientX, clientY } = event;
  tip.style.left = `${Math.max(8, Math.min(clientX + 14, window.innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${clientY + 18 + tip.offsetHeight > window.innerHeight ? clientY - tip.offsetHeight - 12 : clientY + 18}px`;
}

const MOST_ROWS = 500;

/** The table is made when it is opened: for most readers the picture is enough. */
function tableOnDemand(figure, title, { columns, rows }) {
  const details = figure.querySelector(".numbers");
  const fill = () => details.querySelector(".scroll").replaceChildren(...numbersTable(title, columns, rows));
  details.ontoggle = () => details.open && fill();
  if (details.open) fill();
}

/** Cells are texts, or `{ text, url }` for what opens. */
function numbersTable(title, columns, rows) {
  const cell = (value, place) => {
    const content = value?.text === undefined ? String(value) : link(value.text, value.url);
    return place === 0 ? element("th", { scope: "row" }, content) : element("td", {}, content);
  };
  const table = element(
    "table", {}, element("caption", {}, title),
    element("thead", {}, element("tr", {}, ...columns.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...rows.slice(0, MOST_ROWS).map((row) => element("tr", {}, ...row.map(cell)))),
  );
  const more = rows.length - MOST_ROWS;
  return more > 0 ? [table, element("p", { class: "note" }, `${number(more)} more rows are not listed.`)] : [table];
}
