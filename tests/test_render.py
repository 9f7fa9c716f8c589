"""The shipped model, end to end on the command line: few steps, real weights, real file."""

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from spa2v_core import cli, pipeline
from spa2v_core.audio.io import read_audio
from spa2v_core.generation.base import (
    Frames,
    Notice,
    Preview,
    Progress,
    RenderRequest,
)
from spa2v_core.generation.export import read_layout
from spa2v_core.layout import Box
from spa2v_core.layout import io as layout_io
from tests.strategies import with_track

EXAMPLES = Path(__file__).parents[1] / "assets" / "examples"
CAR = EXAMPLES / "car_crossing.m4a"


def request(frames=8, **fields):
    analysis = pipeline.analyse(CAR, objects="red car")
    layout = fields.pop("layout", None) or pipeline.plan(analysis).layout
    options = {"steps": 4, "frames": frames, "fps": 0}
    return RenderRequest(layout, analysis.clip, options=options, **fields)


def frames_of(path):
    with av.open(str(path)) as file:
        return np.stack([f.to_ndarray(format="rgb24") for f in file.decode(video=0)]).astype(float)


def render(made, path):
    events = list(pipeline.render(made, path))
    return frames_of(path), events


def redness(picture):
    """How much redder than grey a picture is, per pixel."""
    return np.clip(picture[..., 0] - picture[..., 1:3].max(-1), 0, None)


def test_the_red_car_is_in_its_box(tmp_path):
    layout = pipeline.plan(pipeline.analyse(CAR, objects="red car")).layout
    frames, events = render(request(16, layout=layout), tmp_path / "v.mp4")
    assert frames.shape == (16, 320, 512, 3)
    for index in (5, 8, 10):
        box = pipeline_box(layout, index)
        inside = redness(frames[index])[box]
        assert inside.mean() > 12
        assert inside.mean() > 4 * (redness(frames[index]).sum() - inside.sum()) / (320 * 512)
    assert read_layout(tmp_path / "v.mp4") == layout
    clip = read_audio(CAR)
    assert read_audio(tmp_path / "v.mp4").duration_s == pytest.approx(clip.duration_s, abs=0.04)
    steps = [e for e in events if isinstance(e, Progress) and e.stage == "denoise"]
    assert [e.done for e in steps] == [1, 2, 3, 4]
    assert steps[-1].remaining_s < steps[0].remaining_s
    assert any(isinstance(e, Preview) and e.picture.shape == (160, 256, 3) for e in events)
    assert isinstance(events[-1], pipeline.Rendered)
    assert set(events[-1].seconds) == {"load", "denoise", "decode", "smooth", "export"}


@pytest.mark.parametrize("fps", [0, 8])
def test_what_a_large_model_makes_is_written_as_large(fps, tmp_path):
    """Also with frames between; the poster and the video with boxes too."""

    def make(asked):
        yield Frames(np.full((16, 480, 768, 3), 90, np.uint8))

    out = tmp_path / "v.mp4"
    made = replace(request(), options={"fps": fps})
    *_, done = pipeline.render(made, out, make)
    count = round(fps * made.clip.duration_s) or 16
    for path in (done.path, done.boxes_path):
        assert frames_of(path).shape == (count, 480, 768, 3)
    assert cv2.imread(str(done.poster_path)).shape == (480, 768, 3)
    assert read_layout(out) == made.layout


def pipeline_box(layout, index):
    from spa2v_core.layout.keyframes import dense

    box = dense(layout.objects[0], 16)[index]
    rows = slice(max(0, round(box.y1 * 320)), round(box.y2 * 320))
    return rows, slice(max(0, round(box.x1 * 512)), round(box.x2 * 512))


def test_the_video_obeys_an_edited_box_and_the_seed(tmp_path):
    made = request()
    layout = made.layout
    up = with_track(
        layout, 0, keyframes=[{"frame": 0, "box": Box(0.6, 0.1, 0.9, 0.45)}], locked=False
    )
    one, _ = render(request(layout=layout, seed=5), tmp_path / "a.mp4")
    same, _ = render(request(layout=layout, seed=5), tmp_path / "b.mp4")
    moved, _ = render(request(layout=up, seed=5), tmp_path / "c.mp4")
    assert (one == same).all()
    box = pipeline_box(up, 2)
    assert redness(moved[2])[box].mean() > 3 * redness(one[2])[box].mean()


def test_cancel_stops_within_a_step_and_leaves_nothing(tmp_path):
    events = pipeline.render(request(), tmp_path / "v.mp4")
    for event in events:
        if isinstance(event, Progress) and event.stage == "denoise":
            break
    events.close()
    assert list(tmp_path.iterdir()) == []
    render(request(), tmp_path / "after.mp4")


def test_what_an_unknown_name_is_drawn_as_is_said(tmp_path):
    analysis = pipeline.analyse(CAR, objects="zorblax")
    layout = pipeline.plan(analysis).layout
    options = {"steps": 1, "frames": 8, "fps": 0}
    _, events = render(RenderRequest(layout, analysis.clip, options=options), tmp_path / "v.mp4")
    notes = [e.text for e in events if isinstance(e, Notice)]
    assert notes == ["'zorblax' is not in the vocabulary: drawn as a loudspeaker"]


def test_the_render_command_with_grounding_off(tmp_path):
    layout_io.write(request().layout, tmp_path / "l.json")
    out = tmp_path / "v.mp4"
    arguments = ["render", str(tmp_path / "l.json"), "--audio", str(CAR), "--out", str(out)]
    assert cli.main([*arguments, "--steps", "1", "--frames", "8", "--grounding", "none"]) == 0
    assert frames_of(out).shape[0] == round(24 * read_audio(CAR).duration_s)
