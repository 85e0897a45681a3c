// Builds elements. Text always becomes a text node, so that nothing from a message is ever read as markup.
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(made, name, value);
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function set(made, name, value) {
  if (value === false || value === null || value === undefined || value === "") return;
  if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
  else if (name === "value") made.value = value;
  else made.setAttribute(name, value === true ? "" : value);
}

// A name from outside stands apart, so that right-to-left letters in it can't turn the words around it.
export const name = (text, attributes = {}) => el("bdi", attributes, text);

// Writes a text only when it is another one: what is read aloud or selected is left alone.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Does one thing at a time with a button. It keeps the focus meanwhile, which a disabled one would lose.
export async function once(node, work) {
  if (node.getAttribute("aria-disabled") === "true") return;
  node.setAttribute("aria-disabled", "true");
  try {
    await work();
  } finally {
    node.removeAttribute("aria-disabled");
  }
}

// Puts nodes into a parent in this order, and moves only those that stand elsewhere.
export function arrange(parent, nodes) {
  nodes.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
  while (parent.children.length > nodes.length) parent.lastElementChild.remove();
}
