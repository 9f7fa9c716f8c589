"""Who does what in a clip of the cartoon world: scenes, objects, paths and captions.

Pure Python and one seeded generator; `world.py` draws what is planned here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from ...vocabulary import BY_NAME, COLOURS, LIGHTS, SCENES, article
from .interiors import INTERIORS
from .paint import HEIGHT, THING_TINT, WIDTH
from .sprites import SpritePack

FRAMES = 16
MAX_OBJECTS = 3
CAPTION_TOKENS = 32
PHRASE_TOKENS = 8
ASPECT = WIDTH / HEIGHT
#: Drawn more often than the rest: what the examples, the planner and a first visitor ask for.
# fmt: off
FAVOURITES = (
    "car", "bus", "taxi", "train", "motorcycle", "dog", "cat", "horse", "bird", "guitar", "piano",
    "violin", "drum", "airplane", "helicopter", "loudspeaker", "man", "woman",
)
FLOATING = ("boat", "speedboat", "ship", "wave")
FILLER = (
    "a", "an", "the", "and", "of", "at", "is", "to", "with", "from", "in", "on", "near",
    "left", "right", "middle", "side", "centre", "moves", "moving", "crosses", "crossing",
    "comes", "closer", "away", "approaches", "approaching", "recedes", "stands", "standing",
    "sounds", "playing", "plays", "passes", "drives", "one", "two", "quiet", "loud", "day",
    "scene", "big", "small",
)
# fmt: on
#: How captions say what a path does; {from} and {to} are its sides.
VERBS = {
    "cross": ("crosses from {from} to {to}", "moves to the {to}", "passes"),
    "enter": ("comes from the {from}", "comes closer"),
    "leave": ("moves away to the {to}", "moves to the {to}"),
    "approach": ("comes closer", "approaches"),
    "recede": ("moves away", "recedes"),
    "stay": ("is {at}", "stands {at}", "plays", "sounds"),
}
#: How often each kind of path is taken.
PATHS = {
    "cross": 0.36,
    "enter": 0.06,
    "leave": 0.06,
    "approach": 0.13,
    "recede": 0.13,
    "stay": 0.26,
}
#: A thing is "big" above this part of the frame's height, and "small" below that.
BIG, SMALL = 0.46, 0.2


def caption_words() -> list[str]:
    """Every word that a training caption can hold: the mini tokenizer's vocabulary."""
    words: dict[str, None] = {}
    sources = [*BY_NAME, *COLOURS, *SCENES.values(), *LIGHTS.values(), *FILLER]
    for source in sources:
        words.update(dict.fromkeys(source.split()))
    return list(words)


@dataclass(frozen=True)
class Backdrop:
    """A background: its scene, its light, and the row below which things stand."""

    scene: str
    light: str
    ground: float

    @property
    def tint(self) -> tuple[float, float, float]:
        """What its light does to the colours of things: indoors there are lamps."""
        return THING_TINT["day" if self.scene in INTERIORS else self.light]

    @property
    def words(self) -> str:
        return f"{SCENES[self.scene]} {LIGHTS[self.light]}".strip()


@dataclass(frozen=True)
class Actor:
    """An object of a clip.

    sprite: index in the pack; facing -1 or +1; grounded: stands on the ground and throws a shadow;
    boxes: F xyxy, normalised; present: F of 0 or 1; phrase: what it is called ("red car");
    verb: what it does, for captions.
    """

    sprite: int
    facing: int
    grounded: bool
    boxes: list[list[float]]
    present: list[int]
    phrase: str
    verb: str = ""

    def seen(self, frame: int) -> bool:
        """Whether some of it is in the picture."""
        x1, y1, x2, y2 = self.boxes[frame]
        return bool(self.present[frame]) and x1 < 0.97 and x2 > 0.03 and y1 < 0.97 and y2 > 0.03


#: Fills the places of a clip with fewer than MAX_OBJECTS objects.
NOBODY = Actor(0, 1, False, [[0.0] * 4] * FRAMES, [0] * FRAMES, "")


@dataclass(frozen=True)
class ClipPlan:
    """One clip: which background, its MAX_OBJECTS actors back to front, and its captions."""

    background: int
    actors: tuple[Actor, ...]
    plain: str
    captions: list[str]


