import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa2v_core.audio.io import level_db
from spa2v_core.errors import InputError
from spa2v_core.layout import motion_category
from spa2v_core.layout.keyframes import dense
from spa2v_core.simulation.acoustics import (
    SPACING_M,
    SPEED_OF_SOUND,
    Acoustics,
    Room,
    Source,
    constant_power,
    mix,
    render_source,
    screen_x,
    still,
    straight,
    true_layout,
)
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


CLICK = 200


def click():
    signal = np.zeros(RATE)
    signal[CLICK] = 1
    return signal


def test_the_direct_sound_arrives_first_and_the_pair_hears_the_delay():
    source = Source("a", click(), still(3, 4), 1, 1)
    left, right = render_source(source, 0.5, RATE, Acoustics(microphones="spaced"))
    delay = (np.argmax(np.abs(left)) - np.argmax(np.abs(right))) / RATE
    assert delay == pytest.approx(SPACING_M * 0.6 / SPEED_OF_SOUND, abs=1 / RATE)


def test_coincident_cardioids_follow_their_formula():
    source = Source("a", tone(1), still(2, 2), 1, 1)
    left, right = render_source(source, 0.5, RATE, Acoustics(microphones="coincident"))
    assert np.abs(right).max() / np.abs(left).max() == pytest.approx(2, rel=0.01)


def test_air_takes_high_frequencies():
    near = render_source(Source("a", tone(1, 7000), still(0, 3), 1, 1), 0.5, RATE)
    far = render_source(Source("a", tone(1, 7000), still(0, 60), 1, 1), 0.5, RATE)
    assert level_db(near) - level_db(far) > 20 * np.log10(20) + 2


def test_reflections_arrive_when_their_walls_say():
    room = Room((8.0, 9.0, 3.0), 0.5, behind_m=2.0)
    source = Source("a", click(), still(0, 4), 1, 1)
    dry = np.abs(render_source(source, 0.5, RATE)[0])
    wet = np.abs(render_source(source, 0.5, RATE, Acoustics(room=room))[0])
    # the floor and the ceiling, 1.3 m below and 1.7 m above
    for height in (1.3, 1.7):
        late = CLICK + round((np.hypot(4, 2 * height) - 4) / SPEED_OF_SOUND * RATE)
        assert wet[late - 1 : late + 2].max() > 0.02
        assert dry[late - 1 : late + 2].max() < 0.002


@settings(deadline=None, max_examples=8)
@given(st.floats(0.2, 0.6))
def test_reverberation_decays_as_eyring_says(absorption):
    room = Room((6.0, 7.0, 3.0), absorption)
    signal = np.zeros(4 * RATE)
    signal[0] = 1
    heard = render_source(Source("a", signal, still(0, 2), 1, 1), 2, RATE, Acoustics(room=room))
    start = round(0.1 * RATE)
    energy = np.cumsum((heard**2).sum(0)[::-1])[::-1]
    fall = 10 * np.log10(energy[start] / energy[start + round(room.decay_s / 3 * RATE)])
    assert fall == pytest.approx(20, abs=5)


def test_a_source_outside_its_room_is_refused():
    with pytest.raises(InputError, match="leaves the room"):
        render_source(
            Source("a", click(), still(9, 4), 1, 1), 0.1, RATE, Acoustics(room=Room((8, 9, 3), 0.5))
        )


@pytest.mark.parametrize(("hz", "bias"), [(50, 3.0), (4000, 0.0)])
def test_bias_is_constant_and_low(hz, bias):
    clip = mix(
        [Source("a", tone(2, hz), still(0, 3), 1, 1)], 1.5, RATE, acoustics=Acoustics(bias_db=3)
    )
    left, right = clip.samples
    assert level_db(right[None]) - level_db(left[None]) == pytest.approx(bias, abs=0.2)


def test_noise_is_as_loud_as_asked():
    source = Source("a", tone(2), still(0, 3), 1, 1)
    clean = mix([source], 1.5, RATE)
    left = mix([source], 1.5, RATE, acoustics=Acoustics(noise_db=10)).samples[0]
    share = np.corrcoef(clean.samples[0], left)[0, 1] ** 2
    assert 10 * np.log10(share / (1 - share)) == pytest.approx(10, abs=0.5)
