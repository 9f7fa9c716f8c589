"""A caption alone is enough: what it names gets boxes, said to the user."""

import pytest

from spa2v_core.layout import VideoSceneLayout
from spa2v_core.layout.edit import revise
from spa2v_core.planning.caption_planner import place_mentioned
from spa2v_core.vocabulary import mentioned


def layout(caption):
    return VideoSceneLayout(frame_count=16, duration_s=4.0, width=512, height=320, caption=caption)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a black cat in a room at night", [("cat", "black", "")]),
        ("A red car is on the right. Two dogs", [("car", "red", "right"), ("dog", "", "")]),
        ("a fire truck at a station", [("fire truck", "", "")]),
        ("in the sky and on the sea", []),
        ("", []),
    ],
)
def test_texts_name_things_with_colours_and_sides(text, found):
    assert [(m.thing.name, m.colour, m.side) for m in mentioned(text)] == found


def test_named_things_stand_apart_inside_the_frame_all_the_time():
    placed, note = place_mentioned(layout("a blue car on the right and a dog on the left"))
    car, dog = placed.objects
    assert (car.phrase, dog.phrase) == ("blue car", "dog")
    (car_box,), (dog_box,) = ([k.box for k in track.keyframes] for track in (car, dog))
    assert dog_box.x2 <= car_box.x1
    for box in (car_box, dog_box):
        assert 0 <= box.x1 < box.x2 <= 1
        assert 0 <= box.y1 < box.y2 <= 1
    assert (car.start, car.end) == (0, 15)
    assert "a blue car, a dog" in note


def test_an_airplane_is_up_and_a_dog_is_down():
    placed, _ = place_mentioned(layout("an airplane and a dog"))
    airplane, dog = (track.keyframes[0].box for track in placed.objects)
    assert airplane.y2 < dog.y2


def test_a_layout_with_boxes_and_a_caption_without_things_stay_as_they_are():
    placed, _ = place_mentioned(layout("a dog"))
    other = revise(placed, caption="a cat")
    assert place_mentioned(other) == (other, "")
    empty = layout("a quiet morning")
    assert place_mentioned(empty) == (empty, "")


def test_never_more_than_three():
    assert len(place_mentioned(layout("a dog a cat a cow a pig"))[0].objects) == 3
