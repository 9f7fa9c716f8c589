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

from ..audio.features import resample
from ..audio.io import AudioClip, wav_bytes
from ..layout import VideoSceneLayout
from ..layout import io as layout_io
from .messages import Message, Sound
from .wording import QUOTED_BAND, QUOTED_NAME

PROMPTS = Path(__file__).with_name("prompts")
#: What models mix down to anyway (Hz): a smaller upload.
SOUND_RATE = 16_000
#: Between parts that are sent one after another.
PAUSE_S = 0.5


@cache
def _template(name: str) -> Template:
    return Template((PROMPTS / f"{name}.md").read_text(encoding="utf-8").strip())


def system(frame_count: int, duration_s: float, *, spatial_reasoning: bool = True) -> Message:
    """The instruction; without `spatial_reasoning` (an ablation of the paper) no reasons."""
    reasoning = _template("reasoning" if spatial_reasoning else "no_reasoning").substitute()
    text = _template("system").substitute(
        frame_count=frame_count, duration=f"{duration_s:.2f}", reasoning=reasoning
    )
    return Message("system", (text,))


def request(
    cues: Mapping[str, Any], sounds: Sequence[Sound] = (), *, hint: str = "", table: bool = True
) -> Message:
    """The user's turn: a hint in their words, the cue table, and the sound."""
    said = f'The person who made the recording says: "{hint}"\n' if hint else ""
    text = _template("request").substitute(hint=said, table=cue_table(cues) if table else "")
    parts: list[str | Sound] = [text]
    for sound in sounds:
        parts += [f"{sound.label}:", sound]
    return Message("user", tuple(parts))


def example(
    cues: Mapping[str, Any],
    layout: VideoSceneLayout,
    *,
    table: bool = True,
    spatial_reasoning: bool = True,
) -> list[Message]:
    """An example as two turns: its cues (`cues.json` form), and the reply that is right for it."""
    reply = layout_io.to_dense(layout)
    if not spatial_reasoning:
        reply["reasoning"] = ""
    return [request(cues, table=table), answer(reply)]


def answer(reply: Mapping[str, Any]) -> Message:
    """A reply as the model would have given it."""
    ordered = {name: reply[name] for name in ("reasoning", "video_caption", "frames")}
    for frame in ordered["frames"]:
        for entry in frame["layout"]:
            entry["box"] = [round(float(v), 3) for v in entry["box"]]
    return Message("assistant", (json.dumps(ordered, ensure_ascii=False),))


def repair(error: str) -> Message:
    return Message("user", (_template("repair").substitute(error=error),))


def change(words: str, layout: VideoSceneLayout) -> list[Message]:
    """The current layout as the model's own, and the change that is asked for."""
    locked = ", ".join(f"{t.name} (id {t.id})" for t in layout.objects if t.locked)
    kept = f"These objects are locked and stay exactly as they are: {locked}." if locked else ""
    text = _template("change").substitute(change=words, locked=kept)
    return [answer(layout_io.to_dense(layout)), Message("user", (text,))]


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


def cue_table(cues: Mapping[str, Any]) -> str:
    """Measured cues as text: one row a frame, then each source by itself."""
    frames = cues["frames"]
    lines = [
        f"Measured cues ({cues['duration_s']:.2f} s, {cues['channels']} channel(s)):",
        f"frame | time s | level dB | right minus left dB at {QUOTED_NAME} | position 0..1 |"
        " sure 0..1",
    ]
    for k in range(cues["frame_count"]):
        sure = frames["confidence"][k]
        place = f"{frames['x'][k]:.2f}" if sure > 0 else "-"
        lines.append(
            f"{k} | {frames['time_s'][k]:.2f} | {frames['level_db'][k]:.1f} | "
            f"{frames['band_level_difference_db'][QUOTED_BAND][k]:+.1f} | {place} | {sure:.2f}"
        )
    for index, source in enumerate(cues["sources"]):
        tags = ", ".join(f"{name} {p:.2f}" for name, p in source["tags"][:3])
        places = " ".join("-" if x is None else f"{x:.2f}" for x in source["x"])
        lines.append(
            f"source {index + 1}: {source['share']:.0%} of the energy; sounds like {tags or '?'}; "
            f"position per frame {places}; level per frame "
            + " ".join(f"{level:.0f}" for level in source["level_db"])
        )
    lines += [f"note: {note}" for note in cues["notes"]]
    return "\n".join(lines)
