// Changes in words: what they would do is shown first, Enter applies them as one step of undo. What
// the small grammar does not understand goes to a model, where one is chosen.

import { ask } from "./feed.mjs";
import { button, html } from "./dom.mjs";
import { say } from "./words.mjs";

/** Milliseconds after a key, so that a word is asked for once. */
const PAUSE = 180;

/** tools: {getState, dispatch, setView, server}. */
export function createCommand({ getState, dispatch, setView, server }) {
  const input = html("input", {
    class: "words", type: "text", maxlength: 1000, autocomplete: "off", "aria-label": say("Change it in words"),
    placeholder: say("Change it in words: car faster, dog to the left at 2 s, add a bird top right"),
  });
  const said = html("output", { class: "would" });
  const apply = button("Apply", "Apply the change (Enter)", () => run());
  const node = html("div", { class: "command" }, input, apply, said);
  let timer = 0;
  let offered = null; // {text, layout of before, layout, said}

  function show(next) {
    offered = next;
    said.textContent = next?.said ?? "";
    said.hidden = !said.textContent;
    apply.disabled = !input.value.trim();
    setView({ offered: next?.layout ?? null });
  }

  async function look() {
    const [text, { layout, frame, selected }] = [input.value.trim(), getState()];
    if (!text || !layout) return show(null);
    const answer = await server.change_in_words({ layout, text, frame, selected });
    if (input.value.trim() === text) show({ text, before: layout, ...answer });
    return undefined;
  }

  async function run() {
    clearTimeout(timer);
    if (!offered?.layout || offered.text !== input.value.trim() || offered.before !== getState().layout) await look();
    if (!input.value.trim()) return;
    if (!offered?.layout) {
      ask("change", { text: input.value.trim() });
      return;
    }
    const done = offered;
    input.value = "";
    show(null);
    dispatch({ type: "setLayout", layout: done.layout });
    said.textContent = done.said;
    said.hidden = false;
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => look().catch(() => show(null)), PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") run().catch(() => show(null));
    else if (event.key === "Escape") {
      input.value = "";
      show(null);
      input.blur();
    } else return;
    event.preventDefault();
  });
  show(null);
  return { node, focus: () => input.focus() };
}
