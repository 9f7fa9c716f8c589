"""The backend seam: a request in, a stream of events out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

import numpy as np

from ..audio.clip import AudioClip
from ..errors import InputError
from ..layout import VideoSceneLayout
from .conditioning import CaptionMode
from .hardware import Memory

#: A clip may differ from the layout's duration by this share before it must be rescaled.
DURATION_TOLERANCE = 0.02
ASPECT = 1.6
MAX_SEED = 2**31 - 1
MIN_FRAMES, MAX_FRAMES = 8, 128
MAX_FPS = 60


@dataclass(frozen=True)
class RenderOptions:
    """Departures from a preset; None or "" keeps the preset's, or the backend's own.

    Attributes
    ----------
    steps: denoising steps, 1..100.
    guidance_scale: classifier-free guidance, 1..30.
    grounding_share: share of the steps, from the first, that are grounded, 0..1.
    negative_prompt: what the picture should not hold.
    frames: that are generated, 8..128; more than 16 in overlapping windows (wan: none).
    fps: of the exported video, by interpolation, up to 60; 0 keeps the generated frames.
    weights: folder of the weights in place of the shipped ones or the hub's
        (full size: base/, motion/, grounding/).
    base: SD 1.5 checkpoint in place of the default: a folder, a .safetensors file or a hub id.
    motion: motion adapter likewise.
    lora: a .safetensors file, with ":0.8" at its end for its scale.
    memory: how the graphics memory is used, "auto" by what is found.
    compile: compile the UNet (the first render takes minutes more, later ones less).
    migc: MIGC's checkpoint, which the user supplies.
    accept_noncommercial: its licence (research only) is accepted.
    """

    steps: int | None = None
    guidance_scale: float | None = None
    grounding_share: float | None = None
    negative_prompt: str | None = None
    frames: int | None = None
    fps: float | None = None
    weights: Path | None = None
    base: str = ""
    motion: str = ""
    lora: str = ""
    memory: Memory = "auto"
    compile: bool = False
    migc: Path | None = None
    accept_noncommercial: bool = False

    def negative_prompt_or(self, default: str) -> str:
        return default if self.negative_prompt is None else self.negative_prompt

    def __post_init__(self) -> None:
        if self.frames is not None and not MIN_FRAMES <= self.frames <= MAX_FRAMES:
            raise InputError(f"frames must be {MIN_FRAMES} to {MAX_FRAMES}, not {self.frames}")
        if self.fps is not None and not 0 <= self.fps <= MAX_FPS:
            raise InputError(f"frames per second must be 0 to {MAX_FPS}, not {self.fps:g}")
        if self.memory not in get_args(Memory):
            raise InputError(f"memory must be {', '.join(get_args(Memory))}, not '{self.memory}'")


@dataclass(frozen=True)
class RenderRequest:
    """Everything a backend needs.

    Attributes
    ----------
    layout: what to draw; clip: its sound, as long as the layout (within 2%).
    backend: key of `catalog.BACKENDS`; preset: key of the backend's presets.
    seed: 0..2**31 - 1; captions: how the text of a frame is made.
    grounding: what puts objects into their boxes: "default", "none", or the backend's kinds,
        joined by "+".
    """

    layout: VideoSceneLayout
    clip: AudioClip
    backend: str = "mini"
    preset: str = "default"
    seed: int = 0
    captions: CaptionMode = "mix"
    grounding: str = "default"
    options: RenderOptions = RenderOptions()

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

    name: str

    def render(self, request: RenderRequest) -> Iterator[RenderEvent]: ...
