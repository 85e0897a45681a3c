// The markdown block: headings, lists, fences, quotes, and the inline marks.
import { el } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { link } from "./mrkdwn.js";

const INLINE = /`([^`\n]+)`|\[([^\]\n]+)\]\(([^()\s]+)\)|\*\*([^*\n]+)\*\*|(?<!\w)[*_]([^*_\n]+)[*_](?!\w)|~~([^~\n]+)~~/g;
const KINDS = [
  [/^#{1,6} +/, (rest) => el("p", {}, el("strong", {}, inline(rest)))],
  [/^\s*[-*+] +/, (rest) => el("ul", {}, el("li", {}, inline(rest)))],
  [/^> ?/, (rest) => el("blockquote", {}, inline(rest))],
  [/^(-{3,}|\*{3,})$/, () => el("hr")],
];

export function markdown(text) {
  const parts = text.split(/^```.*\n([\s\S]*?)\n?^```\s*$/m);
  return el("div", { class: "words" }, parts.map((part, index) => (index % 2 ? el("pre", {}, part) : paragraphs(part))));
}

function paragraphs(text) {
  const out = [];
  for (const line of text.split("\n").filter((each) => each.trim())) {
    const made = paragraph(line);
    const before = out.at(-1);
    if (before && before.localName === "ul" && made.localName === "ul") before.append(...made.children);
    else out.push(made);
  }
  return out;
}

function paragraph(line) {
  const kind = KINDS.find(([mark]) => mark.test(line));
  return kind ? kind[1](line.replace(kind[0], "")) : el("p", {}, inline(line));
}

function inline(text) {
  const out = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    out.push(withEmoji(text.slice(at, found.index)), piece(found));
    at = found.index + found[0].length;
  }
  return [...out, withEmoji(text.slice(at))];
}

function piece([, code, label, address, bold, italic, strike]) {
  if (code) return el("code", {}, code);
  if (address) return link(address, label);
  if (bold) return el("strong", {}, inline(bold));
  return italic ? el("em", {}, inline(italic)) : el("s", {}, inline(strike));
}
