"""Tracks of annotation tools as layouts: CVAT for video (XML) and COCO video (JSON).

Their boxes are pixels of a frame whose size they state. COCO video is read as TAO and MMTracking
write it (images of a video, annotations with a track), and as YouTube-VIS does (a list of boxes
per track).
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any
from xml.etree import ElementTree

from ..errors import LayoutError
from .dense import Seen, check_frame_count, number, tracks
from .schema import MAX_ID, MAX_OBJECTS, Box, VideoSceneLayout, parse_box

#: What is said where a file is something else.
EXPECTED = (
    "give a layout or the paper's frames as JSON, COCO video as JSON, or CVAT for video 1.1 as XML"
)
#: Frames a second of annotations that do not say it.
VIDEO_FPS = 30.0
TOLERANCE = 0.01
TRACK_IDS = ("track_id", "instance_id")
FRAME_INDICES = ("frame_id", "frame_index")
_YOLO = re.compile(r"\d+(?:\s+-?\d*\.?\d+){4,6}\s*$")


def is_xml(text: str) -> bool:
    return text.lstrip()[:1] == "<"


def is_yolo(text: str) -> bool:
    """Whether the first line is a class and four numbers."""
    return bool(_YOLO.match(text.strip().partition("\n")[0]))


def from_cvat(text: str) -> VideoSceneLayout:
    """A layout from CVAT's "for video 1.1": a track with a box per frame; between boxes that are
    listed a thing moves straight on, where it is "outside" it is absent.

    Raises
    ------
    LayoutError
        no such file, or with the path of what is wrong.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:  # entities can grow without limit
        raise LayoutError("layout: XML with a document type is not read")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, RecursionError) as error:
        raise LayoutError(f"layout: not XML ({error})") from error
    found = root.findall("track")
    if root.tag != "annotations" or not found:
        raise LayoutError(f"layout: no tracks in this XML: {EXPECTED}")
    if len(found) > MAX_OBJECTS:
        raise LayoutError(f"track: {len(found)} tracks, at most {MAX_OBJECTS}")
    size = _cvat_size(root)
    listed = {
        index: [_cvat_box(box, size, f"track[{index}]") for box in track.findall("box")]
        for index, track in enumerate(found)
    }
    frames = [frame for boxes in listed.values() for frame, _ in boxes]
    if not frames:
        raise LayoutError("track: no boxes (points, polygons and masks are not read)")
    said = _cvat_count(root)
    first = 0 if said > max(frames) else min(frames)  # a job's frames are numbered by its task
    count = said or max(frames) - first + 1
    check_frame_count(max(count, max(frames) - first + 1), "track")
    seen = []
    for index, boxes in listed.items():
        name = found[index].get("label") or ""
        _check_name(name, f"track[{index}].label")
        filled = _filled({frame - first: box for frame, box in boxes})
        seen.append(Seen(_id(found[index].get("id"), index), name, filled))
    count = max(count, max(frames) - first + 1)
    return _layout(seen, count, count / VIDEO_FPS, size)


def _cvat_size(root: ElementTree.Element) -> tuple[float, float]:
    """Pixels of a frame."""
    for path in ("meta//original_size", "meta//size"):
        node = root.find(path)
        if node is not None and node.find("width") is not None:
            width, height = (_float(node.findtext(n), f"{path}.{n}") for n in ("width", "height"))
            return number(width, f"{path}.width"), number(height, f"{path}.height")
    raise LayoutError("meta.original_size: the size of the frames is not said")


def _cvat_count(root: ElementTree.Element) -> int:
    """Frames of the task, 0 if it is not said."""
    for path in ("meta/job/size", "meta/task/size"):
        said = root.findtext(path) or ""
        if said.strip().isdecimal() and len(said.strip()) < 10:
            return int(said)
    return 0


