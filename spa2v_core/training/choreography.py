"""Who does what in a clip of the cartoon world: scenes, objects, paths and captions.

Pure Python and one seeded generator; `world.py` draws what is planned here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from ..vocabulary import BY_NAME, COLOURS, SCENES, article
from .scenes import HEIGHT, WIDTH
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


@dataclass(frozen=True)
class Actor:
    """An object of a clip.

    sprite: index in the pack; facing -1 or +1; grounded: stands on the ground and throws a shadow;
    boxes: F xyxy, normalised; present: F of 0 or 1; phrase: what it is called ("red car").
    """

    sprite: int
    facing: int
    grounded: bool
    boxes: list[list[float]]
    present: list[int]
    phrase: str


#: Fills the places of a clip with fewer than MAX_OBJECTS objects.
NOBODY = Actor(0, 1, False, [[0.0] * 4] * FRAMES, [0] * FRAMES, "")


@dataclass(frozen=True)
class ClipPlan:
    """One clip: which background, its MAX_OBJECTS actors back to front, and its captions."""

    background: int
    scene: str
    actors: tuple[Actor, ...]
    plain: str
    captions: list[str]


class Choreographer:
    """Plans clips; `horizons` has one entry a background, whose scenes follow `SCENES` in turn."""

    def __init__(self, pack: SpritePack, horizons: list[float], seed: int) -> None:
        self.pack, self.horizons = pack, horizons
        self.random = random.Random(seed)
        self.scenes = list(SCENES)
        self.by_thing: dict[str, list[int]] = {}
        for index, thing in enumerate(pack.things):
            self.by_thing.setdefault(thing, []).append(index)
        self.names = list(self.by_thing)
        self.weights = [3.0 if name in FAVOURITES else 1.0 for name in self.names]

    def plan(self) -> ClipPlan:
        """One random clip."""
        rng = self.random
        background = rng.randrange(len(self.horizons))
        scene = self.scenes[background % len(self.scenes)]
        actors = []
        for _ in range(rng.choices((1, 2, 3), (0.5, 0.35, 0.15))[0]):
            name = rng.choices(self.names, self.weights)[0]
            if scene == "sky" and rng.random() < 0.5:
                name = rng.choice(("airplane", "helicopter", "bird", "rain"))
            if scene == "sea" and rng.random() < 0.5:
                name = rng.choice(FLOATING)
            actors.append(self._actor(name, self.horizons[background]))
        actors.sort(key=lambda actor: actor.boxes[FRAMES // 2][3])
        if rng.random() < 0.2:
            rng.shuffle(actors)
        plain = self._caption(actors, scene)
        captions = [self._with_frame(plain, actors, frame) for frame in range(FRAMES)]
        padding = [NOBODY] * (MAX_OBJECTS - len(actors))
        return ClipPlan(background, scene, (*actors, *padding), plain, captions)

    def _actor(self, name: str, horizon: float) -> Actor:
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
        return Actor(
            sprite,
            facing,
            not airborne and name not in FLOATING,
            boxes,
            [int(start <= f < stop) for f in range(FRAMES)],
            f"{colour} {name}".strip(),
        )

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

    def _caption(self, actors: list[Actor], scene: str) -> str:
        rng = self.random
        names = [article(actor.phrase) for actor in actors]
        rng.shuffle(names)
        if len(names) > 1 and rng.random() < 0.2:
            names.pop()
        subject = " and ".join(names)
        verb = rng.choice(("", "", rng.choice(FILLER)))
        place = SCENES[scene]
        return rng.choice(
            (f"{subject} {verb} {place}", f"{subject} {verb} {place}", f"{place} {subject}")
        )

    def _with_frame(self, plain: str, actors: list[Actor], frame: int) -> str:
        """The caption, often followed by a sentence on where a thing is in that frame."""
        rng = self.random
        if rng.random() < 0.5:
            return plain
        actor = rng.choice(actors)
        x1, _, x2, _ = actor.boxes[frame]
        centre = (x1 + x2) / 2
        side = "left" if centre < 0.4 else "right" if centre > 0.6 else "middle"
        return f"{plain}. {article(actor.phrase)} {rng.choice(('is', 'moves', ''))} on the {side}"
