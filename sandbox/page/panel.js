// The world behind the channel: servers, the writing client, the bot; and trouble on request.
import { get, pause, post } from "./api.js";
import { el } from "./dom.js";

const TROUBLES = [
  ["kill-primary", "Kill the primary", "danger"],
  ["freeze-standby", "Freeze a standby", ""],
  ["thaw-standby", "Thaw it", ""],
  ["restart-bot", "Restart the bot", ""],
  ["change-cluster", "Change the cluster", ""],
  ["start-node", "Start the dead node", ""],
];
const SHAPES = { primary: "◆", standby: "●", down: "✕", unknown: "?" };

export async function panel(root, fill) {
  const first = await get("/demo/state");
  if (first.status === 404) return;
  root.hidden = false;
  const nodes = el("div");
  const figures = el("div", { class: "figures" });
  const bot = el("p", { class: "note" });
  const said = el("p", { class: "said note", role: "status" });
  const troubles = TROUBLES.map(([kind, label, style]) =>
    el("button", { type: "button", class: style, "data-trouble": kind, onclick: (event) => trouble(kind, event.currentTarget, said) }, label));
  const tries = (first.try ?? []).map((text) => el("button", { type: "button", onclick: () => fill(text) }, el("code", {}, text)));
  root.append(
    el("section", {}, el("h2", {}, "To try"), el("div", { class: "stack" }, tries)),
    el("section", {}, el("h2", {}, "Servers"), nodes),
    el("section", {}, el("h2", {}, "A client that writes all the time"), figures),
    el("section", {}, el("h2", {}, "Bot"), bot),
    el("section", {}, el("h2", {}, "Trouble"), el("div", { class: "stack" }, troubles), said));
  for (;;) {
    try {
      draw(await get("/demo/state"), nodes, figures, bot);
    } catch {
      bot.textContent = "The demo does not answer any more.";
    }
    await pause(500);
  }
}

async function trouble(kind, button, said) {
  button.disabled = true;
  said.textContent = "…";
  const done = await post("/demo/trouble", { kind });
  said.textContent = done.said ?? done.error;
  button.disabled = false;
}

function draw(state, nodes, figures, bot) {
  nodes.replaceChildren(...state.nodes.map((node) =>
    el("div", { class: "node", "data-node": node.name, "data-role": node.role },
      el("span", { class: "shape", "aria-hidden": "true" }, node.frozen ? "❄" : SHAPES[node.role] ?? "?"),
      el("b", {}, node.name), el("span", { class: "role" }, node.frozen ? `${node.role}, frozen` : node.role))));
  const writer = state.writer;
  const rows = [
    ["rows acknowledged", writer.rows.toLocaleString()],
    ["writing to", writer.writing_to ?? "nobody"],
    ["longest gap", `${writer.longest_gap_s.toFixed(2)} s`],
    ["gap now", `${writer.gap_now_s.toFixed(2)} s`],
  ];
  figures.replaceChildren(...rows.flatMap(([name, value]) => [el("span", {}, name), el("b", { "data-figure": name }, value)]));
  bot.textContent = state.bot.alive ? `alive, pid ${state.bot.pid}` : "not running";
}
