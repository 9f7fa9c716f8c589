"""How well real recordings are planned: names, motion, side, and two sounds at once.

    python -m tests.benchmarks.real FOLDER [FOLDER ...] [--solo FOLDER] [--pairs 20]

A folder holds recordings (flac, wav, mp3, ogg, m4a) and a `labels.json`:
`{"clips": {stem: {"names": [..], "category": .., "also": [..], "side": ..}}}`; a category or a side
of null is not scored, "stationary" stands for all three places. Every clip is planned by ear and
with the first of its names given.

With --solo, a folder of mono recordings called `<thing>_<number>.flac`, each pair is a recording of
the first folder, ambience and all, and one of those at an equal level, put to one side by the
simulator's microphones. Both count only if both are found and in place: what is put there within
`NEAR` of it; the recording, if it stays, within `NEAR` of where its energy is, else by its motion.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spa2v_core import pipeline
from spa2v_core.audio.cues import measure
from spa2v_core.audio.hearing import hear
from spa2v_core.audio.io import AudioClip, read_audio
from spa2v_core.audio.taggers.registry import get_tagger
from spa2v_core.layout import ObjectTrack, VideoSceneLayout, motion_category
from spa2v_core.layout.keyframes import dense
from spa2v_core.planning.base import PlanRequest
from spa2v_core.planning.registry import get_planner
from spa2v_core.simulation.acoustics import Acoustics, Source, mix, still
from spa2v_core.vocabulary import resolve

SUFFIXES = (".flac", ".wav", ".mp3", ".ogg", ".m4a")
#: Distance from the true place, in widths, up to which a box is in place.
NEAR = 0.2
#: Places that the second sound is put to, and the pairs of microphones that put it there.
PLACES, MICROPHONES = (0.15, 0.85), ("pan", "coincident", "spaced")


MARKS = {None: "-", True: "ok", False: "NO"}


@dataclass(frozen=True)
class Labelled:
    """A recording and what is known of it."""

    path: Path
    names: tuple[str, ...]
    category: str | None
    also: tuple[str, ...]
    side: str | None

    def moves_right(self, track: ObjectTrack, frame_count: int) -> bool | None:
        """Whether a track has the right motion, None if that is not scored."""
        if self.category is None:
            return None
        found = motion_category(track, frame_count)
        return any(found.startswith(wanted) for wanted in (self.category, *self.also))

    def on_its_side(self, track: ObjectTrack, frame_count: int) -> bool | None:
        """Whether a track is on the right side, None if that is not scored."""
        if self.side is None:
            return None
        x = float(np.mean(centres(track, frame_count)))
        found = "left" if x < 0.45 else "right" if x > 0.55 else "centre"
        return found == self.side.replace("center", "centre")

    def is_named(self, track: ObjectTrack) -> bool:
        return resolve(track.name).thing in {resolve(name).thing for name in self.names}


def labelled(folder: Path) -> list[Labelled]:
    """The recordings of a folder that its labels.json names."""
    clips = json.loads((folder / "labels.json").read_text(encoding="utf-8"))["clips"]
    found = []
    for stem, said in clips.items():
        path = next((p for s in SUFFIXES if (p := folder / f"{stem}{s}").exists()), None)
        if path is not None:
            also = tuple(said.get("also", ()))
            found.append(
                Labelled(path, tuple(said["names"]), said["category"], also, said.get("side"))
            )
    return found


def centres(track: ObjectTrack, frame_count: int) -> list[float]:
    """Horizontal centres of the frames in which a track is there."""
    return [box.centre[0] for box in dense(track, frame_count) if box is not None]


def loudest(layout: VideoSceneLayout) -> ObjectTrack | None:
    """The track that is judged: ids follow loudness; None if all is the scene."""
    return min(layout.objects, key=lambda track: track.id, default=None)


def alone(folders: list[Path]) -> None:
    """Print every recording's plan beside its labels, and the shares that are right."""
    for way in ("by ear", "names given"):
        right: dict[str, list[bool]] = {"name": [], "motion": [], "side": []}
        counts: Counter[int] = Counter()
        print(f"\n{way}")
        for one in (one for folder in folders for one in labelled(folder)):
            objects = one.names[0] if way == "names given" else None
            layout = pipeline.plan(pipeline.analyse(one.path, objects=objects)).layout
            track, frames = loudest(layout), layout.frame_count
            if track is None:
                print(f"  {one.path.stem:12s} no object: {layout.caption}")
                right["name"].append(False)
                right["motion"] += [False] * (one.category is not None)
                counts[0] += 1
                continue
            judged = {
                "name": one.is_named(track),
                "motion": one.moves_right(track, frames),
                "side": one.on_its_side(track, frames),
            }
            for key, value in judged.items():
                if value is not None:
                    right[key].append(value)
            counts[len(layout.objects)] += 1
            x = centres(track, frames)
            said = " ".join(
                f"{key}:{'-' if v is None else 'ok' if v else 'NO'}" for key, v in judged.items()
            )
            print(
                f"  {one.path.stem:12s} {said:28s} {len(layout.objects)} object(s), "
                f"{track.name} {motion_category(track, frames)} {x[0]:.2f} to {x[-1]:.2f}, "
                f"wanted {one.names[0]} {one.category} {one.side or ''}"
            )
        shares = (
            f"{key} {sum(values)} of {len(values)}" for key, values in right.items() if values
        )
        print(f"  {', '.join(shares)}; objects found: {dict(sorted(counts.items()))}")


