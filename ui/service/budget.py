"""What visitors of a public host may spend of the operator's keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from spa2v_core.errors import InputError
from spa2v_core.planning.registry import planner_spec
from spa2v_core.planning.report import PlanReport

from .guard import visitor_of

#: (who, what, amount, limit) -> whether it stays within the limit of an hour.
Spend = Callable[[str, str, float, float], bool]


@dataclass(frozen=True)
class Budget:
    """Tokens of an hour; without `spend` nothing is counted."""

    spend: Spend | None = None
    tokens: float = float("inf")

    def check(self, owner: str, planner: str, values: Mapping[str, Any]) -> bool:
        """Whether a plan is on the operator's key; InputError if the visitor has none left."""
        if self.spend is None or not planner_spec(planner).asks_a_model or values.get("key"):
            return False
        if not self.spend(owner, "tokens", 1, self.tokens):
            raise InputError(
                "you have used what this app gives a visitor in an hour: wait, give a key of your "
                "own, or plan offline"
            )
        return True

    def pay(self, owner: str, report: PlanReport) -> None:
        if self.spend is not None and not report.reused:
            self.spend(owner, "tokens", report.tokens_in + report.tokens_out, float("inf"))


_current = Budget()


def use(budget: Budget) -> None:
    """Of the app that runs in this process."""
    global _current  # noqa: PLW0603 (one app a process)
    _current = budget


class Purse:
    """What one visitor's plan costs: `open` before it, `pay` after it."""

    def __init__(self, session: gr.Request | None, planner: str, values: Mapping[str, Any]) -> None:
        self.owner = visitor_of(session)[0]
        self.counted = _current.check(self.owner, planner, values)

    def pay(self, report: PlanReport) -> None:
        if self.counted:
            _current.pay(self.owner, report)
