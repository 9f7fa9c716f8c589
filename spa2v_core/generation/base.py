"""The backend seam: a request in, a stream of events out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from ..audio.io import AudioClip
from ..errors import InputError
from ..layout import VideoSceneLayout
from .conditioning import CaptionMode

#: A clip may differ from the layout's duration by this share before it must be rescaled.
DURATION_TOLERANCE = 0.02
ASPECT = 1.6
MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class RenderRequest:
    """Everything a backend needs.

    Attributes
    ----------
    layout: what to draw; clip: its sound, as long as the layout (within 2%).
    backend: key of `BACKENDS`; preset: key of the backend's presets.
    steps: denoising steps, None for the preset's.
    seed: 0..2**31 - 1; captions: how the text of a frame is made.
    grounding: whether the boxes are used.
    weights: folder of the weights, None for the shipped ones.
    """

    layout: VideoSceneLayout
    clip: AudioClip
    backend: str = "mini"
    preset: str = "default"
    steps: int | None = None
    seed: int = 0
    captions: CaptionMode = "mix"
    grounding: bool = True
    weights: Path | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= MAX_SEED:
            raise InputError(f"the seed must be 0 to {MAX_SEED}, not {self.seed}")
        ratio = self.layout.width / self.layout.height
        if abs(ratio - ASPECT) > 0.01:
            raise InputError(
                f"the layout is {self.layout.width}x{self.layout.height}; only 8:5 (512x320) "
                "can be rendered"
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

    stage: Literal["load", "denoise", "decode", "export"]
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

    name: str

    def render(self, request: RenderRequest) -> Iterator[RenderEvent]: ...


def _mini() -> VideoBackend:
    from .backends.mini import MiniBackend

    return MiniBackend()


#: Backend name -> how to make it (torch and diffusers are imported there).
BACKENDS: dict[str, Callable[[], VideoBackend]] = {"mini": _mini}


def get_backend(name: str) -> VideoBackend:
    if name not in BACKENDS:
        raise InputError(f"there is no backend '{name}': choose {', '.join(BACKENDS)}")
    return BACKENDS[name]()
