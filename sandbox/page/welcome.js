// What a newcomer reads while nothing has been said yet.
import { el } from "./dom.js";

const code = (text) => el("code", {}, text);

export function welcome(user, channel, inside) {
  const who = el("b", {}, user?.name ?? "nobody");
  if (!inside) return [el("p", {}, who, ` is not in #${channel}, and sees nothing of it. Choose somebody else above.`)];
  return [
    el("h2", {}, "Nothing was said here yet"),
    el("p", {}, "You are ", who, ". Type ", code("/db status main"), " below to look at the servers: only you see the answer."),
    el("p", {}, "Then ", code("/db promote main db2"), " to ask for a change. Everybody sees that card, and somebody other than the one who asked has to approve it."),
  ];
}
