"""`make bench-planning`: how well the offline planner hears, on simulated scenes.

Scenes are drawn from a seed; their sounds are recordings and instruments of packages that the
tagger never learned from (fetched with apt, once). Every scene is planned twice: by ear alone, and
with the true names given, which shows what is lost to recognition and what to place and motion.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from spa2v_core.audio.cues import measure
from spa2v_core.audio.features import RATE as DRY_RATE
from spa2v_core.audio.hearing import hear
from spa2v_core.audio.io import AudioClip
from spa2v_core.audio.taggers.registry import get_tagger
from spa2v_core.layout import Box, Keyframe, VideoSceneLayout
from spa2v_core.layout.keyframes import dense
from spa2v_core.metrics.max_iou import max_iou
from spa2v_core.metrics.motion_accuracy import matched_tracks, motion_pairs
from spa2v_core.metrics.static import canonical, mean_over_frames
from spa2v_core.planning.base import PlanRequest
from spa2v_core.planning.registry import get_planner
from spa2v_core.simulation.scenes import Scene, Sounds, scene_set, sizes
from spa2v_core.simulation.synthesis import RATE, Rng
from spa2v_core.training.sounds.sources import DrySounds, pack_sounds

#: Size of the box that stands in for the planner's, fractions of the frame.
FIXED_BOX = (0.2, 0.3)


def held_sounds(work: Path) -> Sounds:
    """Class -> makes a sound from one of its held-out recordings."""
    path = work / "held.npz"
    dry = DrySounds.load(path if path.exists() else pack_sounds(work, held_only=True))

    def maker(rows: np.ndarray):
        def make(seconds: float, rng: Rng) -> np.ndarray:
            return lasting(dry.sound(int(rng.choice(rows))), seconds, rng)

        return make

    rows = {name: np.flatnonzero(dry.label == k) for k, name in enumerate(dry.names)}
    return {name: maker(found) for name, found in rows.items() if name in sizes() and len(found)}


def lasting(sound: np.ndarray, seconds: float, rng: Rng) -> np.ndarray:
    """A recording as long as wanted: a long one from its start, a short one again and again."""
    pause = np.zeros(round(rng.uniform(0.1, 0.6) * DRY_RATE) if len(sound) < 1.5 * DRY_RATE else 0)
    once = np.concatenate([sound, pause])
    count = round(seconds * DRY_RATE)
    looped = np.tile(once, 1 + count // len(once))[:count]
    at = np.arange(round(seconds * RATE)) * (DRY_RATE / RATE)
    return np.interp(at, np.arange(len(looped)), looped)


def plan(clip: AudioClip, names: tuple[str, ...]) -> VideoSceneLayout:
    cues = measure(clip)
    heard = hear(cues, get_tagger(), len(names) or None)
    return get_planner("cues").plan(PlanRequest(clip, cues, heard, names)).layout


def figures(planned: VideoSceneLayout, scene: Scene) -> dict[str, float]:
    """What is right about a plan, 0..1 each, and its position error in widths."""
    true = scene.layout
    pairs = matched_tracks(planned, true)
    names = [canonical(track.name) for track in planned.objects]
    errors = [
        np.mean(
            [
                abs(a.centre[0] - np.clip(b.centre[0], 0, 1))
                for a, b in zip(dense(found, 16), dense(wanted, 16), strict=True)
                if a and b
            ]
        )
        for wanted, found in pairs
        if found
    ]
    same = [wanted == found for wanted, found in motion_pairs(planned, true)]
    return {
        "count": float(len(planned.objects) == len(true.objects)),
        "motion": float(np.mean(same)),
        "position": float(np.mean(errors)) if errors else np.nan,
        "name": float(np.mean([canonical(track.name) in names for track in true.objects])),
        "max_iou": mean_over_frames(max_iou, planned, true),
        "max_iou_fixed_box": mean_over_frames(max_iou, _fixed_boxes(planned), true),
    }


def _fixed_boxes(layout: VideoSceneLayout) -> VideoSceneLayout:
    """The same layout with every box of one size: what the size prior is worth."""
    tracks = []
    for track in layout.objects:
        keys = tuple(
            Keyframe(frame=key.frame, box=Box.from_centre(*key.box.centre, *FIXED_BOX))
            for key in track.keyframes
        )
        tracks.append(track.model_copy(update={"keyframes": keys}))
    return layout.model_copy(update={"objects": tuple(tracks)})


def _one(job: tuple[str, Scene]) -> tuple[str, str, dict, dict]:
    kind, scene = job
    by_ear = figures(plan(scene.clip, ()), scene)
    # as the scene has them: their order tells nothing
    names = tuple(track.name for track in scene.layout.objects)
    named = figures(plan(scene.clip, names), scene)
    return kind, ", ".join(names), by_ear, named


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--seed", type=int, default=2025)
    parser.add_argument("--work", type=Path, default=Path("build/tagger"))
    parser.add_argument("--out", type=Path, default=Path("build/bench_planning.json"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    scenes = scene_set(held_sounds(options.work), options.count, options.seed)
    rows: dict[str, list] = defaultdict(list)
    with ProcessPoolExecutor(2) as workers:
        for kind, names, by_ear, named in workers.map(_one, scenes):
            rows[kind].append({"names": names, "by_ear": by_ear, "named": named})
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    for way in ("by_ear", "named"):
        print(f"\n{'by ear alone' if way == 'by_ear' else 'with the true names given'}")
        columns = list(rows[next(iter(rows))][0][way])
        print(f"{'':26s}{'scenes':>7s}" + "".join(f"{c:>18s}" for c in columns))
        for kind, found in rows.items():
            means = [np.nanmean([row[way][c] for row in found]) for c in columns]
            print(f"{kind:26s}{len(found):7d}" + "".join(f"{mean:18.3f}" for mean in means))


if __name__ == "__main__":
    main()
