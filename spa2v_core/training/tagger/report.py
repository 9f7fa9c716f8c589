"""What a tagger gets right: on folders of clips with their names, and on held-out packages."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...audio.features import RATE
from ...audio.io import read_audio
from ...audio.taggers.base import Tagger, Tags
from ...audioset import WIDER
from ...errors import InputError
from ...vocabulary import BY_NAME
from ..sounds.sources import DrySounds, catalogue

OTHER = "other"
#: A held-out sound is repeated to at least this length, s.
SECONDS = 4.0


@dataclass(frozen=True)
class Heard:
    """A labelled clip and its tags; source: which collection it is from, "" if all count alike."""

    label: str
    tags: Tags
    source: str = ""

    @property
    def known(self) -> bool:
        return self.label != OTHER

    def right(self, first: int = 1) -> bool:
        """Whether the label is among the `first` likeliest names; one that is a kind of it ("race
        car" for "car") is right as well."""
        return any(self.label in (name, WIDER.get(name)) for name, _ in self.tags.ranked(first))


def clips_of(folder: Path, tagger: Tagger) -> Iterator[Heard]:
    """Tags of every clip of a folder's `clips.csv` (columns file, label).

    Raises
    ------
    InputError
        there is no such table.
    """
    table = folder / "clips.csv"
    if not table.is_file():
        raise InputError(f"{table} does not exist: it lists the clips (file,label)")
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            clip = read_audio(folder / row["file"], min_seconds=0.02)
            yield Heard(row["label"], tagger.listen(clip.samples.mean(0), clip.rate))


def held_out(work: Path, tagger: Tagger) -> Iterator[Heard]:
    """Tags of the sounds of packages that were never trained on."""
    path = work / "dry.npz"
    dry = DrySounds.load(path if path.exists() else work / "held.npz")
    for row in np.flatnonzero(dry.held):
        label = dry.names[dry.label[row]] if dry.label[row] >= 0 else OTHER
        sound = lasting(dry.sound(int(row)))
        yield Heard(label, tagger.listen(sound, RATE), str(dry.source[row]))


def lasting(sound: np.ndarray) -> np.ndarray:
    """(n,) a short sound again and again, with a pause after one that ends in silence."""
    least = round(SECONDS * RATE)
    if len(sound) >= least:
        return sound
    pause = np.zeros(round(0.3 * RATE) if len(sound) < RATE else 0, np.float32)
    once = np.concatenate([sound, pause])
    return np.tile(once, 1 + least // len(once))[:least]


def table(heard: Sequence[Heard]) -> str:
    """Right first and among three, per name (with what else is said) and over all; what becomes of
    other things; and how far the probabilities can be believed."""
    lines = [f"{'':14s}{'clips':>6s}{'first':>8s}{'three':>8s}  said instead"]
    by_label = defaultdict(list)
    for one in heard:
        by_label[one.label].append(one)
    for label in sorted(by_label, key=lambda name: (name == OTHER, name)):
        lines.append(_line(label, by_label[label]))
    known = [one for one in heard if one.known]
    first, three = (np.mean([one.right(n) for one in known]) for n in (1, 3))
    lines.append(f"{'all known':14s}{len(known):6d}{first:8.1%}{three:8.1%}")
    lines.append(
        f"{'per name':22s}{np.mean([_share(by_label[n]) for n in by_label if n != OTHER]):6.1%}"
    )
    engines = [one for one in known if BY_NAME[one.label].kind in ("vehicle", "aircraft")]
    if engines:
        lines.append(
            f"{'engines':14s}{len(engines):6d}{np.mean([o.right() for o in engines]):8.1%}"
        )
    unknown = np.mean([one.tags.ranked(1)[0][1] < one.tags.threshold for one in known])
    lines.append(f"known clips under the threshold of {heard[0].tags.threshold:.2f}: {unknown:.1%}")
    lines += _others([one for one in heard if not one.known], set(by_label))
    return "\n".join([*lines, "", reliability(heard)])


def _share(heard: Sequence[Heard]) -> float:
    """Share that is right first, every source counting the same."""
    by_source = defaultdict(list)
    for one in heard:
        by_source[one.source].append(one.right())
    return float(np.mean([np.mean(found) for found in by_source.values()]))


def _line(label: str, heard: Sequence[Heard]) -> str:
    wrong = [one.tags.ranked(1)[0][0] for one in heard if not one.right()]
    said = ", ".join(
        f"{name} {wrong.count(name)}" for name in sorted(set(wrong), key=lambda n: -wrong.count(n))
    )
    if label == OTHER:
        return f"{label:14s}{len(heard):6d}{'':16s}  {said}"
    three = np.mean([one.right(3) for one in heard])
    return f"{label:14s}{len(heard):6d}{_share(heard):8.0%}{three:8.0%}  {said}"


def _others(heard: Sequence[Heard], labels: set[str]) -> list[str]:
    """What becomes of things that no label names: unknown, named as yet another thing (which may
    be right), or taken for one of the labels, which is wrong."""
    if not heard:
        return []
    best = [one.tags.ranked(1)[0] for one in heard]
    unknown = np.mean([p < one.tags.threshold for one, (_, p) in zip(heard, best, strict=True)])
    taken = np.mean(
        [
            p >= one.tags.threshold and name in labels
            for one, (name, p) in zip(heard, best, strict=True)
        ]
    )
    return [
        f"{len(heard)} other clips: unknown {unknown:.1%}, taken for a labelled thing {taken:.1%}, "
        f"named as another thing {1 - unknown - taken:.1%}"
    ]


def reliability(heard: Sequence[Heard]) -> str:
    """How often the first name is right by how likely it is said to be; other things are never."""
    said = np.array([one.tags.ranked(1)[0][1] for one in heard])
    return reliability_table(said, np.array([one.right() for one in heard]))


def reliability_table(said: np.ndarray, right: np.ndarray, bins: int = 5) -> str:
    """Clips, mean probability and share that is right, by the (N,) probability that was said."""
    lines = [f"{'said':>12s}{'clips':>7s}{'mean':>7s}{'right':>7s}"]
    group = np.minimum((said * bins).astype(int), bins - 1)
    for k in range(bins):
        inside = group == k
        if inside.any():
            lines.append(
                f"{k / bins:6.1f}-{(k + 1) / bins:.1f} {inside.sum():8d}{said[inside].mean():7.2f}"
                f"{right[inside].mean():7.2f}"
            )
    return "\n".join(lines)


def sources() -> str:
    """The model card's table of recordings that are trained on, with their licences."""
    learned: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in catalogue():
        if row["use"] == "train":
            package = row["package"].removeprefix("github:").split("@")[0]
            learned[row["class"]][package].add(row["licence"])
    lines = ["| class | recordings trained on (licence) |", "|---|---|"]
    for name in sorted(learned):
        packages = [
            f"{package} ({', '.join(sorted(licences))})"
            for package, licences in sorted(learned[name].items())
        ]
        lines.append(f"| {name} | {'; '.join(packages)} |")
    return "\n".join(lines)
