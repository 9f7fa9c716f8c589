"""Draft videos: rough pictures of a layout that a backend starts from instead of pure noise.

Encoding a draft, adding noise and denoising it keeps its layout (SDEdit, Meng et al., 2022;
Video-MSG, Li et al., 2025); a picture cut out and moved is what Time-to-Move (Singer et al., 2026)
starts from.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from ...errors import BackendError
from ...layout import ObjectTrack, VideoSceneLayout
from ...layout.picture import HEIGHT, MINI_WH, WIDTH
from ...units import resample_frame, to_pixels
from ...vocabulary import resolve
from ..base import Frames, RenderRequest
from ..conditioning import FrameConditions, frame_conditions
from ..export import TRACK_COLOURS
from ..registry import BACKENDS

#: Makes (F, H, W, 3) uint8 RGB frames of any count and size, spread over the clip.
Draft = Callable[[RenderRequest], np.ndarray]

FRAMES = 81
#: Grey of the background at the top and at the bottom.
GREYS = (200.0, 90.0)
#: Width of a box's soft edge, in widths and heights of the box.
SOFT_EDGE = 0.25
#: How far the surroundings of a hole are looked at to fill it.
INPAINT_PX = 3
PAINTS = {
    "red": (205, 45, 45),
    "orange": (230, 130, 40),
    "yellow": (235, 200, 60),
    "green": (70, 150, 70),
    "blue": (55, 95, 190),
    "purple": (130, 70, 160),
    "pink": (235, 130, 170),
    "brown": (120, 75, 40),
    "grey": (130, 130, 130),
    "white": (240, 240, 240),
    "black": (30, 30, 30),
}


def paint_draft(request: RenderRequest) -> np.ndarray:
    """(81, 160, 256, 3) uint8: a soft patch of each object's colour over a grey gradient."""
    return painted(request.layout, frame_conditions(request.layout, FRAMES))


def painted(layout: VideoSceneLayout, conditions: FrameConditions) -> np.ndarray:
    """(F, 160, 256, 3) uint8: a draft as `paint_draft` paints it, of a layout's conditions."""
    width, height = MINI_WH
    rows = np.linspace(*GREYS, height, dtype=np.float32)[:, None, None]
    video = np.tile(rows, (len(conditions.boxes), 1, width, 3))
    colours = np.array([colour_of(track) for track in layout.objects], np.float32)
    for frame, boxes, there in zip(video, conditions.boxes, conditions.present, strict=True):
        for k in np.flatnonzero(there):
            inside = soft_box(to_pixels(tuple(boxes[k]), MINI_WH))
            frame += inside[..., None] * (colours[k] - frame)
    return video.round().astype(np.uint8)


def mini_draft(request: RenderRequest) -> np.ndarray:
    """(16, 160, 256, 3) uint8: the mini model's video, if it can draw every object; else painted.

    A thing that it draws as something else would mislead the model that starts from it.
    """
    if any(resolve(track.name).note for track in request.layout.objects):
        return paint_draft(request)
    layout = request.layout.model_copy(update={"width": WIDTH, "height": HEIGHT})
    asked = RenderRequest(layout, request.clip, preset="draft", seed=request.seed)
    events = BACKENDS.get("mini").make().render(asked)
    return next(event.frames for event in events if isinstance(event, Frames))


def cut_draft(picture: np.ndarray, conditions: FrameConditions) -> np.ndarray:
    """(F, H, W, 3) uint8: what is in each object's first box of a picture, moved with its boxes.

    picture: (H, W, 3) uint8, the first frame. Where things were cut out, it is painted over from
    around; an object that comes later is cut out where it comes.
    """
    high, wide = picture.shape[:2]
    boxes = conditions.boxes * np.array([wide, high, wide, high], np.float32)
    firsts = {
        k: boxes[there.argmax(), k] for k, there in enumerate(conditions.present.T) if there.any()
    }
    holes = np.zeros((high, wide), np.uint8)
    for box in firsts.values():
        holes[_window(box, (wide, high))] = 255
    video = np.tile(
        cv2.inpaint(picture, holes, INPAINT_PX, cv2.INPAINT_TELEA), (len(boxes), 1, 1, 1)
    )
    for frame, here, there in zip(video, boxes, conditions.present, strict=True):
        for k in np.flatnonzero(there).tolist():
            moved = cv2.warpAffine(
                picture,
                _box_to_box(firsts[k], here[k]),
                (wide, high),
                borderMode=cv2.BORDER_REPLICATE,
            )
            window = _window(here[k], (wide, high))
            frame[window] = moved[window]
    return video


def _window(box: np.ndarray, size_wh: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of a box (4,) in pixels, within the picture."""
    (x1, y1), (x2, y2) = (np.clip(np.rint(corner), 0, size_wh) for corner in (box[:2], box[2:]))
    return slice(int(y1), int(y2)), slice(int(x1), int(x2))


def _box_to_box(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(2, 3) the affine map of one box (4,) onto another."""
    scale = (target[2:] - target[:2]) / (source[2:] - source[:2])
    return np.column_stack([np.diag(scale), target[:2] - scale * source[:2]])


def colour_of(track: ObjectTrack) -> tuple[int, int, int]:
    """RGB of the first colour word of the appearance, else the colour that the track's box has."""
    word = next((word for word in track.appearance.lower().split() if word in PAINTS), "")
    return PAINTS.get(word, TRACK_COLOURS[track.id % len(TRACK_COLOURS)])


def soft_box(xyxy: tuple[float, float, float, float]) -> np.ndarray:
    """(160, 256) float32: 1 inside a box in pixels, falling to 0 at its edges."""

    def along(low: float, high: float, size: int) -> np.ndarray:
        centres = np.arange(size, dtype=np.float32) + 0.5
        edge = max(1.0, SOFT_EDGE * (high - low))
        return np.clip(np.minimum(centres - low, high - centres) / edge, 0, 1)

    x1, y1, x2, y2 = xyxy
    return np.outer(along(y1, y2, MINI_WH[1]), along(x1, x2, MINI_WH[0]))


def fit_draft(frames: np.ndarray, frame_count: int, size_wh: tuple[int, int]) -> np.ndarray:
    """The draft at `frame_count` frames of `size_wh`: (F, H, W, 3) uint8."""
    if frames.ndim != 4 or frames.shape[-1] != 3 or not len(frames) or frames.dtype != np.uint8:
        raise BackendError(
            f"a draft must be (frames, height, width, 3) uint8, not {frames.shape} {frames.dtype}"
        )
    fitted = []
    for index in range(frame_count):
        at = resample_frame(index, frame_count, len(frames))
        before, share = int(at), at % 1
        after = min(before + 1, len(frames) - 1)
        # Blending moves the patches evenly, and of them only what is coarse outlives the noise;
        # repeated frames would make them jump.
        blended = cv2.addWeighted(frames[before], 1 - share, frames[after], share, 0)
        fitted.append(cv2.resize(blended, size_wh, interpolation=cv2.INTER_LINEAR))
    return np.stack(fitted)
