// The last minute of acknowledged rows as a small curve: where nobody took writes it lies on the ground.
import { el } from "./dom.js";

const SPAN_S = 60;
const WIDE = 240;
const HIGH = 36;
const SVG = "http://www.w3.org/2000/svg";

export class Pulse {
  constructor() {
    this.samples = [];
    this.line = document.createElementNS(SVG, "path");
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("viewBox", `0 0 ${WIDE} ${HIGH}`);
    picture.setAttribute("preserveAspectRatio", "none");
    picture.append(this.line);
    this.root = el("figure", { class: "pulse", "aria-hidden": "true" }, picture, el("figcaption", { class: "small" }, "rows per second, last minute"));
  }

  show(writer) {
    const now = performance.now() / 1000;
    const last = this.samples.at(-1);
    if (last && writer.rows < last.rows) this.samples = [];
    this.samples.push({ at: now, rows: writer.rows });
    this.samples = this.samples.filter((each) => each.at > now - SPAN_S - 1);
    const rates = this.samples.slice(1).map((each, index) => [each.at, (each.rows - this.samples[index].rows) / (each.at - this.samples[index].at)]);
    const most = Math.max(1, ...rates.map(([, rate]) => rate)) * 1.15;
    const points = rates.map(([at, rate]) => `${(WIDE * (1 - (now - at) / SPAN_S)).toFixed(1)},${(HIGH - 1 - (HIGH - 3) * (rate / most)).toFixed(1)}`);
    this.line.setAttribute("d", points.length > 1 ? `M${points.join("L")}` : "");
  }
}
