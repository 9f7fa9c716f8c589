"""What a backend and a kind of grounding say of themselves; nothing heavy is imported for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..options import options_of
from .base import RenderOptions, RenderRequest, VideoBackend
from .schedule import Schedule

FewStep = Literal["", "lightning", "lcm"]
#: What a grounding that any backend of a family can use is grafted onto; "" is of no one's.
Family = Literal["", "unet", "wan", "ltx"]


@dataclass(frozen=True)
class Preset:
    """A named way to render.

    Attributes
    ----------
    label
        for people.
    about
        what it costs or gives, one line.
    frames
        that are generated.
    fps
        of the exported video, by interpolation.
    few_step
        the distilled motion modules that it takes.
    """

    label: str
    about: str
    schedule: Schedule
    frames: int = 16
    fps: float = 24.0
    few_step: FewStep = ""
    low_memory: bool = False


@dataclass(frozen=True)
class MemoryUse:
    """What a render takes of the main memory, GB, as measured.

    Attributes
    ----------
    base
        the program and its models.
    frame
        each generated frame.
    kinds
        of grounding -> (each frame, each object in each frame), on top of that.
    """

    base: float
    frame: float
    kinds: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def gigabytes(self, frames: int, objects: int, kinds: Sequence[str]) -> float:
        each = self.frame
        for kind in kinds:
            of_frame, of_object = self.kinds.get(kind, (0.0, 0.0))
            each += of_frame + objects * of_object
        return self.base + frames * each


@dataclass(frozen=True)
class BackendSpec:
    """A backend and what one can ask of it.

    Attributes
    ----------
    label
        for people.
    make
        the backend, whose libraries are imported only then.
    presets
        by name, "default" among them.
    options
        dataclass of what it takes besides, `RenderOptions` with its own.
    groundings
        kinds of its own.
    default_grounding
        those of "default".
    combinations
        kinds joined by "+" that are worth offering.
    family
        whose shared groundings it takes too.
    needs_gpu
        whether it is of no use on a CPU.
    weights
        keys of `hub.MODELS` that its default needs.
    weights_variable
        environment variable that names a folder to take them from instead.
    download
        the command that gets a folder of weights, where the hub's are not pinned.
    memory
        what it takes of the main memory; None where it is a card's that counts.
    finish
        what is done at last with all frames (F, H, W, 3) uint8 of a video, those between too.
    """

    label: str
    make: Callable[[], VideoBackend]
    presets: dict[str, Preset]
    options: type[RenderOptions] = RenderOptions
    groundings: tuple[str, ...] = ()
    default_grounding: tuple[str, ...] = ()
    combinations: tuple[str, ...] = ()
    family: Family = ""
    needs_gpu: bool = False
    weights: tuple[str, ...] = ()
    weights_variable: str = ""
    download: str = ""
    memory: MemoryUse | None = None
    finish: Callable[[np.ndarray, RenderRequest], np.ndarray] | None = None

    def __post_init__(self) -> None:
        options_of(self.options)  # a fault of these is told here, where only this is lost
        if "default" not in self.presets or not issubclass(self.options, RenderOptions):
            raise TypeError('a backend has a preset "default" and options of RenderOptions')


@dataclass(frozen=True)
class GroundingSpec:
    """A kind of grounding.

    Attributes
    ----------
    label
        for people.
    alone
        it can't be combined with others.
    family
        of the backends that can use it.
    make
        the grounding (`grounding.base.Grounding`) where it needs no weights, so that every backend
        of the family takes it; None where it belongs to the backends that name it.
    view
        what the model is given of the layout, as pictures: a key of `controls.views.VIEWS`; "" for
        none.
    """

    label: str
    alone: bool = False
    family: Family = "unet"
    make: Callable[[], Any] | None = None
    view: str = ""
