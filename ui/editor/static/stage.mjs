// The picture: the canvas over what is behind it, which is the blank scene, a picture of one's own,
// the preview of a render or the finished video, locked to the sound.

import { html } from "./dom.mjs";
import { channels } from "./feed.mjs";
import { createWipe, quietVideo } from "./wipe.mjs";
import { say } from "./words.mjs";
import { secondsAt } from "./geometry.mjs";

/** Seconds by which the moving picture may be off the sound before it is put right. */
const DRIFT = { playing: 0.12, still: 0.03 };

/** What a layout says of the boxes, so that two of them can be compared. */
const shape = ({ objects }) =>
  JSON.stringify(
    objects.map(({ id, name, appearance, start, end, facing, reference = "", keyframes }) => [
      id, name, appearance, start, end, facing, reference,
      keyframes.map(({ frame, box, easing }) => [frame, box.map((value) => Math.round(value * 1e4)), easing]),
    ]),
  );

/** playback: playback.mjs; setView changes what is shown. */
export function createStage(canvas, { playback, setView, getState }) {
  const video = quietVideo({ class: "behind" });
  const wipe = createWipe(video);
  const still = html("img", { class: "behind", alt: "" });
  const said = html("p", { class: "badge", hidden: true });
  const veil = html("div", { class: "veil", role: "status", hidden: true });
  const node = html("div", { class: "stage", id: "spa2v-video" }, video, still, canvas, ...wipe.nodes, said, veil);
  const shown = { preview: null, video: null, of: null };

  channels.preview.on((value) => {
    const starts = value && !shown.preview;
    shown.preview = value?.url ?? null;
    setView(starts ? { picture: "video" } : {});
  });
  channels.video.on((value) => {
    shown.video = value?.video?.url ?? null;
    shown.of = value ? shape(value.layout) : null;
    if (shown.video) video.src = shown.video;
    else video.removeAttribute("src");
    wipe.set(value?.beside ?? null);
    setView({ picture: shown.video ? "video" : "scene" });
    if (shown.video && value.play) playback.start(value.play === "silent");
  });

  /** Keep a video where the sound is, or the frame that is edited. */
  function follow(one, time) {
    const { layout } = getState();
    if (!layout || one.readyState < 1) return;
    const playing = playback.player.playing;
    const wanted = Math.min(playing ? playback.player.seconds : secondsAt(layout, time ?? getState().frame), one.duration || 0);
    one.playbackRate = playback.player.rate;
    const off = Math.abs(one.currentTime - wanted) > (playing ? DRIFT.playing : DRIFT.still);
    if (off && !one.seeking) one.currentTime = wanted;
    if (playing && one.paused) one.play().catch(() => {});
    if (!playing && !one.paused) one.pause();
  }

  // what is asked for while a video is on its way to another place is asked for again there
  for (const one of [video, wipe.video]) one.addEventListener("seeked", () => setView({}));
  video.addEventListener("loadedmetadata", () => setView({}));
  still.addEventListener("load", () => setView({}));

  const moves = (view) => view.picture === "video" && Boolean(shown.video || shown.preview);

  function badge(state, moving) {
    if (!moving || shown.preview) return shown.preview && moving ? say("Preview of the render under way") : "";
    if (playback.silent) return say("An example's finished video, without sound until you play it");
    return state.layout && shape(state.layout) !== shown.of ? say("Edited since this video: render again to see it") : "";
  }

  return {
    node,
    get hasVideo() {
      return Boolean(shown.video || shown.preview);
    },
    /** Width to height of what is shown: of a video, else of what will be rendered, or the layout. */
    ratio({ layout }, view) {
      const [width, height] = view.shape ? view.shape.split(":") : [layout?.width ?? 8, layout?.height ?? 5];
      const [wide, high] = shown.preview ? [still.naturalWidth, still.naturalHeight] : [video.videoWidth, video.videoHeight];
      return moves(view) && wide && high ? wide / high : width / height;
    },
    /** Another recording: what was made of the last one is not shown over it. */
    clear() {
      Object.assign(shown, { preview: null, video: null, of: null });
      video.removeAttribute("src");
      video.load();
      wipe.set(null);
    },
    /** time: fractional frame while it plays. */
    draw(state, view, time) {
      const moving = moves(view);
      video.hidden = !moving || !shown.video || Boolean(shown.preview);
      const source = moving ? shown.preview : view.still;
      still.hidden = !source;
      if (source && still.src !== source) still.src = source;
      const ratio = this.ratio(state, view);
      node.style.setProperty("--ratio", ratio);
      node.classList.toggle("tall", ratio < 1.5);
      node.classList.toggle("pictured", moving || !still.hidden);
      node.classList.toggle("drawing", view.drawing);
      node.classList.toggle("waiting", Boolean(view.waiting));
      veil.hidden = !view.waiting;
      veil.textContent = view.waiting;
      const text = badge(state, moving);
      said.hidden = !text;
      said.textContent = text;
      wipe.show(!video.hidden);
      for (const one of [video, wipe.video]) {
        if (!one.hidden) follow(one, time);
        else if (!one.paused) one.pause();
      }
    },
  };
}
