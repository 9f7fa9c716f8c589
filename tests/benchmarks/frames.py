"""`make bench-frames`: interpolated frames against the true ones that were left out.

Clips of the mini model's world are drawn whole; every second frame (or three of four) is left out
and made again. PSNR in dB over the picture and inside the objects' boxes, mean over the frames.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spa2v_core.generation.frames import Between, covered
from spa2v_core.layout import Box
from spa2v_core.training.mini import models
from spa2v_core.training.world.sprites import SPRITES, fetched_pack
from spa2v_core.training.world.toys.views import draw_views
from spa2v_core.training.world.world import World

CLIPS, SEED = 24, 4
Moves = list[tuple[Box | None, Box | None]]
METHODS: dict[str, Callable[[np.ndarray, np.ndarray, Moves], np.ndarray]] = {
    "the frame before": lambda a, b, moves: a,
    "cross-fade": lambda a, b, moves: ((a.astype(float) + b) / 2).astype(np.uint8),
    "flow alone": lambda a, b, moves: Between(a, b, []).at(0.5),
    "flow led by the boxes": lambda a, b, moves: Between(a, b, moves).at(0.5),
}


def psnr(made: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float:
    error = np.square(made.astype(float) - truth)[where].mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def box(xyxy: np.ndarray, present: float) -> Box | None:
    return Box(*map(float, xyxy)) if present > 0 else None


def measure(step: int, clips: tuple[np.ndarray, ...]) -> dict[str, list[tuple[float, float]]]:
    """Per method (whole picture, inside boxes) of each frame in the middle of `step`."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in METHODS}
    for frames, boxes, present in zip(*clips, strict=True):
        for first in range(0, len(frames) - step, step):
            middle, last = first + step // 2, first + step
            at = [
                [box(xyxy, there) for xyxy, there in zip(boxes[k], present[k], strict=True)]
                for k in (first, middle, last)
            ]
            inside = covered(at[1], frames.shape[1:3]) > 0.5
            if not inside.any():
                continue
            everywhere = np.ones_like(inside)
            for name, method in METHODS.items():
                made = method(frames[first], frames[last], list(zip(at[0], at[2], strict=True)))
                truth = frames[middle]
                found[name].append((psnr(made, truth, everywhere), psnr(made, truth, inside)))
    return found


def main() -> None:
    views = draw_views(fetched_pack(), SPRITES.parent)
    world = World(views, models.build_tokenizer(), "cpu", SEED, backgrounds=2)
    drawn = world.clips(CLIPS)
    frames = (drawn.frames.permute(0, 1, 3, 4, 2).numpy() * 255).round().astype(np.uint8)
    clips = (frames, drawn.boxes.numpy(), drawn.present.numpy())
    print("| | 1 of 2 left out: picture | in boxes | 3 of 4: picture | in boxes |")
    print("|---|---|---|---|---|")
    tables = [measure(step, clips) for step in (2, 4)]
    for name in METHODS:
        means = [np.mean(table[name], axis=0) for table in tables]
        print(
            f"| {name} | " + " | ".join(f"{value:.1f}" for pair in means for value in pair) + " |"
        )


if __name__ == "__main__":
    main()
