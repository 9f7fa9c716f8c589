"""Replies of models: what is read, what is repaired, what is refused."""

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa2v_core.layout import motion_category
from spa2v_core.layout.keyframes import box_at
from spa2v_core.planning.parse import ReplyError
from spa2v_core.planning.reply import read_reply

N = 16


def plan(count=N, names=("car",), box=lambda k, n: [0.05 * k, 0.4, 0.05 * k + 0.2, 0.7], **entry):
    """A reply of the form that is asked for: a car that crosses."""
    frames = [
        {
            "caption": f"frame {k}",
            "layout": [{"id": i, "name": n, "box": box(k, i)} | entry for i, n in enumerate(names)],
        }
        for k in range(count)
    ]
    return {"reasoning": "it passes", "video_caption": "a car crosses", "frames": frames}


def text(value):
    return json.dumps(value)


def boxes(change, **more):
    """The plan with every box changed."""
    value = plan(**more)
    for frame in value["frames"]:
        for entry in frame["layout"]:
            entry["box"] = change(entry["box"])
    return value


def scaled(x, y):
    return lambda b: [b[0] * x, b[1] * y, b[2] * x, b[3] * y]


def sized(b):
    return [b[0], b[1], b[2] - b[0], b[3] - b[1]]


def renamed(key, to, value=None):
    return json.loads(text(value or plan()).replace(f'"{key}"', f'"{to}"'))


GOOD = text(plan())
#: kind -> (reply, part of the repair that is told; None for nothing to repair).
READ = {
    "as asked": (GOOD, None),
    "spaces around": (f"\n\n {GOOD}\n ", None),
    "fenced": (f"```json\n{GOOD}\n```", "text around"),
    "fenced without a language": (f"```\n{GOOD}\n```", "text around"),
    "said before and after": (f"Sure! Here it is:\n{GOOD}\nEnjoy {{}}", "text around"),
    "trailing commas": (GOOD.replace("]}", "],}").replace("}]", "},]"), "trailing commas"),
    "comments": (GOOD.replace('"frames": [', '"frames": [ // all of them\n'), "comments"),
    "curly quotes": (GOOD.replace('"', "\u201c"), "quotes"),
    "missing commas": (json.dumps(plan(), indent=1).replace("},\n", "}\n"), "missing commas"),
    "python": (str(plan()), "Python"),
    "a brace in a string": (text(plan() | {"reasoning": 'a } " and \\ {'}), None),
    "wrapped": (text({"result": plan()}), "unwrapped"),
    "a bare list of frames": (text(plan()["frames"]), "bare list"),
    "frames by name": (
        text(plan() | {"frames": {f"f{k}": f for k, f in enumerate(plan()["frames"])}}),
        "by name",
    ),
    "objects for layout": (text(renamed("layout", "objects")), None),
    "bbox for box": (text(renamed("box", "bbox")), None),
    "label for name": (text(renamed("name", "label")), None),
    "pixels": (text(boxes(scaled(512, 320))), "pixels"),
    "pixels as text": (
        text(boxes(lambda b: [f"{round(v)}px" for v in scaled(512, 320)(b)])),
        "pixels",
    ),
    "thousandths": (text(boxes(scaled(1000, 1000))), "1000"),
    "percent": (text(boxes(scaled(100, 100))), "percent"),
    "rows first": (
        text(
            renamed("box", "box_2d", boxes(lambda b: [1000 * v for v in (b[1], b[0], b[3], b[2])]))
        ),
        "box_2d",
    ),
    "x, y, width, height": (text(boxes(sized)), "width, height"),
    "named sizes": (
        text(boxes(lambda b: dict(zip(("x", "y", "w", "h"), sized(b), strict=True)))),
        "width, height",
    ),
    "named corners": (
        text(boxes(lambda b: dict(zip(("x1", "y1", "x2", "y2"), b, strict=True)))),
        None,
    ),
    "swapped corners": (
        text(boxes(lambda b: [b[2], b[3], b[0], b[1]] if b[0] > 0.5 else b)),
        "swapped",
    ),
    "corner pairs": (text(boxes(lambda b: [b[:2], b[2:]])), None),
    "a box as text": (text(boxes(lambda b: f"[{b[0]:.3f}, {b[1]}, {b[2]:.3f}, {b[3]}]")), None),
    "ids as text": (text(plan(id="car_1")), None),
    "no ids": (text(plan(id=None)), None),
    "eight frames": (
        text(plan(8, box=lambda k, _: [0.1 * k, 0.4, 0.1 * k + 0.2, 0.7])),
        "8 frames",
    ),
    "twenty frames": (
        text(plan(20, box=lambda k, _: [0.04 * k, 0.4, 0.04 * k + 0.2, 0.7])),
        "20 frames",
    ),
    "zeros for absence": (
        text(boxes(lambda b: b if b[0] > 0.09 else [0, 0, 0, 0])),
        "absence",
    ),
    "numbers for captions": (text(plan() | {"video_caption": 7}), None),
    "our own form": (
        text(
            {
                "objects": [
                    {
                        "id": 0,
                        "name": "car",
                        "start": 0,
                        "end": 15,
                        "keyframes": [
                            {"frame": 0, "box": [0, 0.4, 0.2, 0.7]},
                            {"frame": 15, "box": [0.75, 0.4, 0.95, 0.7]},
                        ],
                    }
                ]
            }
        ),
        None,
    ),
}


