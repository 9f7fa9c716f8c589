"""The planner seam: audio and its cues in, a video scene layout out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..audio.cues import SpatialCues
from ..audio.hearing import Heard
from ..audio.io import AudioClip
from ..errors import InputError
from ..layout import VideoSceneLayout

MAX_NAMES = 4
MAX_NAME_LENGTH = 60


@dataclass(frozen=True)
class PlanRequest:
    """What a planner is given.

    Attributes
    ----------
    clip: the span to plan (at most 10 s); cues: measured in it; heard: its sources, the loudest
    first, with their tags.
    objects: what the user hears, if told, in order of loudness.
    seed: for planners that sample.
    """

    clip: AudioClip
    cues: SpatialCues
    heard: tuple[Heard, ...]
    objects: tuple[str, ...] = ()
    seed: int = 0


class Planner(Protocol):
    """Plans a layout; raises PlannerError when it can't."""

    name: str

    def plan(self, request: PlanRequest) -> VideoSceneLayout: ...


def _cues() -> Planner:
    from .cue_planner import CuePlanner

    return CuePlanner()


#: Planner name -> how to make it (imports happen there).
PLANNERS: dict[str, Callable[[], Planner]] = {"cues": _cues}


def get_planner(name: str) -> Planner:
    if name not in PLANNERS:
        raise InputError(f"there is no planner '{name}': choose {', '.join(PLANNERS)}")
    return PLANNERS[name]()


def parse_objects(text: str | None) -> tuple[str, ...]:
    """Names from a comma-separated text; InputError if there are too many or too long ones."""
    names = tuple(" ".join(part.split()) for part in (text or "").split(","))
    names = tuple(name for name in names if name)
    if len(names) > MAX_NAMES:
        raise InputError(f"name at most {MAX_NAMES} objects, not {len(names)}")
    for name in names:
        if len(name) > MAX_NAME_LENGTH:
            raise InputError(
                f"'{name[:20]}...' is too long for a name (over {MAX_NAME_LENGTH} letters)"
            )
    return names
