"""Which backends and groundings there are, and what a request comes to.

Others are added by the entry points `spa2v.backends` (a `BackendSpec`) and `spa2v.groundings` (a
`GroundingSpec`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from .. import options as declared
from ..errors import InputError
from ..layout.picture import SHAPES, STANDARD
from ..registry import Registry
from .base import RenderOptions, RenderRequest
from .spec import BackendSpec, Family, GroundingSpec, Preset

BACKENDS: Registry[BackendSpec] = Registry(
    "backend",
    BackendSpec,
    "spa2v.backends",
    {
        name: f"spa2v_core.generation.backends.{where}"
        for name, where in {
            "mini": "mini.spec:SPEC",
            "animatediff": "animatediff.spec:SPEC",
            "wan": "wan.spec:SPEC",
            "vace": "wan.spec:VACE",
            "ltx": "ltx.spec:SPEC",
        }.items()
    },
)
GROUNDINGS: Registry[GroundingSpec] = Registry(
    "grounding",
    GroundingSpec,
    "spa2v.groundings",
    {
        name: f"spa2v_core.generation.grounding.kinds:{name.upper().replace('-', '_')}"
        for name in (
            *("instance", "gligen", "attention", "energy", "migc"),
            *("boxes", "draft", "outlines", "depth", "trails", "time-to-move"),
        )
    },
)


@dataclass(frozen=True)
class Settled:
    """A request with everything decided.

    Attributes
    ----------
    preset
        with the request's own numbers.
    kinds
        of grounding that are used.
    options
        of the backend's own class.
    shape
        width to height of the picture, a key of `layout.picture.SHAPES`.
    """

    spec: BackendSpec
    preset: Preset
    kinds: tuple[str, ...]
    options: Any
    shape: str = STANDARD


def settle(request: RenderRequest) -> Settled:
    """The backend, preset, groundings and options of a request.

    Raises
    ------
    InputError
        there is no such backend, preset, grounding or option, or a value is out of range.
    """
    spec = BACKENDS.get(request.backend)
    if request.preset not in spec.presets:
        raise InputError(
            f"there is no preset '{request.preset}' of {request.backend}: "
            f"choose {', '.join(spec.presets)}"
        )
    takers = {name: one.options for name, one in BACKENDS.all().items()}
    options = declared.settle(request.backend, spec.options, request.options, takers)
    kinds = grounding_kinds(request.grounding, spec)
    preset = _changed(spec.presets[request.preset], options, kinds)
    return Settled(spec, preset, kinds, options, _shape(request, options, takers))


def _shape(request: RenderRequest, options: RenderOptions, takers: Mapping[str, type]) -> str:
    """What is asked for, else the layout's own, where the backend can draw it."""
    asked = getattr(options, "aspect", None)
    if asked in SHAPES:
        return asked
    if asked is None and request.layout.shape != STANDARD:
        able = [name for name, owner in takers.items() if hasattr(owner, "aspect")]
        raise InputError(
            f"the layout is {request.layout.shape}; only {STANDARD} can be rendered by "
            f"{request.backend}: choose {', '.join(able)}"
        )
    return request.layout.shape


def _changed(preset: Preset, options: RenderOptions, kinds: tuple[str, ...]) -> Preset:
    """The preset with those options that are numbers of its schedule, and its frames."""
    named = {field.name: getattr(options, field.name, None) for field in fields(preset.schedule)}
    changed = {name: value for name, value in named.items() if value is not None}
    if not kinds:
        changed["grounding_share"] = 0.0
    return replace(
        preset,
        schedule=replace(preset.schedule, **changed),
        frames=preset.frames if options.frames is None else options.frames,
        fps=preset.fps if options.fps is None else options.fps,
    )


def kinds_of(spec: BackendSpec) -> tuple[str, ...]:
    """Groundings that a backend takes: its own, then the shared ones of its family."""
    return tuple(dict.fromkeys((*spec.groundings, *shared_groundings(spec.family))))


def shared_groundings(family: Family) -> dict[str, Callable[[], Any]]:
    """How the groundings that every backend of a family takes are made, by kind."""
    return {
        name: kind.make
        for name, kind in GROUNDINGS.all().items()
        if kind.make is not None and kind.family == family
    }


def grounding_kinds(text: str, spec: BackendSpec) -> tuple[str, ...]:
    """Kinds from "default", "none" or names joined by "+".

    Raises
    ------
    InputError
        the backend has no such grounding, or they can't be combined.
    """
    if text == "default":
        return spec.default_grounding
    if text == "none":
        return ()
    kinds, known = tuple(dict.fromkeys(part.strip() for part in text.split("+"))), kinds_of(spec)
    unknown = [kind for kind in kinds if kind not in known]
    if unknown:
        raise InputError(
            f"this backend has no grounding '{unknown[0]}': choose default, none or "
            f"{', '.join(known)} (joined by + where they combine)"
        )
    alone = [kind for kind in kinds if GROUNDINGS.get(kind).alone]
    if alone and len(kinds) > 1:
        raise InputError(f"{alone[0]} replaces the layers that other groundings use: take it alone")
    return kinds
