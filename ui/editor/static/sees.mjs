// Under the picture: what the chosen model is given of the layout at this frame, drawn by Python.

import { channels } from "./feed.mjs";
import { html } from "./dom.mjs";
import { say } from "./words.mjs";

/** Milliseconds after a change, so that a drag along the timeline is asked for once. */
const PAUSE = 150;
const LABELS = { outlines: "Outlines", depth: "Depth", trails: "Trails", draft: "Draft, roughly" };

/** tools: {getState, view, setView, server}. */
export function createSees({ getState, view, setView, server }) {
  const node = html("div", { class: "sees", role: "group", "aria-label": say("What the model sees"), hidden: true });
  let shown = {}; // the layout, frame, views and shape of what is drawn or asked for
  let timer = 0;

  channels.views.on((given) =>
    setView({ views: given?.views ?? [], shape: given?.shape ?? "", pictures: Boolean(given?.pictures) }));

  async function look(asked) {
    const urls = await server.model_sees(asked);
    if (shown !== asked) return;
    const figure = (name, k) =>
      html("figure", {}, html("img", { src: urls[k], alt: "" }), html("figcaption", { text: say(LABELS[name]) }));
    node.replaceChildren(...asked.views.map(figure));
  }

  return {
    node,
    draw({ layout, frame }) {
      node.hidden = !view.sees || !view.views.length || !layout;
      const { views, shape } = view;
      if (node.hidden || (shown.layout === layout && shown.frame === frame && shown.views === views)) return;
      shown = { layout, frame, views, shape };
      clearTimeout(timer);
      timer = setTimeout(() => look(shown).catch(() => node.replaceChildren()), PAUSE);
    },
  };
}
