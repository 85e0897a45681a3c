// Inputs of modals and messages: each is {node, read(), put(value), hold}; a value is what the driver takes.
import { el } from "./dom.js";
import { withEmoji } from "./emoji.js";

const DATES = { datepicker: ["date", "initial_date"], timepicker: ["time", "initial_time"] };
const KINDS = {
  plain_text_input: typed,
  number_input: typed,
  email_text_input: typed,
  url_text_input: typed,
  datepicker: typed,
  timepicker: typed,
  static_select: menu,
  multi_static_select: many,
  users_select: (each, id, value, reader) => menu({ ...each, options: everybody(reader) }, id, value ?? each.initial_user),
  radio_buttons: choices,
  checkboxes: choices,
};

export const known = (each) => each.type in KINDS;

// `value` is what was there before, undefined for an input that nobody has touched; what is no option any more is dropped.
export const input = (each, id, value, reader) => KINDS[each.type](each, id, fits(each, value) ? value : undefined, reader);

// The value within the state of an input, as Slack keeps it.
export const held = ({ selected_option: one, selected_options: several, type, ...rest }) =>
  one !== undefined ? one?.value ?? null : several ? several.map((option) => option.value) : Object.values(rest)[0];

const fits = (each, value) =>
  !(each.options || each.option_groups) || [].concat(value ?? []).every((one) => options(each).some((option) => option.value === one));

const options = (each) => [...(each.options ?? []), ...(each.option_groups ?? []).flatMap((group) => group.options)];

const everybody = (reader) =>
  Object.entries(reader.people).map(([value, text]) => ({ value, text: { type: "plain_text", text } }));

function typed(each, id, value) {
  const [kind, initial] = DATES[each.type] ?? ["text", "initial_value"];
  const mode = { number_input: "decimal", email_text_input: "email", url_text_input: "url" }[each.type];
  const shared = { id, autocomplete: "off", spellcheck: "false", maxlength: each.max_length, inputmode: mode, placeholder: each.placeholder?.text };
  const node = each.multiline ? el("textarea", { ...shared, rows: 4 }) : el("input", { ...shared, type: kind });
  const put = (text) => { node.value = text ?? ""; };
  put(value === undefined ? each[initial] : value);
  return { node, hold: node, put, read: () => node.value || null };
}

function menu(each, id, value) {
  const made = options(each).map((option) => el("option", { value: option.value }, withEmoji(option.text.text)));
  const none = el("option", {}, each.placeholder?.text ?? "Choose…");
  none.value = "";
  const node = el("select", { id }, none, made);
  const put = (chosen) => { node.value = chosen ?? ""; };
  put(value === undefined ? each.initial_option?.value : value);
  return { node, hold: node, put, read: () => node.value || null };
}

function many(each, id, value) {
  const made = options(each).map((option) => el("option", { value: option.value }, withEmoji(option.text.text)));
  const node = el("select", { id, multiple: true, size: Math.min(6, made.length) }, made);
  const put = (chosen) => made.forEach((option) => { option.selected = (chosen ?? []).includes(option.value); });
  put(value === undefined ? each.initial_options?.map((option) => option.value) : value);
  return { node, hold: node, put, read: () => made.filter((option) => option.selected).map((option) => option.value) };
}

function choices(each, id, value) {
  const single = each.type === "radio_buttons";
  const boxes = options(each).map((option) => el("input", { type: single ? "radio" : "checkbox", name: id, value: option.value }));
  const lines = options(each).map((option, index) => el("label", { class: "choice" }, boxes[index],
    el("span", {}, withEmoji(option.text.text), option.description ? el("small", {}, option.description.text) : null)));
  const node = el("div", { id, role: single ? "radiogroup" : "group" }, lines);
  const put = (chosen) => boxes.forEach((box) => { box.checked = [].concat(chosen ?? []).includes(box.value); });
  const first = single ? each.initial_option?.value : each.initial_options?.map((option) => option.value);
  put(value === undefined ? first : value);
  const read = () => boxes.filter((box) => box.checked).map((box) => box.value);
  return { node, hold: boxes.find((box) => box.checked) ?? boxes[0], put, read: single ? () => read()[0] ?? null : read };
}