def _cvat_box(
    node: ElementTree.Element, size: tuple[float, float], path: str
) -> tuple[int, Box | None]:
    """(frame, box or None for absent)."""
    said = node.get("frame") or ""
    if not said.isdecimal() or len(said) > 9:
        raise LayoutError(f"{path}.box.frame: a whole number is expected")
    where = f"{path}.box[frame {said}]"
    corners = [_float(node.get(name), f"{where}.{name}") for name in ("xtl", "ytl", "xbr", "ybr")]
    if node.get("outside") == "1":
        return int(said), None
    return int(said), _from_pixels(corners, size, where)


def _filled(boxes: dict[int, Box | None]) -> dict[int, Box]:
    """Boxes of every frame between those that are listed, unless the thing is absent there."""
    out: dict[int, Box] = {}
    listed = sorted(boxes)
    for frame, after in zip(listed, [*listed[1:], None], strict=True):
        here = boxes[frame]
        if here is None:
            continue
        out[frame] = here
        there = boxes[after] if after is not None else None
        for between in range(frame + 1, after if after is not None else 0):
            t = (between - frame) / ((after or 0) - frame)
            end = there or here
            out[between] = Box(*(a + (b - a) * t for a, b in zip(here, end, strict=True)))
    return out


def from_coco(value: dict[str, Any]) -> VideoSceneLayout:
    """A layout from COCO video annotations of one video.

    Raises
    ------
    LayoutError
        annotations of single pictures, of several videos, or with the path of what is wrong.
    """
    videos = _dicts(value.get("videos", []), "videos")
    if len(videos) > 1:
        raise LayoutError(f"videos: {len(videos)} videos are annotated: keep one of them")
    names = {
        _key(one.get("id"), f"categories[{index}].id"): one.get("name")
        for index, one in enumerate(_dicts(value.get("categories", []), "categories"))
    }
    listed = _dicts(value["annotations"], "annotations")
    images = _dicts(value.get("images", []), "images")
    head = videos[0] if videos else {}
    if any("bboxes" in one for one in listed):
        return _youtube_vis(head, listed, names)
    if not images or not any(name in one for one in listed for name in TRACK_IDS):
        raise LayoutError(f"annotations: no tracks of a video (no track_id): {EXPECTED}")
    order, size = _coco_frames(images, head)
    seen: dict[Hashable, Seen] = {}
    for index, one in enumerate(listed):
        path = f"annotations[{index}]"
        track = _key(next((one[n] for n in TRACK_IDS if n in one), None), f"{path}.track_id")
        image = _key(one.get("image_id"), f"{path}.image_id")
        if image not in order:
            raise LayoutError(f"{path}.image_id: there is no such image")
        name = _name(names, one, path)
        if (track, name) not in seen and len(seen) >= MAX_OBJECTS:
            raise LayoutError(f"{path}: more than {MAX_OBJECTS} objects")
        thing = seen.setdefault((track, name), Seen(_id(track, len(seen)), name))
        thing.boxes[order[image]] = _coco_box(one.get("bbox"), size, f"{path}.bbox")
    return _layout(list(seen.values()), len(order), _seconds(head, len(order)), size)


def _coco_frames(
    images: list[dict[str, Any]], head: dict[str, Any]
) -> tuple[dict[Hashable, int], tuple[float, float]]:
    """(image id -> place in time, size of a frame in pixels)."""
    check_frame_count(len(images), "images")
    if len({str(one.get("video_id")) for one in images}) > 1:
        raise LayoutError("images: of several videos: keep one of them")
    at = []
    for index, one in enumerate(images):
        frame = next((one[name] for name in FRAME_INDICES if name in one), index)
        at.append(number(frame, f"images[{index}].frame_id", least=-1))
    ordered = sorted(range(len(images)), key=lambda index: at[index])
    keys = [_key(images[index].get("id"), f"images[{index}].id") for index in ordered]
    if len(set(keys)) < len(keys):
        raise LayoutError("images: two have the same id")
    first: dict[str, Any] = images[0] | {k: head[k] for k in ("width", "height") if k in head}
    return {key: place for place, key in enumerate(keys)}, _size(first, "images[0]")


