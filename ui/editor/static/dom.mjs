// Small helpers to build elements; text goes in through textContent only.

import { say } from "./words.mjs";

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

/** Strokes of 16 x 16 icons, as drawn here: fonts differ in which symbols they have. */
const ICONS = {
  undo: "M6 4 3 7l3 3M3 7h6a4 4 0 0 1 0 7H7",
  redo: "m10 4 3 3-3 3M13 7H7a4 4 0 0 0 0 7h2",
  back: "M3 3v4h4M3.5 7a5 5 0 1 1 .7 4",
  add: "M8 3v10M3 8h10",
  draw: "M3 13l1-4 7-7 3 3-7 7zM9.500 3.500l3 3",
  snap: "M5.500 2v12M10.500 2v12M2 5.500h12M2 10.500h12",
  onion: "M2 2h8v8H2zM6 6h8v8H6z",
  ghost: "M3 3h2M7 3h2M11 3h2M13 5v2M13 9v2M13 13h-2M9 13H7M5 13H3M3 11V9M3 7V5",
  save: "M8 2v8M5 7l3 3 3-3M3 13h10",
  play: "M5 3l8 5-8 5z",
  pause: "M5 3v10M11 3v10",
  loop: "M4 6h7a2 2 0 0 1 2 2v0M11 4l2 2-2 2M12 10H5a2 2 0 0 1-2-2v0M5 12l-2-2 2-2",
  half: "M3 3v4M9 13 13 3M2 3.500 3 3M3 10c3-1 3 1 0 3.500h3",
  previous: "M4 3v10M12 3l-6 5 6 5z",
  next: "M12 3v10M4 3l6 5-6 5z",
  middle: "M8 3v10M2 8h4M4.500 6 6.500 8l-2 2M14 8h-4M11.500 6l-2 2 2 2",
  key: "M8 2.500 13.500 8 8 13.500 2.500 8z",
  copy: "M5 5h8v8H5zM3 11V3h8",
  paste: "M5 4H3v10h10V4h-2M6 2.500h4v3H6zM8 8v4M6 10l2 2 2-2",
  twin: "M2 5h8v8H2zM6 5V3h8v8h-4",
  front: "M3 13h10M8 11V3M5 6l3-3 3 3",
  rear: "M3 3h10M8 5v8M5 10l3 3 3-3",
  lock: "M4 7h8v6H4zM6 7V5a2 2 0 0 1 4 0v2",
  hide: "M2 8s2-4 6-4 6 4 6 4-2 4-6 4-6-4-6-4zM3 13 13 3",
  remove: "M3 5h10M6 5V3h4v2M5 5l.5 8h5l.5-8",
  boxes: "M2 3h7v6H2zM7 7h7v6H7z",
  scene: "M2 3h12v10H2zM2 10l3-3 3 3 3-4 3 4",
  video: "M2 3h12v10H2zM7 6l3 2-3 2z",
  path: "M3 12c2-8 8 0 10-8M2 11h2v2H2zM12 3h2v2h-2z",
  smooth: "M2 12c3 0 3-8 6-8s3 8 6 8",
  fit: "M2 3v10M14 3v10M4.500 8h7M6.500 6l-2 2 2 2M9.500 6l2 2-2 2",
  nearer: "M8 2v8M5 7l3 3 3-3M2 13h12",
  farther: "M8 14V6M5 9l3-3 3 3M2 3h12",
  more: "M3 8h.1M8 8h.1M13 8h.1",
  image: "M2 3h12v10H2zM5 6h.1M2 11l4-3 3 2 2-2 3 3",
  write: "M3 12l7-7 2 2-7 7H3zM9 13h5",
};

export const icon = (name) =>
  svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": true }, svg("path", { d: ICONS[name] }));

/** A title, with its key in brackets: "Undo (Ctrl+Z)". */
function titled(title) {
  const [, text, key] = /^(.*?)(?: \(([^()]+)\))?$/.exec(title);
  return key ? `${say(text)} (${say(key)})` : say(text);
}

/** A button with a title; `label` is its text, or [icon, text]; both are of the page, not a user's. */
export function button(label, title, onclick, attributes = {}) {
  const [picture, text] = Array.isArray(label) ? label : [null, label];
  const name = titled(title);
  const node = html("button", { type: "button", title: name, "aria-label": name, onclick, ...attributes });
  if (picture) node.append(icon(picture));
  if (text) node.append(say(text));
  return node;
}

/** A button that is on or off. */
export function toggle(label, title, onchange, pressed = false) {
  const node = button(label, title, () => {
    const on = node.getAttribute("aria-pressed") !== "true";
    node.setAttribute("aria-pressed", String(on));
    onchange(on);
  });
  node.setAttribute("aria-pressed", String(pressed));
  return node;
}

/** A menu of buttons behind one of its own; a choice, Escape and a click elsewhere close it. */
export function menu(text, title, buttons) {
  const list = html("div", { class: "menu-list" }, ...buttons);
  const node = html("details", { class: "menu" }, html("summary", { title: say(title), "aria-label": say(title) }, icon("more"), say(text)), list);
  const close = () => (node.open = false);
  list.addEventListener("click", (event) => event.target.closest("button") && close());
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !node.open) return;
    close();
    node.querySelector("summary").focus();
    event.stopPropagation();
  });
  node.addEventListener("focusout", (event) => event.relatedTarget && !node.contains(event.relatedTarget) && close());
  window.addEventListener("pointerdown", (event) => !node.contains(event.target) && close());
  return node;
}

/** Colours of the tracks by their id; as generation/export.py. */
export const COLOURS = ["#ff595e", "#36a2eb", "#ffca3a", "#6bcb77", "#b266ff", "#ff924c"];
export const colourOf = (state, id) => state.colours[id] ?? COLOURS[id % COLOURS.length];

export const shortened = (text, most) => ([...text].length > most ? `${[...text].slice(0, most - 1).join("")}…` : text);
