"""All toys by the name of what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from . import animals, birds, people, sounding, vehicles
from .solids import Parts


@dataclass(frozen=True)
class Toy:
    """A posable model.

    Attributes
    ----------
    pose
        (gait 0..1, or None while it stands; voice -1..1) to its parts.
    goes
        whether it has a gait.
    sounds
        whether its voice is seen.
    paint
        RRGGBB of its body if no colour is asked for.
    elevation
        degrees that it is looked down on.
    """

    pose: Callable[[float | None, float], Parts]
    goes: bool
    sounds: bool
    paint: str = "e8304a"
    elevation: float = 8.0


def _drives(pose: Callable[[float], Parts], paint: str, elevation: float = 8.0) -> Toy:
    """What drives stands as at the start of its gait."""
    return Toy(lambda gait, _: pose(gait or 0.0), True, False, paint, elevation)


def _calls(pose: Callable[[float, float], Parts]) -> Toy:
    """What drives with a siren."""
    return Toy(lambda gait, voice: pose(gait or 0.0, voice), True, True)


def _lives(pose: Callable[[float | None, float], Parts], paint: str = "e8304a") -> Toy:
    return Toy(pose, True, True, paint)


def _stays(pose: Callable[[float], Parts], paint: str = "e8304a") -> Toy:
    return Toy(lambda _, voice: pose(voice), False, True, paint)


#: Bodies of what lives, if no colour is asked for; others have paints of their own.
_COATS = {
    "dog": "d9954a",
    "cat": "f0a23c",
    "horse": "8a5230",
    "pig": "f59ab5",
    "goat": "d8cbb8",
    "elephant": "9aa0b5",
    "bird": "4f9de8",
    "rooster": "c8693a",
}

TOYS: dict[str, Toy] = {
    "car": _drives(vehicles.car, "e8304a"),
    "race car": _drives(vehicles.race_car, "e8304a"),
    "taxi": _drives(vehicles.taxi, "f5b301"),
    "police car": _calls(vehicles.police_car),
    "ambulance": _calls(vehicles.ambulance),
    "fire truck": _calls(vehicles.fire_truck),
    "bus": _drives(vehicles.bus, "f08a24"),
    "van": _drives(vehicles.van, "3fa7a0"),
    "truck": _drives(vehicles.truck, "f08a24"),
    "motorcycle": _drives(vehicles.motorcycle, "e8304a"),
    "scooter": _drives(vehicles.scooter, "3fb6a8"),
    "bicycle": _drives(vehicles.bicycle, "3f7de0"),
    "tractor": _drives(vehicles.tractor, "3fa04a"),
    "train": _drives(vehicles.train, "d9304a"),
    "tram": _drives(vehicles.tram, "d9304a"),
    "boat": _drives(vehicles.boat, "d9304a"),
    "speedboat": _drives(vehicles.speedboat, "f08a24"),
    "ship": _drives(vehicles.ship, "e8304a"),
    "airplane": _drives(vehicles.airplane, "3f7de0", elevation=-10.0),
    "helicopter": _drives(vehicles.helicopter, "f08a24", elevation=-6.0),
    **{
        name: _lives(partial(make, name), _COATS.get(name, "e8304a"))
        for make, names in ((animals.animal, animals.BUILDS), (birds.bird, birds.BIRDS))
        for name in names
    },
    "bee": _lives(birds.bee),
    "frog": _lives(animals.frog, "62b84a"),
    "monkey": _lives(people.monkey, "8a5a3a"),
    "man": _lives(people.man),
    "woman": _lives(people.woman, "e8506a"),
    "singer": _stays(people.singer),
    "baby": _stays(people.baby),
    "crowd": _stays(people.crowd),
    "bell": _stays(sounding.bell, "f5b301"),
    "drum": _stays(sounding.drum),
    "piano": _stays(sounding.piano),
    "loudspeaker": _stays(sounding.loudspeaker),
}
#: What looks the same from all sides.
ROUND = ("bell", "drum")
