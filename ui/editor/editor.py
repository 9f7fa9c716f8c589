"""The layout editor as Gradio components: ES modules mounted into gr.HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

from spa2v_core.errors import LayoutError
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.layout import io as layout_io
from spa2v_core.layout.schema import VERSION
from spa2v_core.planning import wording
from spa2v_core.planning.setting import setting_from
from spa2v_core.vocabulary import THINGS

from ..served import script
from ..toasts import as_toast

_SHEET = """
if (!document.querySelector("link[data-spa2v-editor]")) {
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = `${base}/editor.css?v=${version}`;
  sheet.dataset.spa2vEditor = "";
  document.head.append(sheet);
}
"""
_EVENTS = '// events: "input"'
_EDITOR = "module.mount(element, { props, trigger, watch, server });"
_FEED = "module.mountFeed({ props, watch });"


def _script(mount: str) -> str:
    return _EVENTS + script("editor/editor.mjs", _SHEET + mount)


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


class LayoutEditor(gr.HTML):
    """Boxes over time on a canvas; its value is a `VideoSceneLayout`.

    JavaScript holds the state while a person edits, and sends the whole layout after each step.
    """

    def __init__(
        self, value: VideoSceneLayout | None = None, video_selector: str = "", **kwargs: Any
    ) -> None:
        """video_selector: of the page's video player, whose file can be the background."""
        super().__init__(
            value=value,
            html_template='<div class="spa2v-mount"></div>',
            js_on_load=_script(_EDITOR),
            apply_default_css=False,
            server_functions=[write_captions],
            video_selector=video_selector,
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
    proposal
        the plan, under the ids that the editor's layout has.
    heard
        for each source the track it became; x, confidence, path by the evidence and trust per
        frame; likely names.
    resumed
        it is what the visitor had before a reload, so that edits come back with it.
    """

    clip: str
    sound: bytes
    proposal: VideoSceneLayout
    heard: tuple[dict[str, Any], ...]
    resumed: bool = False


class EditorFeed(gr.HTML):
    """Carries a `Feed` to the editor; shows nothing."""

    def __init__(self, value: Feed | None = None) -> None:
        super().__init__(
            value=value,
            html_template="<div hidden></div>",
            js_on_load=_script(_FEED),
            apply_default_css=False,
            container=False,
            elem_classes="spa2v-feed",
        )

    def postprocess(self, value: Feed | None) -> dict[str, Any] | None:
        if value is None:
            return None
        path = save_bytes_to_cache(value.sound, "sound.wav", cache_dir=self.GRADIO_CACHE)
        return {
            "clip": value.clip,
            "audio": gr.FileData(path=path).model_dump(),
            "proposal": layout_io.to_dict(value.proposal),
            "heard": list(value.heard),
            "names": [thing.name for thing in THINGS],
            "resumed": value.resumed,
        }

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}
