"""Views of all things, from all around and in all poses, that the world's clips are composed of.

What has a toy is drawn from it; what stays keeps its picture (`sprites.py`), which rocks or swells.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ....vocabulary import COLOURS
from ..sprites import SpritePack
from .catalogue import TOYS
from .raster import Model

#: Side of a view's picture, to which it is stretched.
SIZE = 112
#: Directions, phases of a gait and levels of a voice that are drawn.
AZIMUTHS, GAITS = 24, 6
VOICES = (-1.0, -0.5, 0.0, 0.5, 1.0)
#: Gains go up to this; they are kept in 8 bits.
GAIN = 1.25
#: What swells with its sound; other pictures rock by this many degrees.
SWELL = ("fire", "wave", "rain", "thunder", "radio", "television", "applause", "siren")
ROCK = 14.0
#: Colours of painted bodies, RRGGBB.
PAINTS = {
    "red": "e8304a",
    "orange": "f08a24",
    "yellow": "f5c518",
    "green": "3fa04a",
    "blue": "3f7de0",
    "purple": "8a4fd0",
    "pink": "f08ab8",
    "brown": "8a5a3a",
    "grey": "8f939e",
    "white": "f2f2f6",
    "black": "33313f",
}


@dataclass(frozen=True)
class Look:
    """Where a thing's views are: rows from `first`, pose after pose, each from `azimuths` sides; of
    a picture 2, heading right and left, or 1 if it faces neither.

    poses: `gaits` phases, then the voices (1 of them if its voice is not seen).
    paint: RRGGBB of its body; painted: whether a body takes other colours.
    """

    first: int
    azimuths: int
    gaits: int
    voices: int
    paint: str
    painted: bool

    @property
    def count(self) -> int:
        return self.azimuths * (self.gaits + self.voices)

    def row(self, heading: float, gait: float, voice: float) -> int:
        """View nearest to a pose; gait is NaN while it stands."""
        if self.gaits and not np.isnan(gait):
            at = round(gait * self.gaits) % self.gaits
        else:
            level = round((voice + 1) / 2 * (len(VOICES) - 1)) if self.voices > 1 else 0
            at = self.gaits + level
        if self.azimuths > 2:
            side = round(heading / 360 * self.azimuths) % self.azimuths
        else:
            side = int(self.azimuths > 1 and np.sin(np.radians(heading)) < 0)
        return self.first + at * self.azimuths + side


@dataclass(frozen=True)
class Views:
    """pictures (N, SIZE, SIZE, 5) uint8: premultiplied RGB of what has its own paint, alpha, and
    the gain of the body's paint (255 is GAIN); boxes (N, 4) float32: left, top, right, bottom from
    where it stands, y up, in heights of the standing thing from its side; looks by thing, those
    of pictures in other colours by "colour thing"."""

    pictures: np.ndarray
    boxes: np.ndarray
    looks: dict[str, Look]

    def aspect(self, thing: str, heading: float) -> float:
        """Width / height of a thing that stands, turned by `heading`."""
        left, top, right, bottom = self.boxes[self.looks[thing].row(heading, np.nan, 0.0)]
        return float((right - left) / (top - bottom))

    def outline(self, thing: str, heading: float, goes: bool) -> np.ndarray:
        """(4,) edges, as `boxes` has them, of a thing that is turned by `heading`: their mean over
        its steps while it goes, those of a silent one while it stands."""
        look = self.looks[thing]
        gaits = [k / look.gaits for k in range(look.gaits)] if goes else []
        rows = [look.row(heading, gait, 0.0) for gait in gaits or [np.nan]]
        return self.boxes[rows].mean(0)

    @property
    def things(self) -> list[str]:
        return [name for name in self.looks if name.split(" ")[0] not in COLOURS]


def draw_views(pack: SpritePack, folder: Path | None = None) -> Views:
    """All views; toys are drawn in parallel (about 140 CPU seconds), and kept in `folder` for as
    long as they are what they are (660 MB)."""
    names = list(TOYS)
    cache = folder / f"views-{_edition()}.npy" if folder else None
    if cache is not None and cache.exists():
        drawn = list(np.load(cache, allow_pickle=True))
    else:
        with ProcessPoolExecutor() as pool:
            drawn = list(pool.map(_toy, names))
        if cache is not None:
            held = np.empty(len(drawn), object)
            held[:] = drawn
            np.save(cache, held, allow_pickle=True)
    parts = [(name, *one) for name, one in zip(names, drawn, strict=True)]
    coloured = pack.coloured()
    for k, thing in enumerate(coloured.things):
        if thing not in TOYS:
            name = f"{coloured.colours[k]} {thing}".strip()
            aspect, native = float(coloured.aspects[k]), int(coloured.facings[k])
            parts.append((name, *_picture(thing, coloured.pictures[k], aspect, native)))
    return join_views(parts)


def _edition() -> str:
    """Short hash of the code that toys are made by."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:8]


