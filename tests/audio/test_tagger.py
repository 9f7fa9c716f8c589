from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa2v_core.audio import features
from spa2v_core.audio.cues import measure
from spa2v_core.audio.hearing import Heard, hear
from spa2v_core.audio.io import read_audio
from spa2v_core.audio.simulate import Acoustics, Room, Source, mix, still
from spa2v_core.audio.sources import DRY
from spa2v_core.audio.synthesis import RATE
from spa2v_core.audio.tagger import PATCH_FRAMES, WEIGHTS, Tags, cut_patches, get_tagger
from spa2v_core.audio.voices import dog, woman
from spa2v_core.errors import InputError
from spa2v_core.vocabulary import BY_NAME

EXAMPLES = Path(__file__).parents[2] / "assets" / "examples"
VEHICLES = {"car", "bus", "truck", "motorcycle", "train", "airplane", "helicopter", "boat"}
SIGNALS = {"siren", "horn", "bell", "rain"}
ANIMALS = {"dog", "cat", "horse", "cow", "bird", "rooster"}
PEOPLE = {"man", "woman", "singer", "crowd", "footsteps"}
KEYS = {"piano", "accordion", "organ"}
STRINGS = {"guitar", "violin", "harp"}
OTHERS = {"drum", "flute", "trumpet", "saxophone"}
REQUIRED = VEHICLES | SIGNALS | ANIMALS | PEOPLE | KEYS | STRINGS | OTHERS


def tags(*rows, names=("car", "dog"), threshold=0.35):
    count = len(rows)
    start = np.arange(count, dtype=float)
    return Tags(names, start, start + 3, np.array(rows), np.ones(count), threshold)


def test_it_knows_the_names_that_were_asked_for_and_is_small():
    names = get_tagger().names
    assert REQUIRED <= set(names) <= set(BY_NAME)
    assert (WEIGHTS / "tagger.onnx").stat().st_size < 3_000_000


@pytest.mark.parametrize(
    ("clip", "name"),
    [("car_crossing", "car"), ("piano_left", "piano"), ("train_receding", "train")],
)
def test_it_names_examples(clip, name):
    sound = read_audio(EXAMPLES / f"{clip}.m4a")
    found = get_tagger().listen(sound.samples.mean(0), sound.rate)
    assert found.best()[0] == name
    assert found.spans(name)


@settings(deadline=None, max_examples=5)
@given(st.floats(1e-3, 1))
def test_gain_does_not_matter(gain):
    sound = read_audio(EXAMPLES / "piano_left.m4a")
    mono = sound.samples.mean(0)
    one, two = (get_tagger().listen(m, sound.rate) for m in (mono, gain * mono))
    assert one.probability == pytest.approx(two.probability, abs=0.02)


@pytest.mark.parametrize("seconds", [0.05, 0.4, 3.0, 7.3])
def test_any_length(seconds):
    sound = np.random.default_rng(0).normal(size=round(seconds * 16_000)).astype(np.float32)
    found = get_tagger().listen(sound, 16_000)
    assert np.isfinite(found.probability).all()
    assert found.end_s[-1] <= seconds + features.WINDOW / features.RATE
    assert not get_tagger().listen(0 * sound, 16_000).best()


def test_patches_cover_everything():
    power = np.random.default_rng(0).random((333, features.MELS)).astype(np.float32)
    patches, starts = cut_patches(power)
    assert starts[-1] + PATCH_FRAMES == 333
    assert patches.shape[1:] == (PATCH_FRAMES, features.MELS)


def test_unknown_is_said_and_spans_join():
    assert tags([0.2, 0.3]).best() is None
    found = tags([0.9, 0.0], [0.8, 0.0], [0.1, 0.0])
    assert found.best() == ("car", pytest.approx(0.6))
    assert found.spans("car") == [(0.0, 3.0)]
    assert found.spans("dog") == []


class Same:
    """Hears the same in everything."""

    def listen(self, samples, rate):
        return tags([0.9, 0.05])


def test_what_sounds_alike_in_a_room_is_one_and_its_echo_unless_named():
    signals = [dog(4.5, np.random.default_rng(0)), woman(4.5, np.random.default_rng(1))]
    sources = [Source("a", s, still(x, 3), 1, 1) for s, x in zip(signals, (-2, 2), strict=True)]
    acoustics = Acoustics(room=Room((9.0, 9.0, 3.0), 0.4))
    clip = mix(sources, 4, RATE, acoustics=acoustics)
    cues = measure(clip)
    assert cues.cells.dryness < DRY
    assert len(hear(cues, None)) > 1
    assert len(hear(cues, Same())) == 1
    assert len(hear(cues, Same(), 2)) == 2


def test_without_echoes_two_that_sound_alike_are_two():
    clip = read_audio(EXAMPLES / "dog_and_guitar.m4a")
    cues = measure(clip)
    assert cues.cells.dryness > DRY
    assert len(hear(cues, Same())) == 2


def test_the_span_of_a_source_is_that_of_its_tag():
    clip = read_audio(EXAMPLES / "piano_left.m4a")
    source = hear(measure(clip), None)[0].source
    assert Heard(source, tags([0.1, 0.9], [0.1, 0.9], [0.1, 0.1])).span_s == (0.0, 3.0)
    assert Heard(source, tags([0.1, 0.1])).span_s is None


def test_unknown_tagger():
    with pytest.raises(InputError, match="choose mel"):
        get_tagger("oracle")
