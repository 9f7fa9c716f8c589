"""Edits in words: each form does what it says, and what is not understood changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa2v_core.errors import LayoutError
from spa2v_core.layout import Box, Keyframe, ObjectTrack, VideoSceneLayout, edit, word_edits, words
from spa2v_core.layout.keyframes import box_at


def track(number, name, *keys, **fields):
    frames = tuple(
        Keyframe(frame=frame, box=Box.from_centre(x, 0.7, 0.2, 0.3)) for frame, x in keys
    )
    return ObjectTrack(id=number, name=name, keyframes=frames, **{"start": 0, "end": 15} | fields)


CAR = track(0, "car", (0, 0.1), (15, 0.9))
DOG = track(3, "dog", (0, 0.2))


def scene(*tracks):
    return VideoSceneLayout(duration_s=8, objects=tracks or (CAR, DOG))


def after(text, *tracks, selected=None):
    return words.understand(scene(*tracks), text, selected).layout


def x_of(layout, index, frame):
    return box_at(layout.objects[index], frame).centre[0]


def test_faster_arrives_sooner_and_slower_gets_less_far():
    fast = after("car twice as fast")
    assert [key.frame for key in fast.objects[0].keyframes] == [0, 8]
    assert x_of(fast, 0, 8) == pytest.approx(0.9)
    slow = after("the car slower 2 times")
    assert x_of(slow, 0, 15) == pytest.approx(0.5, abs=0.01)
    with pytest.raises(LayoutError, match="dog does not move"):
        after("dog faster")


def test_a_place_at_a_time_is_one_keyframe_there():
    layout = after("dog to the right at 4 s")
    assert [key.frame for key in layout.objects[1].keyframes] == [0, 8]
    assert x_of(layout, 1, 8) == pytest.approx(0.8)
    assert x_of(layout, 1, 0) == pytest.approx(0.2)
    assert layout.objects[0] == CAR


def test_a_place_without_a_time_moves_the_whole_path():
    layout = after("dog top right")
    assert layout.objects[1].keyframes[0].box.centre == pytest.approx((0.8, 0.22))
    moved = after("car further left")
    assert x_of(moved, 0, 0) == pytest.approx(0.1 - word_edits.STEP)
    assert x_of(moved, 0, 15) == pytest.approx(0.9 - word_edits.STEP)


def test_something_is_added_removed_renamed_and_coloured():
    layout = after("add a red bird top right")
    assert (layout.objects[2].name, layout.objects[2].appearance) == ("bird", "red")
    assert layout.objects[2].keyframes[0].box.centre == pytest.approx((0.8, 0.22))
    assert [t.name for t in after("remove the dog").objects] == ["car"]
    assert after("call the car a taxi").objects[0].name == "taxi"
    assert after("make the car blue").objects[0].appearance == "blue"


def test_later_and_earlier_move_the_motion_in_time():
    later = after("car 1 s later")
    assert x_of(later, 0, 2) == pytest.approx(0.1)
    assert x_of(later, 0, 12) == pytest.approx(x_of(scene(), 0, 10), abs=1e-4)
    assert x_of(after("car 1 s earlier"), 0, 5) == pytest.approx(x_of(scene(), 0, 7), abs=1e-4)


def test_two_change_places_and_all_can_be_mirrored():
    swapped = after("swap")
    assert x_of(swapped, 1, 15) == pytest.approx(0.9)
    assert x_of(swapped, 0, 15) == pytest.approx(0.2)
    assert x_of(after("mirror"), 0, 0) == pytest.approx(0.9)


def test_nearer_keeps_what_stands_on_the_ground_on_it():
    box = after("dog nearer").objects[1].keyframes[0].box
    before = DOG.keyframes[0].box
    assert box.height > before.height
    assert (box.y2 - 0.5) / box.height == pytest.approx((before.y2 - 0.5) / before.height, abs=1e-3)


def test_several_edits_are_made_in_their_order():
    change = words.understand(scene(), "car appears at 2 s and disappears at 6 s; dog bigger")
    car, dog = change.layout.objects
    assert (car.start, car.end) == (4, 12)
    assert dog.keyframes[0].box.width == pytest.approx(0.2 * word_edits.GROWTH, abs=1e-3)
    assert change.said == "car: appears at 2 s; car: disappears at 6 s; dog: bigger"
    both = after("bigger and nearer", DOG).objects[0].keyframes[0].box
    assert both.width == pytest.approx(0.2 * word_edits.GROWTH**2, abs=1e-3)


def test_it_is_the_selected_object():
    assert x_of(after("to the right", selected=3), 1, 0) == pytest.approx(0.8)
    assert x_of(after("to the right", DOG), 0, 0) == pytest.approx(0.8)
    with pytest.raises(LayoutError, match="say which object: it has car, dog"):
        after("to the right")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("write a poem about the car", "not understood"),
        ("cat faster", "there is no cat in the scene: it has car, dog"),
        ("dog left at 99 s", "the clip ends at 8 s"),
        ("dog left at 2 s right at 3 s", "one time at once"),
        ("", "say for example"),
        ("swap dog", "say which two"),
    ],
)
def test_what_is_not_understood_says_what_can_be(text, why):
    with pytest.raises(LayoutError, match=why):
        after(text)


def test_what_is_locked_stays():
    locked = edit.revise(DOG, locked=True)
    for text in ("dog bigger", "remove dog", "call the dog a wolf", "mirror"):
        with pytest.raises(LayoutError, match="dog is locked"):
            after(text, locked)


WORDS = ["car", "dog", "the", "faster", "slower", "left", "to the right", "at 2 s", "later", "swap"]
WORDS += ["bigger", "nearer", "add a", "bird", "remove", "and", "stops", "at 50 s", "mirror", "2x"]


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), st.sampled_from([None, 0, 3, 9]))
def test_any_words_give_a_valid_layout_or_one_clear_error(parts, selected):
    try:
        layout = words.understand(scene(), " ".join(parts), selected).layout
    except LayoutError as error:
        assert str(error)
        return
    assert VideoSceneLayout.model_validate(layout.model_dump()) == layout
