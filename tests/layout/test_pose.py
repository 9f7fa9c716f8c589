"""Heading and step from boxes: by the camera's geometry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa2v_core.layout import Box, Keyframe, ObjectTrack, edit
from spa2v_core.layout.pose import (
    ASPECT,
    FASTEST,
    FOCAL,
    fitted,
    gaits,
    headings,
    pose,
    resting,
    seen_aspect,
    track_headings,
)
from spa2v_core.vocabulary import BY_NAME

FRAMES = 16


def boxes(x, high):
    x, high = np.broadcast_arrays(x, high)
    return np.stack([x - 0.1, 0.9 - high, x + 0.1, 0.9 + 0 * high], 1)


def path(start, end):
    """Boxes of something that goes straight from (X, Z) to (X, Z), in its own heights."""
    t = np.linspace(0, 1, FRAMES)[:, None]
    x, z = (np.array(start) * (1 - t) + np.array(end) * t).T
    return boxes(0.5 + x / z * FOCAL / ASPECT, FOCAL / z)


@pytest.mark.parametrize(
    ("start", "end", "heading"),
    [
        ((0, 12), (0, 3), 0),
        ((0, 3), (0, 12), 180),
        ((-0.5, 8), (0.5, 8), 90),
        ((0.5, 8), (-0.5, 8), -90),
        ((-1, 9), (0.5, 7.5), 45),
    ],
)
def test_heading_of_a_straight_way_near_the_line_of_sight(start, end, heading):
    off = (headings(path(start, end), 0.0) - heading + 180) % 360 - 180
    assert np.abs(off).max() < 12


@settings(deadline=None)
@given(st.floats(-3, 3), st.floats(4, 20), st.floats(-180, 180), st.floats(1, 3))
def test_heading_is_measured_from_the_line_of_sight(x, z, way, far):
    turn = np.radians(way)
    made = path((x, z), (x + far * np.sin(turn), z - far * np.cos(turn)))
    middle = np.array([x + far / 2 * np.sin(turn), z - far / 2 * np.cos(turn)])
    seen = way + np.degrees(np.arctan2(*middle))
    found = headings(made, 0.0)[FRAMES // 2]
    assert abs((found - seen + 180) % 360 - 180) < 12


def test_what_stands_has_the_heading_it_rests_in_and_no_gait():
    still = boxes(np.full(FRAMES, 0.3), 0.3)
    assert (headings(still, 33.0) == 33).all()
    assert np.isnan(gaits(still, BY_NAME["dog"])).all()
    assert not np.isnan(gaits(still, BY_NAME["helicopter"])).any()


def test_what_stops_keeps_its_heading():
    x = np.concatenate([np.linspace(0.1, 0.6, 8), np.full(8, 0.6)])
    found = headings(boxes(x, 0.3), 0.0)
    assert (found > 60).all()
    steps = gaits(boxes(x, 0.3), BY_NAME["dog"])
    assert not np.isnan(steps[:7]).any()
    assert np.isnan(steps[10:]).all()


@settings(deadline=None)
@given(st.floats(0.05, 0.9), st.floats(-0.5, 1.5))
def test_steps_are_never_faster_than_can_be_seen(high, to):
    steps = gaits(boxes(np.linspace(0.2, to, FRAMES), high), BY_NAME["man"])
    turned = np.diff(steps[~np.isnan(steps)]) % 1
    assert (np.minimum(turned, 1 - turned) <= FASTEST + 1e-9).all()


def test_a_pose_says_whether_it_stands_and_its_voice_only_then():
    made = pose(np.array([90.0, 180.0]), np.array([np.nan, 0.25]), np.array([0.5, 0.5]))
    assert made == pytest.approx(np.array([[1, 0, 0, 0, 0.5, 1], [0, -1, 1, 0, 0, 0]]), abs=1e-6)


def test_resting_keeps_the_meaning_of_facing():
    dog, singer = BY_NAME["dog"], BY_NAME["singer"]
    assert resting(dog, "left", 0.2) == -90
    assert resting(dog, "right", 0.9) == 90
    assert resting(dog, "auto", 0.2) > 0 > resting(dog, "auto", 0.8)
    assert abs(resting(singer, "auto", 0.2)) < 45


def track(first="auto", last="auto", **changes):
    keys = (
        Keyframe(frame=0, box=Box(0.1, 0.4, 0.3, 0.8), heading=first),
        Keyframe(frame=15, box=Box(0.7, 0.4, 0.9, 0.8), heading=last),
    )
    return ObjectTrack(
        **({"id": 0, "name": "car", "start": 0, "end": 15, "keyframes": keys} | changes)
    )


def way(first, last):
    keys = (Keyframe(frame=0, box=first), Keyframe(frame=15, box=last))
    return track(keyframes=keys)


def turned(made):
    frames = np.arange(16.0)
    x = np.linspace(0.2, 0.8, 16)
    return track_headings(made, BY_NAME["car"], boxes(x, 0.4), frames)


def test_a_dial_overrides_the_motion_and_turns_the_shorter_way():
    assert turned(track())[8] == pytest.approx(90, abs=20)
    assert (turned(track(180.0, 180.0)) == 180).all()
    over_the_back = turned(track(170.0, -170.0))
    assert np.abs(np.abs(over_the_back) - 180).max() <= 10
    half = turned(track(0.0, "auto"))
    assert half[0] == 0
    assert half[-1] > 60


def test_an_object_s_boxes_become_as_wide_as_it_is_seen_where_it_heads():
    """A bus that comes closer is seen from its front, one that passes from its side."""
    bus = BY_NAME["bus"]
    comes = way(Box(0.3, 0.5, 0.7, 0.6), Box(0.1, 0.2, 0.9, 0.6))
    made = edit.fit(comes, bus)
    for before, after in zip(comes.keyframes, made.keyframes, strict=True):
        assert after.box.centre == pytest.approx(before.box.centre, abs=1e-3)
        assert after.box.height == pytest.approx(before.box.height, abs=1e-3)
        assert after.box.width * ASPECT / after.box.height == pytest.approx(bus.front, rel=0.05)
    assert edit.fit(made, bus) == made
    passes = way(Box(0.15, 0.3, 0.25, 0.6), Box(0.75, 0.3, 0.85, 0.6))
    for key in edit.fit(passes, bus).keyframes:
        assert key.box.width * ASPECT / key.box.height == pytest.approx(bus.aspect, rel=0.05)


def test_boxes_fit_what_is_seen():
    bus = BY_NAME["bus"]
    assert seen_aspect(bus, 90) == pytest.approx(bus.aspect)
    assert seen_aspect(bus, 0) == pytest.approx(bus.front)
    assert bus.front < 1 < bus.aspect
    box = fitted(Box(0.2, 0.3, 0.9, 0.7), bus, 0)
    assert box.centre == pytest.approx((0.55, 0.5))
    assert box.width * ASPECT / box.height == pytest.approx(bus.front)
