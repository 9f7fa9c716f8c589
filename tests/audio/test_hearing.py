"""Sources and their names together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spa2v_core.audio import hearing
from spa2v_core.audio.cues import measure
from spa2v_core.audio.hearing import Heard, hear, scene_heard, to_dict
from spa2v_core.audio.io import read_audio
from spa2v_core.audio.sources import DRY
from spa2v_core.simulation.acoustics import Acoustics, Room, Source, mix, still
from spa2v_core.simulation.synthesis import RATE
from spa2v_core.simulation.voices import dog, woman
from tests.audio.taggers.fakes import Says, tags

EXAMPLES = Path(__file__).parents[2] / "assets" / "examples"
CAR = Says({"car": 0.9, "dog": 0.05})


def test_what_sounds_alike_in_a_room_is_one_and_its_echo_unless_named():
    signals = [dog(4.5, np.random.default_rng(0)), woman(4.5, np.random.default_rng(1))]
    sources = [Source("a", s, still(x, 3), 1, 1) for s, x in zip(signals, (-2, 2), strict=True)]
    cues = measure(mix(sources, 4, RATE, acoustics=Acoustics(room=Room((9.0, 9.0, 3.0), 0.4))))
    assert cues.cells.dryness < DRY
    assert len(hear(cues, CAR, 2)) == 2


def test_without_echoes_two_that_sound_alike_are_two():
    cues = measure(read_audio(EXAMPLES / "dog_and_guitar.m4a"))
    assert cues.cells.dryness > DRY
    assert len(hear(cues, CAR)) == 2


@pytest.fixture(scope="module")
def piano():
    cues = measure(read_audio(EXAMPLES / "piano_left.m4a"))
    return cues, hear(cues, None)[0].source


def test_the_spans_of_a_source_are_those_of_its_name(piano):
    _, source = piano
    found = Heard(source, tags([0.1, 0.9], [0.1, 0.9], [0.1, 0.1], [0.1, 0.9]))
    assert found.naming.name == "dog"
    assert np.ravel(found.spans_s) == pytest.approx([0, 1.2, 1.68, 2.4])
    kind = Heard(source, tags([0.3, 0.0], [0.3, 0.0], kinds={"vehicle": [0.9, 0.2]}))
    assert kind.naming.is_kind
    assert np.ravel(kind.spans_s) == pytest.approx([0, 0.72])
    assert Heard(source, tags([0.1, 0.1])).spans_s == []
    assert Heard(source, None).spans_s == []
    assert not Heard(source, None).naming.known


def test_the_written_cues_have_names_kinds_spans_and_the_scene(piano):
    cues, source = piano
    heard = (
        Heard(source, tags([0.1, 0.9], [0.1, 0.1], scenes={"rain": 0.8})),
        Heard(source, tags([0.3, 0.0], kinds={"vehicle": 0.9})),
        Heard(source, tags([0.1, 0.1])),
        Heard(source, None),
    )
    said = to_dict(cues, heard)
    names = [(one["name"], one["kind"]) for one in said["sources"]]
    assert names == [("dog", "animal"), ("vehicle", "vehicle"), ("unknown", ""), ("unknown", "")]
    assert said["sources"][0]["spans"] == [[0.0, 0.72]]
    assert said["sources"][2]["spans"] == [[0.0, round(cues.duration_s, 4)]]
    (scene,) = said["scene"]
    assert (scene["words"], scene["p"]) == ("rain", 0.8)
    assert "0.80" in scene["evidence"]


def test_sounds_that_nothing_listened_to_say_nothing_of_the_scene(piano):
    _, source = piano
    assert scene_heard((Heard(source, None),)) == ()
    assert scene_heard(()) == ()


@pytest.mark.parametrize(("crossing", "left"), [(0.9, 1), (0.1, 2)])
def test_what_rests_in_the_middle_and_sounds_like_nothing_is_murmur_beside_what_passes(
    crossing, left, monkeypatch
):
    cues = measure(read_audio(EXAMPLES / "dog_and_guitar.m4a"))
    one = hear(cues, None)[0].source
    aside, middle = (
        replace(one, x=np.full_like(one.x, x), motion={"crossing": p, "still": 1 - p})
        for x, p in ((0.25, crossing), (0.5, 0.0))
    )
    monkeypatch.setattr(hearing, "sources_of", lambda *_: (aside, middle))
    assert len(hear(cues, Says({"car": 0.1, "dog": 0.1}))) == left
    assert len(hear(cues, Says({"car": 0.1, "dog": 0.1}), 2)) == 2
