"""Layouts as other tools read them: CVAT for video, COCO video, the paper's frames, positions.

What `annotated` and `dense` read back: the boxes of every frame, in pixels of the layout's own size
for the tools; clipped to the frame in the paper's form alone.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from ..units import frame_time
from .dense import to_dense
from .keyframes import box_at, dense
from .schema import ObjectTrack, VideoSceneLayout

#: Digits of pixels, which keep a box to a layout's own precision.
PIXEL_DECIMALS = 3
#: Horizontal field of view of the picture, degrees: that of the simulated scenes.
FIELD_OF_VIEW = 90.0


def to_cvat(layout: VideoSceneLayout) -> str:
    """CVAT "for video 1.1": a track with a box for every frame in which it is present."""
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    task = ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task")
    ElementTree.SubElement(task, "size").text = str(layout.frame_count)
    labels = ElementTree.SubElement(task, "labels")
    for name in dict.fromkeys(track.name for track in layout.objects):
        label = ElementTree.SubElement(labels, "label")
        ElementTree.SubElement(label, "name").text = _plain(name)
    size = ElementTree.SubElement(task, "original_size")
    ElementTree.SubElement(size, "width").text = str(layout.width)
    ElementTree.SubElement(size, "height").text = str(layout.height)
    for order, track in enumerate(layout.objects):
        node = ElementTree.SubElement(
            root, "track", id=str(track.id), label=_plain(track.name), source="spa2v"
        )
        _cvat_boxes(node, track, layout, order)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _cvat_boxes(
    node: ElementTree.Element, track: ObjectTrack, layout: VideoSceneLayout, order: int
) -> None:
    """Every box, and after the last the same as outside: the tool would show it on."""
    keys = {keyframe.frame for keyframe in track.keyframes} | {track.start, track.end}
    boxes = _pixels(track, layout)
    last = max(frame for frame, box in enumerate(boxes) if box)
    for frame, box in enumerate(boxes):
        gone = frame == last + 1
        shown = box or (boxes[last] if gone else None)
        if shown is None:
            continue
        corners = dict(zip(("xtl", "ytl", "xbr", "ybr"), map(str, shown), strict=True))
        ElementTree.SubElement(
            node,
            "box",
            frame=str(frame),
            outside=str(int(gone)),
            occluded="0",
            keyframe=str(int(gone or frame in keys)),
            z_order=str(order),
            attrib=corners,
        )


def to_coco(layout: VideoSceneLayout, name: str = "") -> str:
    """COCO video as TAO writes it: an image for each frame, annotations with a track id."""
    names = list(dict.fromkeys(track.name for track in layout.objects))
    images = [
        {
            "id": frame + 1,
            "video_id": 1,
            "frame_index": frame,
            "width": layout.width,
            "height": layout.height,
        }
        for frame in range(layout.frame_count)
    ]
    annotations: list[dict[str, Any]] = []
    for track in layout.objects:
        for frame, box in enumerate(_pixels(track, layout)):
            if box is None:
                continue
            x, y = box[:2]
            wide, high = (round(box[k + 2] - box[k], PIXEL_DECIMALS) for k in (0, 1))
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "video_id": 1,
                    "image_id": frame + 1,
                    "track_id": track.id,
                    "category_id": names.index(track.name) + 1,
                    "bbox": [x, y, wide, high],
                    "area": round(wide * high, PIXEL_DECIMALS),
                    "iscrowd": 0,
                }
            )
    head = {"id": 1, "name": name, "width": layout.width, "height": layout.height}
    value = {
        "videos": [head | {"fps": layout.frame_count / layout.duration_s}],
        "categories": [{"id": k + 1, "name": one} for k, one in enumerate(names)],
        "tracks": [{"id": track.id, "video_id": 1} for track in layout.objects],
        "images": images,
        "annotations": annotations,
    }
    return json.dumps(value, ensure_ascii=False) + "\n"


def to_paper(layout: VideoSceneLayout) -> str:
    """The paper's dense form with its length and size, so that nothing but handles is lost."""
    value = to_dense(layout) | {
        "duration_s": layout.duration_s,
        "width": layout.width,
        "height": layout.height,
    }
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def to_positions(
    layout: VideoSceneLayout,
    levels_db: Sequence[float] | None = None,
    field_of_view: float = FIELD_OF_VIEW,
) -> str:
    """CSV: where each object is heard at each layout frame, for panners and SELD tools.

    Columns: time_s; id, name; present (0 or 1); azimuth_deg of the box's middle, counter-clockwise
    (left is positive, as in DCASE and ambisonics), by a pinhole camera of `field_of_view` degrees;
    x (0 left edge to 1 right edge); level_db of the whole recording at that time (re full scale),
    empty where none is given; confidence. Where an object is absent its place is that of its
    nearest presence, so that a panner need not jump.

    levels_db: (frame_count,) if given.
    """
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(
        ["time_s", "id", "name", "present", "azimuth_deg", "x", "level_db", "confidence"]
    )
    for frame in range(layout.frame_count):
        time = frame_time(frame, layout.frame_count, layout.duration_s)
        level = "" if levels_db is None else round(float(levels_db[frame]), 2)
        for track in layout.objects:
            there = min(max(frame, track.start), track.end)
            x = box_at(track, there).centre[0]
            azimuth = round(azimuth_deg(x, field_of_view), 2)
            present = int(track.present(frame))
            table.writerow(
                [round(time, 4), track.id, track.name, present, azimuth, round(x, 4), level,
                 round(track.confidence, 3)]
            )  # fmt: skip
    return out.getvalue()


def azimuth_deg(x: float, field_of_view: float = FIELD_OF_VIEW) -> float:
    """Azimuth of a place in the picture (0 left edge, 1 right edge), degrees, left is positive."""
    half = math.tan(math.radians(field_of_view / 2))
    return -math.degrees(math.atan((2 * x - 1) * half))


def _pixels(
    track: ObjectTrack, layout: VideoSceneLayout
) -> list[tuple[float, float, float, float] | None]:
    """xyxy in pixels for each frame, None where it is absent."""
    return [
        None
        if box is None
        else tuple(round(v * layout.size_wh[k % 2], PIXEL_DECIMALS) for k, v in enumerate(box))  # type: ignore[misc]
        for box in dense(track, layout.frame_count)
    ]


def _plain(text: str) -> str:
    """Without what XML has no letters for."""
    return "".join(c if c >= " " and c not in "\ufffe\uffff" else " " for c in text)
