import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa2v_core.audio.io import level_db
from spa2v_core.audio.simulate import (
    SPEED_OF_SOUND,
    Source,
    constant_power,
    mix,
    render_source,
    screen_x,
    still,
    straight,
    true_layout,
)
from spa2v_core.layout import motion_category
from spa2v_core.layout.keyframes import dense
from spa2v_core.units import frame_time

RATE = 16_000


def tone(seconds, hz=440.0):
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


@given(st.floats(-0.5, 1.5))
def test_pan_law_has_constant_power(position):
    left, right = constant_power(np.array([position]))
    assert left**2 + right**2 == pytest.approx(1)


@settings(deadline=None, max_examples=15)
@given(st.floats(1, 8), st.floats(1.5, 4))
def test_gain_is_one_over_r(z, factor):
    near = render_source(Source("a", tone(1.2), still(0, z), 1, 1), 1, RATE)
    far = render_source(Source("a", tone(1.2), still(0, z * factor), 1, 1), 1, RATE)
    assert level_db(near) - level_db(far) == pytest.approx(20 * np.log10(factor), abs=0.1)


def test_doppler_shift_of_an_approaching_source():
    speed = 20.0
    source = Source("a", tone(3, 1000), straight((0, 60), (0, 60 - 2 * speed), 2), 1, 1)
    heard = render_source(source, 2, RATE)[0]
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard)), 8 * len(heard)))
    pitch = np.argmax(spectrum) * RATE / (8 * len(heard))
    # the delay is evaluated at the time of arrival: 1 + v / c to first order
    assert pitch == pytest.approx(1000 * (1 + speed / SPEED_OF_SOUND), rel=2e-3)


def test_true_layout_follows_the_path():
    path = straight((-6, 8), (6, 8), 4)
    source = Source("car", tone(5), path, 4, 1.5, -1.5)
    layout = true_layout([source], 4)
    track = layout.objects[0]
    assert motion_category(track, 16) == "crossing_right"
    for k, box in enumerate(dense(track, 16)):
        x, z = path(np.array([frame_time(k, 16, 4)]))
        assert box.centre[0] == pytest.approx(float(screen_x(x, z)[0]), abs=0.01)


def test_mix_reaches_its_peak():
    clip = mix([Source("a", tone(2), still(-1, 3), 1, 1)], 1.5, RATE, peak=0.5)
    assert np.abs(clip.samples).max() == pytest.approx(0.5)
    assert clip.duration_s == pytest.approx(1.5)
