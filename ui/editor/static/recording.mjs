// What Python says of a recording: a new one is a new scene, another plan of the same one a step
// of undo; and edits that outlived a reload.

import { autosave, forget, saved } from "./files.mjs";
import { button, html } from "./dom.mjs";
import { channels } from "./feed.mjs";
import { readPeaks } from "./audio.mjs";
import { say } from "./words.mjs";

/** tools: {getState, dispatch, player, setView, stage}; `changed()` when what is known changes. */
export function createRecording({ getState, dispatch, player, setView, stage }, changed) {
  const notice = html("div", { class: "notice", hidden: true });
  const known = { clip: null, heard: [], names: [], whole: null, peaks: null };
  let sound = null;
  let answers = 0;

  /** How often planning has ended, well or not: for who waits for it from outside. */
  const answered = () => (stage.node.dataset.answers = ++answers);

  function restore(layout) {
    dispatch({ type: "load", layout });
    const dismiss = () => (notice.hidden = true);
    notice.replaceChildren(
      html("span", { text: say("Your edits of this recording are back.") }),
      button("Start over from the plan", "Start over from the plan", () => {
        forget(known.clip);
        dispatch({ type: "resetAll" });
        dismiss();
      }),
      button("Keep them", "Keep the edits", dismiss),
    );
    notice.hidden = false;
  }

  function take(next) {
    const [first, other] = [known.clip === null, known.clip !== next.clip];
    const mine = (first || next.resumed) && saved(next.clip);
    Object.assign(known, { clip: next.clip, heard: next.heard, names: next.names, whole: next.whole });
    notice.hidden = true;
    if (other || next.root) {
      if (!first) stage.clear();
      setView({ picture: first && stage.hasVideo ? "video" : "scene", waiting: "", offered: null });
      dispatch({ type: "newScene", layout: next.layout, proposal: next.proposal });
    } else {
      setView({ waiting: "", offered: null });
      dispatch({ type: "propose", proposal: next.proposal });
      dispatch({ type: "load", layout: next.layout });
    }
    if (mine && JSON.stringify(mine) !== JSON.stringify(getState().layout)) restore(mine);
    else if (!first) autosave(known.clip, getState().layout);
  }

  channels.feed.on(async (next) => {
    if (!next) return;
    if (next.waiting !== undefined) {
      setView({ waiting: next.waiting });
      return next.waiting ? undefined : answered();
    }
    take(next);
    changed();
    answered();
    if ((next.audio?.url ?? "") === sound) return undefined;
    sound = next.audio?.url ?? "";
    player.load(sound);
    known.peaks = null;
    const peaks = sound ? await readPeaks(sound) : null;
    if ((next.audio?.url ?? "") === sound) known.peaks = peaks;
    return changed();
  });

  return {
    notice,
    known,
    heardOf: (id) => known.heard.find((one) => one.track === id) ?? null,
  };
}
