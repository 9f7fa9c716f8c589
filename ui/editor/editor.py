"""The layout editor as Gradio components: ES modules mounted into gr.HTML."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np
from gradio.processing_utils import save_bytes_to_cache

from spa2v_core.errors import LayoutError
from spa2v_core.generation.controls.views import VIEWS, view
from spa2v_core.layout import VideoSceneLayout, edit, words
from spa2v_core.layout import io as layout_io
from spa2v_core.layout.picture import SHAPES
from spa2v_core.layout.schema import VERSION
from spa2v_core.planning import wording
from spa2v_core.planning.setting import setting_from
from spa2v_core.vocabulary import THINGS, UNKNOWN, resolve

from ..service.served import modules, script
from ..toasts import as_toast

_SHEET = """
if (!document.querySelector("link[data-spa2v-editor]")) {
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = `${base}/editor.css`;
  sheet.dataset.spa2vEditor = "";
  document.head.append(sheet);
  for (const name of MODULES) {  // all at once, not one after the other as they are imported
    const ahead = document.createElement("link");
    Object.assign(ahead, { rel: "modulepreload", href: `${base}/${name}` });
    document.head.append(ahead);
  }
}
""".replace("MODULES", str(modules("editor")))
_EVENTS = '// events: "input"'
_EDITOR = "module.mount(element, { props, trigger, watch, server });"


def _script(mount: str) -> str:
    return _EVENTS + script("editor/editor.mjs", _SHEET + mount)


def change_in_words(payload: Any) -> dict[str, Any]:
    """{said, layout}: what a text would do to a layout, called by the editor; without `layout`
    where it is not understood. payload: {layout, text, frame, selected}."""
    payload = payload if isinstance(payload, dict) else {}
    try:
        layout = layout_io.from_dict(payload.get("layout"))
        selected = payload.get("selected")
        change = words.understand(
            layout,
            str(payload.get("text", ""))[: words.LONGEST],
            selected=selected if isinstance(selected, int) else None,
        )
    except LayoutError as error:
        return {"said": str(error)}
    return {"said": change.said, "layout": layout_io.to_dict(change.layout)}


def drawn_as(name: Any) -> dict[str, str]:
    """{drawn, near}: what the mini model draws for a name, and a name of the vocabulary that is
    written nearly so, "" for none; called by the editor."""
    text = str(name)[:200].lower()
    known = {alias: thing.name for thing in THINGS for alias in (thing.name, *thing.aliases)}
    drawn = resolve(text).drawn.name
    close = get_close_matches(text, known, 1, 0.75) if drawn == UNKNOWN != text else []
    return {"drawn": drawn, "near": known[close[0]] if close else ""}


def fit_boxes(payload: Any) -> dict[str, Any]:
    """{keyframes} of an object of a layout, as wide as it is seen where it heads; called by the
    editor. payload: {layout, id}."""
    payload = payload if isinstance(payload, dict) else {}
    try:
        layout = layout_io.from_dict(payload.get("layout"))
        track = layout.track(payload.get("id"))
        made = edit.fit(track, resolve(track.name).drawn, layout.aspect)
    except LayoutError as error:
        raise as_toast(error) from error
    fitted = edit.revise(layout, objects=(made,))
    return {"keyframes": layout_io.to_dict(fitted)["objects"][0]["keyframes"]}


def write_captions(payload: Any) -> dict[str, Any]:
    """{caption, frame_captions} that say what a layout shows; called by the editor."""
    try:
        layout = layout_io.from_dict(payload)
    except LayoutError as error:
        raise as_toast(error) from error
    tracks, count = layout.objects, layout.frame_count
    if not tracks and not layout.scene:
        return {"caption": "", "frame_captions": []}
    setting = setting_from(layout.scene, tracks)
    return {
        "caption": wording.caption(tracks, count, setting),
        "frame_captions": list(wording.frame_captions(tracks, count)),
    }


def model_sees(payload: Any) -> list[str]:
    """Addresses of pictures, of what a model is given of a layout at one of its frames; called by
    the editor. payload: {layout, frame, views: names, shape: as `ViewsFeed`}."""
    payload = payload if isinstance(payload, dict) else {}
    try:
        layout = layout_io.from_dict(payload.get("layout"))
    except LayoutError as error:
        raise as_toast(error) from error
    frame, names = payload.get("frame"), payload.get("views")
    at = min(max(frame, 0), layout.frame_count - 1) if isinstance(frame, int) else 0
    asked = [name for name in VIEWS if isinstance(names, list) and name in names]
    shape = payload.get("shape")
    shown = shape if shape in tuple(SHAPES) else layout.shape
    return [f"data:image/png;base64,{_png(view(name, layout, at, shown))}" for name in asked]


def _png(picture: np.ndarray) -> str:
    """(H, W, 3) uint8 RGB as a PNG's bytes in base 64."""
    return b64encode(cv2.imencode(".png", picture[:, :, ::-1])[1].tobytes()).decode()


