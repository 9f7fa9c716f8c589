"""Who does what in a clip of the cartoon world: scenes, objects, paths and captions.

Pure Python and one seeded generator; `world.py` draws what is planned here.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ...layout.pose import POSE, gaits, headings, pose, resting
from ...layout.schema import Facing
from ...vocabulary import BY_NAME, COLOURS, INDOORS, LIGHTS, SCENES, article
from .paint import HEIGHT, THING_TINT, WIDTH
from .toys.views import VOICES, Look, Views, paint_of

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
#: Drawn most often: what is seen to sound takes many moments to learn.
SEEN_TO_SOUND = ("bell", "drum", "dog", "singer", "piano")
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
#: How often a moving thing is turned otherwise than it moves, and a standing one otherwise than by
#: default; what goes up or down the view is mostly on a way that does.
TURNED, TURNED_STANDING, ON_A_WAY = 0.12, 0.6, 0.8
#: Width over that of its picture, either way: boxes are not always drawn in proportion.
STRETCH = 1.35
#: How often what does not travel stays where it is.
STAYS = 0.75
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
    """A background: its scene, its light, the row below which things stand, and the column that its
    ways run to (None: they run across)."""

    scene: str
    light: str
    ground: float
    vanishing_x: float | None = None

    @property
    def tint(self) -> tuple[float, float, float]:
        """What its light does to the colours of things: indoors there are lamps."""
        return THING_TINT["day" if self.scene in INDOORS else self.light]

    @property
    def words(self) -> str:
        return f"{SCENES[self.scene]} {LIGHTS[self.light]}".strip()


@dataclass(frozen=True)
class Actor:
    """An object of a clip.

    rows: F views that it is drawn by; drawn: F xyxy, normalised, that these views cover; paint:
    RRGGBB of its body; grounded: stands on the ground and throws a shadow; boxes: F xyxy that a
    layout has of it, the same in every step and moment of its sound, so that these are learned from
    the pose alone; pose: (F, POSE); present: F of 0 or 1; phrase: what it is called ("red car");
    verb: what it does, for captions.
    """

    rows: list[int]
    drawn: list[list[float]]
    paint: str
    grounded: bool
    boxes: list[list[float]]
    pose: np.ndarray
    present: list[int]
    phrase: str
    verb: str = ""

    def seen(self, frame: int) -> bool:
        """Whether some of it is in the picture."""
        x1, y1, x2, y2 = self.boxes[frame]
        return bool(self.present[frame]) and x1 < 0.97 and x2 > 0.03 and y1 < 0.97 and y2 > 0.03


#: Fills the places of a clip with fewer than MAX_OBJECTS objects.
NOBODY = Actor(
    [0] * FRAMES,
    [[0.0] * 4] * FRAMES,
    "000000",
    False,
    [[0.0] * 4] * FRAMES,
    np.zeros((FRAMES, POSE), np.float32),
    [0] * FRAMES,
    "",
)


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

    @property
    def depth(self) -> float:
        """How many times nearer or farther it gets."""
        return max(self.height) / min(self.height)

    def at(self, frame: int) -> tuple[float, float, float]:
        """Centre x, bottom and height; what changes its size moves as perspective has it."""
        t = (frame / (FRAMES - 1)) ** self.power
        (h1, h2), (x1, x2), (y1, y2) = self.height, self.x, self.bottom
        high = h1 * (h2 / h1) ** t
        share = t if abs(h2 - h1) < 1e-6 else (high - h1) / (h2 - h1)
        return x1 + (x2 - x1) * share, y1 + (y2 - y1) * share, high


class Choreographer:
    """Plans clips in front of `backdrops`."""

    def __init__(self, views: Views, backdrops: list[Backdrop], seed: int) -> None:
        self.views, self.backdrops = views, backdrops
        self.random = random.Random(seed)
        self.of_scene: dict[str, list[int]] = {}
        for index, backdrop in enumerate(backdrops):
            self.of_scene.setdefault(backdrop.scene, []).append(index)
        self.names = views.things
        self.weights = [
            1.0 + (name in FAVOURITES) + 2.0 * (name in SEEN_TO_SOUND) for name in self.names
        ]

    def plan(self) -> ClipPlan:
        """One random clip."""
        rng = self.random
        names = rng.choices(self.names, self.weights, k=rng.choices((1, 2, 3), (45, 33, 22))[0])
        kinds = [self._kind(name) for name in names]
        background = self._background(names[0], kinds[0])
        backdrop = self.backdrops[background]
        names = [self._fitting(name, backdrop) for name in names]
        pairs = zip(names, kinds, strict=True)
        actors = [self._actor(name, kind, backdrop) for name, kind in pairs]
        actors.sort(key=lambda actor: actor.boxes[FRAMES // 2][3])
        if rng.random() < 0.2:
            rng.shuffle(actors)
        plain = self._caption(actors, backdrop)
        captions = [self._with_frame(plain, actors, frame) for frame in range(FRAMES)]
        padding = [NOBODY] * (MAX_OBJECTS - len(actors))
        return ClipPlan(background, (*actors, *padding), plain, captions)

    def _kind(self, name: str) -> str:
        """A kind of path."""
        if not BY_NAME[name].mobile and self.random.random() < STAYS:
            return "stay"
        return self.random.choices(list(PATHS), list(PATHS.values()))[0]

    def _background(self, name: str, kind: str) -> int:
        """Any, often where the thing is at home, mostly with ways that go where it goes."""
        rng = self.random
        among = range(len(self.backdrops))
        if rng.random() < 0.4:
            among = self.of_scene[BY_NAME[name].scene]  # type: ignore[assignment]
        index = rng.choice(among)
        along = {"approach": True, "recede": True, "cross": False}.get(kind)
        if along is not None and rng.random() < ON_A_WAY:
            for _ in range(8):
                if (self.backdrops[index].vanishing_x is not None) == along:
                    break
                index = rng.choice(among)
        return index

    def _fitting(self, name: str, backdrop: Backdrop) -> str:
        """In the sky and on water often something that flies or floats instead."""
        rng = self.random
        if backdrop.scene == "sky" and rng.random() < 0.5:
            return rng.choice(("airplane", "helicopter", "bird", "rain", "thunder", "bee"))
        if backdrop.scene in ("sea", "harbour") and rng.random() < 0.5:
            return rng.choice(FLOATING)
        return name

    def _actor(self, name: str, kind: str, backdrop: Backdrop) -> Actor:
        """A thing with its path, turned as it moves and in step."""
        rng = self.random
        look, colour = self._look(name)
        thing = BY_NAME[name]
        airborne = thing.place == "air" or name in ("bird", "parrot") and rng.random() < 0.5
        path = self._path(kind, self.views.aspect(name, 90) / ASPECT, backdrop, airborne)
        track = np.array([path.at(frame) for frame in range(FRAMES)])
        x, bottom, high = track.T
        middles = np.stack([x - high / 4, bottom - high, x + high / 4, bottom], 1)
        turned = headings(middles, self._resting(name, float(x[0])))
        steps = gaits(middles, thing)
        still = bool(np.isnan(steps).all())
        if rng.random() < (TURNED_STANDING if still else TURNED):
            turned = (turned * 0 if still else turned) + rng.uniform(-180, 180)
        voice = self._voice() if still else np.zeros(FRAMES)
        poses = list(zip(turned, steps, voice, strict=True))
        rows = [look.row(h, g, v) for h, g, v in poses]
        outlines = [self.views.outline(name, h, not np.isnan(g)) for h, g, _ in poses]
        drawn, boxes = self._boxes((self.views.boxes[rows], np.stack(outlines)), track)
        return Actor(
            rows,
            drawn,
            paint_of(look, colour if look.painted else ""),
            not airborne and name not in FLOATING,
            boxes,
            pose(turned, steps, voice),
            self._presence(),
            f"{colour} {name}".strip(),
            self._verb(path),
        )

    def _look(self, name: str) -> tuple[Look, str]:
        """How a thing looks, and the colour word that it is called by: half of the time none."""
        looks, colour = self.views.looks, self.random.choice(COLOURS)
        if self.random.random() < 0.5:
            return looks[name], ""
        if looks[name].painted:
            return looks[name], colour
        if f"{colour} {name}" in looks:
            return looks[f"{colour} {name}"], colour
        return looks[name], ""

    def _resting(self, name: str, x: float) -> float:
        facing: Facing = self.random.choice(("auto", "left", "right"))
        return resting(BY_NAME[name], facing, x)

    def _boxes(self, edges: Iterable[np.ndarray], track: np.ndarray) -> list[list[list[float]]]:
        """Boxes of each of several edges (F, 4: left, top, right, bottom in heights, y up) where
        the track (x, bottom, height) says, all stretched a little in the same way."""
        rng = self.random
        stretch = rng.uniform(1 / STRETCH, STRETCH) if rng.random() < 0.7 else 1.0
        wobble = rng.uniform(0, 0.004) if rng.random() < 0.5 else 0.0
        moved = [[rng.uniform(-wobble, wobble) for _ in "xy"] for _ in track]
        x, bottom = (track[:, :2] + moved).T
        scale = track[:, 2:] * [stretch / ASPECT, -1.0, stretch / ASPECT, -1.0]
        foot = np.stack([x, bottom, x, bottom], 1)
        return [(foot + scale * each).tolist() for each in edges]

    def _voice(self) -> np.ndarray:
        """(F,) moments of a sound: silence, strokes that ring out, or speech and music."""
        rng = self.random
        voice = np.zeros(FRAMES)
        kind = rng.random()
        if kind < 0.2:
            return voice
        if kind < 0.7:
            at, side = rng.randint(0, 5), rng.choice((-1, 1))
            every = rng.uniform(1.6, 6)
            beat = float(at)
            while beat < FRAMES:
                for later, left in enumerate((1.0, 0.5)):
                    if int(beat) + later < FRAMES:
                        voice[int(beat) + later] = side * left
                beat, side = beat + every * rng.uniform(0.8, 1.2), -side
            return voice
        return np.array(rng.choices(VOICES, k=FRAMES))

    def _presence(self) -> list[int]:
        """All through, or a span that begins late, ends early, or both."""
        rng = self.random
        start, stop = 0, FRAMES
        if rng.random() < 0.22:
            late, early = rng.randint(1, 10), rng.randint(6, 15)
            start, stop = rng.choice(((late, FRAMES), (0, early), (late // 2, max(8, early))))
        return [int(start <= frame < stop) for frame in range(FRAMES)]

    def _path(self, kind: str, aspect: float, backdrop: Backdrop, airborne: bool) -> _Path:
        rng = self.random
        ground = backdrop.ground
        power = rng.uniform(0.6, 1.7) if rng.random() < 0.3 else 1.0
        sizes = ((0.12, 0.3), (0.12, 0.3), (0.25, 0.6), (0.25, 0.6), (0.5, 0.85))
        high = rng.uniform(*rng.choice(sizes))
        lowest = rng.uniform(max(ground + 0.03, 0.55), 0.98)
        bottom = max(rng.uniform(0.25, 0.75) if airborne else lowest, high * 0.9)
        if kind == "stay":
            still = rng.uniform(0.1, 0.9)
            return _Path(kind, (still, still), (bottom, bottom), (high, high))
        if kind in ("approach", "recede"):
            path = self._towards(bottom, backdrop, airborne, power)
            return path if kind == "approach" else _backwards(path)
        reach = high * aspect / 2
        outside, inside = rng.uniform(-1.3 * reach, 0.3), rng.uniform(0.65, 1 + 1.3 * reach)
        if kind in ("enter", "leave"):
            outside, inside = -1.1 * reach, rng.uniform(0.2, 0.7)
        grown = high * (rng.uniform(0.5, 2.0) if rng.random() < 0.45 else rng.uniform(0.92, 1.08))
        grown = min(max(grown, 0.1), 0.8)
        ends = (
            (bottom, bottom) if airborne else (bottom, self._standing(bottom, high, grown, ground))
        )
        path = _Path(kind, (outside, inside), ends, (high, grown), power)
        if kind == "leave":
            path = _backwards(path)
        return _mirrored(path) if rng.random() < 0.5 else path

    def _towards(self, bottom: float, backdrop: Backdrop, airborne: bool, power: float) -> _Path:
        """From far to near: on a way that runs along the view, or over open ground."""
        rng, ground = self.random, backdrop.ground
        small, large = rng.uniform(0.08, 0.22), rng.uniform(0.35, 0.85)
        far = bottom * 0.7 if airborne else max(ground + 0.02, 0.46)
        near = bottom if airborne else rng.uniform(0.85, 1.02)
        x = (rng.uniform(0.3, 0.7), rng.uniform(0.15, 0.85))
        if backdrop.vanishing_x is not None:
            side = rng.uniform(-0.45, 0.45)
            x = (backdrop.vanishing_x + side * small, backdrop.vanishing_x + side * large)
        elif rng.random() < 0.4:
            x = (x[0], x[0])
        return _Path("approach", x, (far, near), (small, large), power)

    def _standing(self, bottom: float, high: float, grown: float, ground: float) -> float:
        """Bottom of a thing that stood at `bottom` when it was `high` and is now `grown`: how far
        below the horizon it is grows with it."""
        horizon = ground - 0.06
        return min(horizon + (bottom - horizon) * grown / high, 1.1)

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
