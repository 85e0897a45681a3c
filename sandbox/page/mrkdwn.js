// Slack's markup as DOM nodes. Only what is known becomes an element; everything else stays text.
import { moment } from "./dates.js";
import { el, name } from "./dom.js";
import { emoji } from "./emoji.js";

const FENCE = /```([\s\S]+?)```/g;
const QUOTE = /^(?:&gt;|>) ?(?!&gt;|>)/;
const INLINE = new RegExp(
  [
    /`(?<code>[^`\n]+)`/,
    /<(?<angle>[^<>\n]+)>/,
    /:(?<emoji>[a-z0-9_+-]+):/,
    /(?<![\w*])\*(?=\S)(?<bold>[^*\n]*[^*\s])\*(?![\w*])/,
    /(?<![\w_])_(?=\S)(?<italic>[^_\n]*[^_\s])_(?![\w_])/,
    /(?<![\w~])~(?=\S)(?<strike>[^~\n]*[^~\s])~(?![\w~])/,
  ].map((each) => each.source).join("|"),
  "g",
);

// Slack escapes these three and nothing else.
export const plain = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

// `reader` is {me, people: {id: name}}.
export function mrkdwn(text, reader) {
  const holder = el("div", { class: "words" });
  let at = 0;
  for (const found of text.matchAll(FENCE)) {
    holder.append(...lines(text.slice(at, found.index).replace(/\n$/, ""), reader));
    holder.append(el("pre", {}, plain(found[1].replace(/^\n|\n$/g, ""))));
    at = found.index + found[0].length;
  }
  holder.append(...lines(at ? text.slice(at).replace(/^\n/, "") : text, reader));
  return holder;
}

function lines(text, reader) {
  const out = [];
  let before = null;
  for (const line of text ? text.split("\n") : []) {
    const quoted = QUOTE.test(line);
    const into = quoted ? "blockquote" : "p";
    if (before?.localName === into) before.append("\n");
    else out.push((before = el(into)));
    before.append(...inline(quoted ? line.replace(QUOTE, "") : line, reader));
  }
  return out;
}

function inline(text, reader) {
  const out = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > at) out.push(plain(text.slice(at, found.index)));
    out.push(piece(found.groups, reader));
    at = found.index + found[0].length;
  }
  if (at < text.length) out.push(plain(text.slice(at)));
  return out;
}

function piece(groups, reader) {
  if (groups.code) return el("code", {}, plain(groups.code));
  if (groups.angle) return reference(groups.angle, reader);
  if (groups.emoji) return emoji(groups.emoji);
  if (groups.bold) return el("strong", {}, inline(groups.bold, reader));
  if (groups.italic) return el("em", {}, inline(groups.italic, reader));
  return el("s", {}, inline(groups.strike, reader));
}

function reference(angle, reader) {
  const bar = angle.indexOf("|");
  const target = bar < 0 ? angle : angle.slice(0, bar);
  const label = bar < 0 ? null : plain(angle.slice(bar + 1));
  if (target.startsWith("@")) return mention(target.slice(1), label, reader);
  if (target.startsWith("#")) return name(`#${label ?? target.slice(1)}`, { class: "mention" });
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!")) return name(`@${label ?? target.slice(1)}`.replace("@@", "@"), { class: "mention" });
  return link(plain(target), label);
}

export function mention(id, label, reader) {
  const words = `@${reader.people[id] ?? label ?? id}`;
  return name(words, { class: id === reader.me ? "mention you" : "mention" });
}

// A link to anything but a web page or a mailbox is shown as text.
export function link(address, label) {
  if (!/^(https?:\/\/|mailto:)/i.test(address)) return label ? `${label} (${address})` : address;
  return el("a", { href: address, rel: "noopener noreferrer", target: "_blank", title: address }, label || address);
}

function date(target, fallback) {
  const [, unix, format, address] = target.split("^");
  const shown = moment(unix, plain(format ?? "{date_short_pretty} {time}"), fallback ?? "");
  return address ? link(plain(address), shown.textContent) : shown;
}
