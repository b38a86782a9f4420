// Numbers and dates as readers of German or English write them.

const LANGUAGES = { en: "en-GB", de: "de-DE" };
let language = (navigator.language ?? "en").toLowerCase().startsWith("de") ? "de" : "en";

const formatters = new Map();

function formatter(make, options) {
  const name = `${language}${make.name}${JSON.stringify(options)}`;
  if (!formatters.has(name)) formatters.set(name, new make(LANGUAGES[language], options));
  return formatters.get(name);
}

function number(value, digits = 0) {
  if (value === null || value === undefined) return "–";
  return formatter(Intl.NumberFormat, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/** Points and other amounts that are mostly whole. */
function amount(value) {
  return formatter(Intl.NumberFormat, { maximumFractionDigits: 1 }).format(value);
}

function percent(share, digits = 0) {
  if (share === null || share === undefined) return "–";
  const options = { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits };
  return formatter(Intl.NumberFormat, options).format(share);
}

/** So many of a hundred, as in the names of percentiles. */
function per(hundredths) {
  return percent(hundredths / 100);
}

/** A number of days with one digit behind the point. */
function days(value) {
  return value === null ? "–" : `${number(value, 1)} days`;
}

function date(day, options = { day: "numeric", month: "short", year: "numeric" }) {
  return day === null ? "–" : formatter(Intl.DateTimeFormat, { ...options, timeZone: "UTC" }).format(day * 86400000);
}

function shortDate(day) {
  return date(day, { day: "numeric", month: "short" });
}

/** The bucket's name: the month, or the week by its Monday. */
function bucketName(start, unit) {
  return unit === "month" ? date(start, { month: "short", year: "numeric" }) : `week of ${date(start)}`;
}

/** The same where there is little room; `Oct 26` would be a day to some. */
function shortBucket(start, unit) {
  return unit === "month" ? `${date(start, { month: "short" })} ’${date(start, { year: "2-digit" })}` : shortDate(start);
}

function instant(text) {
  if (text === null) return "never";
  const options = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone: DATA.timezone };
  return formatter(Intl.DateTimeFormat, options).format(new Date(text));
}

function plural(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** What Vega's axes write with: the same names of months and the same signs. */
function vegaLocales() {
  const month = (width) => [...Array(12).keys()].map((n) => formatter(Intl.DateTimeFormat, { month: width, timeZone: "UTC" }).format(Date.UTC(2024, n, 15)));
  const weekday = (width) => [...Array(7).keys()].map((n) => formatter(Intl.DateTimeFormat, { weekday: width, timeZone: "UTC" }).format(Date.UTC(2024, 8, 1 + n)));
  return {
    formatLocale: language === "de"
      ? { decimal: ",", thousands: ".", grouping: [3], currency: ["", "\u00a0€"], percent: "\u00a0%" }
      : { decimal: ".", thousands: ",", grouping: [3], currency: ["£", ""], percent: "%" },
    timeFormatLocale: {
      dateTime: "%x, %X", date: language === "de" ? "%d.%m.%Y" : "%d/%m/%Y", time: "%H:%M:%S", periods: ["AM", "PM"],
      days: weekday("long"), shortDays: weekday("short"), months: month("long"), shortMonths: month("short"),
    },
  };
}
