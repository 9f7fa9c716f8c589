"""The planner seam: audio and its cues in, a video scene layout out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..audio.cues import SpatialCues
from ..audio.hearing import Heard
from ..audio.io import AudioClip
from ..errors import InputError, PlannerError
from ..layout import VideoSceneLayout
from ..options import options_of
from .report import PlanReport

MAX_NAMES = 4
MAX_NAME_LENGTH = 60


@dataclass(frozen=True)
class NoOptions:
    """Of planners that take none."""


@dataclass(frozen=True)
class PlanRequest:
    """What a planner is given.

    Attributes
    ----------
    clip
        the span to plan (at most 10 s).
    cues
        measured in it.
    heard
        its sources, the loudest first, with their tags.
    objects
        what the user hears, if told, in order of loudness.
    seed
        for planners that sample.
    options
        of the planner's own kind (`PlannerSpec.options`).
    current, change
        a layout and what to change about it, in the user's words.
    embedding
        of the recording by CLAP, where that listens.
    """

    clip: AudioClip
    cues: SpatialCues
    heard: tuple[Heard, ...]
    objects: tuple[str, ...] = ()
    seed: int = 0
    options: Any = NoOptions()
    current: VideoSceneLayout | None = None
    change: str = ""
    embedding: tuple[float, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A layout, and what passed between us and a model for it."""

    layout: VideoSceneLayout
    report: PlanReport = field(default_factory=PlanReport)


class NoPlanError(PlannerError):
    """A planner that could not plan, with what it took until then."""

    def __init__(self, text: str, report: PlanReport) -> None:
        super().__init__(text)
        self.report = report


class Planner(Protocol):
    """Plans a layout; raises PlannerError when it can't."""

    def plan(self, request: PlanRequest) -> Plan: ...


@dataclass(frozen=True)
class PlannerSpec:
    """A planner and what one can ask of it; it stands beside the planner and loads nothing heavy.

    Attributes
    ----------
    label
        for people.
    make
        makes the planner.
    needs
        what it can't do without ("a key").
    options
        a frozen dataclass of its own (`spa2v_core.options`).
    asks_a_model
        it takes a while, spends tokens, and changes a layout in words.
    """

    label: str
    make: Callable[[], Planner]
    needs: str = ""
    options: type = NoOptions
    asks_a_model: bool = False

    def __post_init__(self) -> None:
        options_of(self.options)  # a fault of these is told here, where only this is lost

    @property
    def title(self) -> str:
        """The label with what is needed."""
        return f"{self.label} (needs {self.needs})" if self.needs else self.label


def parse_objects(text: str | None) -> tuple[str, ...]:
    """Names from a comma-separated text; InputError if there are too many or too long ones."""
    whole = (text or "").encode("utf-8", "replace").decode()  # half letters are none
    names = tuple(" ".join(part.split()) for part in whole.split(","))
    names = tuple(name for name in names if name)
    if len(names) > MAX_NAMES:
        raise InputError(f"name at most {MAX_NAMES} objects, not {len(names)}")
    for name in names:
        if len(name) > MAX_NAME_LENGTH:
            raise InputError(
                f"'{name[:20]}...' is too long for a name (over {MAX_NAME_LENGTH} letters)"
            )
    return names