@pytest.mark.parametrize("kind", READ)
def test_one_meaning_is_read(kind):
    reply, repair = READ[kind]
    found = read_reply(reply, frame_count=N, duration_s=6)
    (track,) = found.layout.objects
    assert (track.name, found.layout.frame_count, found.layout.duration_s) == ("car", N, 6)
    assert motion_category(track, N) == "crossing_right"
    assert box_at(track, 8) == pytest.approx((0.4, 0.4, 0.6, 0.7), abs=0.06)
    assert len(track.keyframes) <= 4
    if repair is None:
        assert found.repairs == ()
    else:
        assert any(repair in told for told in found.repairs), found.repairs


def test_two_of_a_name_without_ids_are_two():
    reply = plan(names=("dog", "dog"), box=lambda k, i: [0.6 * i, 0.4, 0.6 * i + 0.2, 0.7], id=None)
    assert len(read_reply(text(reply), frame_count=N, duration_s=6).layout.objects) == 2


def test_one_frame_stands_for_all():
    found = read_reply(text(plan(1)), frame_count=N, duration_s=6)
    assert found.layout.frame_count == N
    assert len(found.layout.objects[0].keyframes) == 1
    assert "one frame" in found.repairs[-1]


def test_boxes_outside_and_without_size_are_put_right():
    found = read_reply(
        text(plan(box=lambda *_: [-1.9, 0.5, 1.9, 0.5])), frame_count=N, duration_s=6
    )
    box = found.layout.objects[0].keyframes[0].box
    assert box.x1 >= -1
    assert box.height >= 0.019
    assert len(found.repairs) == 2


