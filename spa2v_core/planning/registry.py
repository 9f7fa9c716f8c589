"""Which planners there are: the built-in ones, others by the entry point `spa2v.planners`, and one
for every provider of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InputError
from ..options import settle
from ..registry import Registry
from . import model_planner
from .base import Planner, PlannerSpec
from .providers.registry import PROVIDERS

DEFAULT = "cues"
PLANNERS: Registry[PlannerSpec] = Registry(
    "planner", PlannerSpec, "spa2v.planners", {"cues": "spa2v_core.planning.cue_planner:SPEC"}
)


def planners() -> dict[str, PlannerSpec]:
    """Name -> planner, in the order in which they are offered."""
    found = PLANNERS.all()
    for name, provider in PROVIDERS.all().items():
        found.setdefault(name, model_planner.spec(name, provider))
    return found


def names() -> tuple[str, ...]:
    """All names, also of what can't be loaded (`planner_spec` says why)."""
    return tuple(dict.fromkeys((*PLANNERS.names(), *PROVIDERS.names())))


def planner_spec(name: str) -> PlannerSpec:
    """The planner of that name; InputError if there is none."""
    if name in PLANNERS.names():
        return PLANNERS.get(name)
    if name in PROVIDERS.names():
        return model_planner.spec(name, PROVIDERS.get(name))
    raise InputError(f"there is no planner '{name}': choose {', '.join(names())}")


def get_planner(name: str) -> Planner:
    return planner_spec(name).make()


def options_for(name: str, given: Mapping[str, Any]) -> Any:
    """The planner's options with what was given; InputError for what it doesn't take."""
    takers = {other: spec.options for other, spec in planners().items()}
    return settle(name, planner_spec(name).options, given, takers)
