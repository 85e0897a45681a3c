// The rich_text block: sections, lists, quotes and preformatted text out of styled pieces.
import { moment } from "./dates.js";
import { el, name } from "./dom.js";
import { emoji } from "./emoji.js";
import { link, mention } from "./mrkdwn.js";

const STYLES = [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]];
const PARTS = {
  rich_text_section: (part, reader) => el("p", {}, pieces(part, reader)),
  rich_text_quote: (part, reader) => el("blockquote", {}, pieces(part, reader)),
  rich_text_preformatted: (part, reader) => el("pre", {}, pieces(part, reader)),
  rich_text_list: list,
};
const PIECES = {
  text: (piece) => piece.text,
  link: (piece) => link(piece.url, piece.text),
  emoji: (piece) => emoji(piece.name),
  user: (piece, reader) => mention(piece.user_id, null, reader),
  usergroup: (piece) => name(`@${piece.usergroup_id}`, { class: "mention" }),
  channel: (piece) => name(`#${piece.channel_id}`, { class: "mention" }),
  broadcast: (piece) => name(`@${piece.range}`, { class: "mention" }),
  date: (piece) => moment(piece.timestamp, piece.format ?? "{date_short_pretty} {time}", piece.fallback),
  color: (piece) => piece.value,
};

export const richText = (block, reader) => el("div", { class: "words" }, parts(block.elements, reader));

const parts = (elements, reader) => elements.map((part) => PARTS[part.type]?.(part, reader) ?? `[${part.type}]`);

const pieces = (part, reader) => (part.elements ?? []).map((piece) => styled(piece, reader));

function styled(piece, reader) {
  const plain = PIECES[piece.type]?.(piece, reader) ?? piece.text ?? `[${piece.type}]`;
  return STYLES.reduce((inner, [style, tag]) => (piece.style?.[style] ? el(tag, {}, inner) : inner), plain);
}

function list(part, reader) {
  const items = part.elements.map((item) => el("li", {}, pieces(item, reader)));
  const start = part.offset ? part.offset + 1 : null;
  return el(part.style === "ordered" ? "ol" : "ul", { start, class: `deep-${part.indent ?? 0}` }, items);
}
