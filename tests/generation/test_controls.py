"""What a layout looks like to models that take a video as control."""

from dataclasses import replace

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from spa2v_core import cli
from spa2v_core.errors import InputError
from spa2v_core.generation.conditioning import frame_conditions
from spa2v_core.generation.controls.depth import box_depth
from spa2v_core.generation.controls.drafts import cut_draft
from spa2v_core.generation.controls.files import FORMS, write_control
from spa2v_core.generation.controls.outlines import outlines
from spa2v_core.generation.controls.pictures import fill, read_picture
from spa2v_core.generation.controls.trails import LENGTH, points, trails
from spa2v_core.generation.controls.views import VIEWS, view
from spa2v_core.generation.registry import GROUNDINGS
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.layout import io as layout_io
from spa2v_core.layout.picture import HORIZON, SHAPES, middle, standing_height
from tests.generation.scene import FRAMES, conditions

SIZE_WH = (80, 50)
CONTROLS = [outlines, trails, box_depth]
edges = st.floats(-0.5, 1.4)


def scene(box, frames=FRAMES):
    """One object that stands in a box."""
    return conditions(
        boxes=np.tile(np.array(box, np.float32), (frames, 1, 1)),
        present=np.ones((frames, 1), bool),
        facing=np.ones((frames, 1), np.float32),
    )


def test_golden_outline():
    frame = outlines(scene([0.25, 0.2, 0.75, 0.8]), SIZE_WH)[0]
    assert frame[25, 20].tolist() == frame[10, 40].tolist() == [0, 0, 0]
    assert (frame[14:36, 24:56] == 255).all()
    assert (frame[:8] == 255).all() and (frame[:, 64:] == 255).all()


def test_golden_trail():
    still = trails(scene([0.2, 0.2, 0.8, 0.8], LENGTH + 5), (320, 200))
    red, _, blue = (still[-1, 100, 160, channel] for channel in range(3))
    assert (red, blue) == (0, 255)  # a thing that stands is seen as it is now
    moving = scene([0.1, 0.3, 0.3, 0.7], LENGTH)
    moving.boxes[..., ::2] += np.linspace(0, 0.6, LENGTH)[:, None, None]
    row = trails(moving, (864, 540))[-1, 270].astype(int)  # the middle of the box, over its way
    columns = np.flatnonzero(row.max(1) > 100)
    oldest, newest = columns[columns < 0.25 * 864], columns[columns > 0.75 * 864]
    assert (row[oldest, 0] > row[oldest, 2]).all()
    assert (row[newest, 2] > row[newest, 0]).all()
    assert len(newest) > len(oldest) > 0


def test_points_drift_apart_when_a_box_grows():
    small, large = points(np.array([[0.4, 0.4, 0.6, 0.6], [0.2, 0.2, 0.8, 0.8]]))
    assert np.allclose(small[0], large[0])
    assert np.allclose(large - 0.5, 3 * (small - 0.5))


def test_golden_depth():
    frame = box_depth(scene([0.25, 0.2, 0.75, 0.8]), SIZE_WH)[0, :, :, 0]
    assert (frame[10:40, 20:60] == round(0.6 * 255)).all()
    assert not frame[: round(HORIZON * 50), :19].any()
    assert (np.diff(frame[:, 0].astype(int)) >= 0).all()


def test_the_larger_box_hides_the_smaller():
    both = conditions(boxes=conditions().boxes.copy())
    both.boxes[:, 0], both.boxes[:, 1] = [0.2, 0.2, 0.8, 0.9], [0.4, 0.4, 0.6, 0.6]
    assert box_depth(both, SIZE_WH)[0, 25, 40, 0] == round(0.7 * 255)


@pytest.mark.parametrize("height", [0.05, 0.2, 0.45])
def test_what_stands_is_as_far_as_the_ground_below_it(height):
    assert standing_height(middle("ground", height) + height / 2) == pytest.approx(height)


