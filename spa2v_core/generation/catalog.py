"""What can render: the backends with their presets and kinds of grounding (no torch needed)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from ..errors import InputError
from .base import RenderRequest, VideoBackend
from .schedule import Schedule, WanSchedule

FewStep = Literal["", "lightning", "lcm"]


@dataclass(frozen=True)
class Preset:
    """A named way to render.

    Attributes
    ----------
    label: for people; about: what it costs or gives, one line.
    frames: that are generated; fps: of the exported video, by interpolation.
    few_step: the distilled motion modules that it takes.
    """

    label: str
    about: str
    schedule: Schedule
    frames: int = 16
    fps: float = 24.0
    few_step: FewStep = ""
    low_memory: bool = False


@dataclass(frozen=True)
class BackendInfo:
    """A backend and what one can ask of it.

    Attributes
    ----------
    groundings: its kinds; default_grounding: those of "default".
    needs_gpu: whether it is of no use on a CPU.
    weights: keys of `hub.MODELS` that its default needs.
    """

    label: str
    make: Callable[[], VideoBackend]
    presets: dict[str, Preset]
    groundings: tuple[str, ...]
    default_grounding: tuple[str, ...]
    needs_gpu: bool = False
    weights: tuple[str, ...] = ()


def _mini() -> VideoBackend:
    from .backends.mini import MiniBackend

    return MiniBackend()


def _animatediff() -> VideoBackend:
    from .backends.animatediff import AnimateDiffBackend

    return AnimateDiffBackend()


def _wan() -> VideoBackend:
    from .backends.wan import WanBackend
    from .draft import mini_draft

    return WanBackend(mini_draft)


_MINI = {  # its weights hold guidance in themselves (training/mini/few_step.py)
    "draft": Preset("Draft", "2 steps", Schedule(2, 1.0)),
    "default": Preset("Default", "4 steps", Schedule(4, 1.0)),
    "quality": Preset("Quality", "15 steps, 32 frames", Schedule(15, 1.0), frames=32),
}
_ANIMATEDIFF = {
    "draft": Preset(
        "Draft",
        "12 steps, guided for half of them, inner features kept",
        Schedule(12, 7.5, guidance_share=0.6, grounding_share=0.4, cache=True),
    ),
    "default": Preset("Default", "25 steps, as in the paper", Schedule(25, 7.5, 1.0, 0.4)),
    "quality": Preset(
        "Quality", "30 steps, 32 frames in overlapping windows", Schedule(30, 7.5, 1.0, 0.4), 32
    ),
    "fast": Preset(
        "Fast",
        "4 steps of a distilled motion adapter",
        Schedule(4, 1.0, 0.0, 0.5),
        few_step="lightning",
    ),
    "lcm": Preset("LCM", "6 steps of AnimateLCM", Schedule(6, 2.0, 1.0, 0.5), few_step="lcm"),
    "low_memory": Preset(
        "Low memory",
        "as default, for cards of 6 to 8 GB",
        Schedule(25, 7.5, 0.6, 0.4),
        low_memory=True,
    ),
}
_WAN = {
    "draft": Preset(
        "Draft",
        "15 steps, 512x320",
        WanSchedule(15, 5.0, 0.6, 0.4, size_wh=(512, 320)),
        frames=81,
    ),
    "fast": Preset("Fast", "20 steps", WanSchedule(20, 5.0, 0.5, 0.4), frames=81),
    "default": Preset("Default", "30 steps", WanSchedule(30, 5.0, 0.8, 0.4), frames=81),
    "quality": Preset("Quality", "50 steps", WanSchedule(50, 5.0, 1.0, 0.4), frames=81),
}

BACKENDS: dict[str, BackendInfo] = {
    "mini": BackendInfo(
        "Mini (cartoon)",
        _mini,
        _MINI,
        ("instance", "attention", "energy"),
        ("instance",),
    ),
    "animatediff": BackendInfo(
        "AnimateDiff (full size)",
        _animatediff,
        _ANIMATEDIFF,
        ("gligen", "attention", "energy", "migc"),
        ("gligen",),
        needs_gpu=True,
        weights=("sd15", "motion", "gligen"),
    ),
    "wan": BackendInfo(
        "Wan 2.1",
        _wan,
        _WAN,
        ("boxes", "draft"),
        ("boxes", "draft"),
        needs_gpu=True,
        weights=("wan",),
    ),
}


def backend_info(name: str) -> BackendInfo:
    if name not in BACKENDS:
        raise InputError(f"there is no backend '{name}': choose {', '.join(BACKENDS)}")
    return BACKENDS[name]


def settle(request: RenderRequest) -> tuple[Preset, tuple[str, ...]]:
    """The preset with the request's own options, and the kinds of grounding that are used."""
    info, options = backend_info(request.backend), request.options
    if request.preset not in info.presets:
        raise InputError(
            f"there is no preset '{request.preset}' of {request.backend}: "
            f"choose {', '.join(info.presets)}"
        )
    preset = info.presets[request.preset]
    kinds = grounding_kinds(request.grounding, info)
    given = {
        "steps": options.steps,
        "guidance_scale": options.guidance_scale,
        "grounding_share": options.grounding_share if kinds else 0.0,
    }
    changed = {name: value for name, value in given.items() if value is not None}
    return (
        replace(
            preset,
            schedule=replace(preset.schedule, **changed),  # type: ignore[arg-type]
            frames=preset.frames if options.frames is None else options.frames,
            fps=preset.fps if options.fps is None else options.fps,
        ),
        kinds,
    )


def grounding_kinds(text: str, info: BackendInfo) -> tuple[str, ...]:
    """Kinds from "default", "none" or names joined by "+"."""
    if text == "default":
        return info.default_grounding
    if text == "none":
        return ()
    kinds = tuple(dict.fromkeys(part.strip() for part in text.split("+")))
    unknown = [kind for kind in kinds if kind not in info.groundings]
    if unknown:
        raise InputError(
            f"this backend has no grounding '{unknown[0]}': choose default, none or "
            f"{', '.join(info.groundings)} (joined by + where they combine)"
        )
    if "migc" in kinds and len(kinds) > 1:
        raise InputError("migc replaces the layers that other groundings use: take it alone")
    return kinds
