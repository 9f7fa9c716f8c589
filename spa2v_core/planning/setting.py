"""Where a planned scene is: what is heard of the place and the weather, else what is usual."""

from __future__ import annotations

from dataclasses import dataclass

from ..audio.hearing import Heard, scene_heard
from ..audio.scene import AMBIENCES
from ..layout import ObjectTrack, SceneNote
from ..vocabulary import LIGHTS, SCENES, resolve

#: Kind of thing -> places that it is moved to when they are heard ("object" fits everywhere).
FITTING = {
    "vehicle": ("road", "highway", "street", "station"),
    "aircraft": ("sky",),
    "animal": ("field", "farm", "forest", "beach", "street", "room"),
    "person": ("street", "beach", "forest", "field", "room", "concert hall", "stage", "station"),
    "instrument": ("room", "concert hall", "stage", "street", "beach", "forest"),
}
#: Boats are on the water whatever is heard.
AFLOAT = ("sea", "harbour")
#: Where a scene is of which nothing is known.
ANYWHERE = "field"


@dataclass(frozen=True)
class Setting:
    """Place (key of `SCENES`), words of the weather ("" for none), light (key of `LIGHTS`), and
    what speaks for them."""

    place: str
    weather: str
    light: str
    cues: tuple[SceneNote, ...]

    @property
    def words(self) -> str:
        """As a caption says it: "on a beach in the wind at night"."""
        parts = (SCENES[self.place], self.weather, LIGHTS[self.light])
        return " ".join(part for part in parts if part)


def setting_of(
    heard: tuple[Heard, ...], tracks: tuple[ObjectTrack, ...], said: tuple[str, ...] = ()
) -> Setting:
    """The setting of a plan: of what a person says to be the scene, and the likeliest ambiences.

    said: names of sounds that are taken for the scene.
    """
    notes = [
        SceneNote(words=cue.ambience.name, evidence=cue.evidence, p=round(cue.p, 3))
        for cue in scene_heard(heard)
    ]
    for name in said:
        meant = next((one.name for one in AMBIENCES if name in one.things), None)
        if meant and meant not in (note.words for note in notes):
            notes.insert(0, SceneNote(words=meant, evidence=f"{name}, as you say"))
    return setting_from(tuple(notes), tracks)


def setting_from(notes: tuple[SceneNote, ...], tracks: tuple[ObjectTrack, ...]) -> Setting:
    """The setting that a layout's notes speak for, the likeliest first; other words say nothing."""
    known = {ambience.name: ambience for ambience in AMBIENCES}
    found = [known[note.words] for note in notes if note.words in known]
    return Setting(
        place=next((one.place for one in found if _fits(one.place, tracks)), _usual(tracks)),
        weather=next((one.weather for one in found if one.weather), ""),
        light=next((one.light for one in found if one.light), "day"),
        cues=notes,
    )


def _fits(place: str, tracks: tuple[ObjectTrack, ...]) -> bool:
    """Whether all the things may well be there."""
    if not place:
        return False
    things = [resolve(track.name).thing for track in tracks]
    return all(
        thing.scene not in AFLOAT and place in FITTING.get(thing.kind, (place,)) for thing in things
    )


def _usual(tracks: tuple[ObjectTrack, ...]) -> str:
    """Where such things are: of several the first heard, the loudest, decides."""
    things = [resolve(track.name).thing for track in sorted(tracks, key=lambda track: track.id)]
    if not things:
        return ANYWHERE
    kinds = {thing.kind for thing in things}
    if "instrument" in kinds and kinds & {"animal", "object"}:
        return "room"
    return things[0].scene
