"""The scene of a plan: its place, weather and light, and what a person makes of it."""

import numpy as np
import pytest

from spa2v_core.audio.cues import measure
from spa2v_core.audio.hearing import Heard, hear
from spa2v_core.audio.io import AudioClip
from spa2v_core.audio.scene import AMBIENCES
from spa2v_core.layout import Box, Keyframe, ObjectTrack, SceneNote
from spa2v_core.planning.base import PlanRequest, parse_objects
from spa2v_core.planning.registry import get_planner
from spa2v_core.planning.setting import ANYWHERE, FITTING, setting_from, setting_of
from spa2v_core.simulation.acoustics import Source, mix, still
from spa2v_core.vocabulary import BY_NAME, LIGHTS, SCENES, THINGS
from tests.audio.taggers.fakes import Says, tags

RATE = 22_050


@pytest.fixture(scope="module")
def hiss():
    """Steady noise from everywhere: another in each channel."""
    samples = np.random.default_rng(0).normal(0, 0.1, (2, 3 * RATE)).astype(np.float32)
    return AudioClip(samples, RATE)


@pytest.fixture(scope="module")
def sided():
    signal = np.random.default_rng(0).normal(size=4 * RATE)
    return mix([Source("a", signal, still(-2.5, 4), 1, 1)], 3, RATE)


RAIN = Says({"rain": 0.8, "dog": 0.1}, scenes={"rain": 0.7})


def plan(clip, tagger, objects=""):
    cues, names = measure(clip), parse_objects(objects)
    heard = hear(cues, tagger, len(names) or None)
    return get_planner("cues").plan(PlanRequest(clip, cues, heard, names)).layout


def test_ambience_alone_is_a_layout_without_objects_that_says_where_it_is(hiss):
    layout = plan(hiss, RAIN)
    assert layout.objects == ()
    assert layout.caption == "In a field in the rain"
    assert layout.frame_captions == ()
    assert [(note.words, note.p) for note in layout.scene] == [("rain", 0.7)]
    assert "heard at 0.70" in layout.scene[0].evidence
    assert layout.scene[0].evidence in layout.reasoning
    assert "Rain (0.80): heard all the time and from no one place" in layout.reasoning


def test_its_name_makes_it_an_object(hiss):
    layout = plan(hiss, RAIN, "rain")
    assert [track.name for track in layout.objects] == ["rain"]
    assert [note.words for note in layout.scene] == ["rain"]
    assert "no box" not in layout.reasoning


@pytest.mark.parametrize("said", ["scene", "the scene", "Scene"])
def test_the_name_scene_makes_a_source_the_scene(sided, said):
    tagger = Says({"dog": 0.8, "rain": 0.1}, scenes={"rain": 0.05})
    assert [track.name for track in plan(sided, tagger).objects] == ["dog"]
    layout = plan(sided, tagger, said)
    assert layout.objects == ()
    assert "Dog: taken for the scene, as you say" in layout.reasoning
    assert "from no one place" not in layout.reasoning


def test_what_a_person_takes_for_the_scene_is_in_the_caption(sided):
    unsure = Says({"rain": 0.6, "dog": 0.1}, scenes={"rain": 0.1, "wind": 0.5})
    assert plan(sided, unsure).caption.endswith("in a field in the wind")
    layout = plan(sided, unsure, "scene")
    assert layout.caption == "In a field in the rain"
    assert layout.scene[0].evidence == "rain, as you say"
    assert [note.words for note in layout.scene] == ["rain", "wind"]


def test_without_a_tagger_too(sided):
    layout = plan(sided, None, "scene")
    assert layout.objects == ()
    assert "A sound: taken for the scene, as you say" in layout.reasoning
    assert layout.caption == "In a field"


def test_a_scene_that_has_no_sound_of_its_own_is_nothing(sided):
    layout = plan(sided, None, "dog, scene")
    assert [track.name for track in layout.objects] == ["dog"]


