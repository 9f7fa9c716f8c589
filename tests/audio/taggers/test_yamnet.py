"""The shipped tagger on sounds."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa2v_core.audio.features import FRAME_S
from spa2v_core.audio.io import read_audio
from spa2v_core.audio.taggers.naming import name_of
from spa2v_core.audio.taggers.registry import TAGGERS, get_tagger
from spa2v_core.audio.taggers.yamnet import WEIGHTS, YamnetTagger
from spa2v_core.audioset import KIND_CLASSES, SCENE_CLASSES, THING_CLASSES
from spa2v_core.errors import InputError
from spa2v_core.simulation import voices
from spa2v_core.simulation.synthesis import RATE
from spa2v_core.vocabulary import BY_NAME

EXAMPLES = Path(__file__).parents[3] / "assets" / "examples"


def example(name):
    sound = read_audio(EXAMPLES / f"{name}.m4a")
    return sound.samples.mean(0), sound.rate


def test_it_names_all_things_and_is_small_enough_to_ship():
    found = get_tagger().listen(*example("piano_left"))
    assert found.names == tuple(THING_CLASSES)
    assert set(found.kinds) == set(KIND_CLASSES)
    assert set(found.scenes) == set(SCENE_CLASSES)
    assert found.probability.shape == (len(found.start_s), len(found.names))
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 10.5 * 2**20


@pytest.mark.parametrize(
    ("clip", "name"),
    [
        ("car_crossing", "car"),
        ("bus_approaching", "bus"),
        ("boat_receding", "boat"),
        ("piano_left", "piano"),
        ("airplane_crossing", "airplane"),
    ],
)
def test_it_names_examples(clip, name):
    found = get_tagger().listen(*example(clip))
    naming = name_of(found)
    assert naming.name == name
    assert found.spans(name)


@settings(deadline=None, max_examples=6)
@given(st.floats(1e-4, 100))
def test_gain_does_not_matter(gain):
    mono, rate = example("piano_left")
    one, two = (get_tagger().listen(m, rate) for m in (mono, np.float32(gain) * mono))
    assert one.probability == pytest.approx(two.probability, abs=0.01)
    assert one.weight == pytest.approx(two.weight, abs=0.01)
    for name in KIND_CLASSES:
        assert one.kinds[name] == pytest.approx(two.kinds[name], abs=0.01)


@pytest.mark.parametrize("seconds", [0.05, 0.4, 0.96, 3.0, 7.0])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_any_length(seconds, rate):
    sound = np.random.default_rng(0).normal(size=round(seconds * rate)).astype(np.float32)
    found = get_tagger().listen(sound, rate)
    assert np.isfinite(found.probability).all()
    assert (np.diff(found.start_s) > 0).all()
    assert (found.end_s > found.start_s).all()
    assert found.start_s[0] == 0
    assert seconds - 0.06 < found.end_s[-1] < seconds + FRAME_S, "the end is heard as well"
    assert (found.weight > 0).any()


@pytest.mark.parametrize("seconds", [0.05, 1, 5])
def test_silence_is_unknown(seconds):
    found = get_tagger().listen(np.zeros(round(seconds * RATE), np.float32), RATE)
    naming = name_of(found)
    assert not naming.known
    assert np.isfinite([p for _, p in naming.guesses]).all()
    assert found.spans("dog") == []
    assert all(found.over_time(values) == 0 for values in found.scenes.values())


def test_a_dog_that_barks_twice_has_two_spans():
    named = []
    for seed in range(12):
        barks, silence = voices.dog(1.0, np.random.default_rng(seed)), np.zeros(RATE // 2)
        sound = np.concatenate([silence, barks, np.zeros(2 * RATE), barks, silence])
        found = get_tagger().listen(sound.astype(np.float32), RATE)
        if name_of(found).name == "dog":
            named.append(seed)
            first, second = found.spans("dog")
            assert first[0] < 1.5
            assert first[1] < 2.5 < second[0]
            assert second[1] > 3.5
    assert len(named) >= 4, "synthesised dogs are dogs, if now and then ducks"


def test_a_window_far_under_the_loudest_says_nothing():
    mono, rate = example("piano_left")
    hiss = 0.01 * mono.std() * np.random.default_rng(0).normal(size=3 * rate)
    quiet = np.concatenate([mono, hiss])
    found = get_tagger().listen(quiet.astype(np.float32), rate)
    after = found.start_s > len(mono) / rate
    assert (found.weight[after] == 0).all()
    assert found.spans("piano") == get_tagger().listen(mono, rate).spans("piano")


def test_two_windows_are_heard_as_one_by_one():
    mono, rate = example("dog_and_guitar")
    found = get_tagger().listen(mono, rate)
    first = round(found.start_s[3] * rate)
    alone = mono[first : first + round(0.975 * rate) + 1].copy()
    alone *= np.abs(mono).max() / np.abs(alone).max()  # its own peak is not the clip's
    one = get_tagger().listen(alone, rate)
    assert name_of(one).guesses[0][0] == found.names[int(found.probability[3].argmax())]


def test_ten_seconds_take_a_moment():
    sound = np.random.default_rng(0).normal(size=10 * 16_000).astype(np.float32)
    get_tagger().listen(sound, 16_000)
    took = []
    for _ in range(3):
        start = time.perf_counter()
        get_tagger().listen(sound, 16_000)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.5


def test_weights_that_are_missing_or_damaged_are_one_clear_error(tmp_path):
    (tmp_path / "tagger.json").write_bytes((WEIGHTS / "tagger.json").read_bytes())
    for damaged in (False, True):
        if damaged:
            (tmp_path / "tagger.onnx").write_bytes(b"not a network")
        with pytest.raises(InputError, match=r"tagger\.onnx is damaged or missing: install"):
            YamnetTagger(tmp_path)


def test_a_tagger_is_loaded_once_and_an_unknown_one_is_refused():
    assert get_tagger() is get_tagger("yamnet")
    assert isinstance(get_tagger(), YamnetTagger)
    assert TAGGERS.names()[:2] == ("yamnet", "clap")
    with pytest.raises(InputError, match="no tagger 'oracle': choose yamnet, clap"):
        get_tagger("oracle")


def test_all_it_says_is_in_the_vocabulary():
    assert set(get_tagger().names) <= set(BY_NAME)
