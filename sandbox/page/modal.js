// The window on top of one person's column. What is typed outlives every redraw.
import { post } from "./api.js";
import { blocks, words } from "./blocks.js";
import { el } from "./dom.js";

export class Modal {
  constructor(column, user) {
    this.column = column;
    this.user = user;
    this.shown = "";
    this.over = null;
  }

  show(views, people) {
    const view = views.at(-1);
    const signature = view ? view.id + view.hash + JSON.stringify(view.errors) : "";
    if (signature === this.shown) return;
    const typed = this.over && view && this.shown.startsWith(view.id) ? this.values() : {};
    this.shown = signature;
    this.over?.remove();
    this.over = view ? this.draw(view, people, typed) : null;
    if (!this.over) return;
    this.column.append(this.over);
    (this.over.querySelector("input, textarea, select") ?? this.over.querySelector("button")).focus();
  }

  draw(view, people, typed) {
    this.view = view;
    const inside = view.blocks.map((block) => (block.type === "input" ? this.field(block, typed, view.errors) : blocks([block], people, () => {})[0]));
    const send = view.submit ? el("button", { class: "primary", type: "submit" }, words(view.submit)) : null;
    const close = el("button", { type: "button", onclick: () => this.close() }, view.close ? words(view.close) : "Close");
    const title = el("h2", {}, words(view.title));
    const form = el("form", { class: "dialog", role: "dialog", "aria-modal": "true", "aria-label": view.title.text, onsubmit: (event) => this.send(event) },
      title, el("div", { class: "inside" }, inside), el("footer", {}, close, send));
    return el("div", { class: "over", onkeydown: (event) => event.key === "Escape" && this.close() }, form);
  }

  field(block, typed, errors) {
    const id = `${this.user}-${block.block_id}`;
    const value = typed[block.block_id]?.[block.element.action_id] ?? "";
    const wrong = errors[block.block_id];
    return el("div", { class: "field", "data-block": block.block_id, "data-action": block.element.action_id },
      el("label", { for: id }, block.label.text), this.input(block.element, id, value),
      block.hint ? el("span", { class: "hint" }, block.hint.text) : null,
      wrong ? el("span", { class: "wrong", role: "alert" }, wrong) : null);
  }

  input(element, id, value) {
    if (element.type === "radio_buttons") {
      return el("div", { id, role: "radiogroup" }, element.options.map((option) =>
        el("label", { class: "choice" }, el("input", { type: "radio", name: id, value: option.value, checked: option.value === value }), option.text.text)));
    }
    if (element.type === "static_select") {
      return el("select", { id }, element.options.map((option) => el("option", { value: option.value, selected: option.value === value }, option.text.text)));
    }
    const attributes = { id, value, autocomplete: "off", spellcheck: "false" };
    return element.multiline ? el("textarea", { ...attributes, rows: 3 }) : el("input", { ...attributes, type: "text" });
  }

  values() {
    const found = {};
    for (const field of this.over.querySelectorAll(".field")) {
      const input = field.querySelector("input:checked") ?? field.querySelector("input:not([type=radio]), textarea, select");
      found[field.dataset.block] = { [field.dataset.action]: input ? input.value : "" };
    }
    return found;
  }

  async send(event) {
    event.preventDefault();
    for (const button of this.over.querySelectorAll("footer button")) button.disabled = true;
    await post("/sandbox/submit", { user: this.user, view_id: this.view.id, values: this.values() });
    for (const button of this.over?.querySelectorAll("footer button") ?? []) button.disabled = false;
  }

  close() {
    post("/sandbox/close-view", { user: this.user, view_id: this.view.id });
  }
}
