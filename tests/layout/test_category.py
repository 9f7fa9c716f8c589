import pytest

from spa2v_core.layout import Box, Keyframe, ObjectTrack, motion_category


def track(first, last, start=0, end=15):
    keys = (Keyframe(frame=0, box=first), Keyframe(frame=15, box=last))
    return ObjectTrack(id=0, name="car", start=start, end=end, keyframes=keys)


def at(x, scale=1.0):
    return Box.from_centre(x, 0.5, 0.2 * scale, 0.2 * scale)


@pytest.mark.parametrize(
    ("first", "last", "category"),
    [
        (at(0.5), at(0.5, 1.42), "approaching"),
        (at(0.5), at(0.5, 1.41), "stationary_centre"),
        (at(0.5), at(0.5, 0.70), "receding"),
        (at(0.5), at(0.5, 0.71), "stationary_centre"),
        (at(0.1), at(0.36), "crossing_right"),
        (at(0.1), at(0.34), "stationary_left"),
        (at(0.9), at(0.64), "crossing_left"),
        (at(0.39), at(0.39), "stationary_left"),
        (at(0.41), at(0.41), "stationary_centre"),
        (at(0.59), at(0.59), "stationary_centre"),
        (at(0.61), at(0.61), "stationary_right"),
        (at(0.1), at(0.9, 1.5), "crossing_right"),
        (at(0.9, 1.5), at(0.1), "crossing_left"),
        (at(0.2), at(0.69, 1.5), "approaching"),
    ],
)
def test_thresholds_and_precedence(first, last, category):
    assert motion_category(track(first, last), 16) == category


def test_only_what_is_present_counts():
    assert motion_category(track(at(0.1), at(0.9), start=0, end=2), 16) == "stationary_left"
