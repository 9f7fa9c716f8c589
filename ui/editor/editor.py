"""The layout editor as a Gradio component: ES modules mounted into a gr.HTML."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import gradio as gr

from spa2v_core.errors import LayoutError
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.layout import io as layout_io

from ..toasts import as_toast

STATIC = Path(__file__).resolve().parent / "static"

_MOUNT = """
// events: "input"
const root = window.gradio_config.root.replace(/\\/$/, "");
const base = `${root}/gradio_api/file=%(folder)s`;
if (!document.querySelector("link[data-spa2v-editor]")) {
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = `${base}/editor.css?v=%(version)s`;
  sheet.dataset.spa2vEditor = "";
  document.head.append(sheet);
}
import(`${base}/editor.mjs?v=%(version)s`).then((module) =>
  module.mount(element, { props, trigger, watch })
);
"""


def _version() -> str:
    """Hash of the static files: a new version is fetched, an old one never mixed in."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


class LayoutEditor(gr.HTML):
    """Boxes over time on a canvas; its value is a `VideoSceneLayout`.

    JavaScript holds the state while a person edits, and sends the whole layout after each step.
    """

    def __init__(self, value: VideoSceneLayout | None = None, **kwargs: Any) -> None:
        gr.set_static_paths([STATIC])
        super().__init__(
            value=value,
            html_template='<div class="spa2v-mount"></div>',
            js_on_load=_MOUNT % {"folder": STATIC.as_posix(), "version": _version()},
            apply_default_css=False,
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
        return {"version": 1, "frame_count": 16, "duration_s": 6.0, "objects": []}

    def example_value(self) -> dict[str, Any]:
        return self.example_payload()

    def as_example(self, value: Any) -> str:  # noqa: ARG002
        return "layout"
