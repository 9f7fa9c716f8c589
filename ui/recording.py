"""Which files the page takes as a recording: whatever the reader reads, videos too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from spa2v_core.audio.choices import ChannelsError
from spa2v_core.audio.clip import MAX_SPAN_SECONDS
from spa2v_core.errors import InputError

from .handlers import described
from .served import script
from .toasts import as_toast, sentence, warn


@dataclass(frozen=True)
class Given:
    """A file that a visitor gave: where it is, its name as it was, or why it is not here."""

    path: str
    name: str
    error: str = ""


class RecordingIntake(gr.HTML):
    """A button for files, and files dropped on the recording; from the page comes `Given`."""

    def __init__(self) -> None:
        super().__init__(
            value=None,
            html_template='<div class="spa2v-mount"></div>',
            js_on_load='// events: "input"'
            + script(
                "page/recording.mjs",
                "module.mount(element.querySelector('.spa2v-mount'), { props, trigger, upload });",
            ),
            apply_default_css=False,
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


def take(given: Given | None) -> tuple[Any, ...]:
    """(recording, channels, its start, length and description) of a file that was given; one toast
    if it is refused, and nothing changes. Of one whose channels have to be explained the toast
    says so, and it is there to be explained."""
    if given is None:
        return (gr.skip(),) * 5
    if given.error:
        raise as_toast(InputError(f"{given.name} can't be uploaded: {given.error}"))
    try:
        return given.path, "auto", *described(given.path)
    except ChannelsError as error:
        text = str(error).replace(Path(given.path).name, given.name)
        warn(text)
        return given.path, "auto", 0, MAX_SPAN_SECONDS, sentence(text) + "."
    except InputError as error:
        raise as_toast(InputError(str(error).replace(Path(given.path).name, given.name))) from error
