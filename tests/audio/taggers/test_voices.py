import numpy as np
import pytest

from spa2v_core.audio.features import RATE
from spa2v_core.audio.signals import resample
from spa2v_core.audio.taggers.voices import BETWEEN_HZ, male_share
from spa2v_core.audio.taggers.yamnet import _whose_voice
from spa2v_core.simulation import voices
from spa2v_core.simulation.synthesis import RATE as SYNTHESIS_RATE
from spa2v_core.simulation.synthesis import harmonics


def buzz(hz, seconds=1.5):
    """Harmonics of a constant pitch, as a voice without a mouth."""
    rng = np.random.default_rng(0)
    pitch = np.full(round(seconds * SYNTHESIS_RATE), float(hz))
    return resample(harmonics(pitch, 30, 0.7, rng, 0.0), SYNTHESIS_RATE, RATE)


def test_a_low_buzz_is_a_mans_and_a_high_one_a_womans():
    assert male_share(buzz(110)) > 0.95
    assert male_share(buzz(220)) < 0.05
    assert male_share(buzz(BETWEEN_HZ)) == pytest.approx(0.5, abs=0.1)


def test_higher_is_less_a_mans():
    shares = [male_share(buzz(hz)) for hz in (90, 130, 150, 170, 200, 260)]
    assert shares == sorted(shares, reverse=True)


def test_gain_does_not_matter():
    assert male_share(1e-3 * buzz(120)) == pytest.approx(male_share(buzz(120)))


@pytest.mark.parametrize("voice", [voices.man, voices.woman])
def test_talking_is_told_apart(voice):
    shares = []
    for seed in range(8):
        sound = resample(voice(3, np.random.default_rng(seed)), SYNTHESIS_RATE, RATE)
        shares.append(male_share(sound))
    right = [share > 0.5 for share in shares]
    assert (np.mean(right) if voice is voices.man else 1 - np.mean(right)) >= 7 / 8


@pytest.mark.parametrize("seconds", [0, 0.02, 0.2, 2])
def test_where_nothing_is_voiced_nothing_is_said(seconds):
    count = round(seconds * RATE)
    assert male_share(np.random.default_rng(0).normal(size=count).astype(np.float32)) is None
    assert male_share(np.zeros(count, np.float32)) is None


def test_the_pitch_shares_speech_out_and_leaves_the_rest():
    names = ("dog", "man", "woman")
    chances = np.array([[0.3, 0.6, 0.5]])
    low, high = (_whose_voice(chances, names, buzz(hz))[0] for hz in (110, 220))
    assert low[1] > 0.55 > 0.1 > low[2]
    assert high[2] > 0.55 > 0.1 > high[1]
    assert low[0] == high[0] == 0.3
    assert low[1] + low[2] == pytest.approx(0.6)
    hiss = np.random.default_rng(0).normal(size=RATE)
    assert _whose_voice(chances, names, hiss) is chances
