// Two people side by side, and the world behind them.
import { Column } from "./column.js";
import { panel } from "./panel.js";

const columns = ["ana", "ben"].map((name) => new Column(name));
document.getElementById("people").append(...columns.map((column) => column.root));
panel(document.getElementById("trouble"), (text) => columns[0].fill(text));
