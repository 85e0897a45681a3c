// Moments in the reader's own zone, in Slack's formats.
import { el } from "./dom.js";

const clock = (at, more = {}) =>
  at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...more });
const SHAPES = {
  date_num: (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
  date_slash: (at) => at.toLocaleDateString(),
  date: (at) => at.toLocaleDateString([], { dateStyle: "long" }),
  date_short: (at) => at.toLocaleDateString([], { dateStyle: "medium" }),
  date_long: (at) => at.toLocaleDateString([], { dateStyle: "full" }),
  day_divider_pretty: (at) => near(at) ?? SHAPES.date_long(at),
  date_pretty: (at) => near(at) ?? SHAPES.date(at),
  date_short_pretty: (at) => near(at) ?? SHAPES.date_short(at),
  date_long_pretty: (at) => near(at) ?? SHAPES.date_long(at),
  time: (at) => clock(at),
  time_secs: (at) => clock(at, { second: "2-digit" }),
  ago: (at) => ago((Date.now() - at.getTime()) / 60_000),
};

const two = (number) => String(number).padStart(2, "0");

function near(at) {
  const day = (when) => new Date(when.getFullYear(), when.getMonth(), when.getDate()).getTime();
  return { 0: "today", 1: "tomorrow", "-1": "yesterday" }[Math.round((day(at) - day(new Date())) / 86_400_000)];
}

function ago(minutes) {
  const form = new Intl.RelativeTimeFormat([], { numeric: "auto" });
  if (Math.abs(minutes) < 60) return form.format(-Math.round(minutes), "minute");
  if (Math.abs(minutes) < 48 * 60) return form.format(-Math.round(minutes / 60), "hour");
  return form.format(-Math.round(minutes / 1440), "day");
}

// `{date_short_pretty} {time}` at a Unix time in seconds; the fallback when it is no time.
export function moment(unix, format, fallback = "") {
  const at = new Date(Number(unix) * 1000);
  if (unix === "" || Number.isNaN(at.getTime())) return document.createTextNode(fallback);
  const words = format.replace(/\{(\w+)\}/g, (whole, shape) => SHAPES[shape]?.(at) ?? whole);
  return el("time", { datetime: at.toISOString(), title: at.toString() }, words);
}

// When a message was written, out of its ts.
export const written = (ts) => moment(ts, "{time_secs}");
