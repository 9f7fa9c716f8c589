"""What VACE is shown besides the text: a control video, a first frame, pictures of the objects.

VACE (Jiang et al., ICCV 2025) was trained with outlines of boxes and with depth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from torch import nn

from ....errors import InputError
from ....layout import VideoSceneLayout
from ...conditioning import FrameConditions
from ...controls.depth import box_depth
from ...controls.outlines import outlines
from ...controls.pictures import fill, read_picture, references, unused
from ...registry import Settled

#: Grounding -> how a layout is shown, as (F, H, W, 3) uint8 of a size (width, height).
SHOWN: dict[str, Callable[[FrameConditions, tuple[int, int]], np.ndarray]] = {
    "outlines": outlines,
    "depth": box_depth,
}
#: What VACE takes for a frame of which nothing is known.
GREY = 128


@dataclass(frozen=True)
class Control:
    """The control of one render.

    Attributes
    ----------
    video
        (F, H, W, 3) uint8, of the size of the output (else VACE misplaces it).
    start
        (H, W, 3) uint8, the first frame itself; None if it is free.
    references
        pictures (h, w, 3) uint8 of objects.
    """

    video: np.ndarray
    start: np.ndarray | None = None
    references: tuple[np.ndarray, ...] = ()

    def arguments(self) -> dict[str, Any]:
        """As `WanVACEPipeline` takes it; what is masked white is generated."""
        frames = [Image.fromarray(frame) for frame in self.video]
        white = Image.new("L", frames[0].size, 255)
        masks = [white] * len(frames)
        if self.start is not None:
            frames[0], masks[0] = Image.fromarray(self.start), Image.new("L", white.size, 0)
        pictures = [Image.fromarray(picture) for picture in self.references]
        return {"video": frames, "mask": masks, "reference_images": pictures or None}


@dataclass(frozen=True)
class Pictures:
    """What the user gives: the first frame (h, w, 3) uint8 or None, pictures of objects, and what
    is to be said of those that are lacking."""

    first: np.ndarray | None = None
    objects: tuple[np.ndarray, ...] = ()
    note: str = ""


def read_pictures(layout: VideoSceneLayout, settled: Settled) -> Pictures:
    """Those that the options of VACE name.

    Raises
    ------
    InputError
        one can't be read or is lacking, none is of an object, or two control videos are asked for.
    """
    if set(SHOWN) <= set(settled.kinds):
        raise InputError("VACE is shown one control video: take outlines or depth, not both")
    options = settled.options
    first = read_picture(options.start_picture) if options.start_picture else None
    if options.references is None:
        lacking = unused(layout)
        return Pictures(first, note=lacking and f"{lacking} (--references names their folder)")
    return Pictures(first, tuple(references(options.references, layout.objects).values()))


def control_of(
    pictures: Pictures,
    kinds: tuple[str, ...],
    conditions: FrameConditions,
    size_wh: tuple[int, int],
) -> Control | None:
    """The control of F frames of that size; None where nothing is shown."""
    shown = [SHOWN[kind](conditions, size_wh) for kind in kinds if kind in SHOWN]
    if not shown and pictures.first is None and not pictures.objects:
        return None
    grey = np.full((len(conditions.boxes), size_wh[1], size_wh[0], 3), GREY, np.uint8)
    first = None if pictures.first is None else fill(pictures.first, size_wh)
    return Control(shown[0] if shown else grey, first, pictures.objects)


class ControlScale:
    """A factor on what the control blocks of VACE's transformers add, switched by the schedule."""

    def __init__(self, *transformers: nn.Module) -> None:
        self.factor, self.on = 1.0, True
        for transformer in transformers:
            transformer.register_forward_pre_hook(self.enter, with_kwargs=True)

    @contextmanager
    def at(self, factor: float, on: bool) -> Iterator[None]:
        """While in the block; the model's own again afterwards, also after an error."""
        self.factor, self.on = factor, on
        try:
            yield
        finally:
            self.factor, self.on = 1.0, True

    def enter(
        self, _module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Pre-hook of a transformer; Wan's without control gets no scale."""
        scale = kwargs.get("control_hidden_states_scale")
        factor = self.factor if self.on else 0.0
        if scale is None or factor == 1.0:
            return None
        return args, {**kwargs, "control_hidden_states_scale": scale * factor}
