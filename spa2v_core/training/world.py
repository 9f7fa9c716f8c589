"""The cartoon world that the mini model is trained on: clips with exact layouts and captions.

`World.clips` composes sprites over scenes in batched torch (several thousand frames a second on
one GPU). Everything random comes from one seeded generator a world.
"""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from ..vocabulary import BY_NAME, COLOURS, SCENES, article
from .scenes import HEIGHT, WIDTH, draw_scene
from .sprites import SpritePack

FRAMES = 16
MAX_OBJECTS = 3
CAPTION_TOKENS = 32
PHRASE_TOKENS = 8
ASPECT = WIDTH / HEIGHT
#: Drawn more often than the rest: what the examples, the planner and a first visitor ask for.
FAVOURITES = (
    "car",
    "bus",
    "train",
    "dog",
    "guitar",
    "piano",
    "airplane",
    "loudspeaker",
    "man",
    "woman",
)
FLOATING = ("boat", "ship")
# fmt: off
FILLER = (
    "a", "an", "the", "and", "of", "at", "is", "to", "with", "from", "in", "on", "near",
    "left", "right", "middle", "side", "centre", "moves", "moving", "crosses", "crossing",
    "comes", "closer", "away", "approaches", "approaching", "recedes", "stands", "standing",
    "sounds", "playing", "plays", "passes", "drives", "one", "two", "quiet", "loud", "day",
    "scene",
)
# fmt: on


def caption_words() -> list[str]:
    """Every word that a training caption can hold: the mini tokenizer's vocabulary."""
    words: dict[str, None] = {}
    sources = [*BY_NAME, *COLOURS, *SCENES.values(), *FILLER]
    for source in sources:
        words.update(dict.fromkeys(source.split()))
    return list(words)


@dataclass
class Clips:
    """C clips of F frames with at most K objects, on the world's device.

    frames (C, F, 3, 160, 256) in 0..1; inside (C, F, 160, 256) 1 where a sprite is drawn;
    boxes (C, F, K, 4); present (C, F, K); facing (C, K); phrases (C, K, 8) and captions
    (C, F, 32) token ids; plain (C, 32) the captions without a frame sentence.
    """

    frames: torch.Tensor
    inside: torch.Tensor
    boxes: torch.Tensor
    present: torch.Tensor
    facing: torch.Tensor
    phrases: torch.Tensor
    captions: torch.Tensor
    plain: torch.Tensor


def _draw(job: tuple[str, int]) -> tuple[np.ndarray, float]:
    return draw_scene(job[0], np.random.default_rng(job[1]))