@pytest.mark.parametrize("control", CONTROLS)
def test_nobody_there_is_the_bare_ground(control):
    nobody = replace(conditions(), present=np.zeros((FRAMES, 2), bool))
    assert len({frame.tobytes() for frame in control(nobody, SIZE_WH)}) == 1
    here = control(conditions(), SIZE_WH)
    assert here.shape == (FRAMES, 50, 80, 3)
    assert here.dtype == np.uint8
    assert (here != control(nobody, SIZE_WH)).any()


@settings(max_examples=25, deadline=None)
@given(
    box=st.tuples(edges, edges, st.floats(0.01, 0.8), st.floats(0.01, 0.8)), frame=st.integers(0, 3)
)
@pytest.mark.parametrize("control", CONTROLS)
def test_a_changed_box_changes_only_itself(control, box, frame):
    """Only in its frame (a trail: from then on), and only where the box was or is."""
    x, y, wide, high = box
    moved = conditions(boxes=conditions().boxes.copy())
    moved.boxes[frame, 1] = [x, y, x + wide, y + high]
    changed = (control(moved, SIZE_WH) != control(conditions(), SIZE_WH)).any(-1)
    later = slice(frame + 1, None) if control is not trails else slice(0, 0)
    assert not changed[:frame].any()
    assert not changed[later].any()
    near = np.zeros(changed.shape[1:], bool)
    for x1, y1, x2, y2 in (moved.boxes[frame, 1], conditions().boxes[frame, 1]):
        low = np.maximum(np.floor(np.array([y1, x1]) * SIZE_WH[::-1]).astype(int) - 3, 0)
        stop = np.maximum(np.ceil(np.array([y2, x2]) * SIZE_WH[::-1]).astype(int) + 4, 0)
        near[low[0] : stop[0], low[1] : stop[1]] = True
    assert not changed[:, ~near].any()


def test_pictures_fill_the_frame_and_lie_on_white(tmp_path):
    wide = np.zeros((100, 400, 4), np.uint8)
    wide[:, 150:250] = [10, 20, 200, 255]  # what is beside it is transparent
    Image.fromarray(wide).save(tmp_path / "a.png")
    read = read_picture(tmp_path / "a.png")
    assert read[50, 200].tolist() == [10, 20, 200]
    assert read[50, 10].tolist() == [255, 255, 255]
    filled = fill(read, (80, 50))
    assert filled.shape == (50, 80, 3)
    columns = np.flatnonzero(filled[25, :, 0] < 50)
    assert (columns[0], columns[-1]) == (15, 64)


def test_a_picture_of_too_many_pixels_is_not_opened(tmp_path):
    Image.new("1", (10_000, 6_000)).save(tmp_path / "large.png")
    with pytest.raises(InputError, match="large.png has more than 50 million pixels"):
        read_picture(tmp_path / "large.png")


def test_a_picture_is_cut_out_and_moved_along_the_boxes():
    picture = np.full((50, 80, 3), 90, np.uint8)
    picture[10:30, 8:24] = [200, 30, 30]
    moving = scene([0.1, 0.2, 0.3, 0.6])
    moving.boxes[..., ::2] += np.linspace(0, 0.8, FRAMES)[:, None, None]
    video = cut_draft(picture, moving)
    assert (video[0] == picture).all()
    centres = [np.flatnonzero(frame[20, :, 0] > 150).mean() / 80 for frame in video[:3]]
    assert np.allclose(centres, 0.2 + np.linspace(0, 0.8, FRAMES)[:3], atol=0.03)
    assert video[2][10:30, 8:24, 0].max() < 130  # painted over where it was
    moving.present[1] = False
    assert np.ptp(cut_draft(picture, moving)[1], axis=(0, 1)).max() < 60


