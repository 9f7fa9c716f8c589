"""The planner seam: audio and its cues in, a video scene layout out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from ..audio.cues import SpatialCues
from ..audio.hearing import Heard
from ..audio.io import AudioClip
from ..errors import InputError
from ..layout import VideoSceneLayout
from .settings import ProviderSettings

MAX_NAMES = 4
MAX_NAME_LENGTH = 60


@dataclass(frozen=True)
class ModelOptions:
    """How a multimodal model is asked; the paper's settings are the defaults.

    Attributes
    ----------
    settings: which model, where, with which key.
    shots: examples in the conversation, 0 to 3; random_shots: not the nearest (an ablation).
    spatial_reasoning, cue_table, parts: whether it reasons, sees the measured cues, and hears the
    left and right channels by themselves too.
    own_exemplars: a person's own database.
    embedding: of the recording by CLAP, where that listens: examples are chosen by it too.
    reuse: whether a reply to the same request is taken from the cache.
    fall_back: whether the offline planner steps in where the model fails (said in the report).
    """

    settings: ProviderSettings = field(default_factory=ProviderSettings)
    shots: int = 3
    random_shots: bool = False
    spatial_reasoning: bool = True
    cue_table: bool = True
    parts: bool = False
    hint: str = ""
    own_exemplars: Path | None = None
    embedding: tuple[float, ...] = ()
    reuse: bool = True
    fall_back: bool = False


@dataclass
class PlanReport:
    """What passed between us and a model.

    Attributes
    ----------
    conversation: (role, text) of every turn. exemplars: names of the examples shown.
    notes: repairs and other things to know. model: which answered.
    tokens_in, tokens_out: of all turns; reused: from the cache, nothing was spent.
    """

    conversation: list[tuple[str, str]] = field(default_factory=list)
    exemplars: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    reused: bool = False

    def summary(self, prices: Mapping[str, tuple[float, float]]) -> str:
        """One line on what it took; "" if no model was asked."""
        if not self.model:
            return ""
        if self.reused:
            return f"{self.model}: an earlier reply to the same request was used again, at no cost"
        cost = self.cost(prices)
        spent = "" if cost is None else f", {cost:.4f} by the price table"
        return f"{self.model}: {self.tokens_in} tokens in, {self.tokens_out} out{spent}"

    def cost(self, prices: Mapping[str, tuple[float, float]]) -> float | None:
        """In the table's currency; `prices`: model -> per million tokens in and out."""
        if self.reused:
            return 0.0
        price = next((prices[name] for name in prices if self.model.startswith(name)), None)
        if price is None:
            return None
        return (self.tokens_in * price[0] + self.tokens_out * price[1]) / 1e6


@dataclass(frozen=True)
class PlanRequest:
    """What a planner is given.

    Attributes
    ----------
    clip: the span to plan (at most 10 s); cues: measured in it; heard: its sources, the loudest
    first, with their tags.
    objects: what the user hears, if told, in order of loudness.
    seed: for planners that sample.
    options: for planners that ask a model.
    current, change: a layout and what to change about it, in the user's words.
    report: filled in by planners that ask a model.
    """

    clip: AudioClip
    cues: SpatialCues
    heard: tuple[Heard, ...]
    objects: tuple[str, ...] = ()
    seed: int = 0
    options: ModelOptions = field(default_factory=ModelOptions)
    current: VideoSceneLayout | None = None
    change: str = ""
    report: PlanReport = field(default_factory=PlanReport)


class Planner(Protocol):
    """Plans a layout; raises PlannerError when it can't."""

    name: str

    def plan(self, request: PlanRequest) -> VideoSceneLayout: ...


def _cues() -> Planner:
    from .cue_planner import CuePlanner

    return CuePlanner()


def _model(provider: str) -> Planner:
    from .model_planner import ModelPlanner

    return ModelPlanner(provider)


#: File with prices: {"model": [per million tokens in, out]}; models by the start of their name.
PRICES = "SPA2V_PRICES"


def read_prices(path: Path | None = None) -> dict[str, tuple[float, float]]:
    """The price table of a file, or of the one that `SPA2V_PRICES` names; empty without."""
    name = path or os.environ.get(PRICES)
    if not name:
        return {}
    try:
        table = json.loads(Path(name).read_text(encoding="utf-8"))
        return {str(model): (float(cost[0]), float(cost[1])) for model, cost in table.items()}
    except (OSError, ValueError, TypeError, AttributeError, LookupError) as error:
        raise InputError(
            f'{name} is no price table: {{"model": [per million tokens in, out]}} is expected'
        ) from error


#: Planner name -> how to make it (imports happen there).
PLANNERS: dict[str, Callable[[], Planner]] = {
    "cues": _cues,
    "gemini": partial(_model, "gemini"),
    "openai": partial(_model, "openai"),
    "local": partial(_model, "local"),
}


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