def test_one_of_two_is_the_scene(sided, hiss):
    both = AudioClip(0.5 * sided.samples + 0.02 * hiss.samples, RATE)
    cues = measure(both)
    one = hear(cues, None, 1)[0].source
    dog = Heard(one, tags([0.8, 0.0], names=("dog", "rain")))
    rain = Heard(one, tags([0.0, 0.8], names=("dog", "rain"), scenes={"rain": 0.9}))
    for names, objects in ((("dog", "scene"), ["dog"]), (("scene", "rain"), ["rain"])):
        layout = get_planner("cues").plan(PlanRequest(both, cues, (dog, rain), names)).layout
        assert [track.name for track in layout.objects] == objects
        assert layout.caption.endswith(" in the rain")


def test_rain_from_a_side_is_an_object(sided):
    layout = plan(sided, RAIN)
    assert [track.name for track in layout.objects] == ["rain"]


def track(name, number=0):
    key = Keyframe(frame=0, box=Box(0.4, 0.4, 0.6, 0.6))
    return ObjectTrack(id=number, name=name, start=0, end=15, keyframes=(key,))


def notes(*words):
    return tuple(SceneNote(words=word, p=0.5) for word in words)


@pytest.mark.parametrize(
    ("words", "things", "place"),
    [
        (("waves",), ("dog",), "beach"),
        (("waves",), (), "beach"),
        (("hall",), ("piano",), "concert hall"),
        (("city",), ("motorcycle",), "street"),
        (("country",), ("airplane",), "sky"),
        (("hall",), ("car",), "road"),
        (("waves",), ("boat",), "sea"),
        (("city",), ("ship",), "sea"),
        (("indoors",), ("speedboat", "dog"), "sea"),
        (("hall", "waves"), ("dog",), "beach"),
        (("rain",), ("dog",), "field"),
        ((), ("piano", "dog"), "room"),
        ((), (), ANYWHERE),
        (("birdsong",), ("telephone",), "forest"),
    ],
)
def test_the_place_is_the_likeliest_that_fits_all_things(words, things, place):
    tracks = tuple(track(name, number) for number, name in enumerate(things))
    assert setting_from(notes(*words), tracks).place == place


@pytest.mark.parametrize("ambience", [one.name for one in AMBIENCES])
def test_a_boat_stays_afloat_whatever_is_heard(ambience):
    for name in ("boat", "ship", "speedboat"):
        assert setting_from(notes(ambience), (track(name),)).place in ("sea", "harbour")


@pytest.mark.parametrize("thing", [thing.name for thing in THINGS])
def test_every_thing_is_only_moved_to_where_it_may_be(thing):
    kind, usual = BY_NAME[thing].kind, BY_NAME[thing].scene
    for ambience in AMBIENCES:
        place = setting_from(notes(ambience.name), (track(thing),)).place
        assert place == usual or place in FITTING.get(kind, SCENES)


def test_weather_and_light_are_said_after_the_place():
    setting = setting_from(notes("waves", "wind", "crickets"), ())
    assert (setting.place, setting.weather, setting.light) == ("beach", "in the wind", "night")
    assert setting.words == f"{SCENES['beach']} in the wind {LIGHTS['night']}"


def test_words_that_no_ambience_has_say_nothing():
    setting = setting_from(notes("a party", "wind"), (track("dog"),))
    assert setting.words == f"{SCENES['field']} in the wind"
    assert [note.words for note in setting.cues] == ["a party", "wind"]


def test_the_notes_of_a_plan_give_its_setting_again(sided):
    source = hear(measure(sided), None)[0].source
    heard = (Heard(source, tags([0.9, 0.0], scenes={"waves": 0.4, "wind": 0.6, "hall": 0.5})),)
    setting = setting_of(heard, (track("dog"),))
    assert setting.words == "on a beach in the wind"
    assert [note.words for note in setting.cues] == ["wind", "hall", "waves"]
    assert setting_from(setting.cues, (track("dog"),)) == setting
