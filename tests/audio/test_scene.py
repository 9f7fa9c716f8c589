"""What is no object but says where and in which weather a clip is."""

import numpy as np
import pytest

from spa2v_core.audio.scene import AMBIENCES, LASTING, SAID, STEADY_DB, is_ambience, scene_of
from spa2v_core.audio.sources import HeardSource
from spa2v_core.audio.taggers.naming import name_of
from tests.audio.taggers.fakes import tags

FRAMES = 16
RAIN = tags(*[[0.8, 0.05]] * 6, names=("rain", "dog"), scenes={"rain": 0.7, "wind": 0.05})


def source(x=0.5, confidence=0.2, level_db=-20.0):
    """A heard source with these values, each for all frames or one for each."""

    def each(value):
        return np.broadcast_to(np.asarray(value, dtype=float), (FRAMES,)).copy()

    return HeardSource(each(x), each(level_db), each(confidence), 1.0, 1.0, np.ones((4, FRAMES)))


def ambience(heard, said=RAIN):
    return is_ambience(heard, said, name_of(said))


def test_what_sounds_like_rain_evenly_and_from_nowhere_is_the_scene():
    assert ambience(source()).name == "rain"
    assert ambience(source(x=0.2)).name == "rain", "a place that nothing is sure of is none"


def test_so_is_what_is_surely_in_the_middle():
    assert ambience(source(x=0.5, confidence=1.0)).name == "rain"


@pytest.mark.parametrize("x", [0.1, 0.3, 0.75])
def test_what_is_clearly_on_a_side_is_an_object(x):
    assert ambience(source(x, confidence=0.9)) is None


def test_what_moves_from_one_side_to_a_place_on_the_other_is_an_object():
    assert ambience(source(np.linspace(0.0, 0.6, FRAMES), confidence=0.9)) is None


def test_what_crosses_the_picture_is_an_object():
    assert ambience(source(np.linspace(0.05, 0.95, FRAMES), confidence=0.9)) is None


def test_what_swells_or_pauses_is_an_object():
    swelling = -20 - 25 * np.linspace(0, 1, FRAMES)
    assert swelling.std() > STEADY_DB
    assert ambience(source(level_db=swelling)) is None
    assert ambience(source(level_db=np.where(np.arange(FRAMES) % 4, -20, -80))) is None


def test_only_what_is_named_like_an_ambience_is_one():
    assert ambience(source(), tags([0.1, 0.8], names=("rain", "dog"), scenes={"rain": 0.7})) is None
    assert ambience(source(), tags([0.1, 0.1], names=("rain", "dog"), scenes={"rain": 0.7})) is None


def test_only_what_is_surely_an_ambience_is_one():
    doubtful = tags([0.8, 0.0], names=("rain", "dog"), scenes={"rain": SAID - 0.01})
    assert ambience(source(), doubtful) is None


def test_a_tagger_that_knows_no_ambiences_makes_everything_an_object():
    assert ambience(source(), tags([0.8, 0.0], names=("rain", "dog"))) is None


def test_traffic_that_is_only_known_by_its_kind_is_the_scene():
    said = tags([0.2, 0.2], names=("car", "bus"), kinds={"vehicle": 0.9}, scenes={"traffic": 0.6})
    assert ambience(source(), said).name == "traffic"


def test_the_scene_quotes_its_figures():
    (cue,) = scene_of([(RAIN, 1.0)])
    assert cue.ambience.name == "rain"
    assert cue.p == pytest.approx(0.7)
    assert cue.evidence == "rain heard at 0.70 in 6 of 6 windows"


def test_the_likeliest_ambience_is_first():
    said = tags([0, 0], scenes={"birdsong": 0.4, "waves": 0.9, "wind": 0.6, "hall": 0.1})
    found = scene_of([(said, 1.0)])
    assert [cue.ambience.name for cue in found] == ["waves", "wind", "birdsong"]


def test_what_is_heard_only_for_a_moment_is_not_the_scene():
    windows = 10
    once = [0.99] * 5 + [0.0] * 5
    assert np.mean(once) > SAID
    assert np.mean(np.array(once) > 0) < LASTING
    assert scene_of([(tags(*[[0, 0]] * windows, scenes={"wind": once}), 1.0)]) == ()
    mostly = [0.99] * 7 + [0.0] * 3
    (cue,) = scene_of([(tags(*[[0, 0]] * windows, scenes={"wind": mostly}), 1.0)])
    assert "7 of 10 windows" in cue.evidence


def test_windows_that_are_too_quiet_say_nothing():
    said = tags([0, 0], [0, 0], scenes={"wind": [0.9, 0.0]}, weight=[1.0, 0.0])
    (cue,) = scene_of([(said, 1.0)])
    assert cue.evidence.endswith("1 of 1 windows")
    assert scene_of([(tags([0, 0], scenes={"wind": 0.9}, weight=[0.0]), 1.0)]) == ()


def test_an_ambience_is_heard_beside_a_louder_thing():
    loud = tags([0.9, 0.0], scenes={"rain": 0.02})
    soft = tags([0.0, 0.0], scenes={"rain": 0.8})
    (cue,) = scene_of([(loud, 0.9), (soft, 0.1)])
    assert cue.p == pytest.approx(0.8)


def test_nothing_is_said_of_nothing():
    assert scene_of([]) == ()
    assert scene_of([(tags([0.9, 0.1]), 1.0)]) == ()


def test_ambiences_have_names_of_their_own():
    assert len({one.name for one in AMBIENCES}) == len(AMBIENCES)
