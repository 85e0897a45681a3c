// Slack's markup as DOM nodes. Only what is known becomes an element; everything else stays text.
import { el } from "./dom.js";

const EMOJI = {
  white_check_mark: "✅", no_entry: "⛔", warning: "⚠️", red_circle: "🔴", large_yellow_circle: "🟡",
  large_green_circle: "🟢", question: "❓", hourglass_flowing_sand: "⏳", octagonal_sign: "🛑", lock: "🔒", x: "❌",
};
const INLINE = /```([\s\S]*?)```|`([^`\n]+)`|<([^>]+)>|:([a-z_]+):|(?<![\w*])\*([^*\n]+)\*(?![\w*])|(?<![\w_])_([^_\n]+)_(?![\w_])|(?<![\w~])~([^~\n]+)~(?![\w~])/g;

const plain = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

export function mrkdwn(text, people) {
  const out = [];
  let quote = null;
  for (const [index, line] of splitQuotes(text).entries()) {
    if (line.quoted) {
      quote ??= el("blockquote");
      if (quote.childNodes.length) quote.append(el("br"));
      quote.append(...inline(line.text, people));
      continue;
    }
    if (quote) out.push(quote);
    else if (index) out.push(document.createTextNode("\n"));
    quote = null;
    out.push(...inline(line.text, people));
  }
  if (quote) out.push(quote);
  const holder = el("span", { style: "white-space: pre-wrap" });
  holder.append(...out);
  return holder;
}

function splitQuotes(text) {
  const lines = [];
  let fenced = false;
  for (const line of text.split("\n")) {
    const quoted = !fenced && line.startsWith("&gt; ");
    const last = lines.at(-1);
    if (!quoted && last && !last.quoted) last.text += "\n" + line;
    else lines.push({ quoted, text: quoted ? line.slice(5) : line });
    if ((line.split("```").length - 1) % 2) fenced = !fenced;
  }
  return lines;
}

function inline(text, people) {
  const out = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    out.push(document.createTextNode(plain(text.slice(at, found.index))));
    out.push(piece(found, people));
    at = found.index + found[0].length;
  }
  out.push(document.createTextNode(plain(text.slice(at))));
  return out;
}

function piece(found, people) {
  const [whole, fence, code, angle, emoji, bold, italic, strike] = found;
  if (fence !== undefined) return el("pre", {}, plain(fence.replace(/^\n/, "")));
  if (code !== undefined) return el("code", {}, plain(code));
  if (angle !== undefined) return reference(angle, people);
  if (emoji !== undefined) return document.createTextNode(EMOJI[emoji] ?? whole);
  if (bold !== undefined) return el("strong", {}, ...inline(bold, people));
  if (italic !== undefined) return el("em", {}, ...inline(italic, people));
  return el("s", {}, ...inline(strike, people));
}

function reference(angle, people) {
  const [target, label] = angle.split("|", 2);
  if (target.startsWith("@")) return el("span", { class: "mention" }, "@" + (label ?? people[target.slice(1)] ?? target.slice(1)));
  if (target.startsWith("#")) return el("span", { class: "mention" }, "#" + (label ?? target.slice(1)));
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!")) return el("span", { class: "mention" }, "@" + target.slice(1));
  if (/^https?:\/\//.test(target)) return el("a", { href: plain(target), rel: "noopener noreferrer", target: "_blank" }, plain(label ?? target));
  return document.createTextNode(plain(label ?? target));
}

function date(target, fallback) {
  const [, unix, format] = target.split("^");
  const at = new Date(Number(unix) * 1000);
  if (Number.isNaN(at.getTime())) return document.createTextNode(fallback ?? "");
  const words = (format ?? "{time}")
    .replace(/\{date[a-z_]*\}/g, at.toLocaleDateString())
    .replace("{time_secs}", at.toLocaleTimeString())
    .replace("{time}", at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  return el("time", { datetime: at.toISOString(), title: at.toISOString() }, words);
}
