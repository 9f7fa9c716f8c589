"""Values of the page as the pipeline takes them, and what is said of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spa2v_core.audio.io import MAX_SPAN_SECONDS, loudest, survey_audio
from spa2v_core.audio.places import MAX_WIDTH, MIN_WIDTH
from spa2v_core.audio.span import Span
from spa2v_core.errors import InputError

from .values import number_of, text_of
from .words import ENGLISH, Words

#: Columns of the strip that shows the whole recording.
COLUMNS = 400


@dataclass(frozen=True)
class Described:
    """What the page says of a recording.

    Attributes
    ----------
    start, length
        of its loudest part, seconds.
    seconds
        of the whole.
    text
        a line on it.
    peaks
        of each column of the strip that shows it, [low, high].
    """

    start: float
    length: float
    seconds: float
    text: str
    peaks: list[list[float]]


def described(recording: str, channels: str = "auto", words: Words = ENGLISH) -> Described:
    """Look at the whole recording; InputError."""
    survey = survey_audio(Path(recording), channels=channels)
    length = min(survey.seconds, MAX_SPAN_SECONDS)
    start = loudest(survey)
    kind = words("stereo" if survey.channels == 2 else "mono")
    seconds = f"{survey.seconds:.2f} s"
    if not survey.whole:
        seconds = words("Over {} min", f"{survey.seconds / 60:.1f}")
    text = f"{seconds}, {kind}, {survey.rate} Hz."
    if survey.seconds > MAX_SPAN_SECONDS:
        most = f"{MAX_SPAN_SECONDS:g}"
        text += " " + words("Its loudest {} s are chosen; drag on its strip for others.", most)
    if survey.notes:
        text += " " + " ".join(f"{said[:1].upper()}{said[1:]}." for said in survey.notes)
    if not survey.power.any():
        text += " " + words("It is silent.")
    elif survey.channels == 1 or survey.alike:
        mono = "Mono recording: position is not audible (browsers often record in mono)."
        text += " " + words(mono)
    parts = np.array_split(np.sqrt(survey.power), min(COLUMNS, max(1, survey.power.size)))
    peaks = [[-round(float(part.max()), 3), round(float(part.max()), 3)] for part in parts]
    return Described(round(start, 2), round(length, 3), survey.seconds, text, peaks)


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
