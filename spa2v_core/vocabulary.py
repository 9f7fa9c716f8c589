"""The sounding things: one list for tagger, planner and mini model.

Each `Thing` has a canonical name, how it sounds in a scene (kind, default scene words) and how
the mini model draws it. A free name typed by a person is looked up by `resolve`: canonical name,
alias, hypernym, and at last the loudspeaker, which stands for "something that sounds".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

UNKNOWN = "loudspeaker"
#: What a person says of a sound that is no object but the scene.
THE_SCENE = "scene"

# fmt: off
COLOURS = (
    "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "grey", "white", "black",
)
# fmt: on

#: Scene name -> the words that a caption uses for it.
SCENES = {
    "road": "on a road",
    "highway": "on a highway",
    "street": "on a city street",
    "station": "at a station",
    "field": "in a field",
    "farm": "on a farm",
    "forest": "in a forest",
    "beach": "on a beach",
    "harbour": "in a harbour",
    "sea": "on the sea",
    "sky": "in the sky",
    "snow": "in the snow",
    "desert": "in a desert",
    "room": "in a room",
    "kitchen": "in a kitchen",
    "stage": "on a stage",
    "concert hall": "in a concert hall",
}
#: Scenes without a sky.
INDOORS = ("room", "kitchen", "stage", "concert hall")

#: Light of a scene -> the words that follow the scene's in a caption.
LIGHTS = {"day": "", "dusk": "at dusk", "night": "at night"}


Place = Literal["air", "perched", "held", "ground"]
_PLACES: dict[str, Place] = {
    **dict.fromkeys(("rain", "thunder", "bee"), "air"),
    **dict.fromkeys(("bird", "parrot", "owl", "bell", "clock"), "perched"),
    **dict.fromkeys(("guitar", "banjo", "violin", "flute", "trumpet", "saxophone"), "held"),
    **dict.fromkeys(("accordion", "maracas"), "held"),
}

# fmt: off
#: Width / height of what looks otherwise from the front than from its side.
_FRONTS = {
    "car": 0.91, "race car": 1.56, "taxi": 0.81, "police car": 0.8, "ambulance": 0.65,
    "fire truck": 0.62, "bus": 0.83, "van": 0.79, "truck": 0.65, "motorcycle": 0.39,
    "scooter": 0.33, "bicycle": 0.27, "tractor": 0.72, "train": 0.47, "tram": 0.45, "boat": 0.5,
    "speedboat": 0.89, "ship": 0.42, "airplane": 3.37, "helicopter": 1.47, "dog": 0.61,
    "cat": 0.48, "horse": 0.36, "cow": 0.69, "pig": 0.6, "sheep": 0.76, "goat": 0.6, "wolf": 0.41,
    "lion": 0.77, "elephant": 1, "bird": 0.64, "parrot": 0.56, "owl": 0.61, "duck": 0.57,
    "goose": 0.49, "rooster": 0.46, "bee": 1.4, "frog": 1.17, "monkey": 0.73, "man": 0.45,
    "woman": 0.45, "singer": 0.46, "baby": 0.7, "crowd": 1.21, "bell": 0.91, "drum": 0.91,
    "piano": 1.14, "loudspeaker": 0.66, "footsteps": 0.45, "organ": 1.14,
}
# fmt: on


@dataclass(frozen=True)
class Thing:
    """A thing that sounds.

    Attributes
    ----------
    name
        canonical name.
    kind
        "vehicle", "aircraft", "animal", "person", "instrument" or "object".
    scene
        key of `SCENES`, where it is put when nothing else is known.
    height
        usual height of its box as a fraction of the frame's height.
    aspect
        width / height of its picture in pixels, seen from its side.
    aliases
        other names for it.
    drawn_as
        name of the thing that the mini model draws for it ("" = itself). What is no object is drawn
        as what makes it: footsteps as a walking man, rain as a rain cloud, thunder as a storm
        cloud, applause as clapping hands, a singer with a microphone.
    mobile
        whether it usually travels.
    """

    name: str
    kind: str
    scene: str
    height: float = 0.35
    aspect: float = 1.0
    aliases: tuple[str, ...] = ()
    drawn_as: str = ""
    mobile: bool = False

    @property
    def front(self) -> float:
        """Width / height of its picture in pixels, seen from the front."""
        return _FRONTS.get(self.name, self.aspect)

    @property
    def steady(self) -> bool:
        """Whether its sound is so even that its level tells how far it is."""
        return self.kind in ("vehicle", "aircraft") or self.name in ("siren", "footsteps")

    @property
    def place(self) -> Place:
        """Where in height it usually is: in the air, perched above eye level, held in front of a
        player, or on the ground."""
        if self.kind == "aircraft":
            return "air"
        return _PLACES.get(self.name, "ground")


def _vehicle(name: str, scene: str, height: float, aspect: float, *aliases: str) -> Thing:
    return Thing(name, "vehicle", scene, height, aspect, aliases, mobile=True)


def _animal(name: str, height: float, aspect: float, *aliases: str, scene: str = "field") -> Thing:
    return Thing(name, "animal", scene, height, aspect, aliases, mobile=True)


def _instrument(name: str, aspect: float, *aliases: str, drawn_as: str = "") -> Thing:
    return Thing(name, "instrument", "stage", 0.42, aspect, aliases, drawn_as)


THINGS: tuple[Thing, ...] = (
    _vehicle("car", "road", 0.3, 1.67, "automobile", "auto", "sedan", "suv", "engine"),
    _vehicle("race car", "road", 0.2, 3.09, "racing car", "formula one"),
    _vehicle("taxi", "street", 0.3, 1.48, "cab"),
    _vehicle("police car", "street", 0.3, 1.45, "police", "patrol car"),
    _vehicle("ambulance", "street", 0.34, 1.57, "emergency vehicle"),
    _vehicle("fire truck", "street", 0.38, 1.46, "fire engine"),
    _vehicle("bus", "street", 0.4, 1.54, "coach", "minibus"),
    _vehicle("van", "road", 0.34, 1.68, "camper"),
    _vehicle("truck", "highway", 0.4, 1.57, "lorry", "pickup", "garbage truck"),
    _vehicle("motorcycle", "road", 0.28, 1.11, "motorbike", "bike engine"),
    _vehicle("scooter", "street", 0.28, 0.86, "moped", "vespa"),
    _vehicle("bicycle", "road", 0.3, 0.99, "bike", "cyclist"),
    _vehicle("tractor", "farm", 0.38, 1.09, "harvester", "lawn mower", "mower"),
    _vehicle("train", "field", 0.4, 1.13, "locomotive", "steam train", "railway", "subway"),
    _vehicle("tram", "street", 0.42, 1.25, "streetcar", "trolley"),
    _vehicle("boat", "sea", 0.4, 0.96, "sailboat", "ferry", "canoe"),
    _vehicle("speedboat", "sea", 0.3, 1.94, "motorboat", "jet ski"),
    _vehicle("ship", "sea", 0.42, 1.37, "cruise ship", "foghorn", "vessel"),
    Thing(
        "airplane",
        "aircraft",
        "sky",
        0.28,
        2.12,
        ("aeroplane", "plane", "jet", "aircraft"),
        "",
        True,
    ),
    Thing("helicopter", "aircraft", "sky", 0.34, 1.85, ("chopper", "drone"), "", True),
    _animal("dog", 0.36, 1.44, "puppy", "hound", "bark", "barking", "fox"),
    _animal("cat", 0.32, 1.3, "kitten", "meow"),
    _animal("horse", 0.42, 1.2, "pony", "donkey", "hooves", "carriage"),
    _animal("cow", 0.4, 1.43, "cattle", "bull", "ox", "moo", scene="farm"),
    _animal("pig", 0.32, 1.35, "hog", "boar", scene="farm"),
    _animal("sheep", 0.34, 1.41, "lamb", "bleat", scene="farm"),
    _animal("goat", 0.34, 1.11, scene="farm"),
    _animal("bird", 0.28, 1.21, "birds", "sparrow", "crow", "chirp", "seagull"),
    _animal("parrot", 0.3, 1.09, "cockatoo"),
    _animal("owl", 0.3, 0.85, "hooting", scene="forest"),
    _animal("duck", 0.28, 1.09, "quack"),
    _animal("goose", 0.34, 0.9, "geese", "swan", "turkey"),
    _animal("rooster", 0.34, 0.98, "chicken", "hen", "cock", scene="farm"),
    _animal("bee", 0.22, 1.55, "buzzing", "fly", "wasp", "mosquito", "cricket"),
    _animal("frog", 0.26, 1.02, "toad", "croaking"),
    _animal("wolf", 0.34, 1.47, "howl", "howling", "coyote", scene="forest"),
    _animal("lion", 0.36, 1.26, "roar", "tiger", "big cat"),
    _animal("elephant", 0.46, 1.34, "mammoth"),
    _animal("monkey", 0.34, 0.72, "ape", "chimpanzee", scene="forest"),
    Thing("man", "person", "street", 0.5, 0.39, ("person", "male", "speech", "guy", "boy")),
    Thing("woman", "person", "street", 0.5, 0.39, ("female", "lady", "girl", "child")),
    Thing("baby", "person", "room", 0.32, 0.62, ("infant", "toddler", "crying")),
    Thing("singer", "person", "stage", 0.45, 0.48, ("singing", "vocals", "choir", "voice")),
    Thing("crowd", "person", "street", 0.4, 0.48, ("people", "audience", "cheering", "family")),
    Thing("applause", "person", "concert hall", 0.36, 1.0, ("clapping", "hands")),
    Thing("footsteps", "person", "street", 0.5, 0.39, ("walking", "steps", "running"), "man", True),
    _instrument("piano", 0.69, "keyboard", "grand piano", "electric piano"),
    _instrument("organ", 0.69, "church organ", "synthesizer", "harpsichord", drawn_as="piano"),
    _instrument("guitar", 1.0, "electric guitar", "bass", "ukulele", "mandolin"),
    _instrument("banjo", 1.0, "sitar"),
    _instrument("harp", 1.0, "lyre", "zither", drawn_as="guitar"),
    _instrument("violin", 1.0, "fiddle", "viola", "cello", "string", "strings"),
    _instrument("drum", 0.75, "drums", "snare", "drum kit", "percussion", "cymbal"),
    _instrument("maracas", 0.87, "shaker", "rattle"),
    _instrument("flute", 1.0, "clarinet", "oboe", "recorder", "piccolo"),
    _instrument("trumpet", 1.0, "trombone", "tuba", "brass", "cornet"),
    _instrument("saxophone", 1.0, "sax"),
    _instrument("accordion", 1.0, "harmonica", "concertina"),
    Thing("bell", "object", "room", 0.34, 0.91, ("church bell", "chime", "gong", "doorbell")),
    Thing("siren", "object", "street", 0.34, 0.8, ("alarm siren",), mobile=True),
    Thing("horn", "object", "street", 0.34, 0.82, ("honk", "bugle", "hunting horn")),
    Thing("telephone", "object", "room", 0.32, 1.2, ("phone", "ringtone")),
    Thing("clock", "object", "room", 0.34, 1.0, ("alarm clock", "alarm", "ticking", "timer")),
    Thing("radio", "object", "kitchen", 0.32, 1.1, ("transistor radio",)),
    Thing("television", "object", "room", 0.36, 0.93, ("tv", "television set")),
    Thing("kettle", "object", "kitchen", 0.3, 1.12, ("teapot", "boiling water", "coffee machine")),
    Thing("hammer", "object", "room", 0.34, 1.04, ("hammering", "knocking", "tools")),
    Thing("fire", "object", "forest", 0.36, 0.75, ("campfire", "fireplace", "flames", "crackling")),
    Thing("wave", "object", "beach", 0.34, 1.02, ("surf", "water", "river", "stream")),
    Thing("rain", "object", "field", 0.4, 1.0, ("rainfall", "cloud", "drizzle")),
    Thing("thunder", "object", "field", 0.42, 1.0, ("storm", "lightning", "thunderstorm")),
    Thing(UNKNOWN, "object", "room", 0.36, 0.53, ("speaker", "music")),
)

BY_NAME = {thing.name: thing for thing in THINGS}

#: What a word that is neither a name nor an alias is a kind of, by a word that it contains.
HYPERNYMS = {
    "vehicle": "car",
    "motor": "car",
    "van": "van",
    "railroad": "train",
    "metro": "train",
    "wagon": "train",
    "plane": "airplane",
    "copter": "helicopter",
    "ship": "ship",
    "animal": "dog",
    "mammal": "dog",
    "insect": "bee",
    "human": "man",
    "worker": "man",
    "speaker": UNKNOWN,
    "instrument": "piano",
    "pipe": "flute",
    "bell": "bell",
    "drill": "hammer",
}

_ALIASES = {alias: thing.name for thing in THINGS for alias in thing.aliases}


@dataclass(frozen=True)
class Resolution:
    """How a free name was understood: the thing, what is drawn for it, a note ("" if exact)."""

    thing: Thing
    drawn: Thing
    note: str

    @property
    def known(self) -> bool:
        return self.thing.name != UNKNOWN or not self.note


def _lookup(text: str) -> str | None:
    """Canonical name for `text` as a name, an alias or a simple plural of one."""
    for form in (text, text.removesuffix("s"), text.removesuffix("es")):
        if form in BY_NAME:
            return form
        if form in _ALIASES:
            return _ALIASES[form]
    return None


def _by_words(text: str) -> str | None:
    """Canonical name for the last run of words that names something: "old steam train" -> train."""
    words = text.split()
    for length in range(len(words), 0, -1):
        for first in range(len(words) - length, -1, -1):
            found = _lookup(" ".join(words[first : first + length]))
            if found:
                return found
    for word in reversed(words):
        for part, name in HYPERNYMS.items():
            if word == part or (len(part) > 3 and word.startswith(part)) or word.endswith(part):
                return name
    return None


def normalise(name: str) -> str:
    """Lower case, letters and digits only, single spaces, no leading article."""
    text = re.sub(r"[^\w]+", " ", name.lower()).strip()
    return re.sub(r"^(a|an|the) ", "", text)


def resolve(name: str) -> Resolution:
    """Find what a free `name` stands for, and what the mini model draws for it.

    The name goes through canonical names, aliases, its own words (last first) and the hypernym
    table; if nothing fits it is drawn as a loudspeaker. `note` says what happened when the
    drawn thing is not literally the name.
    """
    text = normalise(name)
    canonical = _lookup(text) or _by_words(text)
    if canonical is None:
        thing = BY_NAME[UNKNOWN]
        return Resolution(thing, thing, f"'{name}' is not in the vocabulary: drawn as a {UNKNOWN}")
    thing = BY_NAME[canonical]
    drawn = BY_NAME[thing.drawn_as or thing.name]
    note = "" if drawn.name == text else f"'{name}' is drawn as {article(drawn.name)}"
    return Resolution(thing, drawn, note)


@dataclass(frozen=True)
class Mention:
    """A thing that a text names: with its colour word ("" for none), and what is said of its place:
    "left", "right", "middle" or ""."""

    thing: Thing
    colour: str
    side: str


def mentioned(text: str) -> list[Mention]:
    """The sounding things that a text names, in its order; scene words are not things."""
    words = normalise(text)
    for scene in SCENES.values():
        words = words.replace(scene, " ")
    parts, at = words.split(), 0
    found: list[tuple[str, int, int]] = []
    while at < len(parts):
        ends = range(min(at + 3, len(parts)), at, -1)
        name, end = next(
            ((name, end) for end in ends if (name := _lookup(" ".join(parts[at:end])))),
            (None, at + 1),
        )
        if name:
            found.append((name, at, end))
        at = end
    ends_at = [*(start for _, start, _ in found[1:]), len(parts)]
    return [
        Mention(
            BY_NAME[name],
            parts[start - 1] if start and parts[start - 1] in COLOURS else "",
            next((word for word in parts[end:until] if word in _SIDES), ""),
        )
        for (name, start, end), until in zip(found, ends_at, strict=False)
    ]


_SIDES = ("left", "right", "middle")
_NO_ARTICLE = {"rain", "thunder", "applause", "footsteps", "maracas"}


def article(noun: str) -> str:
    """Noun with its indefinite article, if it takes one: "a car", "an airplane", "rain"."""
    if noun.lower().split()[-1:] and noun.lower().split()[-1] in _NO_ARTICLE:
        return noun
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def drawn_things() -> list[Thing]:
    """The things that the mini model has a picture of, in vocabulary order."""
    return [thing for thing in THINGS if not thing.drawn_as]
