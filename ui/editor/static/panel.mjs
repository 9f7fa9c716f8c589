// The toolbar and the fields of the selected object and of the captions.

import { hasKeyframe, selectedTrack } from "./state.mjs";
import { html } from "./dom.mjs";

function button(text, title, onclick) {
  return html("button", { type: "button", text, title, "aria-label": title, onclick });
}

/** Hands the layout over as a file, without asking the server. */
function saveFile(layout) {
  const link = html("a", { download: "layout.json" });
  link.href = URL.createObjectURL(new Blob([`${JSON.stringify(layout, null, 1)}\n`], { type: "application/json" }));
  link.click();
  URL.revokeObjectURL(link.href);
}

export function createToolbar({ getState, dispatch }) {
  const withSelected = (type) => () => dispatch({ type, id: getState().selected });
  const undo = button("↶ Undo", "Undo (Ctrl+Z)", () => dispatch({ type: "undo" }));
  const redo = button("↷ Redo", "Redo (Ctrl+Y)", () => dispatch({ type: "redo" }));
  const add = button("+ Add", "Add an object", () =>
    dispatch({ type: "addObject", box: [0.38, 0.42, 0.62, 0.8] }),
  );
  const key = button("◆ Keyframe", "Set or remove a keyframe here (K)", withSelected("toggleKeyframe"));
  const front = button("⇧ Front", "Bring to the front", withSelected("toFront"));
  const save = button("⤓ Save", "Save the layout as a file", () => saveFile(getState().layout));
  const remove = button("✕ Delete", "Delete the object (Delete)", withSelected("deleteObject"));
  return {
    node: html("div", { class: "toolbar", role: "toolbar", "aria-label": "Editing" }, undo, redo, add, key, front, remove, save),
    draw(state) {
      const track = selectedTrack(state);
      undo.disabled = !state.past.length;
      redo.disabled = !state.future.length;
      add.disabled = save.disabled = !state.layout;
      front.disabled = !track || state.layout.objects.at(-1) === track;
      remove.disabled = !track || track.locked;
      key.disabled = !track || track.locked || (hasKeyframe(track, state.frame) && track.keyframes.length === 1);
      key.setAttribute("aria-pressed", track && hasKeyframe(track, state.frame) ? "true" : "false");
    },
  };
}

function field(label, control) {
  return html("label", { class: "field" }, html("span", { text: label }), control);
}

/** Keep what is being typed: a field is set from the state only while it has no focus. */
function sync(control, value) {
  if (document.activeElement !== control) control.value = value;
}

export function createFields({ getState, dispatch }) {
  const forSelected = (action) => dispatch({ ...action, id: getState().selected });
  const input = (placeholder, action, tag = "input") =>
    html(tag, { placeholder, autocomplete: "off", onchange: (event) => action(event.target.value) });
  const name = input("what sounds", (value) => forSelected({ type: "rename", name: value }));
  const look = input("its colour", (value) => forSelected({ type: "setAppearance", appearance: value }));
  const facing = html(
    "select",
    { onchange: (event) => forSelected({ type: "setFacing", facing: event.target.value }) },
    ...["auto", "left", "right"].map((value) => html("option", { value, text: value })),
  );
  const caption = input("What the video shows", (value) => dispatch({ type: "setCaption", caption: value }), "textarea");
  const frame = input("What this frame shows", (value) => dispatch({ type: "setFrameCaption", text: value }), "textarea");
  caption.rows = 2;
  frame.rows = 2;
  const object = html(
    "fieldset",
    { class: "fields" },
    field("Name", name),
    field("Appearance", look),
    field("Facing", facing),
  );
  return {
    node: html("div", { class: "panel" }, object, html("div", { class: "fields captions" }, field("Caption", caption), field("This frame", frame))),
    draw(state) {
      const track = selectedTrack(state);
      object.disabled = !track || track.locked;
      sync(name, track?.name ?? "");
      sync(look, track?.appearance ?? "");
      sync(facing, track?.facing ?? "auto");
      caption.disabled = frame.disabled = !state.layout;
      sync(caption, state.layout?.caption ?? "");
      sync(frame, state.layout?.frame_captions[state.frame] ?? "");
    },
  };
}
