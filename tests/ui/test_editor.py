"""What the editor's static files and Python must agree on."""

import re

import gradio as gr
import pytest

from spa2v_core.errors import InputError
from spa2v_core.generation.export import TRACK_COLOURS
from spa2v_core.layout import Box, Keyframe, ObjectTrack, SceneNote, VideoSceneLayout, edit
from spa2v_core.layout import io as layout_io
from ui import planning
from ui.editor.editor import LayoutEditor, model_sees, write_captions
from ui.service import host
from ui.service.served import FOLDERS
from ui.toasts import as_toast, toasting

STATIC = FOLDERS["editor"]


def test_colours_are_the_same_on_canvas_and_in_the_video():
    text = (STATIC / "dom.mjs").read_text()
    colours = [
        tuple(int(code[i : i + 2], 16) for i in (0, 2, 4)) for code in re.findall(r"#(\w{6})", text)
    ]
    assert tuple(colours) == TRACK_COLOURS


def test_static_files_are_only_for_browsers():
    assert {path.suffix for path in STATIC.iterdir()} == {".mjs", ".css"}
    for path in STATIC.glob("*.mjs"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(", path.read_text())


def test_the_editors_value_is_validated():
    editor = LayoutEditor()
    layout = VideoSceneLayout(duration_s=2)
    assert editor.preprocess(editor.postprocess(layout)) == layout
    assert editor.preprocess(None) is None
    with pytest.raises(gr.Error, match="&lt;b&gt;: unknown field"):
        editor.preprocess({"duration_s": 2, "<b>": 1})


def test_captions_are_written_from_what_the_layout_shows():
    key = Keyframe(frame=0, box=Box(0.7, 0.4, 0.9, 0.7))
    track = ObjectTrack(id=0, name="dog", appearance="big", start=0, end=15, keyframes=(key,))
    layout = VideoSceneLayout(duration_s=2, objects=(track,))
    said = write_captions(layout_io.to_dict(layout))
    assert "big dog" in said["caption"]
    assert "right" in said["caption"]
    assert len(said["frame_captions"]) == 16
    nothing = write_captions(layout_io.to_dict(VideoSceneLayout(duration_s=2)))
    assert nothing == {"caption": "", "frame_captions": []}
    notes = (SceneNote(words="waves"), SceneNote(words="wind"))
    heard = write_captions(layout_io.to_dict(edit.revise(layout, scene=notes)))
    assert heard["caption"] == "A big dog is on the right on a beach in the wind"
    alone = write_captions(layout_io.to_dict(VideoSceneLayout(duration_s=2, scene=notes)))
    assert alone == {"caption": "On a beach in the wind", "frame_captions": []}
    with pytest.raises(gr.Error):
        write_captions({"objects": "all"})


def test_the_feed_carries_the_plan_and_a_file_to_play(tmp_path):
    from ui.editor.editor import EditorFeed, Feed

    layout = VideoSceneLayout(duration_s=2)
    value = EditorFeed().postprocess(
        Feed("abc", b"RIFF", layout, layout, (), {"key": "/home/a.wav", "duration_s": 2})
    )
    assert value["clip"] == "abc"
    assert value["proposal"] == layout_io.to_dict(layout)
    assert "car" in value["names"]
    assert value["whole"] == {"duration_s": 2}
    with open(value["audio"]["path"], "rb") as file:
        assert file.read() == b"RIFF"


def test_toasts_are_escaped_and_generators_stay_generators():
    from spa2v_core.errors import InputError

    assert "<" not in as_toast(InputError("<img> is empty")).message

    @toasting
    def stream():
        yield 1
        raise InputError("broken")

    items = stream()
    assert next(items) == 1
    with pytest.raises(gr.Error, match="Broken"):
        next(items)


def test_only_uploaded_files_are_opened_after_a_reload(tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "get_upload_folder", lambda: str(tmp_path / "uploads"))
    (tmp_path / "uploads").mkdir()
    inside, outside = tmp_path / "uploads" / "a.wav", tmp_path / "secret.wav"
    for path in (inside, outside):
        path.write_bytes(b"x")
    rest = [0, 1, "auto", 1, ""]
    assert planning.visited([str(inside), *rest]) is not None
    for path in (
        outside,
        tmp_path / "uploads" / ".." / "secret.wav",
        tmp_path / "uploads" / "b.wav",
    ):
        assert planning.visited([str(path), *rest]) is None
    for bad in (None, [], "x", [1, *rest], {"audio": str(inside)}, [str(inside), "0", *rest[1:]]):
        assert planning.visited(bad) is None


def test_the_apps_key_never_goes_to_a_visitors_server(monkeypatch):
    assert planning.chosen("openai", {"endpoint": " http://127.0.0.1:9/v1 "}).key == "none"
    assert planning.chosen("openai", {"endpoint": "http://a", "key": "mine"}).key == "mine"
    assert planning.chosen("openai", {}).key == ""
    allowed = host.Host(public=True, endpoints=("https://models.example/v1",))
    monkeypatch.setattr(host, "_current", allowed)
    assert planning.chosen("openai", {"endpoint": "https://models.example/v1"}).key == "none"
    for named in ("http://169.254.169.254", "http://[::1", "https://models.example/v1/../x"):
        with pytest.raises(InputError, match="yourself"):
            planning.chosen("openai", {"endpoint": named})


@pytest.mark.parametrize("frame", [0, -3, 10**9, 0.5, "x", None, True])
def test_what_the_model_sees_is_asked_for_with_anything(frame):
    layout = layout_io.to_dict(VideoSceneLayout(duration_s=3600, frame_count=512))
    asked = {"layout": layout, "frame": frame, "views": ["outlines", "/etc/passwd", [], "trails"]}
    assert [url[:22] for url in model_sees(asked)] == ["data:image/png;base64,"] * 2
    assert model_sees({"layout": layout, "frame": frame, "views": "draft"}) == []
    for shape in ("9:16", "5:8", None, ["9:16"], 7):
        assert len(model_sees(asked | {"shape": shape})) == 2
    for bad in (None, [], {"layout": None}, {"layout": {"duration_s": "<b>"}}):
        with pytest.raises(gr.Error):
            model_sees(bad)
