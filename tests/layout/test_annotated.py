"""Tracks of annotation tools: CVAT for video and COCO video."""

import json

import pytest

from spa2v_core.errors import LayoutError
from spa2v_core.layout import Box, io, motion_category
from spa2v_core.layout.keyframes import box_at

N = 16


def cvat(tracks, size="<size>16</size>", wide=640, high=400):
    """CVAT for video 1.1, as its exporter writes it."""
    shown = "".join(
        f'<track id="{k}" label="{name}" source="manual">{"".join(boxes)}</track>'
        for k, (name, boxes) in enumerate(tracks)
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task>{size}<original_size><width>{wide}</width><height>{high}</height></original_size>
  </task></meta>
  {shown}
</annotations>"""


def cvat_box(frame, x, outside=0, y=160):
    return (
        f'<box frame="{frame}" outside="{outside}" occluded="0" keyframe="1" xtl="{x}" '
        f'ytl="{y}" xbr="{x + 64}" ybr="{y + 80}" z_order="0"></box>'
    )


def test_cvat_tracks_are_read(tmp_path):
    text = cvat(
        [
            ("car", [cvat_box(k, 32 * k) for k in range(N)]),
            ("dog", [cvat_box(0, 320), cvat_box(4, 320), cvat_box(5, 320, 1), cvat_box(12, 320),
                     cvat_box(13, 320, 1)]),
        ]
    )  # fmt: skip
    (tmp_path / "tracks.xml").write_text(text)
    layout = io.read(tmp_path / "tracks.xml")
    assert layout.frame_count == N
    assert (layout.width, layout.height) == (640, 400)
    assert [(t.name, t.start, t.end) for t in layout.objects] == [
        ("car", 0, 15), ("dog", 0, 4), ("dog", 12, 12)]  # fmt: skip
    assert motion_category(layout.objects[0], N) == "crossing_right"
    assert box_at(layout.objects[0], 8) == pytest.approx(Box(0.4, 0.4, 0.5, 0.6), abs=0.011)


def test_between_boxes_that_cvat_lists_a_thing_moves_straight_on():
    layout = io.loads(cvat([("car", [cvat_box(0, 0), cvat_box(15, 480)])]))
    assert box_at(layout.objects[0], 5) == pytest.approx(Box(0.25, 0.4, 0.35, 0.6))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<annotations></annotations>", "layout: no tracks in this XML: give a layout"),
        ("<html><body>404</body></html>", "layout: no tracks"),
        ("<annotations>", "layout: not XML"),
        (cvat([("", [cvat_box(0, 0)])]), "track[0].label"),
        (cvat([("car", [])]), "track: no boxes"),
        (cvat([("car", [cvat_box("one", 0)])]), "track[0].box.frame"),
        (cvat([("car", [cvat_box(0, 0).replace("160", "far")])]), "track[0].box[frame 0].ytl"),
        (cvat([("car", [cvat_box(0, 0)])], wide=0), "meta//original_size.width"),
        (cvat([("car", [cvat_box(0, 0)])], size="<size>9000</size>"), "track: 9000 frames"),
        (cvat([("car", [cvat_box(0, 0), cvat_box(600, 0)])]), "track: 601 frames"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotations/>', "layout: XML with a document type"),
        ("0 0.5 0.5 0.1 0.2\n1 0.5 0.5 0.1 0.2", "layout: YOLO labels have no names"),
    ],
)
def test_other_xml_and_labels_are_refused(text, words):
    with pytest.raises(LayoutError) as error:
        io.loads(text)
    assert str(error.value).startswith(words)


def coco(box=lambda k: [40 * k, 160, 64, 80], **changes):
    """COCO video as TAO writes it."""
    return {
        "videos": [{"id": 1, "width": 640, "height": 400, "fps": 8, "name": "street"}],
        "categories": [{"id": 3, "name": "car"}],
        "images": [
            {"id": 100 + k, "video_id": 1, "frame_index": 30 * k, "width": 640, "height": 400}
            for k in reversed(range(N))
        ],
        "annotations": [
            {"id": k, "image_id": 100 + k, "category_id": 3, "track_id": 7, "bbox": box(k)}
            for k in range(N)
            if box(k)
        ],
    } | changes


def test_coco_video_is_read():
    layout = io.loads(json.dumps(coco()))
    assert (layout.frame_count, layout.duration_s) == (N, 2.0)
    (car,) = layout.objects
    assert (car.id, car.name) == (7, "car")
    assert box_at(car, 4) == pytest.approx(Box(0.25, 0.4, 0.35, 0.6))


def test_a_coco_track_with_a_gap_is_two():
    layout = io.from_dict(coco(lambda k: None if 5 <= k < 9 else [40 * k, 160, 64, 80]))
    assert [(t.start, t.end) for t in layout.objects] == [(0, 4), (9, 15)]


def test_youtube_vis_is_read():
    boxes = [[40 * k, 160, 64, 80] if k > 2 else None for k in range(N)]
    tracks = [{"id": 1, "video_id": 1, "category_id": 3, "bboxes": boxes}]
    layout = io.from_dict(coco(annotations=tracks, images=[]))
    assert [(t.name, t.start, t.end) for t in layout.objects] == [("car", 3, 15)]


def without(key):
    return [{k: v for k, v in one.items() if k != key} for one in coco()["annotations"]]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (coco(annotations=without("track_id")), "annotations: no tracks of a video"),
        (coco(annotations=without("bbox")), "annotations[0].bbox"),
        (coco(annotations=without("image_id")), "annotations[0].image_id"),
        (coco(annotations=without("category_id")), "annotations[0].category_id"),
        (coco(annotations="none"), "annotations: a list"),
        (coco(categories=[]), "annotations[0].category_id: a name"),
        (coco(images=[{"id": 1}] * 600), "images: 600 frames"),
        (coco(images=[{"id": 100}] * 16), "images: two have the same id"),
        (coco(videos=[{"id": 1}, {"id": 2}]), "videos: 2 videos"),
        (coco(lambda k: [40 * k, 160, 0, 80]), "annotations[0].bbox: x2 must be greater"),
        (coco(lambda k: [1e9, 160, 4, 80]), "annotations[0].bbox: a number"),
        (coco(annotations=[{"bboxes": [None] * 600}]), "annotations.bboxes: 600 frames"),
    ],
)
def test_other_annotations_are_refused_with_the_path(value, words):
    with pytest.raises(LayoutError) as error:
        io.from_dict(value)
    assert str(error.value).startswith(words)
