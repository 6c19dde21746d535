// The words and icons that a script puts on the page: the words stand in the page itself, in its language.

const said = document.getElementById("words")?.dataset ?? {};

export function t(name, blanks = {}) {
  return Object.entries(blanks).reduce((text, [blank, value]) => text.replaceAll(`{${blank}}`, String(value)), said[name] ?? name);
}

export function icon(name) {
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawn.setAttribute("class", "i");
  drawn.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  drawn.append(use);
  return drawn;
}

// An element with its attributes and what is in it; texts are texts.
export function make(name, attributes = {}, ...inner) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  made.append(...inner);
  return made;
}
