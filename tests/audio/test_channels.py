"""Channels that are not as they should be: noticed, undone for measuring, never in the clip."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter, resample_poly

from spa2v_core.audio.channels import condition, high_passed, is_timecode, level_of
from spa2v_core.audio.clip import AudioClip
from spa2v_core.audio.cues import COINCIDENT_NOTE, MONO_NOTE, SPACED_NOTE, measure
from spa2v_core.audio.sources import separate
from spa2v_core.audio.timbre import a_weighting
from spa2v_core.simulation.acoustics import Acoustics, Source, constant_power, mix, still, straight
from tests.audio.sounds import binaural

RATE, SECONDS = 22_050, 3.5


def voice(seed=0, seconds=SECONDS, syllables=3.4):
    """Coloured noise in so many syllables a second."""
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE)
    sound = lfilter([1], [1, -0.7], rng.normal(size=n))
    return 0.05 * sound * (0.3 + np.abs(np.sin(np.pi * syllables * np.arange(n) / RATE)))


def crossing(start=0.2, stop=0.8, sound=None):
    """Panned from one place to another."""
    sound = voice() if sound is None else sound
    left, right = constant_power(np.linspace(start, stop, len(sound)))
    return np.stack([left * sound, right * sound])


def clip_of(samples):
    return AudioClip(np.asarray(samples, np.float32), RATE)


def heard_line(samples, **options):
    """(first, last heard place, notes)."""
    cues = measure(clip_of(samples), **options)
    return cues.x[0], cues.x[-1], " | ".join(cues.notes)


def late(samples, seconds, channel=1):
    out = samples.copy()
    out[channel] = np.roll(samples[channel], round(seconds * RATE))
    return out


def test_a_good_recording_has_no_notes_and_is_not_touched():
    clip = clip_of(crossing())
    before = clip.samples.copy()
    assert measure(clip).notes == ()
    assert (clip.samples == before).all()


@pytest.mark.parametrize("channel", [0, 1])
def test_inverted_polarity_is_turned_back(channel):
    samples = crossing()
    samples[channel] *= -1
    first, last, notes = heard_line(samples)
    assert (first, last) == (pytest.approx(0.22, abs=0.04), pytest.approx(0.78, abs=0.04))
    assert "inverted" in notes
    assert "inverted" not in heard_line(samples, mend=False)[2]


@pytest.mark.parametrize("seconds", [0.003, -0.0075, 0.02])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_lasting_delay_is_undone(seconds, sign):
    samples = late(crossing(0.35, 0.35), seconds)
    samples[1] *= sign
    first, last, notes = heard_line(samples)
    assert (first, last) == (pytest.approx(0.35, abs=0.03), pytest.approx(0.35, abs=0.03))
    assert f"{'right' if seconds > 0 else 'left'} channel is {abs(1000 * seconds):.1f} ms" in notes
    assert ("inverted" in notes) == (sign < 0)


@pytest.mark.parametrize("ppm", [500, -800])
def test_drift_is_undone(ppm):
    sound = voice(seconds=8.0)
    samples = crossing(0.3, 0.3, sound)
    at = np.arange(len(sound)) * (1 - ppm * 1e-6)
    samples[1] = np.interp(at, np.arange(len(sound)), samples[1])
    first, last, notes = heard_line(samples)
    assert (first, last) == (pytest.approx(0.3, abs=0.04), pytest.approx(0.3, abs=0.04))
    assert f"drift apart by {abs(ppm) / 1000:.2f} ms a second" in notes


def test_dc_is_no_sound_and_an_approach_is_heard_through_it():
    growing = crossing(0.35, 0.35) * np.geomspace(0.03, 1, round(SECONDS * RATE))
    plain = measure(clip_of(growing))
    for offset in (0.2, [[0.3], [-0.1]]):
        cues = measure(clip_of(growing + np.asarray(offset)))
        rise = cues.level_db[-2] - cues.level_db[1]
        assert rise == pytest.approx(plain.level_db[-2] - plain.level_db[1], abs=1)
        assert cues.x == pytest.approx(plain.x, abs=0.02)
        assert "rumble" in cues.notes[0]
    assert level_of(high_passed(clip_of(np.full((2, RATE), 0.4))).samples) < -100


def test_rumble_hides_neither_approach_nor_place():
    rng = np.random.default_rng(3)
    rumble = lfilter([1], [1, -0.995], rng.normal(size=round(SECONDS * RATE)))
    growing = crossing(0.35, 0.35) * np.geomspace(0.03, 1, round(SECONDS * RATE))
    cues = measure(clip_of(growing + 0.1 * rumble / np.abs(rumble).max()))
    assert cues.level_db[-1] - cues.level_db[0] > 8
    assert cues.x[-4:] == pytest.approx(np.full(4, 0.35), abs=0.03)


@pytest.mark.parametrize(("dead", "name"), [(0, "left"), (1, "right")])
def test_a_dead_channel_is_said_and_has_no_place(dead, name):
    rng = np.random.default_rng(0)
    for hiss in (0.0, 1e-4):
        samples = crossing(0.5, 0.5)
        samples[dead] = hiss * rng.normal(size=samples.shape[1])
        cues = measure(clip_of(samples))
        assert f"the {name} channel is dead" in cues.notes[0]
        assert MONO_NOTE in cues.notes
        assert (cues.confidence == 0).all()


def timecode(seconds, bits=2400, seed=0):
    """Biphase marks: a change at every bit, and in the middle of a one."""
    rng = np.random.default_rng(seed)
    ones = rng.integers(0, 2, round(seconds * bits))
    changes = np.sort(
        np.concatenate([np.arange(len(ones)) / bits, (np.flatnonzero(ones) + 0.5) / bits])
    )
    t = np.arange(round(seconds * RATE)) / RATE
    return 0.3 * (1 - 2 * (np.searchsorted(changes, t) % 2))


@pytest.mark.parametrize("bits", [1920, 2400])
def test_time_code_is_told_and_left_out(bits):
    code = timecode(SECONDS, bits)
    assert is_timecode(code, RATE)
    assert not is_timecode(voice(), RATE)
    cues = measure(clip_of(np.stack([voice(), code])))
    assert "right channel is time code" in cues.notes[0]
    assert cues.channels == 1


def test_two_recordings_in_one_file_are_said():
    notes = heard_line(np.stack([voice(1), voice(2, syllables=5.1)]))[2]
    assert "nothing in common" in notes
    for microphones in ("pan", "coincident", "spaced"):
        wide = mix(
            [Source("a", voice(seconds=4.5), still(1, 4), 1, 1)],
            SECONDS,
            RATE,
            acoustics=Acoustics(microphones=microphones, noise_db=6),
        )
        assert "nothing in common" not in " ".join(measure(wide).notes)


def test_middle_and_side_are_noticed():
    left, right = crossing(0.2, 0.8)
    notes = heard_line(np.stack([left + right, left - right]) / 2)[2]
    assert "mid-side" in notes


@settings(deadline=None, max_examples=8)
@given(st.floats(0.05, 0.95), st.sampled_from(["pan", "coincident", "spaced"]))
def test_nothing_is_wrong_with_what_is_right(x, microphones):
    source = Source("a", voice(seconds=SECONDS + 0.5), still((2 * x - 1) * 4, 4), 1, 1)
    acoustics = Acoustics(microphones=microphones, noise_db=20)
    clip = mix([source], SECONDS, RATE, acoustics=acoustics)
    assert condition(clip)[1] == ()


FAULTS = ("none", "inverted", "late", "dc", "spaced", "ambience")


def faulty(fault, start, stop):
    rng = np.random.default_rng(7)
    if fault == "spaced":
        path = straight(((2 * start - 1) * 5, 5), ((2 * stop - 1) * 5, 5), SECONDS)
        source = Source("a", voice(seconds=SECONDS + 0.5), path, 1, 1)
        return mix([source], SECONDS, RATE, acoustics=Acoustics(microphones="spaced")).samples
    samples = crossing(start, stop)
    if fault == "inverted":
        samples[1] *= -1
    if fault == "late":
        samples = late(samples, 0.005)
    if fault == "dc":
        samples = samples + 0.2
    if fault == "ambience":
        samples = samples + 0.02 * rng.normal(size=samples.shape)
    return samples


@settings(deadline=None, max_examples=15)
@given(st.sampled_from(FAULTS), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_mirrored_channels_are_heard_mirrored_whatever_is_wrong(fault, start, stop):
    clip = clip_of(faulty(fault, start, stop))
    one, two = measure(clip), measure(clip.swapped())
    assert one.x == pytest.approx(1 - two.x, abs=0.01)
    assert one.confidence == pytest.approx(two.confidence, abs=0.02)
    assert one.evidence == two.evidence


@settings(deadline=None, max_examples=10)
@given(st.sampled_from(FAULTS), st.floats(0.003, 3))
def test_gain_changes_no_place(fault, gain):
    samples = faulty(fault, 0.3, 0.6)
    one, two = measure(clip_of(samples)), measure(clip_of(samples * gain))
    assert one.x == pytest.approx(two.x, abs=2e-3)
    assert one.notes == two.notes


def test_one_inverted_or_late_recording_mirrors_exactly():
    samples = late(crossing(0.2, 0.6), 0.004)
    clip = clip_of(samples)
    assert measure(clip).x == pytest.approx(1 - measure(clip.swapped()).x, abs=0.01)


@pytest.mark.parametrize("azimuth", [-35, -20, 0, 12, 30])
def test_binaural_is_placed_by_time_and_level_together(azimuth):
    cues = measure(binaural(azimuth))
    wanted = 0.5 + 0.5 * np.tan(np.radians(azimuth))
    assert cues.x == pytest.approx(np.full(16, wanted), abs=0.06)
    if abs(azimuth) > 10:
        assert SPACED_NOTE in cues.notes


@pytest.mark.parametrize("azimuth", [-32, -15, 25])
def test_ortf_is_placed_by_time_and_level_together(azimuth):
    """Cardioids at +-55 degrees, 17 cm apart."""
    rate, turn = 44_100, np.radians(azimuth)
    sound = np.random.default_rng(0).normal(size=rate) * 0.05
    frequencies = np.fft.rfftfreq(rate, 1 / rate)
    ears = []
    for side in (-1, 1):
        gain = (1 + np.cos(turn - side * np.radians(55))) / 2
        delay = 1e-3 - side * 0.085 * np.sin(turn) / 343
        spectrum = gain * np.fft.rfft(sound) * np.exp(-2j * np.pi * frequencies * delay)
        ears.append(np.fft.irfft(spectrum, rate))
    cues = measure(AudioClip(np.array(ears, np.float32), rate))
    assert cues.x == pytest.approx(np.full(16, 0.5 + 0.5 * np.tan(turn)), abs=0.06)


def test_wide_ambience_is_not_spaced_microphones():
    rng = np.random.default_rng(1)
    ambience = resample_poly(rng.normal(size=(2, RATE * 2)), 1, 1, axis=1) * 0.1
    assert SPACED_NOTE not in measure(clip_of(ambience)).notes
    with_a_source = ambience[:, : round(1.9 * RATE)] + 2 * crossing(0.3, 0.3, voice(seconds=1.9))
    assert SPACED_NOTE not in measure(clip_of(with_a_source)).notes


@pytest.mark.parametrize(("x", "heard"), [(0.11, 0.32), (0.25, 0.38)])
def test_a_crossed_pair_is_narrower_and_width_spreads_it(x, heard):
    source = Source("a", voice(seconds=SECONDS + 0.5), still((2 * x - 1) * 4, 4), 1, 1)
    clip = mix([source], SECONDS, RATE, acoustics=Acoustics(microphones="coincident"))
    assert measure(clip).x.mean() == pytest.approx(heard, abs=0.02)
    assert measure(clip, width=2.2).x.mean() == pytest.approx(x, abs=0.03)
    assert COINCIDENT_NOTE not in measure(clip).notes


def test_what_passes_is_one_source():
    for microphones in ("pan", "coincident", "spaced"):
        path = straight((-20, 3), (20, 3), 6)
        source = Source("a", voice(seconds=6.5), path, 1, 1)
        acoustics = Acoustics(microphones=microphones, noise_db=15)
        (only,) = separate(measure(mix([source], 6, RATE, acoustics=acoustics)))
        assert only.x[-1] - only.x[0] > 0.5


def test_two_that_take_turns_stay_two():
    half = round(SECONDS * RATE / 2)
    samples = crossing(0.2, 0.2)
    samples[:, half:] = crossing(0.8, 0.8)[:, half:]
    assert len(separate(measure(clip_of(samples)))) == 2


def test_a_weighting_is_that_of_the_standard():
    """IEC 61672-1, table 3."""
    table = {63: -26.2, 250: -8.6, 1000: 0.0, 4000: 1.0, 8000: -1.1}
    found = 10 * np.log10(a_weighting(np.array(list(table), float)))
    assert found == pytest.approx(list(table.values()), abs=0.15)
