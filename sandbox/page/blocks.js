// Block Kit as elements. `hands` is {reader, press(block, element, value, node), agree(confirm)}.
import { el } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { element } from "./elements.js";
import { markdown } from "./markdown.js";
import { mrkdwn } from "./mrkdwn.js";
import { richText } from "./richtext.js";

const DRAWN = {
  section,
  header: (block) => el("h3", { class: "block heading" }, withEmoji(block.text.text)),
  context,
  divider: () => el("hr", { class: "block" }),
  actions: (block, hands) => el("div", { class: "block buttons" }, block.elements.map((each) => element(block, each, hands))),
  image: (block) => el("figure", { class: "block" }, picture(block), block.title ? el("figcaption", {}, block.title.text) : null),
  rich_text: (block, hands) => el("div", { class: "block" }, richText(block, hands.reader)),
  markdown: (block) => el("div", { class: "block" }, markdown(block.text)),
  table,
  container,
  alert: (block, hands) => el("div", { class: "block notice" }, words(block.text, hands.reader)),
};

export const blocks = (list, hands) => list.map((block) => DRAWN[block.type]?.(block, hands) ?? unknown(block.type));

// A text object: marked up or plain.
export function words(text, reader) {
  if (!text) return null;
  return text.type === "mrkdwn" ? mrkdwn(text.text, reader) : el("div", { class: "words" }, el("p", {}, withEmoji(text.text)));
}

const unknown = (type) => el("p", { class: "block small" }, `[a ${type}, which this stand-in does not draw]`);

function section(block, hands) {
  const { reader } = hands;
  const fields = block.fields?.map((field) => el("div", {}, words(field, reader)));
  const said = el("div", { class: "grow" }, words(block.text, reader), fields ? el("div", { class: "fields" }, fields) : null);
  const beside = block.accessory ? accessory(block, hands) : null;
  return el("div", { class: beside ? "block beside" : "block" }, said, beside);
}

const accessory = (block, hands) =>
  block.accessory.type === "image" ? picture(block.accessory) : element(block, block.accessory, hands);

function context(block, hands) {
  const parts = block.elements.map((each) => (each.type === "image" ? picture(each) : words(each, hands.reader)));
  return el("div", { class: "block small row" }, parts);
}

// Pictures come from this machine only: an address elsewhere is named, not fetched.
function picture(each) {
  const address = each.image_url ?? each.slack_file?.url ?? "";
  const here = new URL(address, location.href);
  if (address && here.origin === location.origin) return el("img", { src: here.href, alt: each.alt_text });
  return el("span", { class: "picture", title: address }, `Picture: ${each.alt_text}`);
}

function table(block, hands) {
  const align = (index) => `to-${block.column_settings?.[index]?.align ?? "left"}`;
  const cell = (each, index, tag) => el(tag, { class: align(index) }, inside(each, hands.reader));
  const [head, ...rows] = block.rows;
  const line = (row, tag) => el("tr", {}, row.map((each, index) => cell(each, index, tag)));
  const drawn = el("table", {}, el("thead", {}, line(head, "th")), el("tbody", {}, rows.map((row) => line(row, "td"))));
  return el("div", { class: "block wide", tabindex: "0", role: "region", "aria-label": "Table" }, drawn);
}

const inside = (cell, reader) => (cell.type === "rich_text" ? richText(cell, reader) : String(cell.text ?? cell.value ?? ""));

function container(block, hands) {
  const title = block.title?.text ?? "Details";
  const children = blocks(block.child_blocks, hands);
  if (!block.is_collapsible) return el("div", { class: "block" }, el("h3", { class: "heading" }, title), children);
  return el("details", { class: "block", open: !block.default_collapsed }, el("summary", {}, title), children);
}
