// Finding one's way: a tour of four steps, links past what is repeated, and fields that do not
// open while one tabs through them.

import { say } from "../editor/words.mjs";

/** Each step: what it shows, and what it says of it. */
const STEPS = [
  ["#spa2v-open", "Give it a sound: open or drop a file, record, or click an example. It is planned at once."],
  [".spa2v-editor .stage", "Put it right: drag the boxes, and the dots and lines of their paths. The key ? lists everything."],
  [".spa2v-editor .timeline", "Compare with what was heard: waveform, places over time, and a lane for each object."],
  ["#spa2v-render", "Render: the video comes into the picture, and every take is kept at the side."],
];
/** What can be gone to at once: its name and place. */
const PLACES = [
  ["To the picture", ".spa2v-editor .canvas"],
  ["To the timeline", ".spa2v-editor .timeline input[type=range]"],
  ["To Render", "#spa2v-render"],
];

let listening; // of the last mount: a page that is drawn anew listens once

function element(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function skipLinks() {
  const nav = element("nav", "", { class: "spa2v-skip", "aria-label": say("Skip") });
  for (const [name, place] of PLACES) {
    const link = element("a", say(name), { href: "#" });
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const target = document.querySelector(place);
      target?.focus();
      target?.scrollIntoView({ block: "nearest" });
    });
    nav.append(link);
  }
  return nav;
}

/** A dialog beside what it tells of; the page can be used meanwhile. */
function createTour() {
  const text = element("p");
  const [next, skip] = [element("button", "", { class: "next" }), element("button", say("Skip the tour"))];
  const card = element("dialog", "", { class: "spa2v-tour", "aria-label": say("Tour") });
  card.append(text, skip, next);
  let [at, from] = [0, null];

  function mark(place) {
    for (const one of document.querySelectorAll(".spa2v-here")) one.classList.remove("spa2v-here");
    const target = place && document.querySelector(place);
    target?.classList.add("spa2v-here");
    target?.scrollIntoView({ block: "nearest" });
  }
  function show(step) {
    if (step >= STEPS.length) return card.close();
    at = step;
    const [place, words] = STEPS[at];
    text.textContent = `${at + 1}/${STEPS.length} · ${say(words)}`;
    next.textContent = say(at + 1 < STEPS.length ? "Next step" : "Done");
    mark(place);
    if (!card.open) card.show();
    next.focus();
    return undefined;
  }
  next.addEventListener("click", () => show(at + 1));
  skip.addEventListener("click", () => card.close());
  card.addEventListener("keydown", (event) => event.key === "Escape" && card.close());
  card.addEventListener("close", () => {
    mark(null);
    from?.focus();
  });
  return {
    card,
    start(button) {
      from = button;
      show(0);
    },
  };
}

/** Gradio opens a list of choices as soon as it has the focus: not when that came by the Tab key,
 * but then by the next key that is meant for it. */
function quietLists(signal) {
  let tabbed = false;
  const on = (type, run) => document.addEventListener(type, run, { capture: true, signal });
  const isList = ({ target }) => target.matches?.("input[role='combobox']");
  on("pointerdown", () => (tabbed = false));
  on("keydown", (event) => {
    tabbed = event.key === "Tab";
    const shut = isList(event) && event.target.getAttribute("aria-expanded") === "false";
    if (!shut || event.ctrlKey || event.metaKey || /^(Tab|Shift|Escape)$/.test(event.key)) return;
    event.target.dispatchEvent(new FocusEvent("focus"));
  });
  on("focus", (event) => tabbed && isList(event) && event.stopImmediatePropagation());
}

export function mount(host) {
  listening?.abort();
  listening = new AbortController();
  const [links, tour] = [skipLinks(), createTour()];
  const button = element("button", say("Take the tour"), { type: "button", class: "spa2v-tour-start" });
  button.addEventListener("click", () => tour.start(button));
  host.replaceChildren(button);
  document.body.prepend(links);
  document.body.append(tour.card);
  listening.signal.addEventListener("abort", () => [links, tour.card].forEach((one) => one.remove()));
  quietLists(listening.signal);
}
