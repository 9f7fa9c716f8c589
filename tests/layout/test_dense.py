"""The paper's dense form: what is read, and what is refused with its path."""

import json
import time

import pytest
from hypothesis import given

from spa2v_core.errors import LayoutError
from spa2v_core.layout import io
from spa2v_core.layout.keyframes import dense
from tests.strategies import layouts

BOX = [0.1, 0.2, 0.3, 0.4]


def form(*frames, **more):
    """A dense form of (id, name) lists, one a frame."""
    return {
        "frames": [
            {"layout": [{"id": i, "name": name, "box": BOX} for i, name in entries]}
            for entries in frames
        ]
    } | more


def spans(layout):
    return [(t.id, t.name, t.start, t.end) for t in layout.objects]


CAR, DOG = (0, "car"), (0, "dog")
READ = {
    "one thing": (form(*[[CAR]] * 4), [(0, "car", 0, 3)]),
    "one id for two names": (form(*[[CAR, DOG]] * 4), [(0, "car", 0, 3), (1, "dog", 0, 3)]),
    "an id that changes its name": (
        form([CAR], [CAR], [DOG], [DOG]),
        [(0, "car", 0, 1), (1, "dog", 2, 3)],
    ),
    "gone and back": (form([CAR], [], [], [CAR]), [(0, "car", 0, 0), (1, "car", 3, 3)]),
    "a spare id is none that is used": (
        form([CAR, (1, "bird")], [(1, "bird")], [CAR, (1, "bird")]),
        [(0, "car", 0, 0), (2, "car", 2, 2), (1, "bird", 0, 2)],
    ),
    "nothing anywhere": (form([], []), []),
}


@pytest.mark.parametrize("kind", READ)
def test_things_are_told_apart_by_id_name_and_gaps(kind):
    value, expected = READ[kind]
    assert sorted(spans(io.from_dict(value))) == sorted(expected)


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        ({}, 2.0),
        ({"duration_s": 6.0}, 6.0),
        ({"duration": 6}, 6.0),
        ({"duration": 6.0, "duration_s": 6.0}, 6.0),
        ({"fps": 4}, 4.0),
        ({"fps": 4, "duration_s": 4.02, "frame_count": 16}, 4.02),
    ],
)
def test_how_long_it_says_it_is(more, seconds):
    assert io.from_dict(form(*[[CAR]] * 16, **more)).duration_s == pytest.approx(seconds)


def test_the_size_it_says_is_kept():
    layout = io.from_dict(form([CAR], [CAR], width=1280, height=720))
    assert (layout.width, layout.height) == (1280, 720)


def entry(**changes):
    value = form([CAR], [CAR])
    value["frames"][1]["layout"][0] |= changes
    return value


FIRST = "frames[1].layout[0]"
BAD = {
    "objects for layout": ({"frames": [{"objects": []}] * 2}, "frames[0].objects: unknown field"),
    "no layout": ({"frames": [{"caption": "a"}] * 2}, "frames[0].layout: a list"),
    "a field of the frame": ({"frames": [{"layout": [], "boxes": []}] * 2}, "frames[0].boxes"),
    "a field at the top": (form([CAR], [CAR], objekte=[]), "objekte: unknown field"),
    "a field of an entry": (entry(bbox=BOX), f"{FIRST}.bbox: unknown field"),
    "no box": (entry(box=None), f"{FIRST}.box"),
    "pixels": (entry(box=[10, 40, 200, 300]), f"{FIRST}.box: a box is in frame widths"),
    "huge": (entry(box=[0, 0, 10**400, 1]), f"{FIRST}.box: the numbers"),
    "not finite": (entry(box=[0, 0, float("inf"), 1]), f"{FIRST}.box: the numbers"),
    "a word for an id": (entry(id="0"), f"{FIRST}.id"),
    "an id that is too large": (entry(id=10**30), f"{FIRST}.id"),
    "yes for an id": (entry(id=True), f"{FIRST}.id"),
    "no name": (entry(name=""), f"{FIRST}.name"),
    "a number for a name": (entry(name=3), f"{FIRST}.name"),
    "half a letter": (entry(name="\ud800"), "objects[1].name"),
    "twice the same": (form([CAR, CAR], []), "frames[0].layout[1].id: 0 is there twice"),
    "one frame": (form([CAR]), "frames: a list of at least two"),
    "two lengths": (form([CAR], [CAR], duration_s=2.0, duration=5.0), "duration: it is 5 s"),
    "a rate that differs": (form(*[[CAR]] * 16, duration_s=2.0, fps=24), "fps: it is 0.66"),
    "no rate": (form([CAR], [CAR], fps=0), "fps: a number above 0"),
    "another count": (form([CAR], [CAR], frame_count=16), "frame_count: there are 2 frames"),
    "an hour too long": (form([CAR], [CAR], duration_s=7200), "duration_s"),
    "a number for a caption": ({"frames": [{"caption": 1, "layout": []}] * 2}, "frames[0].caption"),
    "too many gaps": (form(*[[CAR], []] * 256 * 1, duration_s=1.0), "objects: 256 tracks"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_is_refused_with_its_path(kind):
    value, words = BAD[kind]
    with pytest.raises(LayoutError) as error:
        io.from_dict(value)
    assert str(error.value).startswith(words)


@pytest.mark.parametrize("frames", [513, 600, 5000])
def test_too_many_frames_are_refused_at_once(frames):
    text = json.dumps(form(*[[CAR]] * frames))
    started = time.process_time()
    with pytest.raises(LayoutError, match=f"{frames} frames.*at most 512"):
        io.loads(text)
    assert time.process_time() - started < 1


def test_too_many_objects_are_refused():
    with pytest.raises(LayoutError, match="more than 200 objects"):
        io.from_dict(form(*[[(k, "car") for k in range(201)]] * 2))


@given(layouts())
def test_the_dense_form_gives_back_the_same_boxes(layout):
    """Of each name and frame, within the tolerance of fewer keyframes."""
    shown = io.to_dense(layout)
    try:
        again = io.from_dict(shown)
    except LayoutError as error:  # what is clipped to a line at the edge has no box
        assert ".box:" in str(error)
        return
    assert again.frame_count == layout.frame_count
    before = [sorted(e["name"] for e in frame["layout"]) for frame in shown["frames"]]
    present = [dense(track, again.frame_count) for track in again.objects]
    after = [
        sorted(t.name for t, boxes in zip(again.objects, present, strict=True) if boxes[k])
        for k in range(again.frame_count)
    ]
    assert after == before
