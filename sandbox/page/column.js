// What one person sees of the channel, with a line to type into and windows over it.
import { follow, post } from "./api.js";
import { words } from "./blocks.js";
import { Composer } from "./composer.js";
import { agree } from "./dialog.js";
import { arrange, el, once, write } from "./dom.js";
import { reconcile } from "./messages.js";
import { Modal } from "./modal.js";
import { welcome } from "./welcome.js";

const HINT = "Enter sends · ↑ brings back what was typed · @seconder names the bot";
const ANSWER_MS = 3000; // an answer that comes this soon after a line was sent is scrolled to
const NEAR_PX = 60; // this close to the end counts as reading the newest

export class Column {
  constructor(user, channel) {
    this.channel = channel;
    this.list = el("div", { class: "messages", role: "log", "aria-label": `Messages in #${channel}`, tabindex: "0", onscroll: () => this.scrolled() });
    this.empty = el("div", { class: "empty" });
    this.newer = el("button", { class: "newer", type: "button", hidden: true, onclick: () => this.toEnd() }, "New messages ↓");
    this.composer = new Composer(`Message #${channel}`, `Message #${channel}, or a command: /db help`, HINT, (text) => this.say(text));
    this.notice = el("p", { class: "wrong banner", role: "status", hidden: true });
    this.chooser = el("select", { "aria-label": "You are", onchange: () => this.become(this.chooser.value) });
    this.kind = el("span", { class: "tag" });
    this.face = el("span", { class: "face", "aria-hidden": "true" });
    const head = el("header", {}, this.face, el("span", { class: "small" }, "You are"), this.chooser, this.kind);
    this.root = el("section", { class: "person" }, head, el("div", { class: "middle" }, this.empty, this.list, this.newer), this.notice, this.composer.root);
    this.become(user);
  }

  become(user) {
    this.ending?.abort();
    this.modal?.end();
    this.ending = new AbortController();
    this.user = user;
    this.root.dataset.person = user;
    this.root.setAttribute("aria-label", `What ${user} sees`);
    this.drawn = new Map();
    this.dismissed = new Set();
    this.reader = { me: null, people: {} };
    this.list.replaceChildren();
    this.fresh = true;
    this.expecting = 0;
    this.modal = new Modal(this.root, user, { reader: this.reader, agree: (ask) => this.agree(ask) });
    follow(user, this.ending.signal, (state) => this.draw(state), (problem) => this.tell(problem));
  }

  draw(state) {
    this.state = state;
    this.reader.people = Object.fromEntries(state.users.map((user) => [user.id, user.name]));
    this.reader.me = state.users.find((user) => user.name === this.user)?.id;
    this.introduce(state.users);
    const end = this.fresh || Date.now() < this.expecting || this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR_PX;
    const known = this.drawn.size;
    this.fresh = false;
    this.listed(state);
    if (end) this.toEnd();
    else if (this.drawn.size > known) this.newer.hidden = false;
    this.modal.show(state.views, state.notice);
    if (!state.views.length) this.tell(state.notice?.text);
  }

  listed(state) {
    const place = state.channels.find((each) => each.name === this.channel)?.id;
    const here = state.messages.filter((each) => each.channel === place && !this.dismissed.has(each.ts));
    const tops = here.filter((each) => !each.thread_ts || each.thread_ts === each.ts || !here.some((one) => one.ts === each.thread_ts));
    const replies = (top) => here.filter((each) => each.thread_ts === top.ts && each.ts !== top.ts);
    arrange(this.list, reconcile(this.drawn, tops, this, replies));
    this.empty.hidden = tops.length > 0;
    if (!tops.length) this.empty.replaceChildren(...welcome(state.users.find((user) => user.name === this.user), this.channel, Boolean(place)));
  }

  introduce(users) {
    const people = users.filter((user) => user.kind !== "bot");
    const names = people.map((user) => user.name).join();
    if (names !== this.names) {
      this.names = names;
      this.chooser.replaceChildren(...people.map((user) => el("option", { value: user.name }, `${user.name} · ${user.real_name}`)));
    }
    this.chooser.value = this.user;
    const me = people.find((user) => user.name === this.user);
    write(this.kind, [...(me?.groups ?? []), me?.kind === "member" ? null : me?.kind.replaceAll("_", " ")].filter(Boolean).join(", ") || "in no group");
    write(this.face, this.user.slice(0, 1).toUpperCase());
    this.face.className = `face hue-${this.who(this.reader.me).hue}`;
  }

  who(id) {
    const user = this.state.users.find((each) => each.id === id);
    return { name: user?.name ?? id ?? "", bot: user?.kind === "bot", hue: this.state.users.indexOf(user) % 6 };
  }

  hands(message) {
    const seen = { user: this.user, channel: message.channel, ts: message.ts, version: message.version };
    const press = (block, element, value, node) => once(node, async () => {
      const done = await post("/sandbox/click", { ...seen, block_id: block.block_id, action_id: element.action_id, value });
      this.composer.tell(done.error);
    });
    return { reader: this.reader, press, agree: (ask) => this.agree(ask) };
  }

  agree(ask) {
    return agree(this.root, ask, words(ask.text, this.reader));
  }

  say(text) {
    this.expecting = Date.now() + ANSWER_MS;
    this.toEnd();
    const [command] = text.split(/\s/);
    const who = { user: this.user, channel: this.channel };
    if (!command.startsWith("/")) return post("/sandbox/say", { ...who, text });
    return post("/sandbox/command", { ...who, command, text: text.slice(command.length).trim() });
  }

  reply(text, thread) {
    const who = { user: this.user, channel: this.channel, thread_ts: thread };
    return text.startsWith("/") ? post("/sandbox/command", { ...who, command: text.split(/\s/)[0], text }) : post("/sandbox/say", { ...who, text });
  }

  dismiss(ts) {
    this.dismissed.add(ts);
    this.listed(this.state);
  }

  tell(problem) {
    write(this.notice, problem ?? "");
    this.notice.hidden = !problem;
  }

  toEnd() {
    this.list.scrollTop = this.list.scrollHeight;
    this.newer.hidden = true;
  }

  scrolled() {
    if (this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR_PX) this.newer.hidden = true;
  }
}
