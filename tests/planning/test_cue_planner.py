from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from spa2v_core import pipeline
from spa2v_core.audio.cues import measure
from spa2v_core.audio.hearing import hear
from spa2v_core.audio.io import AudioClip
from spa2v_core.audio.taggers.base import Tags
from spa2v_core.errors import InputError
from spa2v_core.layout import Box, motion_category
from spa2v_core.layout import io as layout_io
from spa2v_core.layout.keyframes import dense
from spa2v_core.planning.base import PlanRequest, parse_objects
from spa2v_core.planning.registry import get_planner
from spa2v_core.simulation.acoustics import Source, mix, still, straight
from spa2v_core.training import pictures
from tests.audio.sounds import noise

EXAMPLES = Path(__file__).parents[2] / "assets" / "examples"


def plan(clip, objects=""):
    """Planned without a tagger: names are the user's alone."""
    cues, names = measure(clip), parse_objects(objects)
    heard = hear(cues, None, len(names) or None)
    return get_planner("cues").plan(PlanRequest(clip, cues, heard, names)).layout


def categories(layout):
    return {t.name: motion_category(t, layout.frame_count) for t in layout.objects}


@pytest.mark.parametrize("name", pictures.EXAMPLES)
def test_examples_are_named_and_planned_with_their_true_motion(name):
    layout = pipeline.plan(pipeline.analyse(EXAMPLES / f"{name}.m4a")).layout
    true = layout_io.read(EXAMPLES / f"{name}.layout.json")
    assert categories(layout) == categories(true)
    for track in true.objects:
        planned = next(t for t in layout.objects if t.name == track.name)
        error = [
            abs(a.centre[0] - b.centre[0])
            for a, b in zip(dense(planned, 16), dense(track, 16), strict=True)
            if a and b
        ]
        assert np.mean(error) < 0.12
    assert layout.caption
    assert len(layout.frame_captions) == 16


def moving(path, seconds=4.0, seed=0):
    rate = 22_050
    signal = np.random.default_rng(seed).normal(size=round((seconds + 0.5) * rate))
    return mix([Source("a", signal, path, 1, 1)], seconds, rate)


@pytest.mark.parametrize(
    ("path", "category"),
    [
        (straight((-6, 7), (6, 7), 4), "crossing_right"),
        (straight((6, 7), (-6, 7), 4), "crossing_left"),
        (straight((0.5, 25), (0.2, 5), 4), "approaching"),
        (straight((0.2, 5), (0.5, 25), 4), "receding"),
        (still(-2.5, 4), "stationary_left"),
        (still(0, 4), "stationary_centre"),
        (still(2.5, 4), "stationary_right"),
    ],
)
def test_all_motion_categories(path, category):
    assert categories(plan(moving(path), "car")) == {"car": category}


@pytest.mark.parametrize("way", [-1, 1])
@pytest.mark.parametrize("name", ["person", "car", ""])
def test_a_second_of_what_passes_is_no_still_picture(name, way):
    first, last = 0.5 - 0.3 * way, 0.5 - 0.13 * way
    path = straight(((2 * first - 1) * 4, 4), ((2 * last - 1) * 4, 4), 1)
    (track,) = plan(moving(path, seconds=1.0), name).objects
    x = [box.centre[0] for box in dense(track, 16) if box]
    assert (x[0], x[-1]) == (pytest.approx(first, abs=0.03), pytest.approx(last, abs=0.03))


@settings(deadline=None, max_examples=12)
@given(st.floats(-0.95, 0.95), st.floats(-0.95, 0.95), st.sampled_from(["car", "piano", ""]))
def test_swapping_channels_mirrors_the_plan(start, stop, name):
    clip = moving(straight((7 * start, 7), (7 * stop, 7), 2), seconds=2.0)
    one, two = plan(clip, name).objects, plan(clip.swapped(), name).objects
    assert len(one) == len(two)
    for track, mirrored in zip(one, two, strict=True):
        for a, b in zip(dense(track, 16), dense(mirrored, 16), strict=True):
            assert (a.x1, a.y1, a.x2, a.y2) == pytest.approx(
                (1 - b.x2, b.y1, 1 - b.x1, b.y2), abs=1e-3
            )


