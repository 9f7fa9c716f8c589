// The playhead: locked to the sound while it plays, and to the frame that is edited while not.

import { clamp, frameAt, secondsAt } from "./geometry.mjs";
import { createPlayer } from "./audio.mjs";
import { selectedTrack } from "./state.mjs";

/** `ontick()` at every animation frame while it plays, `onstate()` when it starts or stops. */
export function createPlayback({ getState, dispatch, listen }, { ontick, onstate }) {
  let time = null; // fractional frame while it plays
  let silent = false; // plays without sound until something is done on the page
  const player = createPlayer({
    ontime(seconds) {
      const { layout, frame } = getState();
      if (!layout) return;
      time = frameAt(layout, seconds);
      const now = clamp(Math.round(time), 0, layout.frame_count - 1);
      if (now !== frame) dispatch({ type: "seek", frame: now, played: true });
      ontick();
    },
    onstate() {
      if (!player.playing) time = null;
      onstate();
    },
  });
  listen((state, before, { type, played }) => {
    if (type === "seek" && !played) player.seek(secondsAt(state.layout, state.frame));
  });

  function loop(on) {
    const { layout } = getState();
    if (!on || !layout) return player.setLoop(null);
    const { start, end } = selectedTrack(getState()) ?? { start: 0, end: layout.frame_count - 1 };
    return player.setLoop([secondsAt(layout, start - 0.5), secondsAt(layout, end + 0.5)]);
  }

  function endSilence() {
    if (!silent) return;
    silent = false;
    player.mute(false);
    player.setLoop(null);
    player.stop();
  }
  for (const type of ["pointerdown", "keydown"]) window.addEventListener(type, endSilence, true);

  return {
    player,
    loop,
    /** Fractional frame while it plays, else null. */
    get time() {
      return time;
    },
    get silent() {
      return silent;
    },
    /** From the beginning; quietly: without sound and over again, until something is done. */
    start(quietly = false) {
      if (quietly && matchMedia("(prefers-reduced-motion: reduce)").matches) return;
      silent = quietly;
      player.mute(quietly);
      if (quietly) player.setLoop([0, Infinity]);
      player.restart();
    },
  };
}
