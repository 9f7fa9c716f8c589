"""AV-Align, against hand-made videos whose motion is known."""

import numpy as np
import pytest

from spa2v_core.metrics.av_align import Alignment, av_align, flow_peaks

FPS = 8.0


def jumping(at, frames=16):
    """A textured square that jumps sideways in these frames and stands between."""
    rng = np.random.default_rng(0)
    patch = rng.integers(0, 255, (40, 40), np.uint8)
    video, x = np.zeros((frames, 64, 128), np.uint8), 10
    for k in range(frames):
        x += 6 if k in at else 0
        video[k, 12:52, x : x + 40] = patch
    return np.repeat(video[..., None], 3, -1)


def test_motion_on_the_strokes_is_aligned():
    made = av_align(jumping((4, 9)), FPS, np.array([4, 9]) / FPS)
    assert (made.audio, made.video, made.matched) == (2, 2, 2)
    assert made.score == 1


def test_motion_between_the_strokes_is_not():
    made = av_align(jumping((3, 11)), FPS, np.array([7]) / FPS)
    assert made.matched == 0
    assert made.score == 0


def test_one_peak_matches_once():
    made = av_align(jumping((6,)), FPS, np.array([5.5, 6, 6.5]) / FPS)
    assert (made.matched, made.score) == (1, pytest.approx(1 / 3))


def test_no_peaks_at_all_say_nothing():
    assert Alignment(0, 0, 0).score is None
    assert av_align(jumping(()), FPS, np.array([])).score is None
    assert av_align(jumping(()), FPS, np.array([0.5])).score == 0


def test_peaks_are_strict_and_high_enough():
    assert flow_peaks(np.array([0, 0.3, 0, 0.2, 0.2, 0, 0.05, 0])).tolist() == [1]


def test_rate_must_be_positive():
    with pytest.raises(ValueError, match="fps"):
        av_align(jumping(()), 0, np.array([]))