class LayoutEditor(gr.HTML):
    """Boxes over time on a canvas; its value is a `VideoSceneLayout`.

    JavaScript holds the state while a person edits, and sends the whole layout after each step.
    """

    def __init__(self, value: VideoSceneLayout | None = None, **kwargs: Any) -> None:
        super().__init__(
            value=value,
            html_template='<div class="spa2v-mount"></div>',
            js_on_load=_script(_EDITOR),
            apply_default_css=False,
            server_functions=[write_captions, change_in_words, drawn_as, fit_boxes, model_sees],
            **kwargs,
        )

    def preprocess(self, payload: Any) -> VideoSceneLayout | None:
        """What the screen shows, validated."""
        if payload is None:
            return None
        try:
            return layout_io.from_dict(payload)
        except LayoutError as error:
            raise as_toast(error) from error

    def postprocess(self, value: VideoSceneLayout | dict[str, Any] | None) -> dict[str, Any] | None:
        if value is None or isinstance(value, dict):
            return value
        return layout_io.to_dict(value)

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "a video scene layout"}

    def example_payload(self) -> dict[str, Any]:
        return {"version": VERSION, "frame_count": 16, "duration_s": 6.0, "objects": []}

    def example_value(self) -> dict[str, Any]:
        return self.example_payload()

    def as_example(self, value: Any) -> str:  # noqa: ARG002
        return "layout"


@dataclass(frozen=True)
class Feed:
    """What the editor knows of a recording.

    Attributes
    ----------
    clip
        hash of the span.
    sound
        its WAV file's bytes.
    layout
        what is edited from here on.
    proposal
        the plan, under the ids that the layout has.
    heard
        for each source the track it became; x, confidence, path by the evidence and trust per
        frame; likely names.
    whole
        what the strip shows of the recording that the span is of.
    resumed
        it is what the visitor had before a reload, so that edits come back with it.
    root
        it is a new scene, so that undo does not lead out of it.
    """

    clip: str
    sound: bytes
    layout: VideoSceneLayout
    proposal: VideoSceneLayout
    heard: tuple[dict[str, Any], ...]
    whole: dict[str, Any] | None = None
    resumed: bool = False
    root: bool = False


@dataclass(frozen=True)
class Waiting:
    """Says over the picture what is waited for ("" for nothing); until then nothing is edited."""

    text: str


class _Channel(gr.HTML):
    """Carries a value to or from the editor; shows nothing."""

    def __init__(self, mount: str, value: Any = None, **kwargs: Any) -> None:
        """kwargs: what Gradio adds where it makes the component again."""
        super().__init__(
            value=value,
            html_template="<div hidden></div>",
            js_on_load=_script(mount),
            apply_default_css=False,
            container=False,
            elem_classes="spa2v-feed",
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}

    def _file(self, path: str | Path) -> dict[str, Any]:
        return gr.FileData(path=str(path)).model_dump()


class EditorFeed(_Channel):
    """Carries a `Feed`, or `Waiting`, to the editor."""

    def __init__(self, value: Feed | None = None, **kwargs: Any) -> None:
        super().__init__("module.mountFeed({ props, watch });", value, **kwargs)

    def postprocess(self, value: Feed | Waiting | None) -> dict[str, Any] | None:
        if value is None:
            return None
        if isinstance(value, Waiting):
            return {"waiting": value.text}
        path = save_bytes_to_cache(value.sound, "sound.wav", cache_dir=self.GRADIO_CACHE)
        return {
            "clip": value.clip,
            "audio": self._file(path),
            "layout": layout_io.to_dict(value.layout),
            "proposal": layout_io.to_dict(value.proposal),
            "heard": list(value.heard),
            # where the file lies is not said
            "whole": value.whole and {k: v for k, v in value.whole.items() if k != "key"},
            "names": [thing.name for thing in THINGS],
            "resumed": value.resumed,
            "root": value.root,
        }


@dataclass(frozen=True)
class Shown:
    """A finished video with the layout that it was made from.

    Attributes
    ----------
    play
        "sound" (once it is there), "silent" (over and over, until something is done) or "".
    beside
        another one to compare it with, and the names of both.
    """

    video: Path
    layout: VideoSceneLayout
    play: str = ""
    beside: tuple[Path, tuple[str, str]] | None = None


class VideoFeed(_Channel):
    """Carries a `Shown` to the picture; None takes it away."""

    def __init__(self, value: Shown | None = None, **kwargs: Any) -> None:
        super().__init__("module.mountVideo({ props, watch });", value, **kwargs)

    def postprocess(self, value: Shown | None) -> dict[str, Any] | None:
        if value is None:
            return None
        layout = layout_io.to_dict(value.layout)
        shown = {"video": self._file(value.video), "layout": layout, "play": value.play}
        if value.beside:
            other, names = value.beside
            shown["beside"] = {"video": self._file(other), "names": list(names)}
        return shown


class PreviewFeed(_Channel):
    """Carries the newest picture of a render under way, a JPEG's bytes, or None."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("module.mountPreview({ props, watch });", **kwargs)

    def postprocess(self, value: bytes | None) -> dict[str, Any] | None:
        if value is None:
            return None
        return {"url": f"data:image/jpeg;base64,{b64encode(value).decode()}"}


class ViewsFeed(_Channel):
    """Carries what the chosen model is given of a layout: {views: names of `controls.views.VIEWS`,
    shape: of its picture, a key of `layout.picture.SHAPES`, "" for the layout's}."""

    def __init__(self, value: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__("module.mountViews({ props, watch });", value, **kwargs)

    def postprocess(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        return value


class Asks(_Channel):
    """What the editor asks for: {kind: "trim", start, length} or {kind: "change", text}."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("module.mountAsks({ props, trigger });", **kwargs)

    def preprocess(self, payload: Any) -> dict[str, Any]:
        return payload if isinstance(payload, dict) else {}

    def postprocess(self, value: Any) -> Any:
        return value
