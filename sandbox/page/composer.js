// A line to type into: Enter sends, the arrows bring back what was typed before.
import { el, write } from "./dom.js";

export class Composer {
  // `send(text)` answers {ok, error}; what was refused comes back into the line.
  constructor(label, placeholder, hint, send) {
    this.send = send;
    this.hint = hint;
    this.past = [];
    this.at = 0;
    this.draft = "";
    this.box = el("input", {
      type: "text", "aria-label": label, placeholder, autocomplete: "off", autocapitalize: "off", spellcheck: "false", enterkeyhint: "send",
      onkeydown: (event) => this.recall(event),
    });
    this.button = el("button", { class: "primary", type: "submit" }, "Send");
    this.doing = el("p", { class: "doing", role: "status" }, hint);
    this.problem = el("p", { class: "wrong", role: "alert", hidden: true });
    this.root = el("div", { class: "composer" }, this.problem,
      el("form", { class: "say", onsubmit: (event) => { event.preventDefault(); this.sent(); } }, this.box, this.button), this.doing);
  }

  async sent() {
    const text = this.box.value.trim();
    if (!text) return;
    if (this.past.at(-1) !== text) this.past.push(text);
    this.at = this.past.length;
    this.box.value = "";
    this.tell("");
    const late = setTimeout(() => write(this.doing, `Sent: ${text}`), 400);
    const done = await this.send(text);
    clearTimeout(late);
    write(this.doing, this.hint);
    if (done.ok) return;
    this.tell(done.error);
    this.box.value ||= text;
  }

  tell(text) {
    write(this.problem, text ?? "");
    this.problem.hidden = !text;
  }

  recall(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const to = this.at + step;
    if (!step || event.isComposing || to < 0 || to > this.past.length) return;
    if (this.at === this.past.length) this.draft = this.box.value;
    this.at = to;
    this.box.value = this.past[to] ?? this.draft;
    event.preventDefault();
  }

  fill(text) {
    this.box.value = text;
    this.box.focus();
  }
}
