import pytest
from hypothesis import given, settings

from spa2v_core.metrics.motion_accuracy import motion_accuracy, motion_pairs
from tests.metrics.cases import at, track, video
from tests.strategies import layouts

RIGHTWARDS = track("car", at(0.1), at(0.9))
LEFTWARDS = track("car", at(0.9), at(0.1))
LEFT_DOG = track("dog", at(0.2))


@given(layouts())
@settings(max_examples=25, deadline=None)
def test_identical_layouts_score_one(layout):
    assert motion_accuracy(layout, layout) == (1 if layout.objects else None)


@given(layouts(), layouts())
@settings(max_examples=25, deadline=None)
def test_every_reference_track_is_counted_once(a, b):
    pairs = motion_pairs(a, b)
    assert len(pairs) == len(b.objects)
    assert sum(found is not None for _, found in pairs) == min(len(a.objects), len(b.objects))
    assert motion_accuracy(a, b) is None or 0 <= motion_accuracy(a, b) <= 1


def test_unmatched_is_wrong_and_extra_is_free():
    both = video(RIGHTWARDS, LEFT_DOG)
    assert motion_accuracy(video(LEFT_DOG), both) == 0.5
    assert motion_accuracy(video(), both) == 0
    assert motion_accuracy(both, video(LEFT_DOG)) == 1
    assert motion_accuracy(both, video()) is None
    assert motion_pairs(video(), video(LEFT_DOG)) == [("stationary_left", None)]


def test_names_come_before_places():
    swapped = video(track("dog", at(0.9)), track("car", at(0.2)))
    reference = video(track("dog", at(0.2)), track("car", at(0.9)))
    assert motion_accuracy(swapped, reference) == 0


@pytest.mark.parametrize("order", [1, -1])
def test_within_a_name_the_nearest_is_taken(order):
    found = video(*(RIGHTWARDS, LEFTWARDS)[::order])
    assert motion_accuracy(found, video(RIGHTWARDS, LEFTWARDS)) == 1


def test_times_of_presence_tell_tracks_apart():
    early, late = track("dog", at(0.2), end=3), track("dog", at(0.2), at(0.8), start=4)
    assert motion_accuracy(video(late, early), video(early, late)) == 1


def test_a_wrong_name_can_still_move_right():
    assert motion_accuracy(video(track("piano", at(0.1), at(0.9))), video(RIGHTWARDS)) == 1


def test_frame_counts_may_differ():
    fine = video(track("car", at(0.1), at(0.9), end=39), frames=40)
    assert motion_accuracy(fine, video(RIGHTWARDS)) == 1
