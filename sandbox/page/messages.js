// One message, with its thread folded under it.
import { blocks } from "./blocks.js";
import { el, time } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";

export function message(each, replies, context) {
  const bot = each.user === "U0SECONDER";
  const name = context.people[each.user] ?? each.user;
  const body = each.blocks.length
    ? el("div", { class: bot ? "card" : "" }, blocks(each.blocks, context.people, (element, button) => context.press(each, element, button)))
    : el("div", { class: "block" }, mrkdwn(each.text, context.people));
  return el("article", { class: "message" + (each.ephemeral_to ? " mine" : ""), "data-ts": each.ts, "data-version": each.version, "aria-label": `${name}: ${each.text}` },
    el("div", { class: "face" + (bot ? " bot" : ""), "aria-hidden": "true" }, name.slice(0, 1).toUpperCase()),
    el("div", {},
      el("div", { class: "who" }, el("b", {}, name), bot ? el("span", { class: "tag" }, "APP") : null,
        el("time", {}, time(each.ts)), each.edited && !bot ? el("span", { class: "note" }, "(edited)") : null,
        each.ephemeral_to ? el("span", { class: "note" }, "Only visible to you") : null),
      body, thread(each, replies, context)));
}

function thread(each, replies, context) {
  if (!replies.length) return null;
  const open = context.open.has(each.ts);
  const label = replies.length === 1 ? "1 reply" : `${replies.length} replies`;
  const fold = el("button", { class: "fold", type: "button", "aria-expanded": String(open), onclick: () => context.fold(each.ts) }, `${open ? "▾" : "▸"} ${label}`);
  return el("div", { class: "thread" }, fold, open ? replies.map((reply) => message(reply, [], context)) : null);
}
