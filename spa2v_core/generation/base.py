"""The backend seam: a request in, a stream of events out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from ..audio.clip import AudioClip
from ..errors import InputError
from ..layout import VideoSceneLayout
from ..layout.picture import SHAPES, has_shape
from ..options import option
from .conditioning import CaptionMode

#: A clip may differ from the layout's duration by this share before it must be rescaled.
DURATION_TOLERANCE = 0.02
MAX_SEED = 2**31 - 1
MIN_FRAMES, MAX_FRAMES = 8, 256
MAX_FPS = 60


@dataclass(frozen=True)
class RenderOptions:
    """Departures from a preset that every backend takes; None keeps the preset's or the backend's
    own. A backend that takes more has a class of its own below this one."""

    steps: int | None = option(None, low=1, high=100, help="denoising steps", label="Steps")
    guidance_scale: float | None = option(
        None, low=1, high=30, help="guidance by the text", label="Guidance"
    )
    grounding_share: float | None = option(
        None, low=0, high=1, help="share of the steps with boxes", label="With boxes (share)"
    )
    frames: int | None = option(
        None,
        low=MIN_FRAMES,
        high=MAX_FRAMES,
        help="frames that are generated; above 16 in windows",
        label="Frames generated",
    )
    fps: float | None = option(
        None,
        low=0,
        high=MAX_FPS,
        help="frames a second of the video, by interpolation; 0: as generated",
        label="Frames a second",
    )
    negative_prompt: str | None = option(
        None, help="what should not be seen", label="What should not be seen"
    )
    weights: Path | None = option(
        None,
        metavar="DIR",
        help="folder of other weights",
        label="Weights",
        on_page=False,
        of_this_machine=True,
    )


@dataclass(frozen=True)
class RenderRequest:
    """Everything a backend needs.

    Attributes
    ----------
    layout
        what to draw, of a shape of `layout.picture.SHAPES`.
    clip
        its sound, as long as the layout (within 2%).
    backend
        name in `registry.BACKENDS`.
    preset
        key of the backend's presets.
    seed
        0..2**31 - 1.
    captions
        how the text of a frame is made.
    grounding
        what puts objects into their boxes: "default", "none", or the backend's kinds, joined by
        "+".
    options
        name -> value of the backend's options, those that depart from the preset.
    """

    layout: VideoSceneLayout
    clip: AudioClip
    backend: str = "mini"
    preset: str = "default"
    seed: int = 0
    captions: CaptionMode = "mix"
    grounding: str = "default"
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= MAX_SEED:
            raise InputError(f"the seed must be 0 to {MAX_SEED}, not {self.seed}")
        if not has_shape(self.layout.size_wh, self.layout.shape):
            raise InputError(
                f"the layout is {self.layout.width}x{self.layout.height}; only "
                f"{', '.join(SHAPES)} can be rendered"
            )
        difference = abs(self.clip.duration_s - self.layout.duration_s) / self.layout.duration_s
        if difference > DURATION_TOLERANCE:
            raise InputError(
                f"the layout is for {self.layout.duration_s:.2f} s and the audio is "
                f"{self.clip.duration_s:.2f} s long: choose a span of that length, plan again, or "
                "rescale the layout (--rescale on the command line)"
            )


@dataclass(frozen=True)
class Progress:
    """Work done: `done` of `total` in a stage, and the seconds that are probably left."""

    stage: Literal["load", "denoise", "decode", "smooth", "export"]
    done: int
    total: int
    remaining_s: float | None = None


@dataclass(frozen=True)
class Preview:
    """A cheap look at the video: one RGB frame (H, W, 3) uint8 after `step` steps."""

    step: int
    picture: np.ndarray


@dataclass(frozen=True)
class Notice:
    """Something the user should know, such as what an unknown name is drawn as."""

    text: str


@dataclass(frozen=True)
class Frames:
    """The video: (F, H, W, 3) uint8 RGB."""

    frames: np.ndarray


RenderEvent = Progress | Preview | Notice | Frames


class VideoBackend(Protocol):
    """Renders a request. Closing the iterator cancels the render within one step."""

    def render(self, request: RenderRequest) -> Iterator[RenderEvent]: ...
