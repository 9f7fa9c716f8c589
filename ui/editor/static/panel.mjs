// Under the timeline: the fields of the selected object, the captions, the warnings and the help.

import { GESTURES, KEYS } from "./keys.mjs";
import { score } from "./checks.mjs";
import { createDrawn } from "./drawn.mjs";
import { button, colourOf, html, menu } from "./dom.mjs";
import { EASINGS, hasKeyframe } from "./geometry.mjs";
import { isHidden, selectedTrack } from "./state.mjs";
import { say } from "./words.mjs";

/** Ways that an object can be turned to, in degrees from facing the camera. */
const HEADINGS = { auto: "auto", coming: 0, "to the right": 90, going: 180, "to the left": -90 };
const headingOf = (name) => HEADINGS[name];

/** The name of the way that a track is turned at its first keyframe: the nearest. */
function turnOf(track) {
  const heading = track?.keyframes[0].heading ?? "auto";
  if (heading === "auto") return "auto";
  const off = (name) => Math.abs(((HEADINGS[name] - heading + 540) % 360) - 180);
  return Object.keys(HEADINGS).slice(1).reduce((best, name) => (off(name) < off(best) ? name : best));
}

/** The easing that all segments of a track have, "" if they differ. */
function easingOf(track) {
  const [first, ...others] = (track?.keyframes ?? []).slice(0, -1).map((key) => key.easing);
  return others.every((one) => one === first) ? (first ?? "linear") : "";
}

const field = (label, control) => html("label", { class: "field" }, html("span", { text: say(label) }), control);

/** Keep what is being typed: a field is set from the state only while it has no focus. */
function sync(control, value) {
  if (document.activeElement !== control) control.value = value;
}

/** What can be done with the selected object, one button each. */
function actions({ getState, dispatch, server }) {
  const act = (type, extra = {}) => dispatch({ type, id: getState().selected, ...extra });
  const fitBox = async () => {
    const { layout, selected } = getState();
    const { keyframes } = await server.fit_boxes({ layout, id: selected });
    if (getState().layout === layout) dispatch({ type: "takePath", id: selected, keyframes });
  };
  const key = button(["key", "Keyframe"], "Set or remove a keyframe here (K)", () => act("toggleKeyframe"));
  const copy = button(["copy", "Copy"], "Copy the box (C)", () => act("copy"));
  const paste = button(["paste", "Paste"], "Paste the box into this frame (V)", () => act("paste"));
  const twin = button(["twin", "Duplicate"], "Duplicate the object (D)", () => act("duplicate"));
  const front = button(["front", "Front"], "Bring to the front", () => act("reorder", { to: "front" }));
  const back = button(["rear", "Back"], "Send to the back", () => act("reorder", { to: "back" }));
  const lock = button(["lock", "Lock"], "Lock or unlock the object (L)", () => act("setLocked", { locked: !selectedTrack(getState()).locked }));
  const hide = button(["hide", "Hide"], "Hide the object here; it is rendered all the same (H)", () => act("toggleHidden"));
  const reset = button(["back", "Reset"], "This object back to the plan (X)", () => act("reset"));
  const smooth = button(["smooth", "Smooth"], "Round the corners of the path", () => act("smoothPath"));
  const fit = button(["fit", "Fit"], "Box as wide as it is seen where it heads", fitBox);
  const near = button(["nearer", "Nearer"], "Nearer (+)", () => act("setDistance", { factor: 1.15 }));
  const far = button(["farther", "Farther"], "Farther (-)", () => act("setDistance", { factor: 1 / 1.15 }));
  const remove = button(["remove", "Delete"], "Delete the object (Delete)", () => act("deleteObject"));
  const rest = [smooth, fit, near, far, copy, paste, front, back, hide, reset];
  const all = [key, twin, lock, remove, ...rest];
  return {
    node: html("div", { class: "actions", role: "group", "aria-label": say("Selected object") },
      key, twin, lock, remove, menu("More", "More for the selected object", rest)),
    draw(state) {
      const track = selectedTrack(state);
      for (const one of all) one.disabled = !track;
      if (!track) return;
      for (const one of [key, paste, reset, remove, smooth, fit, near, far]) one.disabled = track.locked;
      smooth.disabled ||= track.keyframes.length < 3;
      key.disabled ||= hasKeyframe(track, state.frame) && track.keyframes.length === 1;
      key.setAttribute("aria-pressed", String(hasKeyframe(track, state.frame)));
      paste.disabled ||= !state.clipboard;
      reset.disabled ||= !state.proposal?.objects.some((one) => one.id === track.id);
      front.disabled = state.layout.objects.at(-1) === track;
      back.disabled = state.layout.objects[0] === track;
      lock.setAttribute("aria-pressed", String(track.locked));
      hide.setAttribute("aria-pressed", String(isHidden(state, track.id)));
    },
  };
}

