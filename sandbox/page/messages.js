// One message with its thread. Only what changed is drawn again, so that what somebody types or selects stays.
import { blocks } from "./blocks.js";
import { Composer } from "./composer.js";
import { written } from "./dates.js";
import { arrange, el, name, write } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";

export class Message {
  // `channel` is {hands(message), who(id), reply(text, ts), dismiss(ts)}.
  constructor(each, channel) {
    this.channel = channel;
    this.each = each;
    this.body = el("div", { class: "body" });
    this.edited = el("span", { class: "small", hidden: true }, "(edited)");
    this.root = el("article", { class: each.ephemeral_to ? "message private" : "message", "data-ts": each.ts },
      this.face(), el("div", { class: "said" }, this.head(), this.body));
  }

  face() {
    const who = this.channel.who(this.each.user);
    return el("div", { class: `face ${who.bot ? "bot" : `hue-${who.hue}`}`, "aria-hidden": "true" }, who.bot ? "" : who.name.slice(0, 1).toUpperCase());
  }

  head() {
    const { each } = this;
    const who = this.channel.who(each.user);
    const mine = el("span", { class: "small eye" }, "Only visible to you");
    const gone = el("button", { class: "quiet", type: "button", onclick: () => this.channel.dismiss(each.ts) }, "Dismiss");
    return el("div", { class: "who" }, name(who.name, { class: "name" }), who.bot ? el("span", { class: "tag" }, "APP") : null,
      el("span", { class: "small" }, written(each.ts)), this.edited, each.ephemeral_to ? [mine, gone] : null);
  }

  show(each, replies) {
    if (each.version !== this.version) this.draw(each);
    this.version = each.version;
    if (replies?.length) (this.thread ??= this.begin()).show(replies);
    else if (this.thread) this.thread.root.hidden = true;
  }

  draw(each) {
    const held = document.activeElement?.closest("[data-action-id]");
    const again = this.body.contains(held) ? held.dataset.actionId : null;
    const hands = this.channel.hands(each);
    const said = mrkdwn(each.text, hands.reader);
    this.root.dataset.version = each.version;
    this.root.setAttribute("aria-label", `${this.channel.who(each.user).name}: ${said.textContent}`);
    this.edited.hidden = !each.edited || this.channel.who(each.user).bot;
    this.body.replaceChildren(...(each.blocks.length ? [card(each, hands)] : [said]), ...attached(each, hands));
    if (again) [...this.body.querySelectorAll("[data-action-id]")].find((one) => one.dataset.actionId === again)?.focus();
  }

  begin() {
    const thread = new Thread(this.each.ts, this.channel);
    this.root.lastElementChild.append(thread.root);
    return thread;
  }
}

const card = (each, hands) => el("div", { class: "card" }, blocks(each.blocks, hands));

function attached(each, hands) {
  return (each.attachments ?? []).map((one) =>
    el("div", { class: "attached" }, one.blocks ? blocks(one.blocks, hands) : mrkdwn(one.text ?? one.fallback ?? "", hands.reader)));
}

class Thread {
  constructor(ts, channel) {
    this.channel = channel;
    this.drawn = new Map();
    this.list = el("div", { class: "replies" });
    this.composer = new Composer("Reply in thread", "Reply…", "", (text) => channel.reply(text, ts));
    this.inside = el("div", { hidden: true }, this.list, this.composer.root);
    this.fold = el("button", { class: "fold", type: "button", "aria-expanded": "false", onclick: () => this.turn() });
    this.root = el("div", { class: "thread" }, this.fold, this.inside);
  }

  turn() {
    this.inside.hidden = !this.inside.hidden;
    this.fold.setAttribute("aria-expanded", String(!this.inside.hidden));
    this.fold.scrollIntoView({ block: "nearest" });
  }

  show(replies) {
    this.root.hidden = false;
    write(this.fold, replies.length === 1 ? "1 reply" : `${replies.length} replies`);
    arrange(this.list, reconcile(this.drawn, replies, this.channel));
  }
}

// Draws the messages that are new or changed; gives the nodes of all, in their order.
export function reconcile(drawn, messages, channel, repliesOf = () => null) {
  const wanted = new Set(messages.map((each) => each.ts));
  for (const ts of drawn.keys()) if (!wanted.has(ts)) drawn.delete(ts);
  return messages.map((each) => {
    if (!drawn.has(each.ts)) drawn.set(each.ts, new Message(each, channel));
    drawn.get(each.ts).show(each, repliesOf(each));
    return drawn.get(each.ts).root;
  });
}
