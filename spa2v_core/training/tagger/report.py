"""What the tagger gets right on packages that it never learned from."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from ..audio.features import RATE
from ..audio.tagger import MelTagger
from .sounds import CATALOGUE, DrySounds
from .tagger_pool import disturb

#: A held-out sound is repeated to at least this length.
SECONDS = 4.0


def held_out(dry: DrySounds) -> dict[int, np.ndarray]:
    """Class (-1 for other things) -> rows that are held out."""
    return {
        label: np.flatnonzero((dry.label == label) & dry.held)
        for label in range(-1, len(dry.names))
    }


def hold_out(dry: DrySounds, weights: Path) -> dict[str, Any]:
    """Accuracy per class on dry and on disturbed held-out sounds, and on things it can't know.

    Every class counts the same in the means, and every package the same within its class.
    """
    tagger = MelTagger(weights)
    figures: dict[str, Any] = {"held_out": {}, "other": {}}
    for kind in ("dry", "disturbed"):
        per_class = {}
        for label, rows in held_out(dry).items():
            results = defaultdict(list)
            for row in rows:
                sound = _lasting(dry.sound(row))
                if kind == "disturbed":
                    sound = disturb(sound, np.random.default_rng(int(row)))
                tags = tagger.listen(sound, RATE)
                name = dry.names[label] if label >= 0 else ""
                results[str(dry.source[row])].append(
                    (tags.ranked(1)[0][0] == name, tags.best() is None)
                )
            if not results:
                continue
            means = np.array([np.mean(found, axis=0) for found in results.values()]).mean(0)
            if label < 0:
                figures["other"][f"{kind}_unknown"] = round(float(means[1]), 3)
                continue
            per_class[name] = round(float(means[0]), 3)
            if kind == "dry":
                figures["held_out"][name] = {"sounds": len(rows), "packages": sorted(results)}
            figures["held_out"][name] |= {
                kind: per_class[name],
                f"{kind}_unknown": round(float(means[1]), 3),
            }
        figures[f"mean_{kind}"] = round(float(np.mean(list(per_class.values()))), 3)
    figures["not_held_out"] = [n for n in dry.names if n not in figures["held_out"]]
    return figures


def _lasting(sound: np.ndarray) -> np.ndarray:
    """A short sound again and again, with a pause after one that ends in silence."""
    least = round(SECONDS * RATE)
    if len(sound) >= least:
        return sound
    pause = np.zeros(round(0.3 * RATE) if len(sound) < RATE else 0, np.float32)
    once = np.concatenate([sound, pause])
    return np.tile(once, 1 + least // len(once))[:least]


def tables(figures: dict[str, Any]) -> str:
    """The model card's tables: accuracy per class, and every source with its licence."""
    lines = [
        "| class | held-out sounds | packages | right, dry | right, disturbed |",
        "|---|---|---|---|---|",
    ]
    for name, found in figures["held_out"].items():
        packages = ", ".join(found["packages"])
        lines.append(
            f"| {name} | {found['sounds']} | {packages} | {found['dry']:.0%} "
            f"| {found['disturbed']:.0%} |"
        )
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    learned: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in rows:
        if row["use"] == "train":
            learned[row["class"]][row["package"]].add(row["licence"])
    lines += ["", "| class | recordings trained on (licence) |", "|---|---|"]
    for name in sorted(learned):
        sources = [
            f"{package} ({', '.join(sorted(licences))})"
            for package, licences in sorted(learned[name].items())
        ]
        lines.append(f"| {name} | {'; '.join(sources)} |")
    return "\n".join(lines)