#: kind -> (reply, part of the message).
REFUSED = {
    "nothing": ("", "no JSON"),
    "words": ("I can't hear anything.", "no JSON"),
    "broken off": (GOOD[: len(GOOD) // 2], "breaks off"),
    "not a number": (GOOD.replace("0.4", "NaN"), "NaN"),
    "no frames": ('{"reasoning": "hm", "caption": "a car"}', "frames"),
    "empty frames": (text(plan() | {"frames": []}), "frames"),
    "no boxes": (text(plan(names=())), "no boxes"),
    "three numbers": (text(boxes(lambda b: b[:3])), "four numbers"),
    "words for numbers": (text(boxes(lambda _: ["a", "b", "c", "d"])), "four numbers"),
    "no name": (text(renamed("name", "nom")), "name"),
    "a number for an object": (text(plan() | {"frames": [{"layout": [3]}]}), "name and a box"),
    "a number for a layout": (text(plan() | {"frames": [{"layout": 3}]}), "list of objects"),
    "far away": (text(boxes(scaled(1e7, 1e7))), "not in the picture"),
    "thirteen objects": (text(plan(names=[f"dog {k}" for k in range(13)])), "at most 12"),
    "too long": ("x" * 500_000, "too long"),
    "nested": ("[" * 100_000 + "]" * 100_000, "nested"),
    "a broken layout of ours": (
        '{"objects": [{"id": 0, "name": "car", "start": 3, "end": 1, "keyframes": []}]}',
        "",
    ),
    "unquoted": ("{frames: [}", ""),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_has_no_meaning_is_refused_with_the_place(kind):
    reply, message = REFUSED[kind]
    with pytest.raises(ReplyError, match=message):
        read_reply(reply, frame_count=N, duration_s=6)


def test_a_reply_of_any_length_is_read_or_refused_quickly():
    """Repairs take time in proportion to the reply."""
    long = [
        "[1" + "\n" * 200_000 + "x",
        '{"frames": [' + "// " * 100_000 + '"',
        text(plan() | {"frames": [{"layout": []}] * 10_000}),
        text(plan(names=("car",), id="7" * 5000)),
        text(plan()).replace('"id": 0', '"id": 1e999'),
        text(plan()).replace('"id": 0', '"id": ' + "7" * 5000),
    ]
    for reply in long:
        started = time.process_time()
        with suppress(ReplyError):
            read_reply(reply, frame_count=N, duration_s=2.0)
        assert time.process_time() - started < 2, reply[:40]


def test_what_is_gone_and_back_is_two_of_one_name():
    value = plan()
    for frame in value["frames"][5:9]:
        frame["layout"] = []
    found = read_reply(text(value), frame_count=N, duration_s=2.0).layout
    assert [(t.name, t.start, t.end) for t in found.objects] == [("car", 0, 4), ("car", 9, 15)]


def tracks(names=("car",), first=(0.0, 0.4, 0.2, 0.7), last=(0.75, 0.4, 0.95, 0.7), **more):
    """A reply of the form that is asked for: things that cross."""
    keyframes = [{"frame": 0, "box": list(first)}, {"frame": N - 1, "box": list(last)}]
    return {
        "reasoning": "it passes",
        "video_caption": "a car crosses",
        "objects": [
            {"id": k, "name": name, "start": 0, "end": N - 1, "keyframes": keyframes}
            for k, name in enumerate(names)
        ],
        "frame_captions": [
            {"frame": 0, "caption": "on the left"},
            {"frame": 8, "caption": "on the right"},
        ],
    } | more


def on_its_way(k):
    return [0.05 * k, 0.4, 0.05 * k + 0.2, 0.7]


def with_keys(keyframes, **entry):
    return text(tracks(objects=[{"name": "car", "keyframes": keyframes} | entry]))


#: kind -> (reply of objects with keyframes, part of the repair that is told).
TRACKS = {
    "as asked": (text(tracks()), None),
    "fenced": (f"```json\n{text(tracks())}\n```", "text around"),
    "wrapped": (text({"layout": tracks()}), "unwrapped"),
    "thought aloud": (f"<think>a {{car}}?</think>\n{text(tracks())}", "thought aloud"),
    "keyframes as rows": (
        with_keys([[0, 0.0, 0.4, 0.2, 0.7], [15, 0.75, 0.4, 0.95, 0.7]]),
        None,
    ),
    "pixels": (
        with_keys([{"frame": k, "box": [24 * k, 128, 24 * k + 102, 224]} for k in (0, 15)]),
        "pixels",
    ),
    "sizes": (
        with_keys([{"frame": k, "box": [0.05 * k, 0.4, 0.2, 0.3]} for k in (0, 5, 15)]),
        "width, height",
    ),
    "frames from 1": (
        with_keys(
            [{"frame": k + 1, "box": on_its_way(k)} for k in (0, 15)],
            start=1,
            end=16,
        ),
        "counted from 1",
    ),
    "frames as text": (
        with_keys([{"frame": str(k), "box": on_its_way(k)} for k in (0, 15)]),
        None,
    ),
    "a box for every frame and no numbers": (
        with_keys([{"box": on_its_way(k)} for k in range(N)]),
        None,
    ),
    "a keyframe too many": (
        with_keys([{"frame": k, "box": on_its_way(k)} for k in (15, 0, 7)]),
        None,
    ),
    "other names": (
        text(json.loads(text(tracks()).replace('"name"', '"label"').replace('"box"', '"bbox"'))),
        None,
    ),
}


@pytest.mark.parametrize("kind", TRACKS)
def test_objects_with_keyframes_are_read(kind):
    reply, repair = TRACKS[kind]
    found = read_reply(reply, frame_count=N, duration_s=4)
    (track,) = found.layout.objects
    assert (track.name, track.start, track.end) == ("car", 0, N - 1)
    assert motion_category(track, N) == "crossing_right"
    assert box_at(track, 7).centre[0] == pytest.approx(0.45, abs=0.03)
    assert len(track.keyframes) == 2
    assert any(repair in told for told in found.repairs) if repair else not found.repairs


def test_a_caption_holds_until_the_next():
    captions = read_reply(text(tracks()), frame_count=N, duration_s=4).layout.frame_captions
    assert captions == ("on the left",) * 8 + ("on the right",) * 8
    none = read_reply(text(tracks(frame_captions=[])), frame_count=N, duration_s=4)
    assert none.layout.frame_captions == ()
    as_text = tracks(frame_captions=["one", "two"])
    assert read_reply(text(as_text), frame_count=N, duration_s=4).layout.frame_captions[8] == "two"


def test_what_comes_late_and_goes_early():
    reply = with_keys([{"frame": 6, "box": [0.4, 0.4, 0.6, 0.7]}], start=4, end=9)
    (track,) = read_reply(reply, frame_count=N, duration_s=4).layout.objects
    assert (track.start, track.end) == (4, 9)
    turned = with_keys([{"frame": 6, "box": [0.4, 0.4, 0.6, 0.7]}], start=9, end=4)
    found = read_reply(turned, frame_count=N, duration_s=4)
    assert (found.layout.objects[0].start, found.layout.objects[0].end) == (4, 9)
    assert any("in order" in told for told in found.repairs)


def test_another_number_of_frames_is_stretched():
    keys = [{"frame": k, "box": [0.2 * k, 0.4, 0.2 * k + 0.2, 0.7]} for k in (0, 3)]
    value = tracks(objects=[{"name": "car", "keyframes": keys}], frame_count=4)
    found = read_reply(text(value), frame_count=N, duration_s=4)
    assert found.layout.frame_count == N
    assert any("stretched" in told for told in found.repairs)
    assert motion_category(found.layout.objects[0], N) == "crossing_right"


#: kind -> (reply, what is said about it).
BROKEN_TRACKS = {
    "no name": (text(tracks(names=("",))), r"objects\[0\].name"),
    "no keyframes": (with_keys("none"), "a list of frames"),
    "no frame": (with_keys([{"box": [0, 0, 1, 1]}, {"box": [0, 0, 1, 1]}]), r"\.frame: the frame"),
    "no box": (with_keys([{"frame": 0}]), "box"),
    "a frame that is none": (with_keys([{"frame": 40, "box": [0, 0, 1, 1]}]), "no frame 40"),
    "a frame in words": (with_keys([{"frame": "last", "box": [0, 0, 1, 1]}]), "number of a frame"),
    "only zeros": (with_keys([{"frame": 0, "box": [0, 0, 0, 0]}]), "no boxes"),
    "too many": (text(tracks(names=[f"car {k}" for k in range(13)])), "at most 12"),
    "a number": (text(tracks(objects=[{"keyframes": [1]}])), "name"),
}


@pytest.mark.parametrize("kind", BROKEN_TRACKS)
def test_what_can_not_be_read_is_said_in_words(kind):
    reply, words = BROKEN_TRACKS[kind]
    with pytest.raises(ReplyError, match=words):
        read_reply(reply, frame_count=N, duration_s=4)


WHATEVER = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-20, 20), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(
            st.sampled_from(["name", "keyframes", "frame", "box", "start", "end", "id"]), inner
        ),
    ),
    max_leaves=12,
)


@given(st.lists(WHATEVER, max_size=4), WHATEVER)
@settings(deadline=None)
def test_whatever_objects_are_given_it_is_a_layout_or_a_reply_error(objects, captions):
    value = {"objects": [{"keyframes": []}, *objects], "frame_captions": captions}
    with suppress(ReplyError):
        assert read_reply(text(value), frame_count=N, duration_s=4).layout.objects
