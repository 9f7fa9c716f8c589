// Over the picture: undo, add, what is shown, and a menu with the rest.

import { button, html, menu, toggle } from "./dom.mjs";
import { saveDense, saveLayout } from "./files.mjs";
import { say } from "./words.mjs";

/** Scene or video: which of the two is the picture. */
function switcher(stage, setView) {
  const choice = (name, icon, text, title) =>
    button([icon, text], title, () => setView({ picture: name }), { "data-picture": name });
  const both = [
    choice("scene", "scene", "Scene", "Show the scene that is edited"),
    choice("video", "video", "Video", "Show the finished video"),
  ];
  return {
    node: html("span", { class: "segmented", role: "group", "aria-label": say("Picture") }, ...both),
    draw(view) {
      both[1].disabled = !stage.hasVideo;
      for (const one of both) one.setAttribute("aria-pressed", String(one.dataset.picture === view.picture));
    },
  };
}

function ownPicture(setView) {
  const input = html("input", { type: "file", accept: "image/*", class: "file", tabindex: -1, "aria-hidden": true });
  input.addEventListener("change", () => {
    const [file] = input.files;
    if (file) setView({ picture: "scene", still: URL.createObjectURL(file) });
    input.value = "";
  });
  return input;
}

/** tools: {getState, dispatch, add, view, setView, help, stage}. */
export function createToolbar({ getState, dispatch, add, view, setView, help, stage }) {
  const undo = button(["undo", "Undo"], "Undo (Ctrl+Z)", () => dispatch({ type: "undo" }));
  const redo = button(["redo", "Redo"], "Redo (Ctrl+Y)", () => dispatch({ type: "redo" }));
  const create = button(["add", "Add"], "Add an object (N)", add);
  const flag = (name, label, title) =>
    toggle(label, title, (on) => setView({ [name]: on }), view[name]);
  const boxes = flag("boxes", ["boxes", "Boxes"], "Show the boxes (B)");
  const draw = flag("drawing", ["draw", "Draw"], "Draw new objects with a drag, by touch too");
  const whole = flag("whole", ["path", "Whole path"], "A drag moves the whole path, not one keyframe");
  const file = ownPicture(setView);
  const picture = button(["image", "Open a picture"], "Put a picture of your own behind the scene", () => file.click());
  const blank = button(["scene", "No picture"], "The blank scene again", () => setView({ still: null }));
  const save = button(["save", "Save the layout"], "Save the layout as a file", () => saveLayout(getState().layout));
  const paper = button(["save", "Save, dense"], "Save in the paper's form: a box in every frame", () => saveDense(getState().layout));
  const resetAll = button(["back", "Back to the plan"], "Everything back to the plan", () => dispatch({ type: "resetAll" }));
  const sees = flag("sees", ["image", "What the model sees"], "Show what the chosen model is given of the layout");
  const rest = [
    draw, whole,
    flag("snap", ["snap", "Snap"], "Snap to thirds, centre and other boxes"),
    flag("onion", ["onion", "Onion"], "Show the neighbouring frames of the selected object"),
    flag("ghost", ["ghost", "Ghost"], "Show where the planner had put what has moved"),
    sees, picture, blank, resetAll, save, paper,
    button(["key", "Keys"], "Keys and gestures (?)", help),
  ];
  const source = switcher(stage, setView);
  return {
    node: html(
      "div",
      { class: "toolbar", role: "toolbar", "aria-label": say("Editing") },
      html("span", { class: "group" }, undo, redo, create),
      html("span", { class: "group" }, source.node, boxes, menu("More", "More for the picture", rest), file),
    ),
    draw(state) {
      undo.disabled = !state.past.length;
      redo.disabled = !state.future.length;
      resetAll.disabled = !state.proposal;
      blank.disabled = !view.still;
      sees.hidden = !view.views.length;
      for (const one of [create, draw, save, paper]) one.disabled = !state.layout;
      for (const [one, name] of [[draw, "drawing"], [boxes, "boxes"], [whole, "whole"]]) one.setAttribute("aria-pressed", String(view[name]));
      source.draw(view);
    },
  };
}
