"""Values from outside, of the kind that they should be: the API takes any JSON."""

from __future__ import annotations

import math
from typing import Any

from spa2v_core.errors import InputError


def text_of(value: Any, name: str) -> str:
    """A text; nothing is "". InputError if it is anything else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(f"{name} must be a text")
    return value.encode("utf-8", "replace").decode()  # half a letter is none


def number_of(value: Any, name: str) -> float | None:
    """A number; nothing is None. InputError if it is anything else, or none that is finite."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} must be a number")
    if not abs(value) < 1e15:  # NaN is not, nor integers that no float holds
        raise InputError(f"{name} must be a number that makes sense")
    return float(value)


def whole_of(value: Any, name: str) -> int:
    """A whole number; nothing is 0."""
    number = number_of(value, name) or 0.0
    return math.trunc(number)
