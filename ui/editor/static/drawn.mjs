// Says at once what a name that is none of the vocabulary will be drawn as.

import { html } from "./dom.mjs";
import { say } from "./words.mjs";

/** Milliseconds after a key, so that a name is asked for once. */
const PAUSE = 250;

/** tools: {server, vocabulary(), rename(name)}. */
export function createDrawn({ server, vocabulary, rename }) {
  const text = html("span");
  const other = html("button", { type: "button", onclick: () => rename(near) });
  const node = html("p", { class: "drawn", role: "status", hidden: true }, text, other);
  const known = new Map(); // name -> promise of {drawn, near}
  let [timer, wanted, near] = [0, "", ""];

  async function ask(name) {
    if (!known.has(name)) known.set(name, server.drawn_as(name));
    const answer = await known.get(name);
    if (name !== wanted) return;
    near = answer.near;
    text.textContent = say('The mini model will draw "{}" as: {}', name, answer.drawn);
    other.textContent = near ? say("Call it {}", near) : "";
    other.hidden = !near;
    node.hidden = answer.drawn === name;
  }

  return {
    node,
    /** Of the name that is typed, or that the selected object has. */
    draw(name) {
      if (name === wanted) return;
      wanted = name;
      clearTimeout(timer);
      node.hidden = true;
      if (!name || vocabulary().includes(name.toLowerCase())) return;
      timer = setTimeout(() => ask(name).catch(() => known.delete(name)), PAUSE);
    },
  };
}
