"""The offline planner: one or two tracks from measured cues, nothing guessed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..audio.cues import SpatialCues
from ..layout import Box, ObjectTrack, VideoSceneLayout, motion_category
from ..layout.keyframes import dense, sparse
from ..vocabulary import COLOURS, SCENES, UNKNOWN, Resolution, article, resolve
from .base import PlanRequest
from .motion import HeardPath, MotionReading, read_motion, separate, smooth

WIDTH, HEIGHT = 512, 320
HORIZON = 0.5
#: Height of a box in the far distance.
SMALLEST = 0.08
#: How far a faint but consistent side is moved from the centre.
SIDE = 0.22


@dataclass(frozen=True)
class _Planned:
    """A heard path with what it is said to be and how it was read."""

    path: HeardPath
    name: str
    appearance: str
    resolution: Resolution
    reading: MotionReading
    named: bool


class CuePlanner:
    """Plans from level, level difference and correlation alone (no recognition, no network)."""

    name = "cues"

    def plan(self, request: PlanRequest) -> VideoSceneLayout:
        cues = request.cues
        paths = separate(cues, len(request.objects) or None)
        parts = [_identify(path, request.objects, i) for i, path in enumerate(paths)]
        tracks = tuple(_track(index, part) for index, part in enumerate(parts))
        tracks = tuple(sorted(tracks, key=lambda track: track.keyframes[-1].box.y2))
        scene = _scene(parts)
        return VideoSceneLayout(
            frame_count=cues.frame_count,
            duration_s=cues.duration_s,
            width=WIDTH,
            height=HEIGHT,
            reasoning=_reasoning(request, parts, tracks),
            caption=_caption(tracks, scene, cues.frame_count),
            frame_captions=_frame_captions(tracks, cues.frame_count),
            objects=tracks,
        )


def _identify(path: HeardPath, names: tuple[str, ...], index: int) -> _Planned:
    """Names go to paths in order of loudness; without a name it is a loudspeaker."""
    named = index < len(names)
    words = (names[index] if named else UNKNOWN).split()
    colour = next((word for word in words[:-1] if word.lower() in COLOURS), "")
    name = " ".join(word for word in words if word != colour)
    resolution = resolve(name)
    mobile = resolution.thing.mobile
    reading = read_motion(path, mobile=mobile, known=named and resolution.known)
    return _Planned(path, name, colour.lower(), resolution, reading, named)


def _track(index: int, part: _Planned) -> ObjectTrack:
    thing, reading = part.resolution.thing, part.reading
    x, heights = _positions(part), _heights(part)
    boxes = []
    for centre, height in zip(x, heights, strict=True):
        width = height * thing.aspect * HEIGHT / WIDTH
        boxes.append(
            Box.from_centre(float(centre), _middle(part, float(height)), width, float(height))
        )
    start, end = _presence(part.path)
    keyframes = sparse(boxes[start : end + 1], start, tolerance=0.02)
    if reading.motion == "stationary":
        keyframes = keyframes[:1]
    confidence = part.path.confidence * (0.6 if reading.faint else 1.0)
    if reading.motion in ("approaching", "receding"):
        confidence = max(confidence, 0.5 if part.named else 0.3)
    return ObjectTrack(
        id=index,
        name=part.name,
        appearance=part.appearance,
        start=start,
        end=end,
        confidence=round(min(max(confidence, 0.05), 1.0), 2),
        keyframes=keyframes,
    )


def _positions(part: _Planned) -> np.ndarray:
    """(N,) centre of the box in the picture."""
    x, reading = part.path.x, part.reading
    if part.path.confidence == 0:
        return np.full_like(x, 0.5)
    if reading.motion == "stationary":
        centre = float(np.median(x))
        side = centre - 0.5
        if 0.04 < abs(side) < SIDE:  # ambience compresses level differences
            centre = 0.5 + np.sign(side) * SIDE
        return np.full_like(x, np.clip(centre, 0.12, 0.88))
    if reading.faint:
        return np.linspace(0.12, 0.88, len(x))[:: 1 if reading.travel > 0 else -1]
    if reading.motion == "crossing":
        return x
    t = np.linspace(-0.5, 0.5, len(x))
    slope, offset = np.polyfit(t, x, 1)
    return np.clip(slope * t + offset, 0.08, 0.92)


def _heights(part: _Planned) -> np.ndarray:
    """(N,) box heights: size follows distance, 1/r, as level does (20 log10)."""
    thing, level = part.resolution.thing, part.path.level_db
    if part.reading.motion not in ("approaching", "receding"):
        return np.full(len(level), thing.height)
    heard = part.path.audible
    curve = smooth(np.interp(np.arange(len(level)), heard, level[heard]), 5)
    rising = part.reading.motion == "approaching"
    curve = np.maximum.accumulate(curve) if rising else np.maximum.accumulate(curve[::-1])[::-1]
    nearest = min(0.8, 1.9 * thing.height)
    heights = nearest * 10 ** ((curve - curve.max()) / 20)
    return np.maximum(heights, SMALLEST)


def _middle(part: _Planned, height: float) -> float:
    """Vertical centre: on the ground, lower in the picture the nearer it is, or in the air."""
    if part.resolution.thing.airborne:
        return 0.34
    bottom = HORIZON + 0.06 + 0.42 * min(1.0, height / 0.5) * 0.85
    return bottom - height / 2


def _presence(path: HeardPath) -> tuple[int, int]:
    """First and last frame where it is there: from the first to the last audible one, but a thing
    that is quiet for less than a quarter of the clip stays."""
    last, pause = len(path.level_db) - 1, len(path.level_db) / 4
    start, end = int(path.audible[0]), int(path.audible[-1])
    return (start if start >= pause else 0), (end if last - end >= pause else last)


def _scene(parts: list[_Planned]) -> str:
    kinds = {part.resolution.thing.kind for part in parts}
    if "instrument" in kinds and kinds & {"animal", "object"}:
        return "room"
    return parts[0].resolution.thing.scene


_VERBS = {
    "approaching": "comes closer",
    "receding": "moves away",
    "crossing_right": "crosses from left to right",
    "crossing_left": "crosses from right to left",
    "stationary_left": "is on the left",
    "stationary_centre": "is in the middle",
    "stationary_right": "is on the right",
}


def _caption(tracks: tuple[ObjectTrack, ...], scene: str, frame_count: int) -> str:
    ordered = sorted(tracks, key=lambda track: track.keyframes[0].box.centre[0])
    parts = [f"{article(t.phrase)} {_VERBS[motion_category(t, frame_count)]}" for t in ordered]
    text = f"{' and '.join(parts)} {SCENES[scene]}"
    return text[:1].upper() + text[1:]


def _frame_captions(tracks: tuple[ObjectTrack, ...], frame_count: int) -> tuple[str, ...]:
    """Where each object is, frame by frame."""
    captions: list[list[str]] = [[] for _ in range(frame_count)]
    for track in tracks:
        for sentence, box in zip(captions, dense(track, frame_count), strict=True):
            if box is None:
                continue
            centre = box.centre[0]
            side = (
                "on the left"
                if centre < 0.4
                else "on the right"
                if centre > 0.6
                else "in the middle"
            )
            sentence.append(f"{article(track.phrase)} is {side}")
    return tuple(" and ".join(parts) for parts in captions)


def _reasoning(request: PlanRequest, parts: list[_Planned], tracks: tuple[ObjectTrack, ...]) -> str:
    """What was measured and what follows from it, in figures."""
    cues = request.cues
    kind = "Stereo" if cues.channels == 2 else "Mono"
    lines = [
        f"{kind} clip of {cues.duration_s:.2f} s at {request.clip.rate} Hz, level "
        f"{cues.level_db.min():.1f} to {cues.level_db.max():.1f} dB, correlation of left and right "
        f"{cues.correlation.mean():.2f}."
    ]
    if cues.positioned:
        high = cues.band_level_difference_db[2]
        third = max(1, len(high) // 3)
        lines.append(
            f"Right minus left at 1.5-5 kHz: {high[:third].mean():+.1f} dB in the first third, "
            f"{high[-third:].mean():+.1f} dB in the last."
        )
    lines.extend(f"{note.capitalize()}." for note in cues.notes)
    by_id = {track.id: track for track in tracks}
    for index, part in enumerate(parts):
        lines.append(_track_reason(part, by_id[index], cues, len(parts)))
    spare = len(request.objects) - len(parts)
    if spare > 0:
        unused = ", ".join(request.objects[len(parts) :])
        lines.append(f"Named but not told apart by direction: {unused}.")
    if any(not part.named for part in parts):
        lines.append(
            f"Recognition was not available: what sounds is shown as a {UNKNOWN}. "
            "Say what you hear to name it."
        )
    lines.extend(
        f"{part.resolution.note}." for part in parts if part.named and part.resolution.note
    )
    return "\n".join(lines)


def _track_reason(part: _Planned, track: ObjectTrack, cues: SpatialCues, count: int) -> str:
    reading, x = part.reading, part.path.x
    category = motion_category(track, cues.frame_count).replace("_", " ")
    share = f" ({part.path.share:.0%} of the energy)" if count > 1 else ""
    where = (
        f"heard at {x[0]:.2f} to {x[-1]:.2f} of the width"
        if part.path.confidence
        else "no position"
    )
    text = (
        f"{part.name[:1].upper()}{part.name[1:]}{share}: {where}, level changes by "
        f"{reading.level_change_db:+.1f} dB over the clip: {category}."
    )
    if reading.motion in ("approaching", "receding"):
        factor = 10 ** (abs(reading.level_change_db) / 20)
        way = "nearer" if reading.level_change_db > 0 else "farther"
        text += f" By 1/r that is {factor:.1f} times {way}."
    if reading.faint:
        text += " The drift is faint but steady, so it was stretched over the picture: check it."
    return text
