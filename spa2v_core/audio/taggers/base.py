"""What a tagger says: how likely each thing is, window by window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

#: Share of the threshold that a window between two that reach it needs, so as not to cut a span.
BRIDGED = 0.8


@dataclass(frozen=True)
class Naming:
    """What a sound is called.

    Attributes
    ----------
    name
        a thing of the vocabulary, or a kind ("vehicle") where the thing is not sure; "" where it is
        honestly unknown.
    probability
        0..1 of the name.
    is_kind
        whether it is a kind.
    guesses
        the likeliest things with their probabilities, best first; of a kind only its own.
    """

    name: str
    probability: float
    is_kind: bool
    guesses: tuple[tuple[str, float], ...]

    @property
    def known(self) -> bool:
        return bool(self.name)


@dataclass(frozen=True)
class Tags:
    """What a tagger heard in W windows of time.

    Attributes
    ----------
    names
        (C,) vocabulary names.
    start_s, end_s
        (W,) of each window.
    probability
        (W, C) 0..1, each class on its own (they need not sum to 1).
    weight
        (W,) what each window counts, 0 where it is too quiet.
    threshold
        below this the best guess is not to be believed.
    kinds
        kind -> (W,) 0..1, how likely it is anything of the kind.
    scenes
        scene class -> (W,) 0..1, what says something about the place and the weather.
    """

    names: tuple[str, ...]
    start_s: np.ndarray
    end_s: np.ndarray
    probability: np.ndarray
    weight: np.ndarray
    threshold: float
    kinds: Mapping[str, np.ndarray] = field(default_factory=dict)
    scenes: Mapping[str, np.ndarray] = field(default_factory=dict)

    def mean(self) -> np.ndarray:
        """(C,) probability over the whole, windows weighed by their level."""
        return self.over_time(self.probability)

    def over_time(self, values: np.ndarray) -> np.ndarray:
        """Mean over the first axis of (W, ...) values, windows weighed by their level."""
        return self.weight @ values / max(float(self.weight.sum()), 1e-9)

    def ranked(self, count: int = 5) -> list[tuple[str, float]]:
        """The likeliest names over the whole, best first."""
        mean = self.mean()
        order = np.argsort(-mean, kind="stable")[:count]
        return [(self.names[i], float(mean[i])) for i in order]

    def spans(self, name: str) -> list[tuple[float, float]]:
        """Seconds from..to where `name` is at least as likely as the threshold."""
        return self._spans(self.probability[:, self.names.index(name)])

    def kind_spans(self, kind: str) -> list[tuple[float, float]]:
        """Seconds from..to where anything of the kind is at least as likely as the threshold."""
        return self._spans(self.kinds[kind])

    def _spans(self, likely: np.ndarray) -> list[tuple[float, float]]:
        """Runs of the (W,) windows from the threshold on, and of single ones between them that are
        a little under it; where windows overlap they share."""
        likely = likely * (self.weight > 0)
        on = likely >= self.threshold
        on[1:-1] |= on[:-2] & on[2:] & (likely[1:-1] >= BRIDGED * self.threshold)
        middle = (self.start_s + self.end_s) / 2
        edges = np.concatenate([self.start_s[:1], (middle[1:] + middle[:-1]) / 2, self.end_s[-1:]])
        spans: list[tuple[float, float]] = []
        for k in np.flatnonzero(on):
            first, last = float(edges[k]), float(edges[k + 1])
            if spans and abs(spans[-1][1] - first) < 1e-9:
                spans[-1] = (spans[-1][0], last)
            else:
                spans.append((first, last))
        return spans


class Tagger(Protocol):
    """Listens to mono sound."""

    def listen(self, samples: np.ndarray, rate: int) -> Tags:
        """Tags of (n,) float samples at `rate` a second."""
        ...


@dataclass(frozen=True)
class TaggerSpec:
    """A tagger as the command line and the page know it; it loads nothing heavy.

    Attributes
    ----------
    label
        for people.
    make
        makes the tagger, once.
    needs
        what it can't do without ("weights").
    """

    label: str
    make: Callable[[], Tagger]
    needs: str = ""

    @property
    def title(self) -> str:
        """The label with what is needed."""
        return f"{self.label} (needs {self.needs})" if self.needs else self.label
