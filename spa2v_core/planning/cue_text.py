"""What was measured and recognised, as text that a model reads: every curve by the few frames
where it bends.

A curve `0:.12 7:.50 15:.88` goes straight from frame to frame. It stays as near to what was
measured as `TOLERANCES` says, so that nothing is lost that was measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .wording import QUOTED_BAND, QUOTED_NAME

#: Curve -> how far what is written may be from what was measured, rounding included.
TOLERANCES = {"x": 0.02, "level": 1.5, "difference": 0.3, "sure": 0.1, "away": 0.15}
#: Curve -> digits after the point.
DIGITS = {"x": 2, "level": 0, "difference": 1, "sure": 1, "away": 1}
#: Guesses, motions and scene words less likely than this are not worth a word.
UNLIKELY = 0.05


@dataclass(frozen=True)
class Told:
    """What of the measurements is told.

    Attributes
    ----------
    cues
        positions and levels.
    tags
        names with their kinds, the scene, and when they are heard.
    guesses
        how many names of a source.
    """

    cues: bool = True
    tags: bool = True
    guesses: int = 3


def cue_text(cues: Mapping[str, Any], told: Told = Told()) -> str:  # noqa: B008 (frozen)
    """Measured cues (`cues.json` form) as text."""
    count, seconds = cues["frame_count"], cues["duration_s"]
    channels = "stereo" if cues["channels"] == 2 else "mono"
    lines = [f"{seconds:.2f} s, {channels}; {count} frames of {seconds / count:.3f} s."]
    sources = cues["sources"]
    if told.cues:
        lines += _mix(cues["frames"], alone=len(sources) == 1)
    for index, source in enumerate(sources):
        lines += _source(index + 1, source, told, alone=len(sources) == 1)
    if told.tags and cues.get("scene"):
        said = ", ".join(f"{one['words']} {one['p']:.2f}" for one in cues["scene"])
        lines.append(f"scene: {said}")
    lines += [f"note: {note}" for note in cues["notes"]]
    return "\n".join(lines)


def _mix(frames: Mapping[str, Any], *, alone: bool) -> list[str]:
    """The whole recording; of a source that is alone its own line says the rest."""
    difference = curve(frames["band_level_difference_db"][QUOTED_BAND], "difference")
    lines = [f"right minus left, dB at {QUOTED_NAME}: {difference}"]
    if not alone:
        lines.append(f"level dB: {curve(frames['level_db'], 'level')}")
    return lines


def _source(number: int, source: Mapping[str, Any], told: Told, *, alone: bool) -> list[str]:
    head = [] if alone else [f"{source['share']:.0%} of the energy"]
    if told.tags:
        head += _names(source, told.guesses)
        spans = source.get("spans") or [[source["start_s"], source["end_s"]]]
        heard = ", ".join(f"{start:.1f}-{end:.1f}" for start, end in spans)
        head.append(f"heard {heard} s")
    motion = source.get("motion") or {}
    likely = sorted(((p, name) for name, p in motion.items() if p > UNLIKELY), reverse=True)
    if told.cues and likely:
        head.append("moves: " + ", ".join(f"{name} {p:.2f}" for p, name in likely))
    lines = [f"source {number}: {'; '.join(head)}"]
    if told.cues:
        sure = curve(source["confidence"], "sure")
        lines.append(f" position: {curve(source['x'], 'x')}; sure: {sure}")
        level = f" level dB: {curve(source['level_db'], 'level')}"
        if source.get("distance"):
            level += f"; distance (1: its mean): {curve(source['distance'], 'away')}"
        lines.append(level)
    return lines


def _names(source: Mapping[str, Any], guesses: int) -> list[str]:
    """Its likeliest names, and the kind where that is all that is sure."""
    found = [(name, p) for name, p in source["tags"][:guesses] if p > UNLIKELY]
    said = ", ".join(f"{name} {p:.2f}" for name, p in found) or "nothing known"
    kinds = [(name, p) for name, p in source.get("kinds", ())[:1] if not found or p > found[0][1]]
    of_kind = "".join(f" (kind: {name} {p:.2f})" for name, p in kinds if p > UNLIKELY)
    return [f"sounds like {said}{of_kind}"]


def curve(values: Sequence[float | None], kind: str) -> str:
    """A curve over all frames in the fewest letters: where it bends, or every frame.

    None is what is not known: `5:-` from frame 5 on.
    """
    digits = DIGITS[kind]
    rounding = 0.5 * 10.0**-digits
    bends = []
    for start, stop in _runs(values):
        if values[start] is None:
            bends.append(f"{start}:-")
            continue
        known = [float(value) for value in values[start:stop] if value is not None]
        for index in knots(known, TOLERANCES[kind] - rounding):
            bends.append(f"{start + index}:{_number(known[index], digits)}")
    every = ["-" if value is None else _number(value, digits) for value in values]
    few, all_of_them = " ".join(bends), " ".join(every)
    return few if len(few) <= len(all_of_them) else f"each frame {all_of_them}"


def knots(values: Sequence[float], tolerance: float) -> list[int]:
    """The fewest of N values between which straight lines stay within `tolerance` of all of them;
    the first alone where it stands for all.

    Shortest path over the lines that fit. Whether one does is known from the slopes that those to
    the values before it allow, so this takes N^2 steps.
    """
    last = len(values) - 1
    if all(abs(value - values[0]) <= tolerance for value in values):
        return [0]
    steps, following = [0] * len(values), [last] * len(values)
    for start in range(last - 1, -1, -1):
        low, high, steps[start] = -math.inf, math.inf, last + 1
        for stop in range(start + 1, last + 1):
            run, rise = stop - start, values[stop] - values[start]
            if low <= rise / run <= high and steps[stop] + 1 < steps[start]:
                steps[start], following[start] = steps[stop] + 1, stop
            low = max(low, (rise - tolerance) / run)
            high = min(high, (rise + tolerance) / run)
    found = [0]
    while found[-1] != last:
        found.append(following[found[-1]])
    return found


def _runs(values: Sequence[float | None]) -> list[tuple[int, int]]:
    """Stretches that are known, and that are not."""
    edges = [0] + [
        k for k in range(1, len(values)) if (values[k] is None) != (values[k - 1] is None)
    ]
    return list(zip(edges, [*edges[1:], len(values)], strict=True))


def _number(value: float, digits: int) -> str:
    """`.5` for 0.50, `1` for 1.00: as short as it can be read."""
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if text in ("-0", ""):
        text = "0"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
