// The views that the app opened for one person; the top one is shown. What is typed outlives every redraw.
import { post } from "./api.js";
import { blocks } from "./blocks.js";
import { Dialog } from "./dialog.js";
import { el, once, write } from "./dom.js";
import { held, input, known } from "./inputs.js";

export class Modal {
  constructor(column, user, hands) {
    this.column = column;
    this.user = user;
    this.hands = { ...hands, press: (block, each, value) => this.press(block, each, value), held: (block, each) => this.held(block, each) };
    this.fields = new Map();
  }

  show(views, notice) {
    const view = views.at(-1);
    const drawn = view ? view.id + view.hash : "";
    if (drawn !== this.drawn) this.redraw(view);
    this.drawn = drawn;
    if (view) this.say(view.errors, notice);
  }

  redraw(view) {
    const typed = this.view && this.view.id === view?.id ? this.values() : {};
    const at = [...this.fields].find(([, field]) => field.input.node.contains(document.activeElement))?.[0];
    this.dialog?.remove();
    this.fields.clear();
    this.view = view;
    this.dialog = view ? this.draw(view, typed) : null;
    const first = this.fields.get(at) ?? [...this.fields.values()][0];
    this.dialog?.focus(first?.input.hold ?? this.dialog.form.querySelector("footer button"));
  }

  draw(view, typed) {
    this.notice = el("p", { class: "wrong", role: "status", hidden: true });
    this.send = view.submit ? el("button", { class: "primary", type: "submit" }, view.submit.text) : null;
    const close = el("button", { type: "button", onclick: () => this.close() }, view.close?.text ?? (view.submit ? "Cancel" : "Close"));
    const inside = view.blocks.map((block) => (block.type === "input" ? this.field(block, typed) : blocks([block], this.hands)));
    return new Dialog(this.column, {
      title: view.title.text, inside: [inside, this.notice], buttons: [close, this.send],
      submit: () => this.submit(), close: () => this.close(),
    });
  }

  field(block, typed) {
    const { element } = block;
    const id = `${this.view.id}-${block.block_id}`;
    if (!known(element)) return el("p", { class: "small" }, `[a ${element.type}, which this stand-in does not draw]`);
    const made = input(element, id, typed[block.block_id]?.[element.action_id], this.hands.reader);
    const wrong = el("p", { class: "wrong", role: "alert", id: `${id}-wrong`, hidden: true });
    const hint = block.hint ? el("p", { class: "hint", id: `${id}-hint` }, block.hint.text) : null;
    const label = el("label", { for: id, id: `${id}-label` }, block.label.text, block.optional ? el("span", { class: "small" }, " (optional)") : null);
    made.node.setAttribute("aria-describedby", `${id}-wrong${hint ? ` ${id}-hint` : ""}`);
    if (made.node.localName === "div") made.node.setAttribute("aria-labelledby", `${id}-label`);
    this.fields.set(block.block_id, { action: element.action_id, input: made, wrong });
    if (block.dispatch_action) this.dispatch(block, element, made);
    return el("div", { class: "field", "data-block-id": block.block_id }, label, made.node, wrong, hint);
  }

  // The app hears of an input with dispatch_action at once: of a choice when it changes, of text as its sender asked for.
  dispatch(block, element, made) {
    const tell = () => this.press(block, element, made.read() ?? "");
    if (element.type !== "plain_text_input") return made.node.addEventListener("change", tell);
    const when = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
    if (when.includes("on_character_entered")) made.node.addEventListener("input", tell);
    if (!when.includes("on_enter_pressed") || element.multiline) return null;
    return made.node.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      tell();
    });
  }

  held(block, each) {
    const state = this.view.state.values[block.block_id]?.[each.action_id];
    return state && held(state);
  }

  say(errors, notice) {
    let first = null;
    for (const [block, { input: made, wrong }] of this.fields) {
      const text = errors[block] ?? "";
      if (text && wrong.textContent !== text) first ??= made.hold;
      write(wrong, text);
      wrong.hidden = !text;
      made.node.setAttribute("aria-invalid", String(Boolean(text)));
    }
    write(this.notice, notice?.text ?? "");
    this.notice.hidden = !notice;
    if (first) this.dialog.focus(first);
  }

  values() {
    const found = {};
    for (const [block, { action, input: made }] of this.fields) found[block] = { [action]: made.read() };
    return found;
  }

  async press(block, each, value) {
    const body = { user: this.user, view_id: this.view.id, block_id: block.block_id, action_id: each.action_id, value };
    const done = await post("/sandbox/click", { ...body, values: this.values() });
    if (!done.ok) this.say({}, { text: done.error });
  }

  async submit() {
    const { view } = this;
    const body = { user: this.user, view_id: view.id, values: this.values() };
    if (!this.send) return;
    await once(this.send, async () => {
      const done = await post("/sandbox/submit", body);
      if (!done.ok && !done.errors && this.view === view) this.say({}, { text: done.error });
    });
  }

  async close() {
    await post("/sandbox/close-view", { user: this.user, view_id: this.view.id });
  }

  end() {
    this.redraw(undefined);
  }
}
