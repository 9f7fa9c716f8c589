"""Damage to bytes and to JSON values."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

#: Integers that headers are broken with.
EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, -(10**30), 0.5, -0.0, 1e308, 1e-320,
    float("inf"), float("-inf"), float("nan"), "", "0", "car", "\ud800", "\0", "a" * 5000,
    "<script>alert(1)</script>", "../../etc/passwd", [], {}, [[]], [0, 0, 1, 1], [1, 0, 0, 1],
    [0.1, 0.1, 0.2], [10, 20, 300, 400], ["0", "0", "1", "1"], {"a": {"b": []}},
)  # fmt: skip
KEYS = ("id", "name", "box", "bbox", "frames", "objects", "layout", "keyframes", "duration_s",
        "fps", "start", "end", "frame", "version", "self", "annotations", "caption")  # fmt: skip


def damaged(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Bytes with one to four kinds of damage, more often near the start, where headers are."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if not out:
            break
        at = rng.randrange(min(len(out), rng.choice((64, 512, len(out)))))
        size = rng.choice((1, 4, 64, 1000, len(out) // 3 + 1))
        kind = rng.randrange(9)
        if kind == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del out[rng.randrange(len(out)) :]
        elif kind == 2:
            del out[at : at + size]
        elif kind == 3:
            out[at:at] = rng.randbytes(size)
        elif kind == 4:
            out[at : at + size] = bytes(min(size, len(out) - at))
        elif kind == 5:
            out[at:at] = out[at : at + size]
        elif kind == 6:
            other = rng.choice(others)
            out[at:] = other[rng.randrange(len(other)) :]
        elif kind == 7:
            out += rng.choice(others)
        else:
            wide = rng.choice((1, 2, 4))
            value = rng.choice(EDGES) & (256**wide - 1)
            out[at : at + wide] = value.to_bytes(wide, rng.choice(("little", "big")))
    return bytes(out)


def changed(value: Any, rng: random.Random) -> Any:
    """A JSON value with one to three places changed."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        holder = _some_holder(value, rng)
        if holder is None:
            return rng.choice(NASTY)
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            continue
        key, kind = rng.choice(keys), rng.randrange(6)
        if kind == 0:
            del holder[key]
        elif kind == 1 and isinstance(holder, dict):
            holder[rng.choice(KEYS)] = holder.pop(key)
        elif kind == 2 and isinstance(holder, dict):
            holder[rng.choice(KEYS)] = rng.choice(NASTY)
        elif kind == 3 and isinstance(holder, list):
            holder.extend([holder[key]] * rng.choice((1, 10, 700)))
        else:
            holder[key] = rng.choice(NASTY)
    return value


def _some_holder(value: Any, rng: random.Random) -> Any:
    """A random dict or list inside a value."""
    found: list[Any] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, (dict, list)):
            found.append(one)
            waiting.extend(one.values() if isinstance(one, dict) else one[:40])
    return rng.choice(found) if found else None


def text_of(value: Any, rng: random.Random) -> str:
    """JSON, sometimes with text that JSON has not."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.1:
        text = text.replace("1", "1" * rng.choice((30, 400, 5000)), 1)
    return text
