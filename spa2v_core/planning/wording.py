"""What the offline planner says: captions, and reasoning that quotes the measured figures."""

from __future__ import annotations

import re

from ..audio.cues import SpatialCues
from ..layout import ObjectTrack, motion_category
from ..layout.category import LEFT, RIGHT
from ..layout.keyframes import dense
from ..vocabulary import UNKNOWN, article
from .base import PlanRequest
from .identify import Planned
from .setting import Setting

#: The band whose level difference is quoted: it carries most of what crossing changes.
QUOTED_BAND, QUOTED_NAME = 2, "1.5-5 kHz"


_VERBS = {
    "approaching": "comes closer",
    "receding": "moves away",
    "crossing_right": "crosses from left to right",
    "crossing_left": "crosses from right to left",
    "stationary_left": "is on the left",
    "stationary_centre": "is in the middle",
    "stationary_right": "is on the right",
}


def caption(tracks: tuple[ObjectTrack, ...], frame_count: int, setting: Setting) -> str:
    """One sentence: who does what, from left to right, and where; of several things the place
    comes first, as a text encoder forgets what follows many words."""
    ordered = sorted(tracks, key=lambda track: track.keyframes[0].box.centre[0])
    said = [f"{article(t.phrase)} {_VERBS[motion_category(t, frame_count)]}" for t in ordered]
    place = setting.words
    if len(said) == 1:
        text = f"{said[0]} {place}"
    else:
        text = ", ".join([place, " and ".join(said)] if said else [place])
    return text[:1].upper() + text[1:]


def frame_captions(tracks: tuple[ObjectTrack, ...], frame_count: int) -> tuple[str, ...]:
    """Where each object is, frame by frame; () of none."""
    if not tracks:
        return ()
    captions: list[list[str]] = [[] for _ in range(frame_count)]
    for track in tracks:
        for sentence, box in zip(captions, dense(track, frame_count), strict=True):
            if box is not None:
                sentence.append(f"{article(track.phrase)} is {_side(box.centre[0])}")
    return tuple(" and ".join(parts) for parts in captions)


def _side(x: float) -> str:
    if x < LEFT:
        return "on the left"
    return "on the right" if x > RIGHT else "in the middle"


def reasoning(
    request: PlanRequest,
    parts: list[Planned],
    tracks: tuple[ObjectTrack, ...],
    setting: Setting,
) -> str:
    """What was measured and what follows from it, in figures."""
    cues = request.cues
    kind = "Stereo" if cues.channels == 2 else "Mono"
    lines = [
        f"{kind} clip of {cues.duration_s:.2f} s at {request.clip.rate} Hz, level "
        f"{cues.level_db.min():.1f} to {cues.level_db.max():.1f} dB, correlation of left and right "
        f"{cues.correlation.mean():.2f}."
    ]
    lines.extend(f"{note[:1].upper()}{note[1:]}." for note in cues.notes)
    by_id = {track.id: track for track in tracks}
    apart = sum(part.heard_apart for part in parts)
    for index, part in enumerate(parts):
        if part.heard_apart and part.is_object:
            lines.append(_about(part, by_id[index], cues, apart))
        elif not part.is_object:
            lines.append(_ambience(part))
    if setting.cues:
        heard = "; ".join(note.evidence for note in setting.cues)
        lines.append(f"The scene: {heard}: {setting.words}.")
    proposed = [part.name for part in parts if not part.heard_apart]
    if proposed:
        lines.append(
            f"Named but not told apart by direction: {', '.join(proposed)}: put where nothing else "
            "is, move it to where it belongs."
        )
    lines.extend(
        f"{part.resolution.note}."
        for part in parts
        if part.named and part.is_object and part.resolution.note
    )
    return "\n".join(lines)


def _about(part: Planned, track: ObjectTrack, cues: SpatialCues, count: int) -> str:
    """One object: what it is and why, where it is and why."""
    share = f" ({part.source.share:.0%} of the energy)" if count > 1 else ""
    text = f"{part.name[:1].upper()}{part.name[1:]}{share}: "
    text += ", ".join(
        said for said in (_recognition(part), _place(part, cues), _level(part)) if said
    )
    text += f": {motion_category(track, cues.frame_count).replace('_', ' ')}."
    if part.reading.faint:
        text += " The drift is faint but steady, so it was stretched over the picture: check it."
    if part.reading.unheard:
        text += " It is heard to pass, but not which way: turn it round if that is wrong."
    return text


def _ambience(part: Planned) -> str:
    """A sound that is the scene, and why it has no box."""
    name = f"{part.name[:1].upper()}{part.name[1:]}" if part.name != UNKNOWN else "A sound"
    if part.named:
        return f"{name}: taken for the scene, as you say: no box."
    return (
        f"{name} ({part.certainty:.2f}): heard all the time and from no one place: it is the scene "
        f"and has no box. Name it to make it an object."
    )


def _recognition(part: Planned) -> str:
    naming = part.naming
    if part.named:
        return "named by you"
    if naming is None:
        return "recognition was not available"
    guesses = ", ".join(f"{name} {p:.2f}" for name, p in naming.guesses)
    if not naming.known:
        return f"not recognised (likeliest: {guesses}), shown as a {UNKNOWN}"
    if naming.is_kind:
        return f"some {part.name} ({part.certainty:.2f}; likeliest: {guesses})"
    others = ", ".join(f"{name} {p:.2f}" for name, p in naming.guesses if name != naming.name)
    return f"sounds like it ({part.certainty:.2f}; next: {others})"


#: How what was recognised is said in a line of reasoning.
_RECOGNISED = re.compile(r"(sounds like it|some [\w ]+|not recognised) \([^)]*\)[^,:]*(, |(?=:))")


def without_recognition(reasoning: str) -> str:
    """Reasoning that says where things are and not by what they were recognised."""
    lines = [line for line in reasoning.split("\n") if not line.startswith("The scene:")]
    return "\n".join(_RECOGNISED.sub("", line) for line in lines)


def _place(part: Planned, cues: SpatialCues) -> str:
    source = part.source
    if source.certainty == 0:
        return "no position"
    heard = source.audible
    kind = next(one for one in cues.evidence if one != "none")
    first, last = source.x[heard[0]], source.x[heard[-1]]
    text = f"heard at {first:.2f} to {last:.2f} of the width by {kind}"
    if source.motion:
        motion, p = max(source.motion.items(), key=lambda item: item[1])
        text += f", {motion} by the localiser ({p:.2f})"
    if part.reading.motion == "crossing":
        band = cues.band_level_difference_db[QUOTED_BAND]
        third = max(1, len(band) // 3)
        before, after = band[:third].mean(), band[-third:].mean()
        text += f" (right minus left at {QUOTED_NAME} {before:+.1f} to {after:+.1f} dB)"
        if cues.doppler_confidence > 0.6 and cues.doppler_semitones < -0.2:
            text += f", pitch falls by {-cues.doppler_semitones:.1f} semitones as it passes"
    return text


def _level(part: Planned) -> str:
    reading = part.reading
    text = f"level changes by {reading.level_change_db:+.1f} dB"
    if reading.motion in ("approaching", "receding"):
        factor = 10 ** (abs(reading.level_change_db) / 20)
        text += (
            f", by 1/r {factor:.1f} times {'nearer' if reading.level_change_db > 0 else 'farther'}"
        )
    if reading.motion == "crossing" and reading.hump_db > 1:
        text += f" with a hump of {reading.hump_db:.1f} dB"
    return text
