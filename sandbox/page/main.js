// Two people side by side, and the world behind them.
import { Column } from "./column.js";
import { panel } from "./panel.js";

const CHANNEL = "ops";
const columns = ["ana", "ben"].map((name) => new Column(name, CHANNEL));
const people = document.getElementById("people");
people.append(...columns.map((column) => column.root));

let last = columns[0];
people.addEventListener("focusin", ({ target }) => {
  last = columns.find((column) => column.root.contains(target)) ?? last;
});
panel(document.getElementById("trouble"), (text) => last.composer.fill(text));