class World:
    """Sampler of clips.

    Parameters
    ----------
    pack: the sprites.
    tokenizer: the mini tokenizer.
    device: where frames are composed.
    backgrounds: pictures drawn per scene.
    """

    def __init__(
        self, pack: SpritePack, tokenizer: Any, device: str, seed: int, backgrounds: int = 150
    ) -> None:
        self.pack, self.tokenizer, self.device = pack, tokenizer, device
        self.random = random.Random(seed)
        self.scenes = list(SCENES)
        jobs = [(scene, seed * 100_003 + k) for k, scene in enumerate(self.scenes * backgrounds)]
        with ProcessPoolExecutor() as pool:
            drawn = list(pool.map(_draw, jobs, chunksize=32))
        self.backgrounds = torch.from_numpy(np.stack([d[0] for d in drawn])).to(device)
        self.horizons = [d[1] for d in drawn]
        pictures = torch.from_numpy(pack.pictures).to(device).permute(0, 3, 1, 2).float() / 255
        pictures[:, :3] *= pictures[:, 3:]
        self.mips = [pictures, F.avg_pool2d(pictures, 2), F.avg_pool2d(pictures, 4)]
        self.by_thing: dict[str, list[int]] = {}
        for index, thing in enumerate(pack.things):
            self.by_thing.setdefault(thing, []).append(index)
        self.names = list(self.by_thing)
        self.weights = [3.0 if name in FAVOURITES else 1.0 for name in self.names]

    def clips(self, count: int) -> Clips:
        """Sample and draw `count` clips."""
        plans = [self._plan() for _ in range(count)]
        boxes = torch.tensor([p["boxes"] for p in plans], dtype=torch.float32)
        present = torch.tensor([p["present"] for p in plans], dtype=torch.float32)
        facing = torch.tensor([p["facing"] for p in plans], dtype=torch.float32)
        ids = [p["ids"] for p in plans]
        tokens = self._tokens([text for p in plans for text in p["captions"]], CAPTION_TOKENS)
        plain = self._tokens([p["plain"] for p in plans], CAPTION_TOKENS)
        phrases = self._tokens([text for p in plans for text in p["phrases"]], PHRASE_TOKENS)
        boxes, present, facing = (part.to(self.device) for part in (boxes, present, facing))
        frames, inside = self._compose(plans, ids, boxes, present, facing)
        return Clips(
            frames,
            inside,
            boxes,
            present,
            facing,
            phrases.view(count, MAX_OBJECTS, -1),
            tokens.view(count, FRAMES, -1),
            plain,
        )

    def _tokens(self, texts: list[str], length: int) -> torch.Tensor:
        encoded = self.tokenizer(
            texts, padding="max_length", truncation=True, max_length=length, return_tensors="pt"
        )
        return encoded.input_ids.to(self.device)

    def _plan(self) -> dict:
        """One clip: scene, objects front to back, their boxes, words and captions."""
        rng = self.random
        background = rng.randrange(len(self.horizons))
        scene = self.scenes[background % len(self.scenes)]
        count = rng.choices((1, 2, 3), (0.5, 0.35, 0.15))[0]
        things = []
        for _ in range(count):
            name = rng.choices(self.names, self.weights)[0]
            if scene == "sky" and rng.random() < 0.5:
                name = rng.choice(("airplane", "helicopter", "bird", "rain"))
            if scene == "sea" and rng.random() < 0.5:
                name = rng.choice(FLOATING)
            things.append(self._object(name, self.horizons[background]))
        things.sort(key=lambda thing: thing["boxes"][FRAMES // 2][3])
        if rng.random() < 0.2:
            rng.shuffle(things)
        pad = MAX_OBJECTS - count
        boxes = [[t["boxes"][f] for t in things] + [[0.0] * 4] * pad for f in range(FRAMES)]
        present = [[t["present"][f] for t in things] + [0] * pad for f in range(FRAMES)]
        plain = self._caption(things, scene)
        return {
            "background": background,
            "night": scene == "night street",
            "boxes": boxes,
            "present": present,
            "ids": [t["sprite"] for t in things] + [0] * pad,
            "grounded": [t["grounded"] for t in things] + [False] * pad,
            "facing": [t["facing"] for t in things] + [1] * pad,
            "phrases": [t["phrase"] for t in things] + [""] * pad,
            "plain": plain,
            "captions": [self._with_frame(plain, things, f) for f in range(FRAMES)],
        }

    def _object(self, name: str, horizon: float) -> dict:
        """A sprite with its path: crossing, approaching, receding or staying."""
        rng = self.random
        variants = self.by_thing[name]
        sprite = variants[0] if rng.random() < 0.5 else rng.choice(variants)
        colour = self.pack.colours[sprite]
        airborne = (
            BY_NAME[name].kind == "aircraft" or name in ("bird", "rain") and rng.random() < 0.6
        )
        aspect = float(self.pack.aspects[sprite]) * rng.uniform(0.8, 1.25) / ASPECT
        high = rng.choice((rng.uniform(0.12, 0.3), rng.uniform(0.25, 0.6)))
        bottom = (
            rng.uniform(0.25, 0.75) if airborne else rng.uniform(max(horizon + 0.03, 0.55), 0.98)
        )
        bottom = max(bottom, high * 0.9)
        kind = rng.choices(("cross", "approach", "recede", "stay"), (0.4, 0.15, 0.15, 0.3))[0]
        x1, x2, y2, h1, h2 = self._ends(kind, bottom, high, aspect, horizon, airborne)
        wobble = rng.uniform(0, 0.006)
        boxes = []
        for f in range(FRAMES):
            t = f / (FRAMES - 1)
            h = h1 * (h2 / h1) ** t
            share = t if abs(h2 - h1) < 1e-6 else (h - h1) / (h2 - h1)
            x = x1 + (x2 - x1) * share + rng.uniform(-wobble, wobble)
            y = y2[0] + (y2[1] - y2[0]) * share + rng.uniform(-wobble, wobble)
            w = h * aspect
            boxes.append([x - w / 2, y - h, x + w / 2, y])
        facing = rng.choice((-1, 1))
        if abs(x2 - x1) > 0.1 and rng.random() < 0.95:
            facing = 1 if x2 > x1 else -1
        start, stop = 0, FRAMES
        if rng.random() < 0.15:
            start, stop = rng.choice(((rng.randint(1, 10), FRAMES), (0, rng.randint(6, 15))))
        return {
            "sprite": sprite,
            "facing": facing,
            "grounded": not airborne and name not in FLOATING,
            "boxes": boxes,
            "present": [int(start <= f < stop) for f in range(FRAMES)],
            "phrase": f"{colour} {name}".strip(),
        }

    def _ends(
        self, kind: str, bottom: float, high: float, aspect: float, horizon: float, airborne: bool
    ) -> tuple[float, float, tuple[float, float], float, float]:
        """Centre x, bottom y and height at the first and last frame."""
        rng = self.random
        if kind == "cross":
            reach = high * aspect / 2
            x1, x2 = rng.uniform(-reach, 0.35), rng.uniform(0.65, 1 + reach)
            if rng.random() < 0.5:
                x1, x2 = x2, x1
            return x1, x2, (bottom, bottom), high, high * rng.uniform(0.85, 1.18)
        if kind == "stay":
            x = rng.uniform(0.12, 0.88)
            return x, x, (bottom, bottom), high, high
        small, large = rng.uniform(0.08, 0.22), rng.uniform(0.35, 0.85)
        far = bottom * 0.7 if airborne else max(horizon + 0.02, 0.5)
        near = bottom if airborne else rng.uniform(0.85, 1.0)
        x_far, x_near = rng.uniform(0.3, 0.7), rng.uniform(0.15, 0.85)
        ends = (x_far, x_near, (far, near), small, large)
        if kind == "approach":
            return ends
        return ends[1], ends[0], (near, far), large, small

    def _caption(self, things: list[dict], scene: str) -> str:
        rng = self.random
        names = [article(thing["phrase"]) for thing in things]
        rng.shuffle(names)
        if len(names) > 1 and rng.random() < 0.2:
            names.pop()
        subject = " and ".join(names)
        verb = rng.choice(("", "", rng.choice(FILLER)))
        place = SCENES[scene]
        return rng.choice(
            (f"{subject} {verb} {place}", f"{subject} {verb} {place}", f"{place} {subject}")
        )

    def _with_frame(self, plain: str, things: list[dict], frame: int) -> str:
        """The caption, often followed by a sentence on where a thing is in that frame."""
        rng = self.random
        if rng.random() < 0.5:
            return plain
        thing = rng.choice(things)
        x1, _, x2, _ = thing["boxes"][frame]
        centre = (x1 + x2) / 2
        side = "left" if centre < 0.4 else "right" if centre > 0.6 else "middle"
        return (
            f"{plain}. {article(thing['phrase'])} {rng.choice(('is', 'moves', ''))} on the {side}"
        )

    def _compose(
        self,
        plans: list[dict],
        ids: list[list[int]],
        boxes: torch.Tensor,
        present: torch.Tensor,
        facing: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw the clips, back to front, with a soft shadow under what stands on the ground."""
        count = len(plans)
        scene = self.backgrounds[[p["background"] for p in plans]].permute(0, 3, 1, 2).float() / 255
        frames = scene[:, None].repeat(1, FRAMES, 1, 1, 1).flatten(0, 1)
        inside = torch.zeros(count * FRAMES, HEIGHT, WIDTH, device=self.device)
        sprite = torch.tensor(ids, device=self.device)
        native = torch.tensor(self.pack.facings, device=self.device)[sprite]
        mirror = torch.where((native != 0) & (native != facing), -1.0, 1.0)
        light = torch.tensor([0.72 if p["night"] else 1.0 for p in plans], device=self.device)
        light = light.repeat_interleave(FRAMES)[:, None, None, None]
        grounded = torch.tensor([p["grounded"] for p in plans], device=self.device).float()
        y = (torch.arange(HEIGHT, device=self.device) + 0.5) / HEIGHT
        x = (torch.arange(WIDTH, device=self.device) + 0.5) / WIDTH
        for k in range(MAX_OBJECTS):
            box, shown = boxes[:, :, k].flatten(0, 1), present[:, :, k].flatten()
            if not bool(shown.any()):
                continue
            frames = self._shadow(
                frames, x, y, box, shown * grounded[:, k].repeat_interleave(FRAMES)
            )
            layer = self._sprite(sprite[:, k], mirror[:, k], box, shown, x, y)
            alpha = layer[:, 3:]
            frames = frames * (1 - alpha) + layer[:, :3] * light
            inside = torch.maximum(inside, alpha[:, 0])
        shape = (count, FRAMES, -1, HEIGHT, WIDTH)
        return frames.clamp(0, 1).view(shape), (inside > 0.5).float().view(
            count, FRAMES, HEIGHT, WIDTH
        )

    def _shadow(
        self,
        frames: torch.Tensor,
        x: torch.Tensor,
        y: torch.Tensor,
        box: torch.Tensor,
        on: torch.Tensor,
    ) -> torch.Tensor:
        x1, y1, x2, y2 = (edge[:, None, None] for edge in box.unbind(-1))
        wide, high = (x2 - x1).clamp(min=1e-3), (y2 - y1).clamp(min=1e-3)
        d = ((x[None, None] - (x1 + x2) / 2) / (0.52 * wide)) ** 2
        d = d + ((y[None, :, None] - y2) / (0.07 * high)) ** 2
        return frames * (1 - 0.4 * torch.exp(-1.6 * d * d) * on[:, None, None])[:, None]

    def _sprite(
        self,
        sprite: torch.Tensor,
        mirror: torch.Tensor,
        box: torch.Tensor,
        shown: torch.Tensor,
        x: torch.Tensor,
        y: torch.Tensor,
    ) -> torch.Tensor:
        """(N, 4, H, W) premultiplied RGBA of each clip's sprite, stretched to its boxes."""
        x1, y1, x2, y2 = (edge[:, None] for edge in box.unbind(-1))
        u = 2 * (x[None] - x1) / (x2 - x1).clamp(min=1e-3) - 1
        v = 2 * (y[None] - y1) / (y2 - y1).clamp(min=1e-3) - 1
        u = u * mirror.repeat_interleave(FRAMES)[:, None]
        grid = torch.stack(
            [u[:, None].expand(-1, len(y), -1), v[:, :, None].expand(-1, -1, len(x))], dim=-1
        )
        pixels = torch.sqrt(((x2 - x1) * WIDTH * (y2 - y1) * HEIGHT).clamp(min=1))[:, 0]
        level = torch.log2(128 / pixels).clamp(0, 2).round().long()
        out = torch.zeros(len(box), 4, len(y), len(x), device=self.device)
        for index, mip in enumerate(self.mips):
            rows = torch.nonzero((level == index) & (shown > 0))[:, 0]
            if len(rows):
                pictures = mip[sprite[torch.div(rows, FRAMES, rounding_mode="floor")]]
                out[rows] = F.grid_sample(pictures, grid[rows], align_corners=False)
        return out
