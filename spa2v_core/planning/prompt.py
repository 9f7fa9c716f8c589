"""What a multimodal model is told: instructions, measured cues, sound, and examples.

The texts are files in `prompts/`, with $names for what is filled in; a person can change them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from ..audio.io import AudioClip, wav_bytes
from ..audio.signals import resample
from ..layout import ObjectTrack, VideoSceneLayout
from ..layout.edit import revise
from ..layout.keyframes import dense, sparse
from .cue_text import Told, cue_text
from .messages import Message, Sound
from .wording import without_recognition

PROMPTS = Path(__file__).with_name("prompts")
#: What models mix down to anyway (Hz): a smaller upload.
SOUND_RATE = 16_000
#: How far keyframes of a reply may be from an eased motion, frame widths.
TOLERANCE = 0.01
#: Between parts that are sent one after another.
PAUSE_S = 0.5


@cache
def _template(name: str) -> Template:
    return Template((PROMPTS / f"{name}.md").read_text(encoding="utf-8").strip())


def system(
    frame_count: int, duration_s: float, *, spatial_reasoning: bool = True, hears: bool = True
) -> Message:
    """The instruction; without `spatial_reasoning` (an ablation of the paper) no reasons.

    hears: whether the model is sent the recording.
    """
    text = _template("system").substitute(
        frame_count=frame_count,
        last=frame_count - 1,
        duration=f"{duration_s:.2f}",
        hearing=_template("hearing" if hears else "reading").substitute(),
        reasoning=_template("reasoning" if spatial_reasoning else "no_reasoning").substitute(),
    )
    return Message("system", (text,))


def request(
    cues: Mapping[str, Any],
    sounds: Sequence[Sound] = (),
    *,
    hint: str = "",
    told: Told | None = None,
) -> Message:
    """The user's turn: a hint in their words, what was measured (None: nothing), the sound."""
    said = f'The person who made the recording says: "{hint}"\n' if hint else ""
    table = cue_text(cues, told) if told else ""
    text = _template("request").substitute(hint=said, table=table).rstrip()
    parts: list[str | Sound] = [text]
    for sound in sounds:
        parts += [f"{sound.label}:", sound]
    return Message("user", tuple(parts))


def example(
    cues: Mapping[str, Any],
    layout: VideoSceneLayout,
    *,
    told: Told | None = None,
    spatial_reasoning: bool = True,
) -> list[Message]:
    """An example as two turns: its cues (`cues.json` form), and the reply that is right for it."""
    if told is not None and not told.tags:
        layout = revise(layout, reasoning=without_recognition(layout.reasoning))
    return [request(cues, told=told), answer(layout, spatial_reasoning=spatial_reasoning)]


def answer(layout: VideoSceneLayout, *, spatial_reasoning: bool = True) -> Message:
    """A layout as the model would have given it."""
    reply = {
        "reasoning": layout.reasoning if spatial_reasoning else "",
        "video_caption": layout.caption,
        "objects": [_object(track, layout.frame_count) for track in layout.objects],
        "frame_captions": _captions(layout.frame_captions),
    }
    return Message("assistant", (json.dumps(reply, ensure_ascii=False, separators=(",", ":")),))


def _object(track: ObjectTrack, frame_count: int) -> dict[str, Any]:
    """A track in the form of a reply: straight from keyframe to keyframe."""
    keyframes = track.keyframes
    if any(key.easing != "linear" for key in keyframes[:-1]):
        boxes = [box for box in dense(track, frame_count) if box is not None]
        keyframes = sparse(boxes, track.start, TOLERANCE)
    return {
        "id": track.id,
        "name": track.phrase,
        "start": track.start,
        "end": track.end,
        "keyframes": [
            {"frame": key.frame, "box": [round(float(v), 2) for v in key.box]} for key in keyframes
        ],
    }


def _captions(captions: Sequence[str]) -> list[dict[str, Any]]:
    """Each caption where it first holds."""
    return [
        {"frame": k, "caption": caption}
        for k, caption in enumerate(captions)
        if k == 0 or caption != captions[k - 1]
    ]


def repair(error: str) -> Message:
    return Message("user", (_template("repair").substitute(error=error),))


def change(words: str, layout: VideoSceneLayout) -> list[Message]:
    """The current layout as the model's own, and the change that is asked for."""
    locked = ", ".join(f"{t.name} (id {t.id})" for t in layout.objects if t.locked)
    kept = f"These objects are locked and stay exactly as they are: {locked}." if locked else ""
    text = _template("change").substitute(change=words, locked=kept)
    return [answer(layout), Message("user", (text,))]


def sounds_of(clip: AudioClip, *, parts: bool = False, together: bool = False) -> tuple[Sound, ...]:
    """The mix in mono; with `parts` also the two channels, at their level.

    together: one after another in one sound, for models that take one.
    """
    found = [("The recording (mono)", clip.samples.mean(0))]
    if parts and clip.channels == 2:
        found += [("its LEFT channel", clip.samples[0]), ("its RIGHT channel", clip.samples[1])]
    if not together or len(found) == 1:
        return tuple(Sound(label, _wav(samples, clip.rate)) for label, samples in found)
    pause = np.zeros(round(PAUSE_S * clip.rate), clip.samples.dtype)
    step = clip.duration_s + PAUSE_S
    label = ", ".join(
        f"{name} from {k * step:.2f} s on" if k else name for k, (name, _) in enumerate(found)
    )
    samples = np.concatenate([part for _, one in found for part in (one, pause)])
    return (Sound(label, _wav(samples, clip.rate)),)


def _wav(samples: np.ndarray, rate: int) -> bytes:
    return wav_bytes(AudioClip(resample(samples, rate, SOUND_RATE)[None], SOUND_RATE))