def _youtube_vis(
    head: dict[str, Any], listed: list[dict[str, Any]], names: dict[Hashable, Any]
) -> VideoSceneLayout:
    """Annotations that are a track each, with a box or null for every frame of the video."""
    if not head:
        raise LayoutError("videos: the size of the frames is not said")
    if len({str(one.get("video_id")) for one in listed}) > 1:
        raise LayoutError("annotations: of several videos: keep one of them")
    if len(listed) > MAX_OBJECTS:
        raise LayoutError(f"annotations: {len(listed)} tracks, at most {MAX_OBJECTS}")
    size = _size(head, "videos[0]")
    count = 0
    for index, one in enumerate(listed):
        if not isinstance(one.get("bboxes"), list):
            raise LayoutError(f"annotations[{index}].bboxes: a list of boxes is expected")
        count = max(count, len(one["bboxes"]))
    check_frame_count(count, "annotations.bboxes")
    seen = []
    for index, one in enumerate(listed):
        path = f"annotations[{index}]"
        boxes = {
            frame: _coco_box(box, size, f"{path}.bboxes[{frame}]")
            for frame, box in enumerate(one["bboxes"])
            if box is not None
        }
        seen.append(Seen(_id(one.get("id"), index), _name(names, one, path), boxes))
    return _layout(seen, count, _seconds(head, count), size)


def _layout(
    seen: list[Seen], count: int, seconds: float, size: tuple[float, float]
) -> VideoSceneLayout:
    """At the aspect of the frames, if a layout can have it."""
    width, height = size
    scale = max(1.0, max(size) / 8192)
    return VideoSceneLayout(
        frame_count=count,
        duration_s=seconds,
        width=max(16, round(width / scale)),
        height=max(16, round(height / scale)),
        objects=tracks(seen, TOLERANCE),
    )


def _seconds(head: dict[str, Any], frames: int) -> float:
    return frames / (number(head["fps"], "videos[0].fps") if "fps" in head else VIDEO_FPS)


def _coco_box(value: Any, size: tuple[float, float], path: str) -> Box:
    """[x, y, width, height] in pixels."""
    if not isinstance(value, list) or len(value) != 4:
        raise LayoutError(f"{path}: four numbers [x, y, width, height] are expected")
    x, y, wide, high = (number(v, path, least=-1e9) for v in value)
    return _from_pixels([x, y, x + wide, y + high], size, path)


def _from_pixels(corners: list[float], size: tuple[float, float], path: str) -> Box:
    try:
        return parse_box([v / size[k % 2] for k, v in enumerate(corners)])
    except ValueError as error:
        raise LayoutError(f"{path}: {error}") from error


def _name(names: dict[Hashable, Any], one: dict[str, Any], path: str) -> str:
    name = names.get(_key(one.get("category_id"), f"{path}.category_id"))
    _check_name(name, f"{path}.category_id")
    return str(name)


def _check_name(name: Any, path: str) -> None:
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise LayoutError(f"{path}: a name of 1 to 200 letters is expected")


def _size(value: dict[str, Any], path: str) -> tuple[float, float]:
    width, height = (number(value.get(name), f"{path}.{name}") for name in ("width", "height"))
    return width, height


def _dicts(value: Any, path: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise LayoutError(f"{path}: a list of objects is expected")
    return value


def _key(value: Any, path: str) -> Hashable:
    if not isinstance(value, (int, str)):
        raise LayoutError(f"{path}: a number or a name is expected")
    return value


def _id(value: Any, otherwise: int) -> int:
    """A track's own number, if it has one that a layout can hold."""
    said = str(value)
    fits = said.isascii() and said.isdecimal() and len(said) < 16 and int(said) <= MAX_ID
    return int(said) if fits else otherwise


def _float(value: str | None, path: str) -> float:
    try:
        return float(value or "")
    except ValueError as error:
        raise LayoutError(f"{path}: a number is expected") from error
