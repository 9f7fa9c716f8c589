import json

import pytest
from hypothesis import given

from spa2v_core.errors import InputError, LayoutError
from spa2v_core.layout import edit, io
from tests.strategies import layouts, with_track

GOOD = {
    "version": 1,
    "frame_count": 16,
    "duration_s": 6.1,
    "width": 512,
    "height": 320,
    "objects": [
        {
            "id": 0,
            "name": "car",
            "start": 0,
            "end": 15,
            "keyframes": [
                {"frame": 0, "box": [0.0, 0.4, 0.2, 0.6], "easing": "ease"},
                {"frame": 15, "box": [0.8, 0.4, 1.0, 0.6]},
            ],
        }
    ],
}


def changed(path, value):
    """A deep copy of GOOD with one field set."""
    copy = json.loads(json.dumps(GOOD))
    target = copy
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = value
    return copy


@given(layouts())
def test_json_round_trip_is_exact(layout):
    assert io.loads(io.dumps(layout)) == layout


def test_files_of_version_1_are_read_and_written_as_version_2():
    layout = io.from_dict(GOOD)
    assert layout.scene == ()
    assert layout.version == 2
    written = json.loads(io.dumps(layout))
    assert written["version"] == 2
    assert io.from_dict({k: v for k, v in GOOD.items() if k != "version"}) == layout
    assert io.from_dict(written) == layout


SCENE = {"words": "rain", "evidence": "rain heard at 0.70 in 6 of 6 windows", "p": 0.7}


def test_the_scene_is_kept_by_files_and_edits(tmp_path):
    layout = io.from_dict(GOOD | {"version": 2, "scene": [SCENE, {"words": "night"}]})
    assert [(one.words, one.p) for one in layout.scene] == [("rain", 0.7), ("night", 1.0)]
    io.write(layout, tmp_path / "layout.json")
    assert io.read(tmp_path / "layout.json") == layout
    assert with_track(layout, 0, name="bus").scene == layout.scene
    plain = io.from_dict(GOOD)
    assert edit.replan(plain, plain, layout)[0].scene == layout.scene, "that of the new plan"


KEY = ("objects", 0, "keyframes", 0)
BAD = [
    (changed((*KEY, "box"), [0.2, 0.4, 0.1, 0.6]), "objects[0].keyframes[0].box"),
    (changed((*KEY, "box"), [0, 0, 1]), "objects[0].keyframes[0].box"),
    (changed((*KEY, "box"), ["a", 0, 1, 1]), "objects[0].keyframes[0].box"),
    (changed((*KEY, "box"), [0, 0, 1e9, 1]), "objects[0].keyframes[0].box"),
    (changed((*KEY, "box"), None), "objects[0].keyframes[0].box"),
    (changed((*KEY, "easing"), "bounce"), "objects[0].keyframes[0].easing"),
    (changed((*KEY, "frame"), -1), "objects[0].keyframes[0].frame"),
    (changed((*KEY, "frame"), 15), "objects[0]: keyframes must be at increasing frames"),
    (changed((*KEY, "colour"), "red"), "objects[0].keyframes[0].colour: unknown field"),
    (changed(("objects", 0, "name"), ""), "objects[0].name"),
    (changed(("objects", 0, "name"), "x" * 10_000), "objects[0].name"),
    (changed(("objects", 0, "start"), 9.5), "objects[0].start"),
    (changed(("objects", 0, "end"), 16), "objects[0]: frame 16 is past the last frame 15"),
    (changed(("objects", 0, "keyframes"), []), "objects[0].keyframes"),
    (changed(("objects", 0, "confidence"), 2), "objects[0].confidence"),
    (changed(("objects",), [GOOD["objects"][0]] * 2), "objects: two tracks have the same id"),
    (changed(("objects",), "car"), "objects"),
    (changed(("duration_s",), 0), "duration_s"),
    (changed(("frame_count",), 1), "frame_count"),
    (changed(("frame_captions",), ["a"]), "frame_captions"),
    (changed(("version",), 7), "version"),
    (changed(("version",), "2"), "version"),
    (changed(("scene",), "rain"), "scene"),
    (changed(("scene",), ["rain"]), "scene[0]"),
    (changed(("scene",), [SCENE, {"p": 0.5}]), "scene[1].words"),
    (changed(("scene",), [SCENE | {"words": ""}]), "scene[0].words"),
    (changed(("scene",), [SCENE | {"p": 1.5}]), "scene[0].p"),
    (changed(("scene",), [SCENE | {"place": "sea"}]), "scene[0].place: unknown field"),
    (changed(("scene",), [SCENE] * 21), "scene"),
    (changed(("extra",), 1), "extra: unknown field"),
    ([], "layout"),
    ("text", "layout"),
    (None, "layout"),
]


@pytest.mark.parametrize(("value", "path"), BAD)
def test_bad_values_are_refused_with_the_path(value, path):
    with pytest.raises(LayoutError) as error:
        io.loads(json.dumps(value))
    assert str(error.value).startswith(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"duration_s": NaN}',
        '{"duration_s": Infinity}',
        "[" * 100_000,
        "\x00",
        '{"self": 1, "data": 2}',
        b"\xff\xfe\x00",
        b"\x80\x81",
    ],
)
def test_text_that_is_no_json_is_refused(text):
    with pytest.raises(LayoutError):
        io.loads(text)


def test_unreadable_files_are_input_errors(tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InputError):
            io.read(path)
    binary = tmp_path / "binary.json"
    binary.write_bytes(bytes(range(256)))
    with pytest.raises(InputError):
        io.read(binary)


def test_dense_form_keeps_names_spans_and_boxes():
    layout = io.from_dict(GOOD)
    dense = io.to_dense(layout)
    assert len(dense["frames"]) == 16
    again = io.from_dict(dense)
    assert [t.name for t in again.objects] == ["car"]
    assert io.to_dense(again)["frames"][7]["layout"][0]["box"] == pytest.approx(
        dense["frames"][7]["layout"][0]["box"], abs=0.012
    )


def test_dense_errors_have_paths():
    dense = io.to_dense(io.from_dict(GOOD))
    dense["frames"][3]["layout"][0]["box"] = [0, 0, 0, 0]
    with pytest.raises(LayoutError, match=r"^frames\[3\]\.layout\[0\]\.box"):
        io.from_dict(dense)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_files_of_any_unicode_encoding_are_read(encoding, tmp_path):
    (tmp_path / "layout.json").write_bytes(json.dumps(GOOD).encode(encoding))
    assert io.read(tmp_path / "layout.json") == io.from_dict(GOOD)


@pytest.mark.parametrize("digits", [19, 400, 5000])
def test_huge_integers_are_refused_with_the_path(digits):
    for field in ("duration_s", "frame_count"):
        text = json.dumps(GOOD | {field: "here"}).replace('"here"', "1" * digits)
        with pytest.raises(LayoutError, match=f"^{field}: "):
            io.loads(text)
    for value in (10**400, -(10**400)):
        with pytest.raises(LayoutError, match=r"^objects\[0\]\.keyframes\[0\]\.box"):
            io.from_dict(changed((*KEY, "box"), [0, 0, value, 1]))


def test_an_error_stays_short():
    with pytest.raises(LayoutError) as error:
        io.from_dict(GOOD | {"x" * 100_000: 1, "version": 2})
    assert len(str(error.value)) < 200
    with pytest.raises(LayoutError) as error:
        io.from_dict(GOOD | {"version": "y" * 100_000})
    assert len(str(error.value)) < 200
