"""`make bench-mini`: does the mini model obey, on fixed layouts of its world; what does it cost?

The pictures of the world are fetched first if they are not there (npm). Everything is seeded; the
layouts are none of training's. IoU and class by a detector that was trained on real clips of the
world (`spa2v_core/training/mini/detector.py`); its ceiling is what it says of real clips.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from diffusers.models.unets.unet_motion_model import AnimateDiffTransformer3D

from spa2v_core.generation.backends.mini.backend import WEIGHTS, load_mini
from spa2v_core.generation.composed import ComposedModel
from spa2v_core.generation.registry import BACKENDS
from spa2v_core.generation.schedule import Schedule
from spa2v_core.layout.picture import MINI_WH
from spa2v_core.training.mini import detector as detectors
from spa2v_core.training.mini.judging import Case, Verdict, fixed_cases, frechet, judge, reproduced
from spa2v_core.training.mini.models import build_tokenizer
from spa2v_core.training.world.sprites import SPRITES, fetched_pack
from spa2v_core.training.world.toys.views import draw_views
from spa2v_core.training.world.world import World
from tests.benchmarks.rhythm import rhythm

LAYOUTS, ABLATED, SEED = 104, 32, 2024
#: What the mini model does when it is asked for more steps: the mode that others are held against.
SLOW = Schedule(15, 1.0)
#: The first version's default: ten steps, half of them guided.
FIRST = Schedule(10, 3.0, guidance_share=0.5)
PRESETS = BACKENDS.get("mini").presets
REPEATS = 3

Video = Callable[[Case], np.ndarray]


def drawn(
    model: ComposedModel,
    schedule: Schedule,
    kinds: tuple[str, ...] = ("instance",),
    chunk: int = 1,
) -> Video:
    def video(case: Case) -> np.ndarray:
        latents = model.denoise(case.conditions, schedule, seed=SEED, size=MINI_WH, kinds=kinds)
        return model.decode(latents, chunk)

    return video


@contextmanager
def without_motion(model: ComposedModel) -> Iterator[None]:
    """While in the block, motion modules pass on what they get."""
    modules = [m for m in model.pipeline.unet.modules() if isinstance(m, AnimateDiffTransformer3D)]
    for module in modules:
        module.forward = lambda hidden_states, *args, **kwargs: hidden_states
    try:
        yield
    finally:
        for module in modules:
            del module.forward


class Bench:
    def __init__(self, weights: Path, detector: Path, layouts: int, device: str) -> None:
        views = draw_views(fetched_pack(), SPRITES.parent)
        world = World(views, build_tokenizer(), "cpu", SEED, backgrounds=10)
        self.cases = fixed_cases(world, layouts)
        self.model = load_mini(weights, device)
        self.detector = detectors.Detector.from_pretrained(detector).float().to(device).eval()
        self.truth = self.verdicts(reproduced(self.model, case.real) for case in self.cases)
        self.rows: dict[str, dict[str, float | None]] = {}
        self.note("real clips, as drawn", self.verdicts(case.real for case in self.cases))
        self.note("real clips, through the autoencoder: the ceiling", self.truth)

    def verdicts(self, videos: Iterator[np.ndarray]) -> list[Verdict]:
        return [judge(self.detector, v, case) for v, case in zip(videos, self.cases, strict=False)]

    def measure(self, name: str, video: Video, count: int | None = None) -> None:
        """One row: the figures of `video` on the first `count` cases."""
        self.note(name, self.verdicts(video(case) for case in self.cases[:count]))

    def note(self, name: str, verdicts: list[Verdict]) -> None:
        truth = self.truth[: len(verdicts)]
        ours, theirs = (np.array([v.features for v in part]) for part in (verdicts, truth))
        row = {
            "layouts": len(verdicts),
            "iou": float(np.mean([x for v in verdicts for x in v.ious])),
            "class": float(np.mean([x for v in verdicts for x in v.right])),
            "heading": float(np.mean([x for v in verdicts for x in v.turned])),
            "flicker": float(np.mean([v.flicker for v in verdicts])),
            "sharpness": float(np.mean([v.sharpness for v in verdicts]))
            / float(np.mean([v.sharpness for v in truth])),
            # Too few clips say nothing about the spread of features.
            "frechet": frechet(ours, theirs) if len(verdicts) >= LAYOUTS else None,
        }
        self.rows[name] = row
        distance = "" if row["frechet"] is None else f"{row['frechet']:.1f}"
        print(
            f"| {name} | {row['layouts']} | {row['iou']:.3f} | {row['class']:.1%} | "
            f"{row['heading']:.1%} | "
            f"{row['flicker']:.2f} | {row['sharpness']:.2f} | {distance} |",
            flush=True,
        )


def obedience(weights: Path, detector: Path, layouts: int, device: str, out: Path | None) -> None:
    """All layouts for the presets, a part of them for the ablation."""
    print("| | layouts | IoU | class | heading | flicker | sharpness | distance |")
    print("|---|---|---|---|---|---|---|---|")
    bench = Bench(weights, detector, layouts, device)
    model, default = bench.model, PRESETS["default"].schedule
    bench.measure("default", drawn(model, default))
    bench.measure("draft", drawn(model, PRESETS["draft"].schedule))
    bench.measure(f"slow: {SLOW.steps} steps", drawn(model, SLOW))
    with without_motion(model):
        bench.measure("base only", drawn(model, default, ()), ABLATED)
        bench.measure("base + grounding", drawn(model, default), ABLATED)
    bench.measure("base + motion", drawn(model, default, ()), ABLATED)
    bench.measure("base + grounding + motion", drawn(model, default), ABLATED)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(bench.rows, indent=1) + "\n")


def first_version(model: ComposedModel) -> Video:
    """Drawing as in the first version: its steps, fp32, backgrounds as they come, decoding by 4."""
    return drawn(replace(model, bf16=False, still=False), FIRST, chunk=4)


COSTS: dict[str, Callable[[ComposedModel], Video]] = {
    "first version": first_version,
    "default": lambda model: drawn(model, PRESETS["default"].schedule),
    "draft": lambda model: drawn(model, PRESETS["draft"].schedule),
    "default, fp32": lambda model: drawn(replace(model, bf16=False), PRESETS["default"].schedule),
    "draft, fp32": lambda model: drawn(replace(model, bf16=False), PRESETS["draft"].schedule),
}


def once(weights: Path, kind: str) -> None:
    """Load, draw an example once to warm up and then REPEATS times; prints a JSON line."""
    from spa2v_core.training.mini.sheet import CASES, conditions

    start = time.perf_counter()
    model = load_mini(weights)
    loading = time.perf_counter() - start
    draw, case = COSTS[kind](model), Case(conditions(*CASES[3]), [], np.zeros(0))
    seconds = []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        draw(case)
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps([loading, sorted(seconds[1:])[REPEATS // 2], peak]))


def cost(weights: Path) -> None:
    """Seconds and memory of 16 frames on this CPU, each kind in a process of its own."""
    print(f"\n| 16 frames, {os.cpu_count()} CPU cores | load s | draw s | of first | peak GB |")
    print("|---|---|---|---|---|")
    first = 0.0
    for kind in COSTS:
        arguments = ["--once", kind, "--weights", str(weights)]
        command = [sys.executable, "-m", "tests.benchmarks.mini", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        loading, seconds, peak = json.loads(done.stdout.splitlines()[-1])
        first = first or seconds
        share = seconds / first
        print(f"| {kind} | {loading:.1f} | {seconds:.1f} | {share:.2f} | {peak:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--detector", type=Path, default=detectors.WEIGHTS)
    parser.add_argument("--layouts", type=int, default=LAYOUTS)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", choices=("obedience", "cost", "rhythm"), help="one part of it")
    parser.add_argument("--work", type=Path, default=Path("build/tagger"), help="of sounds")
    parser.add_argument("--once", help="internal: time one kind and print it")
    parser.add_argument("--out", type=Path, help="JSON of the figures")
    options = parser.parse_args()
    if options.once:
        once(options.weights, options.once)
        return
    parts: dict[str, Callable[[], None]] = {
        "obedience": lambda: obedience(
            options.weights, options.detector, options.layouts, options.device, options.out
        ),
        "rhythm": lambda: rhythm(options.weights, options.work),
        "cost": lambda: cost(options.weights),
    }
    for name in [options.only] if options.only else parts:
        parts[name]()


if __name__ == "__main__":
    main()
