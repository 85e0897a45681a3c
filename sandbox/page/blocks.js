// Block Kit as elements. `press(element)` is called with the button or menu that somebody used.
import { el } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";

export function blocks(list, people, press) {
  return list.map((block) => draw(block, people, press));
}

export function words(text, people) {
  if (!text) return "";
  return text.type === "mrkdwn" ? mrkdwn(text.text, people) : text.text;
}

function draw(block, people, press) {
  switch (block.type) {
    case "section":
      return el("div", { class: "block" }, words(block.text, people), fields(block, people), block.accessory ? element(block.accessory, people, press) : null);
    case "header":
      return el("div", { class: "block header" }, block.text.text);
    case "context":
      return el("div", { class: "block context" }, block.elements.map((each) => el("span", {}, words(each, people))));
    case "divider":
      return el("hr");
    case "actions":
      return el("div", { class: "buttons" }, block.elements.map((each) => element(each, people, press)));
    case "image":
      return el("p", { class: "block note" }, `[picture: ${block.alt_text}]`);
    case "markdown":
      return el("div", { class: "block", style: "white-space: pre-wrap" }, block.text);
    case "table":
      return el("table", { class: "block" }, block.rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell.text ?? "")))));
    default:
      return el("p", { class: "block note" }, `[${block.type}]`);
  }
}

function fields(block, people) {
  return block.fields ? el("div", { class: "fields" }, block.fields.map((field) => el("div", {}, words(field, people)))) : null;
}

function element(each, people, press) {
  if (each.type === "button") {
    return el("button", { type: "button", class: each.style ?? "", "data-action-id": each.action_id, onclick: (event) => confirmed(each) && press(each, event.currentTarget) }, each.text.text);
  }
  if (each.type === "static_select" || each.type === "overflow") {
    const options = (each.options ?? []).map((option) => el("option", { value: option.value }, option.text.text));
    return el("select", { "data-action-id": each.action_id, "aria-label": each.placeholder?.text ?? each.action_id, onchange: (event) => press(each, event.currentTarget) }, options);
  }
  return words(each.text, people);
}

function confirmed(each) {
  const ask = each.confirm;
  return !ask || window.confirm(`${ask.title.text}\n\n${ask.text.text}`);
}
