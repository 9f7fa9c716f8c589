"""A learned localiser: how many sounds, where each is over time, and how sure.

A small network (`training/localiser/`) reads the cells and delays of `directional.py`, once as the
clip is and once with left and right exchanged; the mean of both is what is answered, so a mirrored
clip gives exactly the mirrored answer. What both channels share entirely has no place: of a mono
clip every place is the middle, with all of the picture as its uncertainty.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..assets import ASSETS, check
from . import directional
from .clip import AudioClip
from .network import open_network
from .signals import resample

WEIGHTS = ASSETS / "localiser"
MICROPHONES = ("pan", "coincident", "spaced", "binaural", "mono")
MOTIONS = ("still", "crossing", "approaching", "receding")
#: Answers a second; what is shorter is padded with silence, s.
TIMES_A_SECOND, SHORTEST_S = 10, 0.5
#: Channels whose difference is further than that under their sum are one, dB.
MONO_DB = -55.0
#: Uncertainty of a place that nothing tells, widths.
UNKNOWN = 0.5


@dataclass(frozen=True)
class LocatedSource:
    """One sound over T times.

    Attributes
    ----------
    presence
        (T,) 0..1 that it sounds.
    x
        (T,) place, 0 left to 1 right edge of a picture of 90 degrees (what is outside reaches from
        -0.1 to 1.1).
    distance
        (T,) natural log of its distance relative to its mean: the difference of two times counts.
    uncertainty
        (T,) expected error of x, widths.
    motion
        probability of each of `MOTIONS` for the whole clip.
    """

    presence: np.ndarray
    x: np.ndarray
    distance: np.ndarray
    uncertainty: np.ndarray
    motion: dict[str, float]


@dataclass(frozen=True)
class Located:
    """What was located in a clip.

    Attributes
    ----------
    time_s
        (T,) middles of tenths of a second.
    count
        (5,) probability of 0, 1 .. 4 sounds.
    microphones
        probability of each of `MICROPHONES`.
    width
        if it is a coincident pair, the share of the full panning range that its picture takes up.
    sources
        strongest presence first.
    """

    time_s: np.ndarray
    count: np.ndarray
    microphones: dict[str, float]
    width: float
    sources: tuple[LocatedSource, ...]

    @property
    def likely(self) -> tuple[LocatedSource, ...]:
        """As many of the sources as are likeliest."""
        return self.sources[: int(self.count.argmax())]


@dataclass(frozen=True)
class _Heard:
    """One pass of the network: (S, T) each, place and spread in half widths, and the clip's
    (5,) count, (kinds,) microphones, () width, (S, motions)."""

    presence: np.ndarray
    place: np.ndarray
    distance: np.ndarray
    spread: np.ndarray
    count: np.ndarray
    microphones: np.ndarray
    width: np.ndarray
    motion: np.ndarray

    def arranged(self, order: tuple[int, ...]) -> _Heard:
        """The slots in another order."""
        slots = ("presence", "place", "distance", "spread", "motion")
        return replace(self, **{name: getattr(self, name)[list(order)] for name in slots})

    def mirrored(self) -> _Heard:
        """With left and right exchanged."""
        return replace(self, place=-self.place)


class Localiser:
    """The network of `assets/localiser`."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        check(weights)
        self.card: dict[str, Any] = json.loads(
            (weights / "localiser.json").read_text(encoding="utf-8")
        )
        self._session = open_network(weights / "localiser.onnx", "localiser")

    def locate(self, clip: AudioClip) -> Located:
        """What a clip of about 0.25 to 10 s holds (it learned from no longer ones)."""
        stereo = clip.samples if clip.channels == 2 else np.repeat(clip.samples, 2, axis=0)
        sound = resample(stereo, clip.rate, directional.RATE)
        missing = round(SHORTEST_S * directional.RATE) - sound.shape[1]
        cells, delays = directional.features(np.pad(sound, ((0, 0), (0, max(0, missing)))))
        heard = self._run(cells, delays)
        again = self._run(*directional.mirrored(cells, delays)).mirrored()
        both = _mean(heard, again.arranged(_matching(heard, again)))
        times = max(1, min(both.place.shape[1], round(clip.duration_s * TIMES_A_SECOND)))
        return _located(both, times, float(self.card["calibration"]), is_mono(stereo))

    def _run(self, cells: np.ndarray, delays: np.ndarray) -> _Heard:
        answers = self._session.run(None, {"cells": cells[None], "delays": delays[None]})
        presence, place, distance, spread, count, kinds, width, motion = (a[0] for a in answers)
        return _Heard(
            1 / (1 + np.exp(-presence)),
            place,
            distance,
            np.exp(spread),
            _softmax(count),
            _softmax(kinds),
            width,
            _softmax(motion),
        )


def is_mono(stereo: np.ndarray) -> bool:
    """Whether the (2, n) channels are one and the same."""
    apart, together = (np.square(stereo[0] + side * stereo[1]).sum() for side in (-1, 1))
    return bool(apart <= 10 ** (MONO_DB / 10) * together)


def _matching(one: _Heard, other: _Heard) -> tuple[int, ...]:
    """Which slots of `other` belong to those of `one`: the nearest places where either is there,
    and the likest presence."""
    weight = np.sqrt(one.presence[:, None] * other.presence[None])
    away = np.minimum(np.abs(one.place[:, None] - other.place[None]), 1.0)
    unlike = np.abs(one.presence[:, None] - other.presence[None])
    cost = (weight * away + unlike).mean(-1)
    index = np.arange(len(cost))
    return min(
        itertools.permutations(range(len(cost))), key=lambda order: cost[index, list(order)].sum()
    )


def _mean(one: _Heard, other: _Heard) -> _Heard:
    """Of two passes; where they differ their spread grows."""
    values = {
        field.name: (getattr(one, field.name) + getattr(other, field.name)) / 2
        for field in fields(_Heard)
    }
    apart = np.abs(one.place - other.place) / 2
    return _Heard(**{**values, "spread": np.sqrt(values["spread"] ** 2 + apart**2)})


def _located(heard: _Heard, times: int, calibration: float, mono: bool) -> Located:
    """The answers for the first `times`; a spread times `calibration` is the expected error."""
    order = np.argsort(-heard.presence[:, :times].mean(1), kind="stable")
    kinds = dict(zip(MICROPHONES, heard.microphones.tolist(), strict=True))
    if mono:
        kinds = {name: float(name == "mono") for name in MICROPHONES}
    return Located(
        time_s=(np.arange(times) + 0.5) / TIMES_A_SECOND,
        count=heard.count,
        microphones=kinds,
        width=float(heard.width),
        sources=tuple(_source(heard, int(k), times, calibration, mono) for k in order),
    )


def _source(heard: _Heard, k: int, times: int, calibration: float, mono: bool) -> LocatedSource:
    presence, place, distance, spread = (
        values[k, :times] for values in (heard.presence, heard.place, heard.distance, heard.spread)
    )
    if mono:
        place, spread = np.zeros_like(place), np.full_like(spread, 2 * UNKNOWN / calibration)
    sure = presence + 1e-6
    return LocatedSource(
        presence=presence,
        x=np.clip(0.5 + 0.5 * place, -0.1, 1.1),
        distance=distance - (sure * distance).sum() / sure.sum(),
        uncertainty=np.minimum(0.5 * spread * calibration, UNKNOWN),
        motion=dict(zip(MOTIONS, heard.motion[k].tolist(), strict=True)),
    )


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@cache
def get_localiser() -> Localiser:
    """The localiser, loaded once."""
    return Localiser()
