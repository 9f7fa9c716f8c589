"""What a model reads of the measurements: short, and nothing lost."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa2v_core.audio.hearing import to_dict
from spa2v_core.planning.cue_text import DIGITS, TOLERANCES, Told, cue_text, curve, knots
from spa2v_core.planning.retrieval import exemplars
from spa2v_core.planning.wording import QUOTED_BAND


def read_back(text, count):
    """The curve that a text says, frame by frame; nan where it says that nothing is known."""
    if text.startswith("each frame "):
        return np.array([np.nan if v == "-" else float(v) for v in text.split()[2:]])
    at, values = [], []
    for part in text.split():
        frame, value = part.split(":")
        at.append(int(frame))
        values.append(np.nan if value == "-" else float(value))
    found = np.full(count, np.nan)
    for k in range(count):
        after = next((i for i, frame in enumerate(at) if frame >= k), None)
        if after is not None and at[after] == k:
            found[k] = values[after]
        elif after in (None, 0) or np.isnan(values[after]) or np.isnan(values[after - 1]):
            before = len(at) - 1 if after is None else max(after - 1, 0)
            found[k] = values[before]
        else:
            found[k] = np.interp(k, at[after - 1 : after + 1], values[after - 1 : after + 1])
    return found


numbers = st.floats(-120, 40, allow_nan=False)


@given(
    st.lists(st.one_of(st.none(), numbers), min_size=1, max_size=24),
    st.sampled_from(["x", "level"]),
)
@settings(deadline=None)
def test_a_curve_can_be_read_back_within_its_tolerance(values, kind):
    found = read_back(curve(values, kind), len(values))
    for said, value in zip(found, values, strict=True):
        assert np.isnan(said) == (value is None)
        if value is not None:
            assert said == pytest.approx(value, abs=TOLERANCES[kind] + 1e-6)


@given(st.lists(numbers, min_size=1, max_size=12), st.floats(0, 30))
def test_no_fewer_knots_would_do(values, tolerance):
    found = knots(values, tolerance)

    def fits(chosen, slack=-1e-6):
        line = np.interp(range(len(values)), chosen, [values[k] for k in chosen])
        return np.all(np.abs(line - values) <= tolerance + slack)

    assert fits(found, 1e-9)
    inner = found[1:-1]
    assert not any(fits([found[0], *(k for k in inner if k != gone), found[-1]]) for gone in inner)


def test_short_curves():
    assert curve([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], "x") == "0:.1 5:.6"
    assert curve([0.5] * 16, "x") == "0:.5"
    assert curve([None] * 4 + [0.5] * 12, "x") == "0:- 4:.5"
    assert curve([-11.6, -4, -20, -8], "level") == "each frame -12 -4 -20 -8"
    assert curve([-0.04] * 3, "difference") == "0:0"
    assert set(DIGITS) == set(TOLERANCES)


def test_every_curve_of_every_exemplar_is_told_within_its_tolerance():
    for one in exemplars():
        frames, count = one.cues["frames"], one.cues["frame_count"]
        told = cue_text(one.cues)
        said = re.findall(r"position: (.*?); sure: (.*)", told)
        levels = re.findall(r"^ level dB: ([^;\n]*)", told, re.M)
        for source, (x, sure), level in zip(one.cues["sources"], said, levels, strict=True):
            for text, values, kind in (
                (x, source["x"], "x"),
                (sure, source["confidence"], "sure"),
                (level, source["level_db"], "level"),
            ):
                want = np.array([np.nan if v is None else v for v in values], float)
                off = np.abs(read_back(text, count) - want)
                assert np.array_equal(np.isnan(off), np.isnan(want))
                assert np.nanmax(off, initial=0) <= TOLERANCES[kind] + 1e-6
        (difference,) = re.findall(r"right minus left.*?: (.*)", told)
        off = read_back(difference, count) - frames["band_level_difference_db"][QUOTED_BAND]
        assert np.abs(off).max() <= TOLERANCES["difference"] + 1e-6


CUES = {
    "duration_s": 4.0,
    "channels": 2,
    "frame_count": 4,
    "frames": {"level_db": [-20, -20, -20, -20], "band_level_difference_db": [[0, 0, 0, 0]] * 5},
    "sources": [
        {
            "name": "vehicle",
            "tags": [["car", 0.4], ["bus", 0.35], ["truck", 0.3], ["tram", 0.2], ["dog", 0.01]],
            "kinds": [["vehicle", 0.9], ["animal", 0.1]],
            "start_s": 0.0,
            "end_s": 4.0,
            "spans": [[0.0, 1.5], [2.0, 4.0]],
            "share": 1.0,
            "x": [0.1, 0.3, 0.5, 0.7],
            "confidence": [0.9] * 4,
            "level_db": [-20, -20, -20, -20],
            "motion": {"crossing": 0.9, "still": 0.1, "receding": 0.001},
            "distance": [1.4, 1.0, 0.8, 1.0],
        }
    ],
    "scene": [{"words": "rain", "evidence": "rain 0.62", "p": 0.62}],
    "notes": ["a note"],
}


def test_what_the_ears_know_is_told():
    told = cue_text(CUES)
    assert "sounds like car 0.40, bus 0.35, truck 0.30 (kind: vehicle 0.90)" in told
    assert "heard 0.0-1.5, 2.0-4.0 s" in told
    assert "moves: crossing 0.90, still 0.10" in told
    assert "receding" not in told
    assert "distance (1: its mean): " in told
    assert "scene: rain 0.62" in told
    assert "note: a note" in told
    assert "% of the energy" not in told  # it is alone


def test_what_is_told_can_be_less():
    one = cue_text(CUES, Told(guesses=1))
    assert "sounds like car 0.40 (kind" in one
    untagged = cue_text(CUES, Told(tags=False))
    assert not any(word in untagged for word in ("car", "vehicle", "rain", "heard"))
    assert "position: 0:.1 3:.7" in untagged
    unmeasured = cue_text(CUES, Told(cues=False))
    assert "car" in unmeasured
    assert not any(word in unmeasured for word in ("position", "level", "moves", "distance"))


def test_of_a_recording_that_is_measured(recording):
    clip, cues, heard = recording
    told = cue_text(to_dict(cues, heard))
    assert told.startswith("4.00 s, stereo; 16 frames of 0.250 s.")
    assert "sounds like nothing known" in told
