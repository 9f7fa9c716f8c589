"""Videos in a folder, beside their layouts: what a detector sees in them, and sets against sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from ..audio.io import read_audio
from ..audio.rhythm import onsets_s
from ..errors import BackendError, InputError
from ..layout import VideoSceneLayout
from ..layout.folders import entries
from ..layout.picture import MINI_WH, WIDTH
from ..metrics.av_align import Alignment, av_align
from ..metrics.frechet import I3D, frechet_distance
from ..metrics.obedience import Detections, box_obedience
from ..metrics.spatial_av_align import (
    BOXES_PER_S,
    SpatialAlignment,
    sounds_of,
    spatial_av_align,
)
from .intervals import bootstrap, of_mean
from .layouts import Figure

#: (F, H, W, 3) uint8 to what is seen in each frame, and (F, c) features.
Detector = Callable[[np.ndarray], tuple[list[Detections], np.ndarray]]
#: Frames of a video that are looked at.
FRAMES = 16


def mini_detector() -> Detector:
    """The detector of the mini model's world: it knows drawn things, not photographs.

    Raises
    ------
    BackendError
        it is not here: it is in a checkout, not in what pip installs.
    """
    try:
        from ..training.mini import detector as mini
    except ImportError as error:
        raise BackendError("videos are judged by a detector that only a checkout has") from error
    from ..vocabulary import drawn_things

    network = mini.Detector.from_pretrained(mini.WEIGHTS).float().eval()
    names = [thing.name for thing in drawn_things()]

    def detect(frames: np.ndarray) -> tuple[list[Detections], np.ndarray]:
        small = np.stack([cv2.resize(one, MINI_WH, interpolation=cv2.INTER_AREA) for one in frames])
        found, features = mini.detect(network, small)
        return [Detections(f.xyxy, tuple(names[k] for k in f.things)) for f in found], features

    return detect


def read_video(path: Path) -> tuple[np.ndarray, float]:
    """(F, H, W, 3) uint8 RGB, all frames of a video, and how many a second.

    Raises
    ------
    InputError
        it is no video.
    """
    try:
        with av.open(str(path)) as container:
            rate = float(container.streams.video[0].average_rate or 0)
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    except (av.error.FFmpegError, IndexError) as error:
        raise InputError(f"{path.name} can't be read as a video") from error
    if not frames or not rate:
        raise InputError(f"{path.name} holds no pictures")
    return np.stack(frames), rate


def read_frames(path: Path, count: int = FRAMES) -> np.ndarray:
    """(count, H, W, 3) uint8 RGB, at equal times of a video; InputError as `read_video`."""
    return spread(read_video(path)[0], count)


def spread(frames: np.ndarray, count: int) -> np.ndarray:
    """(count, H, W, 3) of frames (F, H, W, 3), at equal times."""
    return frames[[int((k + 0.5) / count * len(frames)) for k in range(count)]]


def evaluate_videos(
    pred_dir: Path, ref_dir: Path, detector: Detector, i3d: Path | None = None
) -> dict[str, Figure]:
    """Figures of the videos in `pred_dir`: obedience to their own layouts, alignment with the
    sounds of the references' layouts, and the distance to the references' videos, if any.

    i3d: a TorchScript I3D, for FVD.
    """
    predictions, references = entries(pred_dir), entries(ref_dir)
    videos = {name: one for name, one in predictions.items() if one.video}
    if not videos:
        raise InputError(f"{pred_dir} holds no videos beside its layouts")
    network = I3D(i3d) if i3d else None
    judged, aligned, moved, ours, fvd = [], [], [], [], []
    for name, one in videos.items():
        video, rate = read_video(one.video)  # type: ignore[arg-type]
        frames = spread(video, FRAMES)
        moved += _moved(one.video, video, rate)  # type: ignore[arg-type]
        seen, features = detector(frames)
        judged.append(box_obedience(one.read(), seen))
        ours.append(features.mean(0))
        fvd += [network(frames)] if network else []
        if name in references:
            aligned.append(_aligned(references[name].read(), seen))
    share = len(videos) / len(predictions)
    figures = _obedience([vars(one) for one in judged if one], share) | _alignment(aligned)
    figures |= _rhythm(moved, len(videos))
    real = [read_frames(one.video) for one in references.values() if one.video]
    if len(real) > 1 and len(ours) > 1:
        theirs = [detector(frames)[1].mean(0) for frames in real]
        name = "Fréchet distance, features of the mini's detector"
        figures["frechet_ours"] = _distance(name, ours, theirs)
        if network:
            figures["fvd"] = _distance("FVD (your I3D)", fvd, [network(one) for one in real])
    return figures


def _aligned(reference: VideoSceneLayout, seen: list[Detections]) -> SpatialAlignment:
    """Of the reference's sounds with what is detected at 4 frames a second."""
    count = max(1, round(reference.duration_s * BOXES_PER_S))
    at = [seen[int((k + 0.5) / count * len(seen))].xyxy for k in range(count)]
    boxes = [[k, box[0], box[2]] for k, frame in enumerate(at) for box in frame]
    return spatial_av_align(sounds_of(reference), np.array(boxes, float).reshape(-1, 3))


