"""The one way in for files: a button, and a drop anywhere on the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from .service.served import script


@dataclass(frozen=True)
class Given:
    """A file that a visitor gave: where it is, its name as it was, or why it is not here."""

    path: str
    name: str
    error: str = ""


class Guide(gr.HTML):
    """A button that starts the tour; skip links come with it."""

    def __init__(self, **kwargs: Any) -> None:
        """kwargs: what Gradio adds where it makes the component again."""
        super().__init__(
            html_template='<div class="spa2v-mount"></div>',
            js_on_load=script(
                "page/guide.mjs", "module.mount(element.querySelector('.spa2v-mount'));"
            ),
            apply_default_css=False,
            container=False,
            elem_id="spa2v-guide",
            **kwargs,
        )


class Intake(gr.HTML):
    """A button for files, and what is dropped on the page; from there comes `Given`."""

    def __init__(self, text: str, drop_text: str) -> None:
        """text: on the button; drop_text: over the page while a file is held over it."""
        super().__init__(
            value=None,
            html_template='<div class="spa2v-mount"></div>',
            js_on_load='// events: "input"'
            + script(
                "page/intake.mjs",
                "module.mount(element.querySelector('.spa2v-mount'), { props, trigger, upload });",
            ),
            apply_default_css=False,
            elem_id="spa2v-open",
            text=text,
            drop_text=drop_text,
        )

    def preprocess(self, payload: Any) -> Given | None:
        """Only files that were uploaded here are opened: what a page says is not trusted."""
        match payload:
            case {"error": str(error), "name": str(name)}:
                return Given("", name, error)
            case {"path": str(path), "name": str(name)}:
                uploads = Path(get_upload_folder()).resolve()
                if Path(path).resolve().is_relative_to(uploads):
                    return Given(path, name)
        return None

    def postprocess(self, value: Any) -> Any:  # noqa: ARG002 (nothing is shown)
        return None

    def api_spec(self) -> dict[str, Any]:
        return {"type": "object"}
