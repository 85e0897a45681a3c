// What one person sees: the channel, a box to type into, windows.
import { follow, post } from "./api.js";
import { el } from "./dom.js";
import { message } from "./messages.js";
import { Modal } from "./modal.js";

export class Column {
  constructor(user) {
    this.list = el("div", { class: "messages", "aria-live": "polite", "aria-label": "Messages in #ops", tabindex: "0" });
    this.box = el("input", { type: "text", "aria-label": "Message #ops", placeholder: "Message #ops, or a command: /db help", autocomplete: "off" });
    this.problem = el("div", { class: "problem", role: "alert", hidden: true });
    this.chooser = el("select", { "aria-label": "Who is this?", onchange: () => this.become(this.chooser.value) });
    const form = el("form", { class: "say", onsubmit: (event) => this.say(event) }, this.box, el("button", { class: "primary", type: "submit" }, "Send"));
    this.root = el("section", { class: "person" }, el("header", {}, el("label", {}, "You are"), this.chooser), this.list, el("div", {}, form, this.problem));
    this.box.addEventListener("keydown", (event) => this.recall(event));
    this.history = [];
    this.become(user);
  }

  become(user) {
    this.user = user;
    this.root.dataset.person = user;
    this.open = new Set();
    this.drawn = new Map();
    this.seen = false;
    this.list.replaceChildren();
    this.modal?.over?.remove();
    this.modal = new Modal(this.root, user);
    follow(user, (state) => this.draw(state), () => this.user === user);
  }

  draw(state) {
    this.state = state;
    const people = Object.fromEntries(state.users.map((user) => [user.id, user.name]));
    this.choose(state.users);
    const ops = state.channels.find((channel) => channel.name === "ops")?.id;
    const here = state.messages.filter((each) => each.channel === ops);
    const context = { people, open: this.open, fold: (ts) => this.fold(ts), press: (each, element, button) => this.press(each, element, button) };
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 60;
    const wanted = new Set();
    for (const each of here.filter((one) => !one.thread_ts)) {
      const replies = here.filter((one) => one.thread_ts === each.ts);
      const signature = JSON.stringify([each.version, replies.length, this.open.has(each.ts)]);
      wanted.add(each.ts);
      const old = this.drawn.get(each.ts);
      if (old?.signature === signature) continue;
      const node = message(each, replies, context);
      if (old) old.node.replaceWith(node);
      else this.list.append(node);
      this.drawn.set(each.ts, { signature, node });
    }
    for (const [ts, { node }] of this.drawn) {
      if (!wanted.has(ts)) { node.remove(); this.drawn.delete(ts); }
    }
    if (atEnd || !this.seen) requestAnimationFrame(() => { this.list.scrollTop = this.list.scrollHeight; });
    this.seen = true;
    this.modal.show(state.views, people);
  }

  choose(users) {
    const names = users.filter((user) => user.kind !== "bot").map((user) => user.name);
    if (names.join() === this.names) return;
    this.names = names.join();
    const words = (user) => (user.kind === "member" ? user.real_name : `${user.real_name} (${user.kind})`);
    this.chooser.replaceChildren(...users.filter((user) => user.kind !== "bot").map((user) => el("option", { value: user.name, selected: user.name === this.user }, `${user.name} · ${words(user)}`)));
  }

  fold(ts) {
    if (!this.open.delete(ts)) this.open.add(ts);
    this.draw(this.state);
  }

  async press(each, element, button) {
    button.disabled = true;
    const body = { user: this.user, channel: each.channel, ts: each.ts, action_id: element.action_id };
    const done = await post("/sandbox/click", body);
    button.disabled = false;
    this.tell(done);
  }

  async say(event) {
    event.preventDefault();
    const text = this.box.value.trim();
    if (!text) return;
    this.history.push(text);
    this.back = this.history.length;
    this.box.value = "";
    const [command, ...rest] = text.split(/\s/);
    const typed = command.startsWith("/");
    const path = typed ? "/sandbox/command" : "/sandbox/say";
    const body = { user: this.user, channel: "ops", text: typed ? rest.join(" ") : text, ...(typed ? { command } : {}) };
    this.tell(await post(path, body));
  }

  tell(done) {
    this.problem.textContent = done.ok ? "" : done.error;
    this.problem.hidden = done.ok;
  }

  recall(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !this.history.length) return;
    this.back = Math.min(this.history.length, Math.max(0, (this.back ?? this.history.length) + step));
    this.box.value = this.history[this.back] ?? "";
    event.preventDefault();
  }

  fill(text) {
    this.box.value = text;
    this.box.focus();
  }
}
