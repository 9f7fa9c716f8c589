"""The mini backend: the embedded cartoon model, offline, on a CPU."""

from __future__ import annotations

import numpy as np

from ...base import RenderRequest, VideoBackend
from ...schedule import Schedule
from ...spec import BackendSpec, MemoryUse, Preset


def _make() -> VideoBackend:
    from .backend import MiniBackend

    return MiniBackend()


def _finish(frames: np.ndarray, request: RenderRequest) -> np.ndarray:
    from .weather import with_weather

    return with_weather(frames, request)


SPEC = BackendSpec(
    label="Mini (cartoon)",
    make=_make,
    presets={  # its weights hold guidance in themselves (training/mini/few_step.py)
        "draft": Preset("Draft", "2 steps", Schedule(2, 1.0)),
        "default": Preset("Default", "4 steps", Schedule(4, 1.0)),
        "quality": Preset("Quality", "15 steps, 32 frames", Schedule(15, 1.0), frames=32),
    },
    groundings=("instance",),
    default_grounding=("instance",),
    family="unet",
    memory=MemoryUse(0.65, 0.0075, {"energy": (0.03, 0.003)}),
    finish=_finish,
)
