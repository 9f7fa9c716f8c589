// Captions that are written from the layout follow it; what a person or a model wrote stays.

/** Milliseconds after an edit, so that a row of edits asks once. */
const PAUSE = 250;

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
/** Whether two layouts hold the very same things: an edit of them makes others. */
const unmoved = (a, b) => a.objects === b.objects && a.scene === b.scene && a.frame_count === b.frame_count;
const captionsOf = (layout) => ({ caption: layout.caption, frame_captions: layout.frame_captions });

/**
 * `write(layout)` asks Python for {caption, frame_captions} that say what a layout shows;
 * `onbusy(on)` while it is asked.
 */
export function followCaptions({ getState, dispatch, listen }, write, onbusy) {
  const written = new Map(); // what moves and stands there, as JSON -> its automatic captions
  let timer = 0;

  const key = ({ objects, scene, frame_count }) => JSON.stringify([objects, scene, frame_count]);
  async function automatic(layout) {
    const found = key(layout);
    if (!written.has(found)) written.set(found, write(layout));
    if (written.size > 40) written.delete(written.keys().next().value);
    return written.get(found);
  }

  /** New captions in place of those that were automatic before the edit and are so still. */
  async function follow(layout, before) {
    const [old, now] = [await automatic(before), await automatic(layout)];
    if (getState().layout !== layout) return; // edited meanwhile: the next call sees to it
    const mine = captionsOf(before);
    const next = {
      caption: [mine.caption, layout.caption].every((one) => one === old.caption) ? now.caption : layout.caption,
      frame_captions: [mine, layout].every((one) => same(one.frame_captions, old.frame_captions))
        ? now.frame_captions
        : layout.frame_captions,
    };
    pending = null;
    if (!same(next, captionsOf(layout))) dispatch({ type: "amendCaptions", ...next });
  }

  let pending = null; // the layout whose captions were last as they should be
  listen((state, before, { type }) => {
    if (state.layout === before.layout || !state.layout) return;
    if (["newScene", "load", "undo", "redo", "resetAll", "setCaptions"].includes(type) || !before.layout) {
      pending = null;
      clearTimeout(timer);
      onbusy(false);
      return;
    }
    if (type === "amendCaptions" || (!pending && unmoved(state.layout, before.layout))) return;
    pending ??= before.layout;
    clearTimeout(timer);
    onbusy(true);
    timer = setTimeout(async () => {
      const now = getState().layout;
      await (pending && follow(now, pending).catch(() => {})); // without an answer they stay
      if (getState().layout === now || !pending) onbusy(false);
    }, PAUSE);
  });
}