@settings(deadline=None, max_examples=8)
@given(st.floats(0.01, 1.4))
def test_scaling_the_level_does_not_change_positions(gain):
    clip = moving(straight((-6, 7), (6, 7), 2), seconds=2.0)
    scaled = AudioClip((clip.samples * gain).astype(np.float32), clip.rate)
    one, two = plan(clip, "car").objects[0], plan(scaled, "car").objects[0]
    for a, b in zip(dense(one, 16), dense(two, 16), strict=True):
        assert tuple(a) == pytest.approx(tuple(b), abs=1e-3)


def test_without_a_name_it_is_a_loudspeaker_and_says_so():
    layout = plan(moving(still(-2.5, 4)))
    assert [t.name for t in layout.objects] == ["loudspeaker"]
    assert "recognition was not available" in layout.reasoning
    assert "recognition" not in plan(moving(still(-2.5, 4)), "dog").reasoning


def test_mono_is_placed_in_the_middle_with_low_confidence():
    clip = noise(3, channels=1)
    track = plan(clip, "dog").objects[0]
    assert track.keyframes[0].box.centre[0] == pytest.approx(0.5)
    assert track.confidence <= 0.1
    assert "not audible" in plan(clip, "dog").reasoning


def test_music_that_swells_does_not_come_closer():
    swell = np.linspace(0.1, 1, 4 * 22_050) ** 1.5
    clip = moving(still(-2, 4))
    clip = AudioClip((clip.samples * swell).astype(np.float32), clip.rate)
    assert categories(plan(clip, "piano")) == {"piano": "stationary_left"}
    assert categories(plan(clip, "car")) == {"car": "approaching"}


@pytest.mark.parametrize(("silent", "span"), [(0.1, (0, 15)), (0.5, (8, 15))])
def test_a_thing_that_starts_late_is_absent_until_then(silent, span):
    clip = moving(still(-2, 4))
    samples = clip.samples.copy()
    samples[:, : int(silent * samples.shape[1])] = 0
    track = plan(AudioClip(samples, clip.rate), "dog").objects[0]
    assert (track.start, track.end) == span
    assert motion_category(track, 16) == "stationary_left"


def test_names_go_to_tracks_by_loudness_and_leftovers_are_proposed():
    rng, rate = np.random.default_rng(0), 22_050
    t = np.arange(3 * rate) / rate
    low = Source(
        "low", 3 * np.sin(2 * np.pi * 220 * t) + 0.01 * rng.normal(size=len(t)), still(2.5, 4), 1, 1
    )
    high = Source("high", np.sin(2 * np.pi * 3000 * t), still(-2.5, 4), 1, 1)
    layout = plan(mix([low, high], 2.5, rate), "guitar, bird, dog")
    found = categories(layout)
    assert found == {
        "guitar": "stationary_right",
        "bird": "stationary_left",
        "dog": "stationary_centre",
    }
    dog = next(track for track in layout.objects if track.name == "dog")
    assert dog.confidence <= 0.1 < min(t.confidence for t in layout.objects if t is not dog)
    assert "not told apart by direction: dog" in layout.reasoning


def test_a_name_is_kept_as_it_was_written():
    layout = plan(moving(still(-2.5, 4)), "blue ABC van")
    assert [(t.appearance, t.name) for t in layout.objects] == [("blue", "ABC van")]
    assert layout.caption.startswith("A blue ABC van")


