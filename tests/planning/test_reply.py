"""Replies of models: what is read, what is repaired, what is refused."""

import json
import time
from contextlib import suppress

import pytest

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