def energy_place(clip: AudioClip, frame_count: int = 16) -> np.ndarray:
    """(N,) where the energy of each frame is by the constant-power law, of the channels' powers."""
    parts = np.array_split(clip.samples - clip.samples.mean(1, keepdims=True), frame_count, axis=1)
    left, right = np.array([np.sqrt((part**2).mean(1)) for part in parts]).T
    return np.arctan2(right, left) * 2 / np.pi


def at_once(folder: Path, solo: Path, pairs: int, seed: int) -> None:
    """Print how often a recording and a second sound are both found and in place."""
    beds = labelled(folder)
    sounds = sorted(path for path in solo.iterdir() if path.suffix in SUFFIXES)
    outcome: dict[str, dict[str, list[bool]]] = {
        way: {name: [] for name in ("all", *MICROPHONES)} for way in ("by ear", "names given")
    }
    for index in range(pairs):
        rng = np.random.default_rng((seed, index))
        bed, sound = beds[index % len(beds)], sounds[int(rng.integers(len(sounds)))]
        place, microphones = PLACES[index // len(beds) % 2], MICROPHONES[index % 3]
        clip, place_of_bed = pair(read_audio(bed.path), sound, place, microphones)
        name = sound.stem.split("_")[0]
        for way, names in (("by ear", ()), ("names given", (bed.names[0], name))):
            layout = plan(clip, names)
            both = both_found(layout, bed, place_of_bed, name if names else None, place)
            outcome[way]["all"].append(both)
            outcome[way][microphones].append(both)
            tracks = ", ".join(
                f"{t.name} {np.mean(centres(t, 16)):.2f}"
                for t in sorted(layout.objects, key=lambda t: t.id)
            )
            print(
                f"  {way:12s}{MARKS[both]} {bed.path.stem} ({place_of_bed.mean():.2f}) + "
                f"{sound.stem} ({place:.2f}, {microphones}): {tracks}"
            )
    for way, found in outcome.items():
        shares = (f"{name} {np.mean(v):.0%} of {len(v)}" for name, v in found.items() if v)
        print(f"two at once, {way}, both found and in place: {', '.join(shares)}")


def pair(
    bed: AudioClip, sound: Path, place: float, microphones: str
) -> tuple[AudioClip, np.ndarray]:
    """(both at an equal level, where the energy of the recording is) for the bed's first 10 s."""
    seconds = min(10.0, bed.duration_s)
    bed = AudioClip(bed.samples[:, : round(seconds * bed.rate)], bed.rate)
    alone_there = read_audio(sound)
    mono = alone_there.samples.mean(0)
    mono = np.tile(mono, 2 + int((seconds + 1) * alone_there.rate / len(mono)))
    at = np.arange(round((seconds + 1) * bed.rate)) * alone_there.rate / bed.rate
    signal = np.interp(at, np.arange(len(mono)), mono)
    far = 4.0
    source = Source("sound", signal, still((2 * place - 1) * far, far), 1, 1)
    put = mix([source], seconds, bed.rate, acoustics=Acoustics(microphones=microphones)).samples
    put = put[:, : bed.samples.shape[1]]
    level = np.sqrt((bed.samples**2).mean() / max(float((put**2).mean()), 1e-12))
    both = bed.samples + level * put
    both = both * (0.7 / np.abs(both).max())
    return AudioClip(both.astype(np.float32), bed.rate, "pair"), energy_place(bed)


def plan(clip: AudioClip, names: tuple[str, ...]) -> VideoSceneLayout:
    cues = measure(clip)
    heard = hear(cues, get_tagger(), len(names) or None)
    return get_planner("cues").plan(PlanRequest(clip, cues, heard, names)).layout


def both_found(
    layout: VideoSceneLayout,
    bed: Labelled,
    place_of_bed: np.ndarray,
    name: str | None,
    place: float,
) -> bool:
    """Whether one track stands for the second sound and another for the recording, in place.

    name: what the second sound was called, None by ear, when any track may stand for it.
    """

    def is_sound(track: ObjectTrack) -> bool:
        x = np.mean(centres(track, layout.frame_count))
        return abs(x - place) < NEAR and name in (None, track.name)

    def is_bed(track: ObjectTrack) -> bool:
        moves = bed.category is not None and not bed.category.startswith("stationary")
        if moves:
            return bool(bed.moves_right(track, layout.frame_count))
        return abs(np.mean(centres(track, layout.frame_count)) - place_of_bed.mean()) < NEAR

    return any(
        is_sound(a) and is_bed(b) for a in layout.objects for b in layout.objects if a.id != b.id
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--solo", type=Path, metavar="FOLDER", help="mono sounds, two at once")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    alone(options.folders)
    if options.solo:
        print()
        at_once(options.folders[0], options.solo, options.pairs, options.seed)


if __name__ == "__main__":
    main()
