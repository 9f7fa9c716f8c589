"""The pictures of the cartoon world: fetched once from npm, packed into one small file.

Source: npm package `@lobehub/fluent-emoji-3d` 1.1.0 (MIT; Microsoft Fluent Emoji). The art is
fetched at training time and never committed.
"""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ...errors import InputError
from ...vocabulary import COLOURS, drawn_things

PACKAGE = "@lobehub/fluent-emoji-3d@1.1.0"
SIZE = 128
#: Where the pack is kept.
SPRITES = Path("build/training/sprites.npz")

#: Drawn thing -> (code point of its picture, which way it faces: -1 left, +1 right, 0 none).
PICTURES = {
    "car": ("1f697", -1),
    "race car": ("1f3ce-fe0f", -1),
    "taxi": ("1f695", -1),
    "police car": ("1f693", -1),
    "ambulance": ("1f691", -1),
    "fire truck": ("1f692", -1),
    "bus": ("1f68c", -1),
    "van": ("1f690", -1),
    "truck": ("1f69a", -1),
    "motorcycle": ("1f3cd-fe0f", -1),
    "scooter": ("1f6f5", -1),
    "bicycle": ("1f6b2", -1),
    "tractor": ("1f69c", -1),
    "train": ("1f682", -1),
    "tram": ("1f683", 0),
    "boat": ("26f5", 0),
    "speedboat": ("1f6a4", -1),
    "ship": ("1f6a2", -1),
    "airplane": ("2708-fe0f", 1),
    "helicopter": ("1f681", -1),
    "dog": ("1f415", -1),
    "cat": ("1f408", -1),
    "horse": ("1f40e", -1),
    "cow": ("1f404", -1),
    "pig": ("1f416", -1),
    "sheep": ("1f411", -1),
    "goat": ("1f410", -1),
    "bird": ("1f426", -1),
    "parrot": ("1f99c", -1),
    "owl": ("1f989", 0),
    "duck": ("1f986", -1),
    "goose": ("1fabf", -1),
    "rooster": ("1f413", -1),
    "bee": ("1f41d", -1),
    "frog": ("1f438", 0),
    "wolf": ("1f43a", 0),
    "lion": ("1f981", 0),
    "elephant": ("1f418", -1),
    "monkey": ("1f412", -1),
    "man": ("1f6b6-200d-2642-fe0f", -1),
    "woman": ("1f483", -1),
    "baby": ("1f476", 0),
    "singer": ("1f468-200d-1f3a4", 1),
    "crowd": ("1f46a", 0),
    "applause": ("1f44f", 0),
    "piano": ("1f3b9", 0),
    "guitar": ("1f3b8", 1),
    "banjo": ("1fa95", 1),
    "violin": ("1f3bb", 1),
    "drum": ("1f941", 0),
    "maracas": ("1fa87", 0),
    "flute": ("1fa88", 1),
    "trumpet": ("1f3ba", 1),
    "saxophone": ("1f3b7", -1),
    "accordion": ("1fa97", 0),
    "bell": ("1f514", 0),
    "siren": ("1f6a8", 0),
    "horn": ("1f4ef", -1),
    "telephone": ("260e-fe0f", 0),
    "clock": ("23f0", 0),
    "radio": ("1f4fb", 0),
    "television": ("1f4fa", 0),
    "kettle": ("1fad6", -1),
    "hammer": ("1f528", 0),
    "fire": ("1f525", 0),
    "wave": ("1f30a", 0),
    "rain": ("1f327-fe0f", 0),
    "thunder": ("26c8-fe0f", 0),
    "loudspeaker": ("1f50a", 1),
}

#: Things that also come in the named colours (their body is painted over).
# fmt: off
COLOURED = (
    "car", "race car", "taxi", "bus", "truck", "motorcycle", "scooter", "bicycle",
    "tractor", "train", "boat", "speedboat", "airplane", "helicopter", "dog", "cat", "horse", "pig",
    "goat", "elephant", "bird", "rooster", "frog", "monkey", "woman", "guitar", "accordion", "drum",
    "bell", "telephone", "clock", "kettle",
)
# fmt: on
#: Hue (of 180), saturation and value (of 255) that the middle of a painted body gets.
_PAINTS = {
    "red": (0, 215, 225),
    "orange": (13, 215, 242),
    "yellow": (25, 205, 250),
    "green": (62, 185, 190),
    "blue": (108, 200, 225),
    "purple": (139, 165, 200),
    "pink": (166, 100, 250),
    "brown": (11, 150, 135),
    "grey": (110, 14, 150),
    "white": (20, 8, 242),
    "black": (120, 25, 58),
}  # fmt: skip


