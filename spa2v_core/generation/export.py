"""Frames and sound to an mp4 that plays everywhere, with the layout inside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import av.error
import cv2
import numpy as np

from ..audio.io import AudioClip
from ..errors import InputError, LayoutError
from ..files import atomic
from ..layout import VideoSceneLayout
from ..layout import io as layout_io
from ..layout.keyframes import dense
from ..layout.picture import SHAPES, shape_of
from ..units import to_pixels

#: Where the layout is kept in the file's metadata.
LAYOUT_KEY = "spa2v_layout"
#: And how it was rendered.
SETTINGS_KEY = "spa2v_render"
AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
#: Distinct on light and dark, RGB; a track's colour is by its id.
TRACK_COLOURS = (
    (255, 89, 94),
    (54, 162, 235),
    (255, 202, 58),
    (107, 203, 119),
    (178, 102, 255),
    (255, 146, 76),
)


def write_video(
    frames: np.ndarray,
    clip: AudioClip,
    path: Path,
    layout: VideoSceneLayout | None = None,
    *,
    fps: float = 0.0,
    settings: dict | None = None,
) -> None:
    """Write (F, H, W, 3) uint8 frames over the whole clip, with its sound.

    H.264 and AAC, constant frame rate: `fps`, or 0 for F / duration, so that picture and sound end
    together; at `export_wh`. Layout and settings go into the metadata (`read_layout`,
    `read_settings`). OutputError if it can't be written.
    """
    with atomic(path) as part:
        fps = fps or len(frames) / clip.duration_s
        encode_video(frames, clip, part, layout, fps=fps, settings=settings)


def encode_video(
    frames: Iterable[np.ndarray],
    clip: AudioClip,
    path: Path,
    layout: VideoSceneLayout | None = None,
    *,
    fps: float,
    settings: dict | None = None,
) -> None:
    """As `write_video`, of (H, W, 3) frames that may come one by one, straight into `path`;
    OSError."""
    rate = Fraction(fps).limit_denominator(10_000)
    options = {"movflags": "+faststart+use_metadata_tags"}
    with (
        as_os_errors(),
        av.open(str(path), "w", format="mp4", options=options) as container,
    ):
        if layout is not None:
            container.metadata[LAYOUT_KEY] = layout_io.dumps(layout)
        if settings is not None:
            container.metadata[SETTINGS_KEY] = json.dumps(settings)
        video = container.add_stream(
            "libx264", rate=rate, options={"crf": "16", "preset": "veryfast"}
        )
        pictures = iter(frames)
        first = next(pictures)
        video.width, video.height = export_wh(first)
        video.pix_fmt = "yuv420p"
        audio_rate = clip.rate if clip.rate in AAC_RATES else 48_000
        layout_name = "stereo" if clip.channels == 2 else "mono"
        audio = container.add_stream("aac", rate=audio_rate, layout=layout_name, bit_rate=192_000)
        for frame in chain([first], pictures):
            container.mux(video.encode(av.VideoFrame.from_ndarray(enlarged(frame), "rgb24")))
        container.mux(video.encode(None))
        resampler = av.AudioResampler(format="fltp", layout=layout_name, rate=audio_rate)
        sound = av.AudioFrame.from_ndarray(np.ascontiguousarray(clip.samples), "fltp", layout_name)
        sound.rate, sound.pts = clip.rate, 0
        for piece in [*resampler.resample(sound), *resampler.resample(None)]:
            container.mux(audio.encode(piece))
        container.mux(audio.encode(None))


@contextmanager
def as_os_errors() -> Iterator[None]:
    """PyAV has classes of its own for what went wrong in writing."""
    try:
        yield
    except av.error.FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error


def export_wh(frame: np.ndarray) -> tuple[int, int]:
    """Width and height at which a picture (H, W, 3) is exported: its own, both even as the video's
    colours need it; a smaller one is enlarged to what `layout.picture.SHAPES` has for its shape."""
    own = frame.shape[1], frame.shape[0]
    least = SHAPES[shape_of(own)]
    if own[0] < least[0] or own[1] < least[1]:
        return least
    return own[0] // 2 * 2, own[1] // 2 * 2


def enlarged(frame: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) uint8 at the size at which it is exported, a copy."""
    return np.asarray(cv2.resize(frame, export_wh(frame), interpolation=cv2.INTER_CUBIC), np.uint8)


def read_layout(path: Path) -> VideoSceneLayout:
    """The layout that an exported video carries."""
    text = _metadata(path, LAYOUT_KEY)
    if not text:
        raise InputError(f"no layout in this video ({path.name}): give one that was exported here")
    try:
        return layout_io.loads(text)
    except LayoutError as error:
        raise InputError(
            f"no layout in this video ({path.name}) that can be read, it is damaged: {error}"
        ) from error


def read_settings(path: Path) -> dict:
    """How an exported video was rendered, {} if it does not say."""
    try:
        value = json.loads(_metadata(path, SETTINGS_KEY) or "{}")
    except (ValueError, RecursionError):  # damaged
        return {}
    return value if isinstance(value, dict) else {}


def _metadata(path: Path, key: str) -> str:
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            return container.metadata.get(key, "")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{path.name} can't be read as a video") from error


def poster(frames: np.ndarray) -> bytes:
    """The middle frame of (F, H, W, 3) uint8 as a JPEG of the export's size."""
    large = cv2.cvtColor(enlarged(frames[len(frames) // 2]), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", large, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def draw_boxes(frames: np.ndarray, layout: VideoSceneLayout) -> Iterator[np.ndarray]:
    """Copies of (F, H, W, 3) frames, at export size, with the layout's boxes and names over
    them."""
    tracks = [
        (track, dense(track, layout.frame_count, len(frames)), track.id % len(TRACK_COLOURS))
        for track in layout.objects
    ]
    for index, frame in enumerate(frames):
        large = enlarged(frame)
        size = large.shape[1], large.shape[0]
        for track, boxes, colour in tracks:
            if (box := boxes[index]) is not None:
                _draw(large, to_pixels(box, size), track.name, TRACK_COLOURS[colour])
        yield large


def _draw(
    frame: np.ndarray, xyxy: tuple[float, ...], name: str, colour: tuple[int, int, int]
) -> None:
    """Onto (H, W, 3), in lines and letters that are as large a part of every size."""
    times = frame.shape[1] / SHAPES[shape_of((frame.shape[1], frame.shape[0]))][0]
    x1, y1, x2, y2 = (round(v) for v in xyxy)
    line, gap, font = round(2 * times), round(4 * times), (cv2.FONT_HERSHEY_SIMPLEX, 0.42 * times)
    cv2.rectangle(frame, (x1, y1), (x2, y2), (0, 0, 0), line + 1, cv2.LINE_AA)
    cv2.rectangle(frame, (x1, y1), (x2, y2), colour, line, cv2.LINE_AA)
    label = name.encode("ascii", "replace").decode()[:24]
    thick = round(times)
    (wide, high), _ = cv2.getTextSize(label, *font, thick)
    wide, high = wide + 2 * gap, high + gap + gap // 2
    left, top = max(0, min(x1, frame.shape[1] - wide)), max(high, y1)
    cv2.rectangle(frame, (left, top - high), (left + wide, top), colour, -1)
    at = left + gap, top - gap
    cv2.putText(frame, label, at, *font, (20, 20, 20), thick, cv2.LINE_AA)
