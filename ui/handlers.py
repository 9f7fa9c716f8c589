"""What the app's events do: convert values, call the pipeline, turn errors into toasts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from spa2v_core.audio.cues import MONO_NOTE
from spa2v_core.audio.io import MAX_SPAN_SECONDS, loudest, survey_audio
from spa2v_core.audio.places import MAX_WIDTH, MIN_WIDTH
from spa2v_core.audio.span import Span
from spa2v_core.errors import InputError
from spa2v_core.generation.export import read_layout
from spa2v_core.layout import VideoSceneLayout, edit
from spa2v_core.layout import io as layout_io

from .toasts import toasting
from .values import number_of, text_of


@toasting
def inspect(audio: str | None, channels: str = "auto") -> tuple[Any, Any, str]:
    """Span controls and a line about the recording that was just given."""
    if audio is None:
        return gr.update(value=0), gr.update(value=MAX_SPAN_SECONDS), ""
    return described(audio, channels)


def described(audio: str, channels: str = "auto") -> tuple[float, float, str]:
    """(start and length of the loudest part, a line about the recording); InputError."""
    survey = survey_audio(Path(audio), channels=channels)
    length = min(survey.seconds, MAX_SPAN_SECONDS)
    start = loudest(survey)
    kind = "stereo" if survey.channels == 2 else "mono"
    seconds = f"{survey.seconds:.2f} s" if survey.whole else f"Over {survey.seconds / 60:.1f} min"
    about = f"{seconds}, {kind}, {survey.rate} Hz."
    if survey.seconds > MAX_SPAN_SECONDS:
        of = "Its loudest" if survey.whole else "Of these the loudest"
        about += f" {of} {MAX_SPAN_SECONDS:g} s are chosen; change the span if you like."
    if survey.notes:
        about += " " + " ".join(f"{said[:1].upper()}{said[1:]}." for said in survey.notes)
    if survey.channels == 1 or survey.alike:
        about += f" {MONO_NOTE.capitalize()} (browsers often record in mono)."
    return round(start, 2), round(length, 3), about


def span_of(
    audio: str | None,
    start: float | None,
    duration: float | None,
    channels: str = "auto",
    swap: bool | None = False,
) -> Span:
    """The span of a recording; 0 or nothing is left to its defaults."""
    if audio is None:
        raise InputError("give a recording first: upload one, record one or take an example")
    return Span(
        Path(text_of(audio, "audio")),
        number_of(start, "start") or None,
        number_of(duration, "duration") or None,
        bool(swap),
        text_of(channels, "channels"),
    )


def width_of(value: float | None) -> float:
    """The factor for positions, within what makes sense; nothing is 1."""
    return min(max(number_of(value, "width") or 1.0, MIN_WIDTH), MAX_WIDTH)


def status(done: float = 0, total: float = 1, text: str = "") -> dict[str, Any]:
    """Value of the progress line; its text is made here, never by a user."""
    return {"done": done, "total": total, "text": text}


IDLE = status()


@toasting
def import_layout(path: str | None, layout: VideoSceneLayout | None) -> tuple[Any, str]:
    """A layout from a file (JSON, or CVAT's XML) or from an exported video."""
    if path is None:
        return layout, gr.skip()
    file = Path(path)
    new = read_layout(file) if file.suffix.lower() == ".mp4" else layout_io.read(file)
    if layout is not None:
        new = edit.rescale(new, layout.duration_s)
    return new, new.reasoning
