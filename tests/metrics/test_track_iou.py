import pytest
from hypothesis import given, settings

from spa2v_core.metrics.track_iou import track_iou
from tests.metrics.cases import at, track, video
from tests.strategies import layouts


@given(layouts())
@settings(max_examples=25, deadline=None)
def test_identical_layouts_score_one(layout):
    assert track_iou(layout, layout) == pytest.approx(1)


@given(layouts(), layouts())
@settings(max_examples=25, deadline=None)
def test_range_and_symmetry(a, b):
    value = track_iou(a, b)
    assert 0 <= value <= 1 + 1e-9
    if a.frame_count == b.frame_count:
        assert value == pytest.approx(track_iou(b, a))


def test_half_the_box_and_half_the_time():
    car = video(track("car", at(0.5)))
    assert track_iou(video(track("car", at(0.6))), car) == pytest.approx(1 / 3)
    assert track_iou(video(track("automobile", at(0.5), start=4)), car) == pytest.approx(0.5)


def test_frames_in_which_both_are_absent_do_not_count():
    late = video(track("car", at(0.5), start=4))
    later = video(track("car", at(0.5), start=6))
    assert track_iou(late, late) == 1
    assert track_iou(later, late) == pytest.approx(0.5)


def test_tracks_without_a_partner_count_zero_on_either_side():
    car, dog = track("car", at(0.2)), track("dog", at(0.8))
    assert track_iou(video(car), video(car, dog)) == pytest.approx(0.5)
    assert track_iou(video(car, dog), video(car)) == pytest.approx(0.5)
    assert track_iou(video(car), video(dog)) == 0
    assert track_iou(video(), video(dog)) == track_iou(video(dog), video()) == 0
    assert track_iou(video(), video()) == 1


def test_two_of_a_name_are_matched_by_place_and_may_not_change_it():
    left, right = track("dog", at(0.2)), track("dog", at(0.8))
    both = video(left, right)
    assert track_iou(video(right, left), both) == pytest.approx(1)
    across = video(track("dog", at(0.2), at(0.8)), track("dog", at(0.8), at(0.2)))
    assert track_iou(across, both) < 0.6


def test_a_track_outside_the_picture_is_not_there():
    outside = track("dog", at(2.0))
    car = track("car", at(0.5))
    assert track_iou(video(car, outside), video(car)) == 1
    assert track_iou(video(outside), video(outside)) == 1
