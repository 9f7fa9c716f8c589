"""Does what the mini model draws move with its sound? AV-Align of bells, drums and dogs.

A part of `make bench-mini` (alone: `--only rhythm`). Clips of up to three seconds of held-out
recordings, one thing that stands in the middle. Beside each figure its control: the same videos
with the next clip's sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import librosa
import numpy as np

from spa2v_core.audio.clip import AudioClip
from spa2v_core.evaluation.videos import read_video
from spa2v_core.generation.base import Frames, RenderEvent, RenderRequest
from spa2v_core.layout import Box, Keyframe, ObjectTrack, VideoSceneLayout
from spa2v_core.layout.pose import fitted
from spa2v_core.metrics.av_align import Alignment, av_align
from spa2v_core.pipeline import frames, render
from spa2v_core.simulation.synthesis import RATE
from spa2v_core.vocabulary import BY_NAME
from tests.benchmarks.planning import held_sounds

THINGS, EACH, SEED = ("bell", "drum", "dog"), 8, 7
SHORTEST_S, LONGEST_S = 1.5, 3.0
#: Rate at which onsets are looked for, as in the metric's published code.
ONSET_RATE = 22050


def sounds(work: Path) -> Iterator[tuple[str, AudioClip]]:
    """EACH clips of every thing, a channel for each ear, the same in both."""
    makers, rng = held_sounds(work), np.random.default_rng(SEED)
    for name in THINGS:
        for _ in range(EACH):
            mono = makers[name](float(rng.uniform(SHORTEST_S, LONGEST_S)), rng)
            mono = 0.5 * mono / np.abs(mono).max()
            yield name, AudioClip(np.stack([mono, mono]).astype(np.float32), RATE)


def onsets_s(clip: AudioClip) -> np.ndarray:
    """Seconds of the onsets, as the metric's published code finds them."""
    mono = librosa.resample(clip.samples.mean(0), orig_sr=clip.rate, target_sr=ONSET_RATE)
    return librosa.onset.onset_detect(y=mono, sr=ONSET_RATE, units="time")


def request(name: str, clip: AudioClip, weights: Path) -> RenderRequest:
    thing = BY_NAME[name]
    box = fitted(Box.from_centre(0.5, 0.6, 0.4, 0.6), thing, 0.0)
    track = ObjectTrack(id=0, name=name, start=0, end=15, keyframes=(Keyframe(frame=0, box=box),))
    layout = VideoSceneLayout(
        frame_count=16, duration_s=clip.duration_s, caption=f"a {name}", objects=(track,)
    )
    return RenderRequest(layout, clip, options={"weights": weights})


def rendered(asked: RenderRequest) -> list[tuple[np.ndarray, float]]:
    """Frames, and how many a second: as the model draws them, and of the finished video."""
    drawn = []

    def make(request: RenderRequest) -> Iterator[RenderEvent]:
        for event in frames(request):
            if isinstance(event, Frames):
                drawn.append((event.frames, len(event.frames) / request.clip.duration_s))
            yield event

    with TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        for _ in render(asked, path, make):
            pass
        return [*drawn, read_video(path)]


def mean(alignments: list[Alignment]) -> str:
    scores = [one.score for one in alignments if one.score is not None]
    return f"{np.mean(scores):.2f} of {len(scores)}" if scores else "no peaks"


def rhythm(weights: Path, work: Path) -> None:
    """The table: by thing and of all, drawn and exported, with its own sound and the next one's."""
    clips = list(sounds(work))
    onsets = [onsets_s(clip) for _, clip in clips]
    print("\n| AV-Align | drawn frames | with another's sound | video | with another's sound |")
    print("|---|---|---|---|---|")
    columns: list[list[Alignment]] = [[], [], [], []]
    for k, (name, clip) in enumerate(clips):
        asked = request(name, clip, weights)
        for column, made in zip((0, 2), rendered(asked), strict=True):
            columns[column].append(av_align(*made, onsets[k]))
            columns[column + 1].append(av_align(*made, onsets[(k + 1) % len(clips)]))
        if (k + 1) % EACH == 0:
            row = " | ".join(mean(column[-EACH:]) for column in columns)
            print(f"| {name} | {row} |", flush=True)
    print(f"| all | {' | '.join(map(mean, columns))} |")
