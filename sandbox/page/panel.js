// The world behind the channel: commands to try, servers, a client that writes, the bot; and trouble on request.
import { awake, get, pause, post } from "./api.js";
import { arrange, el, once, write } from "./dom.js";
import { Pulse } from "./pulse.js";

const EVERY_MS = 500;
const SILENT_S = 1; // a gap this long is shown with what the client was told
const TROUBLES = [
  ["kill-primary", "Kill the primary", "SIGKILL: no warning, no goodbye", "danger"],
  ["freeze-standby", "Freeze a standby", "SIGSTOP: it keeps its connections and answers nothing", ""],
  ["thaw-standby", "Thaw it", "SIGCONT: it goes on where it was", ""],
  ["restart-bot", "Restart the bot", "SIGKILL, wherever it is; it comes back by itself", ""],
  ["change-cluster", "Change the cluster", "Do this between a request and its approval: the plan no longer holds", ""],
  ["start-node", "Start the dead node", "As it is, if that is safe", ""],
];
const SHAPES = { primary: "◆", standby: "●", down: "✕", unknown: "?" };

export async function panel(root, fill) {
  const first = await get("/demo/state").catch(() => ({ status: 0 }));
  if (first.status === 404) return;
  root.hidden = false;
  const shown = new Shown(root, fill);
  for (;;) {
    await awake();
    const state = await get("/demo/state").catch(() => null);
    if (state?.writer) shown.show(state);
    else shown.lost();
    await pause(EVERY_MS);
  }
}

class Shown {
  constructor(root, fill) {
    this.fill = fill;
    this.tries = el("div", { class: "stack" });
    this.nodes = el("ul", { class: "nodes" });
    this.figures = el("dl", { class: "figures" });
    this.pulse = new Pulse();
    this.error = el("p", { class: "error small" });
    this.bot = el("p", { class: "bot-state" });
    this.said = el("p", { class: "outcome", role: "status" });
    this.pid = el("span");
    const part = (title, ...inside) => el("section", {}, el("h2", {}, title), inside);
    root.append(part("Commands to try", this.tries), part("Servers", this.nodes, this.bot),
      part("A client that always writes", this.pulse.root, this.figures, this.error),
      part("Make trouble", el("div", { class: "stack two" }, TROUBLES.map((each) => this.trouble(each))), this.said));
  }

  trouble([kind, label, hint, style]) {
    const button = el("button", { type: "button", class: style, "data-trouble": kind, title: hint, onclick: () => once(button, () => this.make(kind)) }, label);
    return button;
  }

  async make(kind) {
    write(this.said, "…");
    const done = await post("/demo/trouble", { kind });
    write(this.said, done.said ?? done.error);
    this.said.classList.toggle("no", !done.ok);
  }

  show(state) {
    this.offer(state.try ?? []);
    arrange(this.nodes, state.nodes.map((node, index) => this.node(this.nodes.children[index], node)));
    this.write(state.writer);
    write(this.bot, state.bot.alive ? `● bot, alive (pid ${state.bot.pid})` : "✕ bot, not running");
    this.bot.classList.toggle("no", !state.bot.alive);
  }

  offer(commands) {
    if (commands.join("\n") === this.offered) return;
    this.offered = commands.join("\n");
    this.tries.replaceChildren(...commands.map((text) =>
      el("button", { type: "button", title: "Puts it into the message box", onclick: () => this.fill(text) }, el("code", {}, text))));
  }

  node(line, node) {
    const made = line ?? el("li", { class: "node" }, el("span", { class: "shape", "aria-hidden": "true" }), el("b"), el("span", { class: "role" }));
    const role = node.alive ? node.role : "down";
    const [shape, name, word] = made.children;
    made.title = `port ${node.port}`;
    Object.assign(made.dataset, { node: node.name, role, frozen: node.frozen });
    write(shape, node.frozen ? "‖" : SHAPES[role] ?? "?");
    write(name, node.name);
    write(word, node.frozen ? (role === "unknown" ? "frozen" : `${role}, frozen`) : role);
    return made;
  }

  write(writer) {
    this.pulse.show(writer);
    const rows = [
      ["rows acknowledged", writer.rows.toLocaleString("en")],
      ["writing to", writer.writing_to ?? "nobody"],
      ["gap now", `${writer.gap_now_s.toFixed(2)} s`],
      ["longest gap", `${writer.longest_gap_s.toFixed(2)} s`],
    ];
    if (!this.figures.children.length) this.figures.append(...rows.flatMap(([term]) => [el("dt", {}, term), el("dd", { "data-figure": term })]));
    rows.forEach(([, value], index) => write(this.figures.children[index * 2 + 1], value));
    const error = writer.gap_now_s > SILENT_S ? (writer.last_error ?? "").replace(/^\S+Z /, "") : "";
    write(this.error, error);
    this.error.title = error;
  }

  lost() {
    write(this.bot, "The demo does not answer any more.");
    this.bot.classList.add("no");
  }
}