class Hears:
    """A tagger that hears low sounds as one thing and high ones as another."""

    def __init__(self, low, high, p=0.9):
        self.names, self.p = (low, high), p

    def listen(self, samples, rate):
        spectrum = np.abs(np.fft.rfft(samples)) ** 2
        is_high = spectrum[len(spectrum) // 8 :].sum() > spectrum[: len(spectrum) // 8].sum()
        row = (1 - self.p, self.p) if is_high else (self.p, 1 - self.p)
        return Tags(self.names, np.zeros(1), np.ones(1), np.array([row]), np.ones(1), 0.35)


def planned_by_ear(clip, tagger, objects=""):
    cues, names = measure(clip), parse_objects(objects)
    heard = hear(cues, tagger, len(names) or None)
    return get_planner("cues").plan(PlanRequest(clip, cues, heard, names)).layout


def low_left_and_high_right(rate=22_050):
    rng = np.random.default_rng(0)
    low, high = (band_of_noise(rng, rate, *edges) for edges in ((200, 900), (3000, 7000)))
    sources = [Source("a", 2 * low, still(-2.5, 4), 1, 1), Source("b", high, still(2.5, 4), 1, 1)]
    return mix(sources, 2.5, rate)


def band_of_noise(rng, rate, low, high):
    edges = butter(4, (low, high), "bandpass", fs=rate, output="sos")
    return sosfilt(edges, rng.normal(size=3 * rate))


def test_every_source_is_named_by_what_it_sounds_like():
    layout = planned_by_ear(low_left_and_high_right(), Hears("piano", "bird"))
    assert categories(layout) == {"piano": "stationary_left", "bird": "stationary_right"}
    assert "sounds like it (0.90" in layout.reasoning


def test_given_names_go_to_the_sources_that_sound_so():
    clip, tagger = low_left_and_high_right(), Hears("piano", "bird")
    for names in ("piano, bird", "bird, piano"):
        layout = planned_by_ear(clip, tagger, names)
        assert categories(layout) == {"piano": "stationary_left", "bird": "stationary_right"}


def test_where_the_sounds_do_not_tell_a_name_that_can_goes_to_what_travels():
    """However loud: one crosses before the microphones, one stands nearer and is louder."""
    rng = np.random.default_rng(0)
    low, high = (band_of_noise(rng, 22_050, *edges) for edges in ((200, 900), (3000, 7000)))
    path, place = straight((-5, 6), (5, 6), 2.5), still(-2.5, 4)
    clip = mix([Source("a", low, path, 1, 1), Source("b", 3 * high, place, 1, 1)], 2.5, 22_050)
    for names in ("car, piano", "piano, car"):
        layout = planned_by_ear(clip, Unsure({"piano": 0.3, "car": 0.3}), names)
        assert categories(layout) == {"car": "crossing_right", "piano": "stationary_left"}


def test_what_is_not_likely_is_not_named_but_its_kind_may_be():
    clip = moving(still(-2.5, 4))
    layout = planned_by_ear(clip, Hears("bell", "rain", 0.7))
    assert layout.objects[0].name == "rain"
    unsure = planned_by_ear(clip, Unsure({"car": 0.3, "bus": 0.3, "dog": 0.05}))
    assert unsure.objects[0].name == "vehicle"
    assert "some vehicle" in unsure.reasoning
    unknown = planned_by_ear(clip, Unsure({"car": 0.1, "dog": 0.2}))
    assert unknown.objects[0].name == "loudspeaker"
    assert "not recognised (likeliest: dog 0.20" in unknown.reasoning


class Unsure:
    def __init__(self, chances):
        self.chances = chances

    def listen(self, samples, rate):
        row = np.array([list(self.chances.values())])
        return Tags(tuple(self.chances), np.zeros(1), np.ones(1), row, np.ones(1), 0.35)


def test_what_travels_is_rather_a_thing_that_can():
    clip = moving(straight((-6, 7), (6, 7), 4))
    tagger = Unsure({"piano": 0.5, "car": 0.4})
    assert planned_by_ear(clip, tagger).objects[0].name == "car"
    assert planned_by_ear(moving(still(-2, 4)), tagger).objects[0].name == "piano"


def test_a_pass_by_in_mono_is_planned_but_not_trusted():
    clip = moving(straight((-20, 4), (20, 4), 4))
    mono = AudioClip(clip.samples.mean(0, keepdims=True), clip.rate)
    layout = plan(mono, "car")
    assert categories(layout)["car"].startswith("crossing")
    assert layout.objects[0].confidence <= 0.1
    assert "not which way" in layout.reasoning


def test_reasoning_quotes_measured_figures():
    clip = moving(straight((0.5, 25), (0.2, 5), 4))
    cues = measure(clip)
    text = plan(clip, "bus").reasoning
    assert f"{cues.level_db.max():.1f} dB" in text
    assert "times nearer" in text


def test_boxes_are_usable(subtests=None):
    for path in (straight((-6, 7), (6, 7), 4), straight((0.5, 40), (0.2, 3), 4)):
        for objects in ("car", "", "zzz", "airplane"):
            for track in plan(moving(path), objects).objects:
                for key in track.keyframes:
                    assert isinstance(key.box, Box)
                    assert 0.03 < key.box.height < 1
                    assert -0.6 < key.box.x1 < key.box.x2 < 1.6


@pytest.mark.parametrize("text", ["a,b,c,d,e", "x" * 100])
def test_too_many_or_too_long_names(text):
    with pytest.raises(InputError):
        parse_objects(text)


def test_unknown_planner():
    with pytest.raises(InputError, match="choose cues"):
        get_planner("oracle")
