// Dark or light, and what the charts take from it.

const COLOURS = ["blue", "orange", "green", "pink", "sky", "yellow", "red", "grey"];
const SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left"];
const systemDark = window.matchMedia("(prefers-color-scheme: dark)");

/** `auto` follows the system. */
function applyTheme(choice) {
  const isDark = choice === "dark" || (choice === "auto" && systemDark.matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Vega-Lite's config for the theme as it is now. */
function chartConfig() {
  const [text, line, grid] = ["quiet", "line", "grid"].map(colour);
  const font = getComputedStyle(document.body).fontFamily;
  return {
    background: "transparent",
    font,
    aria: false,
    view: { stroke: null },
    axis: {
      labelColor: text, titleColor: text, domainColor: line, tickColor: line, gridColor: grid,
      labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelLimit: 130, labelOverlap: "greedy", titlePadding: 8,
    },
    legend: {
      orient: "top", labelColor: text, titleColor: text, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal",
      labelLimit: 160, symbolStrokeWidth: 2, title: null, offset: 8,
    },
    text: { color: colour("ink"), fontSize: 12 },
    range: { category: COLOURS.map(colour) },
  };
}