@pytest.mark.parametrize(
    ("form", "size", "frames"),
    [("outlines", (768, 480), 17), ("depth", (768, 480), 17), ("trails", (512, 320), 25)],
)
def test_a_layout_is_converted_to_a_control_video(form, size, frames, tmp_path, capsys):
    box = {"frame": 0, "box": [0.2, 0.3, 0.6, 0.9]}
    car = {"id": 0, "name": "car", "start": 0, "end": 15, "keyframes": [box]}
    layout_io.write(VideoSceneLayout(duration_s=1.04, objects=[car]), tmp_path / "l.json")
    command = ["convert", str(tmp_path / "l.json"), "--to", form, "--out", str(tmp_path / "out")]
    assert cli.main(command) == 0
    with av.open(str(tmp_path / "out" / f"l.{form}.mp4")) as file:
        video = file.streams.video[0]
        assert (video.width, video.height) == size
        assert float(video.duration * video.time_base) == pytest.approx(1.04, abs=0.01)
        seen = np.stack([one.to_ndarray(format="rgb24") for one in file.decode(video)])
    assert len(seen) == frames
    drawn = FORMS[form].draw(frame_conditions(layout_io.read(tmp_path / "l.json"), frames), size)
    assert np.abs(seen.astype(int) - drawn).mean() < 3
    layout_io.write(VideoSceneLayout(duration_s=600, objects=[car]), tmp_path / "l.json")
    assert cli.main(command) == 2
    assert "plan a shorter span" in capsys.readouterr().err


def crossing(frames=16):
    keys = [
        {"frame": 0, "box": [0.0, 0.4, 0.2, 0.8]},
        {"frame": frames - 1, "box": [0.7, 0.4, 0.9, 0.8]},
    ]
    car = {"id": 0, "name": "car", "start": 0, "end": 11, "keyframes": keys}
    return VideoSceneLayout(duration_s=4, frame_count=frames, objects=[car])


def test_what_people_see_is_what_the_model_is_given():
    """At the moment of the layout's frame, to a rendered frame."""
    layout, count = crossing(), 4 * 24
    seen = frame_conditions(layout, count)
    now = round((7 + 0.5) / 16 * count - 0.5)
    for name, control in {"outlines": outlines, "depth": box_depth}.items():
        assert (view(name, layout, 7) == control(seen, (512, 320))[now]).all()
    assert (view("trails", layout, 7) == trails(seen.part(slice(now + 1)), (512, 320))[-1]).all()
    draft = view("draft", layout, 7).astype(int)
    x1, x2 = np.rint(seen.boxes[now, 0, [0, 2]] * 512).astype(int)
    patch = np.abs(draft - draft[:, -1:]).max(-1)[192]
    assert patch[(x1 + x2) // 2] > 50
    assert not patch[: x1 - 3].any() and not patch[x2 + 3 :].any()


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_view_has_the_shape_that_is_rendered(name, shape):
    picture, (width, height) = view(name, crossing(), 7, shape), SHAPES[shape]
    assert picture.shape == (height, width, 3)
    same = cv2.resize(view(name, crossing(), 7), (width, height), interpolation=cv2.INTER_AREA)
    assert np.abs(picture.astype(float) - same).mean() < 6


@pytest.mark.parametrize("name", VIEWS)
def test_who_is_absent_is_not_seen(name):
    empty = VideoSceneLayout(duration_s=4)
    assert (view(name, crossing(), 7) != view(name, empty, 7)).any()
    gone = view(name, crossing(), 15)
    assert (gone != view(name, empty, 15)).any() == (name == "trails")  # where it was stays


def test_every_view_of_a_grounding_can_be_drawn():
    named = {kind.view for kind in GROUNDINGS.all().values()} - {""}
    assert named == set(VIEWS)


@pytest.mark.parametrize(
    ("form", "shape", "size"),
    [
        ("outlines", "9:16", (432, 768)),
        ("depth", "1:1", (608, 608)),
        ("trails", "16:9", (512, 288)),
    ],
)
def test_a_control_video_has_the_shape_of_its_layout(form, shape, size, tmp_path):
    width, height = SHAPES[shape]
    write_control(
        crossing().model_copy(update={"width": width, "height": height, "duration_s": 0.5}),
        form,
        tmp_path / "v.mp4",
    )
    with av.open(str(tmp_path / "v.mp4")) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == size