@dataclass(frozen=True)
class _Path:
    """Centre x, bottom y and height at the first and last frame, and how time runs (power)."""

    kind: str
    x: tuple[float, float]
    bottom: tuple[float, float]
    height: tuple[float, float]
    power: float = 1.0

    def at(self, frame: int) -> tuple[float, float, float]:
        """Centre x, bottom and height; what changes its size moves as perspective has it."""
        t = (frame / (FRAMES - 1)) ** self.power
        (h1, h2), (x1, x2), (y1, y2) = self.height, self.x, self.bottom
        high = h1 * (h2 / h1) ** t
        share = t if abs(h2 - h1) < 1e-6 else (high - h1) / (h2 - h1)
        return x1 + (x2 - x1) * share, y1 + (y2 - y1) * share, high


class Choreographer:
    """Plans clips in front of `backdrops`."""

    def __init__(self, pack: SpritePack, backdrops: list[Backdrop], seed: int) -> None:
        self.pack, self.backdrops = pack, backdrops
        self.random = random.Random(seed)
        self.of_scene: dict[str, list[int]] = {}
        for index, backdrop in enumerate(backdrops):
            self.of_scene.setdefault(backdrop.scene, []).append(index)
        self.by_thing: dict[str, list[int]] = {}
        for index, thing in enumerate(pack.things):
            self.by_thing.setdefault(thing, []).append(index)
        self.names = list(self.by_thing)
        self.weights = [2.0 if name in FAVOURITES else 1.0 for name in self.names]

    def plan(self) -> ClipPlan:
        """One random clip."""
        rng = self.random
        names = rng.choices(self.names, self.weights, k=rng.choices((1, 2, 3), (45, 33, 22))[0])
        background = rng.randrange(len(self.backdrops))
        if rng.random() < 0.35:  # at home
            background = rng.choice(self.of_scene[BY_NAME[names[0]].scene])
        backdrop = self.backdrops[background]
        actors = [self._actor(self._fitting(name, backdrop), backdrop) for name in names]
        actors.sort(key=lambda actor: actor.boxes[FRAMES // 2][3])
        if rng.random() < 0.2:
            rng.shuffle(actors)
        plain = self._caption(actors, backdrop)
        captions = [self._with_frame(plain, actors, frame) for frame in range(FRAMES)]
        padding = [NOBODY] * (MAX_OBJECTS - len(actors))
        return ClipPlan(background, (*actors, *padding), plain, captions)

    def _fitting(self, name: str, backdrop: Backdrop) -> str:
        """In the sky and on water often something that flies or floats instead."""
        rng = self.random
        if backdrop.scene == "sky" and rng.random() < 0.5:
            return rng.choice(("airplane", "helicopter", "bird", "rain", "thunder", "bee"))
        if backdrop.scene in ("sea", "harbour") and rng.random() < 0.5:
            return rng.choice(FLOATING)
        return name

    def _actor(self, name: str, backdrop: Backdrop) -> Actor:
        """A sprite with its path."""
        rng = self.random
        variants = self.by_thing[name]
        sprite = variants[0] if rng.random() < 0.5 else rng.choice(variants)
        thing = BY_NAME[name]
        airborne = thing.place == "air" or thing.name in ("bird", "parrot") and rng.random() < 0.5
        aspect = float(self.pack.aspects[sprite]) * rng.uniform(0.82, 1.22) / ASPECT
        path = self._path(aspect, backdrop.ground, airborne)
        wobble = rng.uniform(0, 0.006)
        boxes = []
        for frame in range(FRAMES):
            x, y, high = path.at(frame)
            x, y = x + rng.uniform(-wobble, wobble), y + rng.uniform(-wobble, wobble)
            boxes.append([x - high * aspect / 2, y - high, x + high * aspect / 2, y])
        x1, x2 = path.x
        facing = rng.choice((-1, 1))
        if abs(x2 - x1) > 0.1 and rng.random() < 0.95:
            facing = 1 if x2 > x1 else -1
        return Actor(
            sprite,
            facing,
            not airborne and name not in FLOATING,
            boxes,
            self._presence(),
            f"{self.pack.colours[sprite]} {name}".strip(),
            self._verb(path),
        )

    def _presence(self) -> list[int]:
        """All through, or a span that begins late, ends early, or both."""
        rng = self.random
        start, stop = 0, FRAMES
        if rng.random() < 0.22:
            late, early = rng.randint(1, 10), rng.randint(6, 15)
            start, stop = rng.choice(((late, FRAMES), (0, early), (late // 2, max(8, early))))
        return [int(start <= frame < stop) for frame in range(FRAMES)]

    def _path(self, aspect: float, ground: float, airborne: bool) -> _Path:
        rng = self.random
        kind = rng.choices(list(PATHS), list(PATHS.values()))[0]
        power = rng.uniform(0.6, 1.7) if rng.random() < 0.3 else 1.0
        high = rng.choice((rng.uniform(0.12, 0.3), rng.uniform(0.25, 0.6)))
        lowest = rng.uniform(max(ground + 0.03, 0.55), 0.98)
        bottom = max(rng.uniform(0.25, 0.75) if airborne else lowest, high * 0.9)
        if kind == "stay":
            still = rng.uniform(0.1, 0.9)
            return _Path(kind, (still, still), (bottom, bottom), (high, high))
        if kind in ("approach", "recede"):
            small, large = rng.uniform(0.08, 0.22), rng.uniform(0.35, 0.85)
            far = bottom * 0.7 if airborne else max(ground + 0.02, 0.5)
            near = bottom if airborne else rng.uniform(0.85, 1.0)
            x = (rng.uniform(0.3, 0.7), rng.uniform(0.15, 0.85))
            path = _Path("approach", x, (far, near), (small, large), power)
            return path if kind == "approach" else _backwards(path)
        reach = high * aspect / 2
        outside, inside = rng.uniform(-1.3 * reach, 0.3), rng.uniform(0.65, 1 + 1.3 * reach)
        if kind in ("enter", "leave"):
            outside, inside = -1.1 * reach, rng.uniform(0.2, 0.7)
        grown = high * rng.uniform(0.85, 1.18)
        path = _Path(kind, (outside, inside), (bottom, bottom), (high, grown), power)
        if kind == "leave":
            path = _backwards(path)
        return _mirrored(path) if rng.random() < 0.5 else path

    def _verb(self, path: _Path) -> str:
        """What a caption says that it does: the truth, a word without meaning, or nothing."""
        rng = self.random
        if rng.random() < 0.4:
            return rng.choice(FILLER) if rng.random() < 0.2 else ""
        ways = ("left", "right") if path.x[1] > path.x[0] else ("right", "left")
        said = {"from": ways[0], "to": ways[1], "at": _side(path.x[0])}
        return rng.choice(VERBS[path.kind]).format(**said)

    def _caption(self, actors: list[Actor], backdrop: Backdrop) -> str:
        """Who does what where; of several things mostly the place first, as the planner says it."""
        rng = self.random
        said = [self._clause(actor) for actor in actors]
        rng.shuffle(said)
        if len(said) > 1 and rng.random() < 0.15:
            said.pop()
        subject = " and ".join(said)
        if rng.random() < (0.3 if len(said) == 1 else 0.75):
            return f"{backdrop.words} {subject}"
        return f"{subject} {backdrop.words}"

    def _clause(self, actor: Actor) -> str:
        phrase = actor.phrase
        heights = [box[3] - box[1] for box in actor.boxes]
        if self.random.random() < 0.3:
            high = sum(heights) / len(heights)
            size = "big" if high > BIG else "small" if high < SMALL else ""
            phrase = f"{size} {phrase}".strip()
        return f"{article(phrase)} {actor.verb}".strip()

    def _with_frame(self, plain: str, actors: list[Actor], frame: int) -> str:
        """The caption, often followed by where things are in that frame."""
        rng = self.random
        seen = [actor for actor in actors if actor.seen(frame)]
        if not seen or rng.random() < 0.5:
            return plain
        if rng.random() < 0.5:
            seen = [rng.choice(seen)]
        said = []
        for actor in seen:
            x1, _, x2, _ = actor.boxes[frame]
            said.append(f"{article(actor.phrase)} is {_side((x1 + x2) / 2)}")
        return f"{plain}. {' and '.join(said)}"


def _backwards(path: _Path) -> _Path:
    kinds = {"approach": "recede", "enter": "leave"}
    ends = (path.x[::-1], path.bottom[::-1], path.height[::-1])
    return _Path(kinds.get(path.kind, path.kind), *ends, path.power)


def _mirrored(path: _Path) -> _Path:
    x = (1 - path.x[0], 1 - path.x[1])
    return _Path(path.kind, x, path.bottom, path.height, path.power)


def _side(x: float) -> str:
    if x < 0.4:
        return "on the left"
    return "on the right" if x > 0.6 else "in the middle"
