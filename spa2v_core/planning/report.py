"""What passed between us and a model, and what it cost by a person's own price table."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError

#: File with prices: {"model": [per million tokens in, out]}; models by the start of their name.
PRICES = "SPA2V_PRICES"


@dataclass
class PlanReport:
    """What passed between us and a model; empty where none was asked.

    Attributes
    ----------
    conversation
        (role, text) of every turn.
    exemplars
        names of the examples shown.
    notes
        repairs and other things to know.
    model
        which answered.
    tokens_in, tokens_out
        of all turns.
    thoughts
        how many of what is out a model thought to itself.
    reused
        from the cache, nothing was spent.
    """

    conversation: list[tuple[str, str]] = field(default_factory=list)
    exemplars: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    thoughts: int = 0
    reused: bool = False

    def summary(self, prices: Mapping[str, tuple[float, float]]) -> str:
        """One line on what it took; "" if no model was asked."""
        if not self.model:
            return ""
        if self.reused:
            return f"{self.model}: an earlier reply to the same request was used again, at no cost"
        cost = self.cost(prices)
        spent = "" if cost is None else f", {cost:.4f} by the price table"
        thought = f" ({self.thoughts} of them thoughts)" if self.thoughts else ""
        return f"{self.model}: {self.tokens_in} tokens in, {self.tokens_out} out{thought}{spent}"

    def cost(self, prices: Mapping[str, tuple[float, float]]) -> float | None:
        """In the table's currency; `prices`: model -> per million tokens in and out."""
        if self.reused:
            return 0.0
        price = next((prices[name] for name in prices if self.model.startswith(name)), None)
        if price is None:
            return None
        return (self.tokens_in * price[0] + self.tokens_out * price[1]) / 1e6


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
