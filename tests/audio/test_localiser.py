"""The published localiser: what holds exactly, and what it must find."""

import numpy as np
import pytest

from spa2v_core.audio import directional
from spa2v_core.audio.clip import AudioClip
from spa2v_core.audio.localiser import UNKNOWN, get_localiser
from spa2v_core.simulation.synthesis import RATE
from tests.audio.sounds import panned


def test_a_mirrored_clip_gives_the_mirrored_answer():
    clip = panned(0.2, 0.8)
    one, other = get_localiser().locate(clip), get_localiser().locate(clip.swapped())
    np.testing.assert_allclose(one.count, other.count, atol=1e-6)
    for a, b in zip(one.sources, other.sources, strict=True):
        np.testing.assert_allclose(a.x, 1 - b.x, atol=1e-5)
        for name in ("presence", "distance", "uncertainty"):
            np.testing.assert_allclose(getattr(a, name), getattr(b, name), atol=1e-5)


@pytest.mark.parametrize("gain", [0.5, 0.013])
def test_the_level_changes_nothing(gain):
    clip = panned(0.3)
    one = get_localiser().locate(clip)
    other = get_localiser().locate(AudioClip(clip.samples * np.float32(gain), clip.rate))
    np.testing.assert_allclose(one.count, other.count, atol=1e-4)
    np.testing.assert_allclose(one.sources[0].x, other.sources[0].x, atol=1e-4)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_mono_clip_has_no_confident_place(channels):
    middle = panned(0.3).samples.mean(0, keepdims=True)
    located = get_localiser().locate(AudioClip(np.repeat(middle, channels, 0), RATE))
    assert located.microphones["mono"] == 1
    for source in located.sources:
        assert (source.uncertainty == UNKNOWN).all() and (source.x == 0.5).all()


@pytest.mark.parametrize("place", [0.15, 0.4, 0.75])
def test_a_still_source_is_found(place):
    located = get_localiser().locate(panned(place))
    assert located.count.argmax() == 1
    assert located.sources[0].x == pytest.approx(place, abs=0.06)
    assert located.sources[0].presence.min() > 0.5


def test_two_sources_are_counted_and_placed():
    located = get_localiser().locate(panned(0.2, 0.8))
    assert located.count.argmax() == 2
    assert sorted(float(np.mean(s.x)) for s in located.likely) == pytest.approx([0.2, 0.8], abs=0.1)


@pytest.mark.parametrize("seconds", [0.25, 0.8, 3.33])
def test_any_length_is_answered(seconds):
    clip = panned(0.7, seconds=4.0).span(0.0, seconds)
    located = get_localiser().locate(clip)
    assert len(located.time_s) == round(10 * seconds)
    assert located.count.sum() == pytest.approx(1, abs=1e-5)
    for source in located.sources:
        assert source.x.shape == source.uncertainty.shape == located.time_s.shape


def test_silence_is_answered():
    located = get_localiser().locate(AudioClip(np.zeros((2, RATE), np.float32), RATE))
    assert np.isfinite(located.count).all()


def test_training_sees_the_same_features():
    torch = pytest.importorskip("torch")
    from spa2v_core.training.localiser.net import torch_features, torch_tables

    sound = panned(0.2, 0.6).samples[:, : 2 * directional.RATE]
    ours = directional.features(sound)
    theirs = torch_features(torch.from_numpy(sound)[None], torch_tables(torch.device("cpu")))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b[0].numpy(), atol=1e-4)
