// A window over one person's column: the rest of that column rests meanwhile, other people's go on.
import { el } from "./dom.js";

let count = 0;

export class Dialog {
  // `parts` is {title, inside, buttons, submit(event), close()}.
  constructor(column, parts) {
    count += 1;
    const id = `window-${count}`;
    this.column = column;
    this.before = column.contains(document.activeElement) ? document.activeElement : null;
    const shut = el("button", { class: "shut", type: "button", "aria-label": "Close window", title: "Close (Esc)", onclick: parts.close }, "✕");
    this.form = el("form", { class: "dialog", role: "dialog", "aria-labelledby": id, novalidate: true, onsubmit: (event) => { event.preventDefault(); parts.submit(); } },
      el("header", {}, el("h2", { id }, parts.title), shut),
      el("div", { class: "inside" }, parts.inside),
      el("footer", {}, parts.buttons));
    this.over = el("div", { class: "over", onkeydown: (event) => this.key(event, parts.close) }, this.form);
    column.append(this.over);
    rest(column);
  }

  key(event, close) {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  }

  // Whoever types in another column is not interrupted.
  focus(node) {
    const elsewhere = document.activeElement?.closest("[data-person]");
    if (!elsewhere || elsewhere === this.column) node?.focus();
  }

  remove() {
    const within = this.over.contains(document.activeElement);
    this.over.remove();
    rest(this.column);
    if (!within) return;
    const back = this.before?.isConnected && !this.before.closest("[inert]") ? this.before : null;
    (back ?? this.column.querySelector("form.say input"))?.focus();
  }
}

function rest(column) {
  const top = [...column.children].filter((part) => part.matches(".over")).at(-1);
  for (const part of column.children) part.inert = Boolean(top) && part !== top;
}

// Asks before a button with a confirm object acts; resolves to yes or no.
export function agree(column, ask, text) {
  return new Promise((done) => {
    const end = (answer) => { dialog.remove(); done(answer); };
    const no = el("button", { type: "button", onclick: () => end(false) }, ask.deny?.text ?? "Cancel");
    const yes = el("button", { type: "submit", class: ask.style ?? "primary" }, ask.confirm?.text ?? "Yes");
    const dialog = new Dialog(column, {
      title: ask.title?.text ?? "Are you sure?", inside: text, buttons: [no, yes], submit: () => end(true), close: () => end(false),
    });
    dialog.focus(no);
  });
}
