"""Frames and sound to an mp4 that plays everywhere, with the layout inside."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import av.error
import cv2
import numpy as np

from ..audio.io import AudioClip
from ..errors import InputError
from ..layout import VideoSceneLayout
from ..layout import io as layout_io
from ..layout.keyframes import dense
from ..units import to_pixels

SIZE_WH = (512, 320)
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

    H.264 and AAC, 512x320, constant frame rate: `fps`, or 0 for F / duration, so that picture and
    sound end together. Layout and settings go into the metadata (`read_layout`, `read_settings`).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rate = Fraction(fps or len(frames) / clip.duration_s).limit_denominator(10_000)
    options = {"movflags": "+faststart+use_metadata_tags"}
    part = path.with_name(f"{path.name}.part")
    with av.open(str(part), "w", format="mp4", options=options) as container:
        if layout is not None:
            container.metadata[LAYOUT_KEY] = layout_io.dumps(layout)
        if settings is not None:
            container.metadata[SETTINGS_KEY] = json.dumps(settings)
        video = container.add_stream(
            "libx264", rate=rate, options={"crf": "16", "preset": "veryfast"}
        )
        video.width, video.height = SIZE_WH
        video.pix_fmt = "yuv420p"
        audio_rate = clip.rate if clip.rate in AAC_RATES else 48_000
        layout_name = "stereo" if clip.channels == 2 else "mono"
        audio = container.add_stream("aac", rate=audio_rate, layout=layout_name, bit_rate=192_000)
        for frame in frames:
            large = cv2.resize(frame, SIZE_WH, interpolation=cv2.INTER_CUBIC)
            container.mux(video.encode(av.VideoFrame.from_ndarray(large, "rgb24")))
        container.mux(video.encode(None))
        resampler = av.AudioResampler(format="fltp", layout=layout_name, rate=audio_rate)
        sound = av.AudioFrame.from_ndarray(np.ascontiguousarray(clip.samples), "fltp", layout_name)
        sound.rate, sound.pts = clip.rate, 0
        for piece in [*resampler.resample(sound), *resampler.resample(None)]:
            container.mux(audio.encode(piece))
        container.mux(audio.encode(None))
    part.replace(path)  # a file of that name is always a whole video


def at_most_export_size(frames: np.ndarray) -> np.ndarray:
    """(F, H, W, 3) uint8 no larger than the export: more is only slower on the way there."""
    if frames.shape[2] <= SIZE_WH[0]:
        return frames
    return np.stack([cv2.resize(f, SIZE_WH, interpolation=cv2.INTER_AREA) for f in frames])


def read_layout(path: Path) -> VideoSceneLayout:
    """The layout that an exported video carries."""
    text = _metadata(path, LAYOUT_KEY)
    if not text:
        raise InputError(f"{path.name} carries no layout: give a video exported here")
    return layout_io.loads(text)


def read_settings(path: Path) -> dict:
    """How an exported video was rendered, {} if it does not say."""
    return json.loads(_metadata(path, SETTINGS_KEY) or "{}")


def _metadata(path: Path, key: str) -> str:
    try:
        with av.open(str(path)) as container:
            return container.metadata.get(key, "")
    except (av.error.FFmpegError, OSError) as error:
        raise InputError(f"{path.name} can't be read as a video") from error


def write_poster(frames: np.ndarray, path: Path) -> None:
    """The middle frame of (F, H, W, 3) uint8 as a JPEG of the export's size."""
    large = cv2.resize(frames[len(frames) // 2], SIZE_WH, interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), cv2.cvtColor(large, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])


def draw_boxes(frames: np.ndarray, layout: VideoSceneLayout) -> np.ndarray:
    """Copies of the frames, at export size, with the layout's boxes and names over them."""
    out = np.stack([cv2.resize(f, SIZE_WH, interpolation=cv2.INTER_CUBIC) for f in frames])
    for track in layout.objects:
        colour = TRACK_COLOURS[track.id % len(TRACK_COLOURS)]
        for frame, box in zip(out, dense(track, layout.frame_count, len(frames)), strict=True):
            if box is not None:
                _draw(frame, to_pixels(box, SIZE_WH), track.name, colour)
    return out


def _draw(
    frame: np.ndarray, xyxy: tuple[float, ...], name: str, colour: tuple[int, int, int]
) -> None:
    x1, y1, x2, y2 = (round(v) for v in xyxy)
    cv2.rectangle(frame, (x1, y1), (x2, y2), (0, 0, 0), 3, cv2.LINE_AA)
    cv2.rectangle(frame, (x1, y1), (x2, y2), colour, 2, cv2.LINE_AA)
    label = name.encode("ascii", "replace").decode()[:24]
    (wide, high), _ = cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)
    left, top = max(0, min(x1, SIZE_WH[0] - wide - 8)), max(high + 6, y1)
    cv2.rectangle(frame, (left, top - high - 6), (left + wide + 8, top), colour, -1)
    cv2.putText(
        frame,
        label,
        (left + 4, top - 4),
        cv2.FONT_HERSHEY_SIMPLEX,
        0.42,
        (20, 20, 20),
        1,
        cv2.LINE_AA,
    )
