// Small helpers to build elements; text goes in through textContent only.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

export const html = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

/** Colours of the tracks by their place in the layout; as generation/export.py. */
export const COLOURS = ["#ff595e", "#36a2eb", "#ffca3a", "#6bcb77", "#b266ff", "#ff924c"];
export const colourOf = (index) => COLOURS[index % COLOURS.length];