@dataclass(frozen=True)
class SpritePack:
    """`pictures` (S, 128, 128, 4) RGBA uint8; per sprite its thing, colour word ("" = natural),
    aspect (w / h) and native facing. The file holds the natural ones only."""

    pictures: np.ndarray
    things: list[str]
    colours: list[str]
    aspects: np.ndarray
    facings: np.ndarray

    def coloured(self) -> SpritePack:
        """With every thing of `COLOURED` in every colour as well."""
        rows = [(i, "") for i in range(len(self.things))]
        rows += [(i, c) for i, t in enumerate(self.things) if t in COLOURED for c in COLOURS]
        pictures = [_recolour(self.pictures[i], c) if c else self.pictures[i] for i, c in rows]
        index = [i for i, _ in rows]
        return SpritePack(
            np.stack(pictures),
            [self.things[i] for i in index],
            [colour for _, colour in rows],
            self.aspects[index],
            self.facings[index],
        )

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **vars(self))

    @classmethod
    def load(cls, path: Path) -> SpritePack:
        if not path.exists():
            raise InputError(f"{path} is missing: run `python -m spa2v_core.training.mini sprites`")
        with np.load(path) as data:
            return cls(
                data["pictures"],
                [str(name) for name in data["things"]],
                [str(name) for name in data["colours"]],
                data["aspects"],
                data["facings"],
            )


def pack_sprites(path: Path) -> SpritePack:
    """Fetch the package with npm, crop, colour and resize the pictures, write them to `path`."""
    missing = {thing.name for thing in drawn_things()} ^ set(PICTURES)
    if missing:
        raise InputError(f"vocabulary and pictures disagree on: {', '.join(sorted(missing))}")
    pictures, things, aspects, facings = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        source = _fetch(Path(folder))
        for thing, (code, facing) in PICTURES.items():
            image = cv2.imread(str(source / f"{code}.webp"), cv2.IMREAD_UNCHANGED)
            if image is None:
                raise InputError(f"{PACKAGE} has no picture {code}.webp")
            picture, aspect = _crop(image)
            pictures.append(picture)
            things.append(thing)
            aspects.append(aspect)
            facings.append(facing)
    natural = [""] * len(things)
    pack = SpritePack(
        np.stack(pictures), things, natural, np.array(aspects), np.array(facings, dtype=np.int8)
    )
    pack.save(path)
    return pack


def _fetch(folder: Path) -> Path:
    """Download and unpack the npm package; the folder that holds its pictures."""
    command = ["npm", "pack", PACKAGE, "--silent"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise InputError(f"could not fetch {PACKAGE} with npm: {error}") from error
    with tarfile.open(folder / done.stdout.split()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package" / "assets"


def _crop(bgra: np.ndarray) -> tuple[np.ndarray, float]:
    """Cut a picture to its opaque part, square it to SIZE; (RGBA, aspect before)."""
    ys, xs = np.nonzero(bgra[..., 3] > 24)
    tight = bgra[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    aspect = tight.shape[1] / tight.shape[0]
    alpha = tight[..., 3:].astype(np.float32) / 255
    premultiplied = np.concatenate([tight[..., :3] * alpha, alpha * 255], axis=-1)
    small = cv2.resize(premultiplied, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    colour = small[..., :3] / np.maximum(small[..., 3:] / 255, 1 / 255)
    rgba = np.concatenate([colour[..., ::-1], small[..., 3:]], axis=-1)
    return rgba.clip(0, 255).astype(np.uint8), aspect


def _recolour(rgba: np.ndarray, colour: str) -> np.ndarray:
    """Paint the picture's body in `colour`, keeping light and shade."""
    hsv = cv2.cvtColor(rgba[..., :3], cv2.COLOR_RGB2HSV).astype(np.float32)
    body = _body(hsv, rgba[..., 3])
    for channel, target in enumerate(_PAINTS[colour]):
        values = hsv[..., channel]
        if channel == 0:
            values[body] = target
            continue
        middle = max(1.0, float(np.median(values[body])))
        shaded = values[body] / middle
        values[body] = (target * (shaded if target < middle else shaded**0.7)).clip(0, 255)
    painted = cv2.cvtColor(hsv.round().astype(np.uint8), cv2.COLOR_HSV2RGB)
    return np.concatenate([painted, rgba[..., 3:]], axis=-1)


def _body(hsv: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Mask of the pixels of a picture's main colour: those near its commonest vivid hue."""
    hue, saturation, value = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    # window glass is sky blue on many vehicles, wheels and outlines are dark: not the body
    glass = (hue > 88) & (hue < 112) & (saturation < 220)
    vivid = (saturation > 70) & (value > 60) & (alpha > 128) & ~glass
    if vivid.mean() < 0.06:  # an elephant: grey all over
        return (alpha > 24) & (value > 70)
    histogram = np.bincount(hue[vivid].astype(int), minlength=180).astype(float)
    smooth = np.sum([np.roll(histogram, shift) for shift in range(-4, 5)], axis=0)
    distance = np.abs((hue - int(smooth.argmax()) + 90) % 180 - 90)
    return (distance < 16) & (saturation > 50) & (value > 40)


def fetched_pack(path: Path = SPRITES) -> SpritePack:
    """The pack at `path`, fetched first if it is not there."""
    return SpritePack.load(path) if path.exists() else pack_sprites(path)