def _moved(path: Path, frames: np.ndarray, rate: float) -> list[Alignment]:
    """Of a video's motion with its own sound, if it has one."""
    try:
        sound = read_audio(path)
    except InputError:
        return []
    return [av_align(np.stack([_small(frame) for frame in frames]), rate, onsets_s(sound))]


def _small(frame: np.ndarray) -> np.ndarray:
    """At most as wide as the mini's videos: the least motion that counts is in pixels."""
    height, width = frame.shape[:2]
    if width <= WIDTH:
        return frame
    size = (WIDTH, round(height * WIDTH / width))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))


def _rhythm(moved: list[Alignment], videos: int) -> dict[str, Figure]:
    """Of those with peaks of sound or motion: the others say nothing."""
    scores = [one.score for one in moved if one.score is not None]
    mean = float(np.mean(scores)) if scores else None
    name, covers = "AV-Align, onsets ours", "videos (with sound and peaks)"
    share = len(scores) / videos
    return {"av_align": Figure(name, mean, "higher, 0 to 1", share, covers, of_mean(scores))}


def _obedience(judged: list[Mapping[str, Any]], share: float) -> dict[str, Figure]:
    rows = {"iou": "overlap", "found": "boxes found", "named": "found and right"}
    figures = {}
    for key, about in rows.items():
        values = [float(one[key]) for one in judged]
        mean = float(np.mean(values)) if values else None
        figures[f"obedience_{key}"] = Figure(
            f"box obedience, {about}", mean, "higher, 0 to 1", share, "predictions (with a video)",
            of_mean(values),
        )  # fmt: skip
    return figures


def _alignment(clips: list[SpatialAlignment]) -> dict[str, Figure]:
    def value(part: str, drawn: list[SpatialAlignment]) -> float | None:
        return getattr(sum(drawn, SpatialAlignment(0, 0, 0, 0)), part)

    return {
        f"video_{part}": Figure(
            f"Spatial AV-Align of videos, {part}", value(part, clips), "higher, 0 to 1", 1.0,
            "sounds" if part == "recall" else "detections",
            bootstrap(clips, lambda drawn, p=part: value(p, drawn)),  # type: ignore[misc]
        )
        for part in ("recall", "precision")
    }  # fmt: skip


def _distance(name: str, ours: list[np.ndarray], theirs: list[np.ndarray]) -> Figure:
    value = frechet_distance(np.stack(ours), np.stack(theirs))
    covers = f"{len(ours)} videos against {len(theirs)}"
    return Figure(name, value, "lower, 0 = same moments", 1.0, covers)
