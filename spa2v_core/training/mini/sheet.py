"""A contact sheet of fixed layouts, and eight of them moving, drawn by the weights in a folder:
nothing is picked.

python -m spa2v_core.training.mini.sheet --weights assets/mini --out build
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ...generation.backends.mini.backend import conditions_for, load_mini
from ...generation.conditioning import FrameConditions
from ...generation.registry import BACKENDS
from ...generation.schedule import Schedule
from ...layout import Box, Keyframe, ObjectTrack, VideoSceneLayout
from ...layout.picture import MINI_WH
from ...layout.pose import fitted, headings, resting
from ...layout.schema import Facing, Heading
from ...planning.caption_planner import place_mentioned
from ...vocabulary import COLOURS, resolve
from ..world.choreography import FRAMES

SHOWN = (0, 5, 10, 15)
COLUMNS = 2
#: Those that move in the picture: coming, leaving, crossing at an angle, walking; a bell, a drum
#: and a singer, someone who leaves, a dog that barks. How many a row, how large, how long (ms).
MOVING, ROW, TILE_WH, FRAME_MS = (0, 1, 5, 12, 8, 9, 4, 13), 4, (192, 120), 250
QUALITY = {"sheet": 80, "clips": 60}
OUTLINES = ((255, 40, 40), (40, 220, 40), (60, 110, 255))
#: Middle x, bottom and height of a box, of the frame's.
Place = tuple[float, float, float]


@dataclass(frozen=True)
class Part:
    """An object that goes from one place to another, as perspective has it, and stays if `end` is
    None. `strokes` are the frames in which it sounds; `span` those in which it is there."""

    phrase: str
    start: Place
    end: Place | None = None
    facing: Facing = "auto"
    heading: Heading = "auto"
    strokes: tuple[int, ...] = ()
    span: tuple[int, int] = (0, FRAMES - 1)

    def track(self, index: int) -> ObjectTrack:
        """Its track, as wide as it is seen."""
        *look, name = (
            self.phrase.split(" ", 1) if self.phrase.split()[0] in COLOURS else [self.phrase]
        )
        thing = resolve(name).thing
        t = np.linspace(0, 1, FRAMES)
        a, b = np.array(self.start), np.array(self.end or self.start)
        high = a[2] * (b[2] / a[2]) ** t
        share = t if abs(b[2] - a[2]) < 1e-6 else (high - a[2]) / (b[2] - a[2])
        x, bottom = (a[k] + (b[k] - a[k]) * share for k in (0, 1))
        middles = np.stack([x - 0.1, bottom - high, x + 0.1, bottom], 1)
        turned = headings(middles, resting(thing, self.facing, float(x[0])))
        if self.heading != "auto":
            turned = np.full(FRAMES, float(self.heading))
        boxes = [fitted(Box(*row), thing, h) for row, h in zip(middles, turned, strict=True)]
        first, last = self.span
        return ObjectTrack(
            id=index,
            name=name,
            appearance=" ".join(look),
            start=first,
            end=last,
            facing=self.facing,
            keyframes=tuple(
                Keyframe(frame=k, box=boxes[k], heading=self.heading)
                for k in (range(first, last + 1) if self.end else (first,))
            ),
        )

    def voice(self) -> np.ndarray:
        """(F,) as `audio.rhythm.voices` has it of its strokes."""
        out = np.zeros(FRAMES)
        for k, frame in enumerate(self.strokes):
            out[frame] = 1 if k % 2 else -1
            if frame + 1 < FRAMES:
                out[frame + 1] = out[frame] / 2
        return out


#: caption and parts. The last case has no boxes: they come from the caption.
CASES: tuple[tuple[str, list[Part]], ...] = (
    ("on a city street a bus comes closer", [Part("bus", (0.5, 0.56, 0.1), (0.42, 1.0, 0.8))]),
    ("at a station a train moves away", [Part("train", (0.62, 1.0, 0.85), (0.5, 0.57, 0.12))]),
    ("a red car crosses on a road", [Part("red car", (-0.05, 0.8, 0.3), (1.05, 0.8, 0.3))]),
    (
        "in a field a brown dog comes closer",
        [Part("brown dog", (0.6, 0.62, 0.14), (0.35, 0.98, 0.62))],
    ),
    ("on a city street a man moves away", [Part("man", (0.35, 1.0, 0.72), (0.55, 0.62, 0.18))]),
    ("a horse crosses on a farm", [Part("horse", (-0.02, 0.66, 0.24), (0.85, 0.98, 0.6))]),
    (
        "on a highway a white truck moves away",
        [Part("white truck", (0.75, 0.98, 0.6), (0.52, 0.55, 0.1))],
    ),
    (
        "on a city street at night a taxi comes closer and a police car moves away",
        [
            Part("police car", (0.72, 0.95, 0.45), (0.55, 0.58, 0.1)),
            Part("taxi", (0.47, 0.58, 0.1), (0.25, 0.98, 0.5)),
        ],
    ),
    ("a bell in a room", [Part("bell", (0.5, 0.75, 0.5), strokes=(2, 6, 10, 14))]),
    (
        "on a stage a drum and a singer",
        [
            Part("drum", (0.3, 0.92, 0.42), strokes=(1, 4, 7, 10, 13)),
            Part("singer", (0.68, 0.95, 0.6), strokes=(3, 8, 12)),
        ],
    ),
    (
        "in the sky an airplane comes closer",
        [Part("airplane", (0.75, 0.3, 0.06), (0.35, 0.72, 0.36))],
    ),
    ("in the sky a helicopter crosses", [Part("helicopter", (1.1, 0.5, 0.22), (-0.05, 0.42, 0.3))]),
    ("a woman crosses on a beach", [Part("woman", (0.9, 0.9, 0.5), (0.1, 0.9, 0.5))]),
    (
        "in a room a dog and a guitar",
        [
            Part("dog", (0.25, 0.9, 0.42), strokes=(3, 5, 11)),
            Part("guitar", (0.75, 0.88, 0.5), strokes=(4, 8)),
        ],
    ),
    (
        "a green tractor comes closer on a farm",
        [Part("green tractor", (0.4, 0.6, 0.13), (0.6, 1.0, 0.7))],
    ),
    (
        "on the sea a boat and a speedboat",
        [
            Part("boat", (0.2, 0.72, 0.3), (0.35, 0.72, 0.3)),
            Part("speedboat", (0.95, 0.9, 0.24), (0.3, 0.66, 0.1)),
        ],
    ),
    ("a piano on a stage", [Part("piano", (0.45, 0.92, 0.5), strokes=(2, 4, 6, 9, 12))]),
    (
        "a loudspeaker in a room",
        [Part("loudspeaker", (0.5, 0.9, 0.55), strokes=(1, 3, 5, 7, 9, 11, 13))],
    ),
    (
        "in a forest a motorcycle comes closer",
        [Part("motorcycle", (0.52, 0.6, 0.14), (0.45, 1.0, 0.75))],
    ),
    (
        "an elephant moves away in a desert at dusk",
        [Part("elephant", (0.4, 0.98, 0.7), (0.55, 0.62, 0.16))],
    ),
    (
        "in the snow a white cat is in the middle",
        [Part("white cat", (0.5, 0.88, 0.42), heading=0.0)],
    ),
    (
        "in a concert hall an accordion and a violin and a saxophone",
        [
            Part("accordion", (0.2, 0.88, 0.42), strokes=(2, 6, 10)),
            Part("violin", (0.5, 0.85, 0.45), strokes=(3, 7)),
            Part("saxophone", (0.78, 0.9, 0.45), strokes=(5, 9)),
        ],
    ),
    (
        "in a field thunder and a lion",
        [
            Part("thunder", (0.25, 0.5, 0.42), span=(7, 15)),
            Part("lion", (0.7, 0.92, 0.42), facing="left", span=(0, 12)),
        ],
    ),
    ("a black cat in a room at night", []),
)


def layout_of(caption: str, parts: list[Part]) -> VideoSceneLayout:
    """Four seconds of these parts."""
    width, height = MINI_WH
    return VideoSceneLayout(
        frame_count=FRAMES,
        duration_s=4.0,
        width=width,
        height=height,
        caption=caption,
        objects=tuple(part.track(k) for k, part in enumerate(parts)),
    )


def conditions(caption: str, parts: list[Part]) -> FrameConditions:
    """What a backend is told; without parts, what the app makes of the caption."""
    layout = layout_of(caption, parts)
    if not parts:
        return conditions_for(place_mentioned(layout)[0], FRAMES, "mix")
    voices = np.stack([part.voice() for part in parts], 1)
    return conditions_for(layout, FRAMES, "mix", voices)


def draw_sheet(weights: Path, out: Path, device: str, schedule: Schedule, seed: int) -> None:
    """Render every case; write `sheet.webp`, with the boxes drawn over, and `clips.webp`."""
    model, strips, videos = load_mini(weights, device), [], []
    for caption, parts in CASES:
        start = time.time()
        given = conditions(caption, parts)
        video = model.decode(
            model.denoise(given, schedule, seed=seed, size=MINI_WH, kinds=("instance",))
        )
        print(f"{caption}: {time.time() - start:.1f} s", flush=True)
        strips.append(np.concatenate([_framed(video, given, f) for f in SHOWN], axis=1))
        videos.append(video)
    rows = len(strips) // COLUMNS
    columns = [np.concatenate(strips[k * rows : (k + 1) * rows]) for k in range(COLUMNS)]
    out.mkdir(parents=True, exist_ok=True)
    sheet = Image.fromarray(np.concatenate(columns, axis=1))
    small = sheet.resize((1280, round(1280 * sheet.height / sheet.width)), Image.Resampling.LANCZOS)
    small.save(out / "sheet.webp", quality=QUALITY["sheet"], method=6)
    _write_clips([videos[k] for k in MOVING], out / "clips.webp")


def _write_clips(videos: list[np.ndarray], path: Path) -> None:
    """Videos (F, H, W, 3) side by side, as a moving picture."""
    pictures = []
    for f in range(FRAMES):
        tiles = [cv2.resize(v[f], TILE_WH, interpolation=cv2.INTER_AREA) for v in videos]
        rows = [np.concatenate(tiles[k : k + ROW], axis=1) for k in range(0, len(tiles), ROW)]
        pictures.append(Image.fromarray(np.concatenate(rows)))
    first, *rest = pictures
    first.save(
        path,
        save_all=True,
        append_images=rest,
        duration=FRAME_MS,
        loop=0,
        quality=QUALITY["clips"],
        method=6,
    )


def _framed(video: np.ndarray, given: FrameConditions, frame: int) -> np.ndarray:
    """A frame with the boxes of what is there."""
    picture = np.ascontiguousarray(video[frame])
    for k in np.flatnonzero(given.present[frame]):
        x1, y1, x2, y2 = (round(float(v)) for v in given.boxes[frame, k] * [256, 160, 256, 160])
        cv2.rectangle(picture, (x1, y1), (x2, y2), OUTLINES[k], 1)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=Path("assets/mini"))
    parser.add_argument("--out", type=Path, default=Path("build"), help="folder")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--preset", default="default", choices=BACKENDS.get("mini").presets)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    schedule = BACKENDS.get("mini").presets[options.preset].schedule
    draw_sheet(options.weights, options.out, options.device, schedule, options.seed)


if __name__ == "__main__":
    main()