/** tools: {getState, dispatch, heardOf(id), vocabulary(), write, view}. */
export function createFields(tools) {
  const { getState, dispatch, heardOf, vocabulary, write, view } = tools;
  const forSelected = (action) => dispatch({ ...action, id: getState().selected });
  const input = (placeholder, action, tag = "input", extra = {}) =>
    html(tag, { placeholder: say(placeholder), autocomplete: "off", onchange: (event) => action(event.target.value), ...extra });
  const names = html("datalist", { id: "spa2v-names" });
  const name = input("what sounds", (value) => forSelected({ type: "rename", name: value }), "input", {
    list: "spa2v-names", oninput: () => drawn.draw(name.value.trim()),
  });
  const drawn = createDrawn({ ...tools, rename: (value) => forSelected({ type: "rename", name: value }) });
  const look = input("red, old ...", (value) => forSelected({ type: "setAppearance", appearance: value }));
  const picture = input("car.png", (value) => forSelected({ type: "setReference", reference: value }), "input", {
    title: say("File name of its picture, where it is not named after it"),
  });
  const pictured = field("Its picture", picture);
  const facing = html(
    "select",
    { onchange: (event) => forSelected({ type: "setFacing", facing: event.target.value }) },
    ...["auto", "left", "right"].map((value) => html("option", { value, text: say(value) })),
  );
  const dial = html(
    "select",
    { onchange: (event) => forSelected({ type: "setHeading", heading: headingOf(event.target.value) }) },
    ...Object.keys(HEADINGS).map((value) => html("option", { value, text: say(value) })),
  );
  const motion = html(
    "select",
    { onchange: (event) => forSelected({ type: "setEasing", easing: event.target.value }) },
    html("option", { value: "", text: say("mixed"), hidden: true }),
    ...EASINGS.map((value) => html("option", { value, text: say(value) })),
  );
  const colour = html("input", { type: "color", onchange: () => forSelected({ type: "setColour", colour: colour.value }) });
  const caption = input("What the video shows", (value) => dispatch({ type: "setCaption", caption: value }), "textarea", { rows: 2 });
  const frame = input("What this frame shows", (value) => dispatch({ type: "setFrameCaption", text: value }), "textarea", { rows: 2 });
  const writer = button(["write", "Write the captions"], "Write the captions from the layout", write);
  const agrees = html("output", { class: "agrees" });
  const bar = actions(tools);
  const object = html("fieldset", { class: "fields" }, field("Name", name), field("Appearance", look), pictured, field("Facing", facing), field("Turned", dial), field("Motion", motion));
  let offered = null;

  function offer(id) {
    const heard = heardOf(id)?.names ?? [];
    const wanted = [...new Set([...heard, ...vocabulary()])];
    if (offered === wanted.join()) return;
    offered = wanted.join();
    names.replaceChildren(...wanted.map((value) => html("option", { value })));
  }

  return {
    node: html(
      "div",
      { class: "panel" },
      bar.node,
      html("div", { class: "who-row" }, object, field("Colour", colour)),
      names,
      drawn.node,
      agrees,
      html("div", { class: "fields captions" }, field("Caption", caption), field("This frame", frame)),
      writer,
    ),
    focusName: () => name.focus(),
    draw(state) {
      const track = selectedTrack(state);
      bar.draw(state);
      object.disabled = !track || track.locked;
      colour.disabled = !track;
      if (track) offer(track.id);
      const heard = track && heardOf(track.id);
      const agreed = heard ? score(track, heard) : null;
      agrees.hidden = agreed === null;
      if (agreed !== null) agrees.textContent = say("Agrees with where it is heard: {}%", Math.round(100 * agreed));
      sync(name, track?.name ?? "");
      drawn.draw(document.activeElement === name ? name.value.trim() : (track?.name ?? ""));
      sync(look, track?.appearance ?? "");
      pictured.hidden = !view.pictures;
      sync(picture, track?.reference ?? "");
      sync(facing, track?.facing ?? "auto");
      sync(dial, turnOf(track));
      sync(motion, easingOf(track));
      sync(colour, track ? colourOf(state, track.id) : "#888888");
      for (const one of [caption, frame, writer]) one.disabled = !state.layout;
      sync(caption, state.layout?.caption ?? "");
      sync(frame, state.layout?.frame_captions[state.frame] ?? "");
    },
  };
}

/** The list of warnings; `fix(warning)` is the one-click remedy. */
export function createWarnings(fix) {
  const list = html("ul", { class: "warnings", "aria-label": say("Worth a second look") });
  return {
    node: list,
    draw(found) {
      const row = (warning) =>
        html("li", { "data-kind": warning.kind },
          html("span", { text: warning.text }),
          button(warning.remedy, `${warning.remedy}: ${warning.text}`, () => fix(warning)));
      const focused = list.contains(document.activeElement);
      list.replaceChildren(...found.slice(0, 6).map(row));
      if (found.length > 6) list.append(html("li", { text: say("… and {} more", found.length - 6) }));
      if (focused) list.querySelector("button")?.focus({ preventScroll: true });
    },
  };
}

/** A dialog with every key and gesture. */
export function createHelp() {
  const rows = ([keys, text]) => html("div", {}, html("dt", {}, html("kbd", { text: say(keys) })), html("dd", { text: say(text) }));
  const close = button("Close", "Close the list", () => dialog.close());
  const dialog = html(
    "dialog",
    { class: "help", "aria-label": say("Keys and gestures") },
    html("h3", { text: say("Keys and gestures") }),
    html("dl", {}, ...GESTURES.map(rows), ...KEYS.map(rows)),
    close,
  );
  return { node: dialog, open: () => dialog.open || dialog.showModal() };
}
