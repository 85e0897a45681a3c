// What can be pressed on a message: buttons, overflow menus, and inputs that act as soon as they change.
import { el } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { input, known } from "./inputs.js";

let count = 0;

export function element(block, each, hands) {
  if (each.type === "button" || each.type === "workflow_button") return button(block, each, hands);
  if (each.type === "overflow") return overflow(block, each, hands);
  if (known(each)) return chooser(block, each, hands);
  return el("span", { class: "small" }, `[a ${each.type}, which this stand-in does not draw]`);
}

async function pressed(block, each, value, node, hands) {
  if (each.confirm && !(await hands.agree(each.confirm))) return false;
  if (/^https?:/i.test(each.url ?? "")) window.open(each.url, "_blank", "noopener,noreferrer");
  await hands.press(block, each, value, node);
  return true;
}

function button(block, each, hands) {
  const attributes = {
    type: "button",
    class: each.style,
    "data-action-id": each.action_id,
    "aria-label": each.accessibility_label,
    onclick: ({ currentTarget }) => pressed(block, each, null, currentTarget, hands),
  };
  return el("button", attributes, withEmoji(each.text.text));
}

function overflow(block, each, hands) {
  const choose = (option) => {
    menu.open = false;
    if (/^https?:/i.test(option.url ?? "")) window.open(option.url, "_blank", "noopener,noreferrer");
    pressed(block, each, option.value, opener, hands);
  };
  const options = each.options.map((option) =>
    el("button", { type: "button", "data-value": option.value, onclick: () => choose(option) }, withEmoji(option.text.text)));
  const opener = el("summary", { "aria-label": "More actions", title: "More actions" }, "⋯");
  const menu = el("details", { class: "overflow", "data-action-id": each.action_id, onkeydown: escape, onfocusout: leave }, opener,
    el("div", { class: "menu" }, options));
  return menu;
}

function escape(event) {
  if (event.key !== "Escape" || !event.currentTarget.open) return;
  event.currentTarget.open = false;
  event.currentTarget.firstChild.focus();
  event.stopPropagation();
}

function leave({ currentTarget, relatedTarget }) {
  if (relatedTarget && !currentTarget.contains(relatedTarget)) currentTarget.open = false;
}

function chooser(block, each, hands) {
  count += 1;
  const made = input(each, `act-${count}`, hands.held?.(block, each), hands.reader);
  let before = made.read();
  made.node.dataset.actionId = each.action_id;
  made.node.setAttribute("aria-label", each.placeholder?.text ?? each.action_id);
  made.node.addEventListener("change", async () => {
    const now = made.read();
    if (await pressed(block, each, now, made.node, hands)) before = now;
    else made.put(before);
  });
  return made.node;
}
