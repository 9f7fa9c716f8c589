"""A contact sheet of fixed layouts, drawn by the weights in a folder: nothing is picked.

python -m spa2v_core.training.mini.sheet --weights assets/mini --out build/sheet.png
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from ...generation.backends.mini.backend import conditions_for, load_mini
from ...generation.conditioning import FrameConditions
from ...generation.registry import BACKENDS
from ...generation.schedule import Schedule
from ...layout import VideoSceneLayout
from ...layout.picture import MINI_WH
from ...planning.caption_planner import place_mentioned
from ..world.choreography import FRAMES

SHOWN = (0, 5, 10, 15)
COLUMNS = 2
COLOURS = ((255, 40, 40), (40, 220, 40), (60, 110, 255))
#: caption, then per object: phrase, facing, first box, last box, and, if it is not there all the
#: time, its first and last frame. The last case has no boxes: they come from the caption.
CASES: tuple[tuple[str, list[tuple]], ...] = (
    ("a red car on a road", [("red car", 1, (-0.1, 0.4, 0.25, 0.78), (0.75, 0.4, 1.1, 0.78))]),
    ("a bus on a city street", [("bus", -1, (0.35, 0.45, 0.55, 0.65), (0.2, 0.2, 0.8, 0.98))]),
    ("a train in a field", [("train", -1, (0.2, 0.2, 0.75, 0.98), (0.47, 0.45, 0.64, 0.68))]),
    (
        "a dog and a guitar in a room",
        [
            ("dog", 1, (0.1, 0.45, 0.4, 0.9), (0.1, 0.45, 0.4, 0.9)),
            ("guitar", 1, (0.6, 0.35, 0.9, 0.88), (0.6, 0.35, 0.9, 0.88)),
        ],
    ),
    (
        "a taxi and a police car on a city street at night",
        [
            ("taxi", 1, (0.0, 0.42, 0.28, 0.72), (0.75, 0.42, 1.03, 0.72)),
            ("police car", -1, (0.7, 0.6, 1.0, 0.95), (-0.05, 0.6, 0.25, 0.95)),
        ],
    ),
    ("a piano on a stage", [("piano", 1, (0.08, 0.4, 0.4, 0.9), (0.08, 0.4, 0.4, 0.9))]),
    ("an airplane in the sky", [("airplane", -1, (0.75, 0.2, 1.0, 0.6), (0.0, 0.1, 0.25, 0.5))]),
    (
        "a man and a woman on a stage",
        [
            ("man", 1, (0.2, 0.35, 0.38, 0.85), (0.2, 0.35, 0.38, 0.85)),
            ("woman", -1, (0.55, 0.35, 0.8, 0.85), (0.55, 0.35, 0.8, 0.85)),
        ],
    ),
    ("a loudspeaker in a room", [("loudspeaker", 1, (0.3, 0.45, 0.6, 0.9), (0.4, 0.45, 0.7, 0.9))]),
    ("a blue car on a beach", [("blue car", -1, (0.7, 0.5, 1.0, 0.85), (0.1, 0.5, 0.4, 0.85))]),
    (
        "a cat, a violin and a bell in a field",
        [
            ("cat", 1, (0.05, 0.5, 0.3, 0.9), (0.3, 0.5, 0.55, 0.9)),
            ("violin", 1, (0.4, 0.4, 0.62, 0.8), (0.4, 0.4, 0.62, 0.8)),
            ("bell", 1, (0.75, 0.1, 0.92, 0.42), (0.75, 0.1, 0.92, 0.42)),
        ],
    ),
    ("a horse in a forest", [("horse", -1, (0.6, 0.4, 0.95, 0.95), (0.05, 0.4, 0.4, 0.95))]),
    (
        "a yellow taxi on a city street at dusk",
        [("yellow taxi", -1, (0.72, 0.5, 1.02, 0.86), (0.05, 0.5, 0.35, 0.86))],
    ),
    (
        "a big brown dog in the snow",
        [("brown dog", 1, (0.1, 0.4, 0.45, 0.92), (0.5, 0.4, 0.85, 0.92))],
    ),
    (
        "in a forest a parrot and a monkey",
        [
            ("parrot", 1, (0.12, 0.35, 0.32, 0.78), (0.12, 0.35, 0.32, 0.78)),
            ("monkey", -1, (0.6, 0.45, 0.9, 0.92), (0.6, 0.45, 0.9, 0.92)),
        ],
    ),
    (
        "on a highway a truck and a white car and a motorcycle",
        [
            ("truck", -1, (0.6, 0.38, 0.98, 0.78), (0.1, 0.38, 0.48, 0.78)),
            ("white car", 1, (-0.1, 0.5, 0.24, 0.86), (0.72, 0.5, 1.06, 0.86)),
            ("motorcycle", 1, (0.0, 0.7, 0.26, 0.98), (0.5, 0.7, 0.76, 0.98)),
        ],
    ),
    (
        "in a kitchen a kettle and a radio",
        [
            ("kettle", 1, (0.12, 0.52, 0.36, 0.9), (0.12, 0.52, 0.36, 0.9)),
            ("radio", 1, (0.6, 0.5, 0.86, 0.9), (0.6, 0.5, 0.86, 0.9)),
        ],
    ),
    (
        "an elephant comes closer in a desert at night",
        [("elephant", 1, (0.3, 0.45, 0.44, 0.62), (0.3, 0.25, 0.85, 0.97))],
    ),
    ("a speedboat in a harbour", [("speedboat", 1, (-0.3, 0.5, 0.1, 0.88), (0.9, 0.5, 1.3, 0.88))]),
    (
        "in a field thunder and a lion",
        [
            ("thunder", 1, (0.1, 0.05, 0.38, 0.5), (0.1, 0.05, 0.38, 0.5), (7, 15)),
            ("lion", 1, (0.6, 0.5, 0.86, 0.92), (0.6, 0.5, 0.86, 0.92), (0, 12)),
        ],
    ),
    (
        "on a farm a green tractor and a cow",
        [
            ("cow", 1, (0.12, 0.42, 0.42, 0.85), (0.12, 0.42, 0.42, 0.85)),
            ("green tractor", -1, (0.95, 0.5, 1.4, 0.98), (0.35, 0.5, 0.8, 0.98)),
        ],
    ),
    (
        "a train comes closer at a station",
        [("train", 1, (0.2, 0.42, 0.4, 0.7), (0.35, 0.15, 0.98, 0.94))],
    ),
    (
        "in a concert hall an accordion and a violin and a drum",
        [
            ("accordion", 1, (0.08, 0.42, 0.34, 0.85), (0.08, 0.42, 0.34, 0.85)),
            ("violin", 1, (0.38, 0.36, 0.62, 0.8), (0.38, 0.36, 0.62, 0.8)),
            ("drum", 1, (0.64, 0.5, 0.9, 0.92), (0.64, 0.5, 0.9, 0.92)),
        ],
    ),
    ("a black cat in a room at night", []),
)


def conditions(caption: str, objects: list[tuple]) -> FrameConditions:
    """Straight paths between the objects' first and last boxes; without objects, what the app
    makes of the caption."""
    if not objects:
        width, height = MINI_WH
        layout = VideoSceneLayout(
            frame_count=FRAMES, duration_s=4.0, width=width, height=height, caption=caption
        )
        return conditions_for(place_mentioned(layout)[0], FRAMES, "mix")
    t = np.linspace(0, 1, FRAMES)[:, None, None]
    count = len(objects)
    first, last = (
        np.array([o[i] for o in objects], np.float32).reshape(1, count, 4) for i in (2, 3)
    )
    present = np.zeros((FRAMES, count), bool)
    for k, (start, end) in enumerate(o[4] if len(o) > 4 else (0, FRAMES - 1) for o in objects):
        present[start : end + 1, k] = True
    facing = np.array([o[1] for o in objects], np.float32)
    return FrameConditions(
        caption,
        [caption] * FRAMES,
        [o[0] for o in objects],
        (first * (1 - t) + last * t).astype(np.float32),
        present,
        np.tile(facing, (FRAMES, 1)),
    )


def draw_sheet(weights: Path, out: Path, device: str, schedule: Schedule, seed: int) -> None:
    """Render every case and write the sheet, with the boxes drawn over."""
    model, strips = load_mini(weights, device), []
    for caption, objects in CASES:
        start = time.time()
        given = conditions(caption, objects)
        video = model.decode(
            model.denoise(given, schedule, seed=seed, size=MINI_WH, kinds=("instance",))
        )
        print(f"{caption}: {time.time() - start:.1f} s", flush=True)
        strips.append(np.concatenate([_framed(video, given, f) for f in SHOWN], axis=1))
    rows = len(strips) // COLUMNS
    columns = [np.concatenate(strips[k * rows : (k + 1) * rows]) for k in range(COLUMNS)]
    out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(out), np.concatenate(columns, axis=1)[..., ::-1])


def _framed(video: np.ndarray, given: FrameConditions, frame: int) -> np.ndarray:
    """A frame with the boxes of what is there."""
    picture = np.ascontiguousarray(video[frame])
    for k in np.flatnonzero(given.present[frame]):
        x1, y1, x2, y2 = (round(float(v)) for v in given.boxes[frame, k] * [256, 160, 256, 160])
        cv2.rectangle(picture, (x1, y1), (x2, y2), COLOURS[k], 1)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=Path("assets/mini"))
    parser.add_argument("--out", type=Path, default=Path("build/sheet.png"))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--preset", default="default", choices=BACKENDS.get("mini").presets)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    schedule = BACKENDS.get("mini").presets[options.preset].schedule
    draw_sheet(options.weights, options.out, options.device, schedule, options.seed)


if __name__ == "__main__":
    main()