def join_views(parts: list[tuple[str, np.ndarray, np.ndarray, Look]]) -> Views:
    """Views of several things (their looks with first = 0) as one."""
    first, looks = 0, {}
    for name, _, _, look in parts:
        looks[name] = Look(**(vars(look) | {"first": first}))
        first += look.count
    pictures = np.concatenate([pictures for _, pictures, _, _ in parts])
    return Views(pictures, np.concatenate([boxes for _, _, boxes, _ in parts]), looks)


def _toy(name: str) -> tuple[np.ndarray, np.ndarray, Look]:
    toy = TOYS[name]
    gaits = [k / GAITS for k in range(GAITS)] if toy.goes else []
    voices = VOICES if toy.sounds else (0.0,)
    poses = [(gait, 0.0) for gait in gaits] + [(None, voice) for voice in voices]
    pictures, boxes, painted = [], [], False
    for gait, voice in poses:
        model = Model.of(toy.pose(gait, voice))
        painted = painted or bool(model.paints[:, 3].any())
        for k in range(AZIMUTHS):
            layers = model.view(360 * k / AZIMUTHS, SIZE, toy.elevation)
            colour = [layers.rgb, layers.alpha[..., None], layers.gain[..., None] / GAIN]
            pictures.append(_squared(np.concatenate(colour, -1)))
            boxes.append(layers.box)
    look = Look(0, AZIMUTHS, len(gaits), len(voices), toy.paint, painted)
    side = look.row(90, np.nan, 0.0)
    edges = np.array(boxes, np.float32)
    return np.stack(pictures), edges / (edges[side, 1] - edges[side, 3]), look


def _squared(layers: np.ndarray) -> np.ndarray:
    """0..1 layers stretched to SIZE, in 8 bits."""
    each = [
        cv2.resize(part.astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
        for part in (layers[..., :4], layers[..., 4])  # at most four at once
    ]
    small = np.dstack(each)
    return (small * 255).round().clip(0, 255).astype(np.uint8)


def _picture(
    thing: str, rgba: np.ndarray, aspect: float, native: int
) -> tuple[np.ndarray, np.ndarray, Look]:
    """A picture at each level of its voice: it faces left or right, nothing in between."""
    pictures, boxes = [], []
    sides = (1, -1) if native else (1,)
    for voice in VOICES:
        moved, box = _rocked(rgba, aspect, thing, voice)
        for side in sides:
            turned = moved if side * (native or 1) > 0 else moved[:, ::-1]
            left, top, right, bottom = box
            if side * (native or 1) < 0:
                left, right = -right, -left
            colour = turned.astype(np.float32) / 255
            layers = [colour[..., :3] * colour[..., 3:], colour[..., 3:], 0 * colour[..., 3:]]
            pictures.append(_squared(np.concatenate(layers, -1)))
            boxes.append((left, top, right, bottom))
    look = Look(0, len(sides), 0, len(VOICES), "000000", False)
    return np.stack(pictures), np.array(boxes, np.float32), look


def _rocked(
    rgba: np.ndarray, aspect: float, thing: str, voice: float
) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """RGBA, cut to what is drawn, and its box in heights, from the middle of its foot."""
    if thing in SWELL:
        grown = 1 + 0.2 * abs(voice)
        return rgba, (-aspect * grown / 2, grown, aspect * grown / 2, 0.0)
    size = 256
    wide, high = (round(size * aspect), size) if aspect < 1 else (size, round(size / aspect))
    picture = cv2.resize(rgba, (wide, high), interpolation=cv2.INTER_LINEAR)
    pad = size // 2
    canvas = cv2.copyMakeBorder(picture, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    foot = (pad + wide / 2, pad + high * 0.9)
    turn = cv2.getRotationMatrix2D(foot, -ROCK * voice, 1.0)
    rocked = cv2.warpAffine(canvas, turn, canvas.shape[1::-1], flags=cv2.INTER_AREA)
    rows, columns = (np.flatnonzero((rocked[..., 3] > 24).any(axis)) for axis in (1, 0))
    y1, y2, x1, x2 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    middle, ground = pad + wide / 2, pad + high
    box = tuple(float(v) / high for v in (x1 - middle, ground - y1, x2 - middle, ground - y2))
    return rocked[y1:y2, x1:x2], (box[0], box[1], box[2], box[3])


def paint_of(look: Look, colour: str) -> str:
    """RRGGBB of the body of a look in a colour word, "" for its own."""
    return PAINTS[colour] if colour else look.paint
