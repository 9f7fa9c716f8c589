"""`make bench-generation` (on a GPU): the full-size model side by side with the stock pipeline.

Speed and memory do not depend on what the weights hold, so they are random, at the size of SD 1.5,
AnimateDiff v3 and GLIGEN: nothing is downloaded. One run, one table; ratios are against the stock
AnimateDiffPipeline, eager, 25 steps with guidance, 16 frames of 512x320.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import AnimateDiffPipeline, DDIMScheduler, UNetMotionModel

from spa2v_core.generation.backends.animatediff.backend import place
from spa2v_core.generation.composed import ComposedModel
from spa2v_core.generation.conditioning import FrameConditions
from spa2v_core.generation.grounding.attention import AttentionSteering
from spa2v_core.generation.grounding.energy import EnergyGuidance
from spa2v_core.generation.grounding.migc import MigcGrounding
from spa2v_core.generation.hardware import Execution
from spa2v_core.generation.schedule import Schedule
from spa2v_core.generation.unet import GroundedUNetMotionModel
from tests.generation import tiny_full

SIZE_WH, FRAMES = (512, 320), 16
WIDTHS, TEXT_DIM, HEADS = (320, 640, 1280, 1280), 768, 8
STOCK = Schedule(25, 7.5, 1.0, 0.4)
#: Floating-point operations of a guided step, measured with torch's counter; 25 of them are the
#: floor of the stock schedule at the rate of the card's own matrix product.
STEP_TFLOP = 21.2


@dataclass
class Row:
    name: str
    seconds: float
    peak_gib: float
    frames: np.ndarray | None


def parts(device: str, small: bool) -> dict:
    """Full-size parts with random weights (tiny ones with --small, to try the script)."""
    torch.manual_seed(0)
    if small:
        unet, motion = tiny_full.build_unet(), tiny_full.build_motion()
        vae, dim, layers, heads = tiny_full.build_vae(), tiny_full.TEXT_DIM, 2, 2
    else:
        with torch.device(device):
            unet = tiny_full.build_unet(WIDTHS, TEXT_DIM, HEADS)
            motion = tiny_full.build_motion(WIDTHS, HEADS)
            vae = tiny_full.build_vae((128, 256, 512, 512), layers=2)
        dim, layers, heads = TEXT_DIM, 12, 12
    folder = Path("/tmp/spa2v-bench-tokenizer")
    size = 190 if folder.exists() else tiny_full.write_tokenizer(folder)
    from transformers import CLIPTokenizer

    return {
        "unet": unet,
        "motion": motion,
        "vae": vae,
        "text_encoder": tiny_full.build_text_encoder(size, dim, layers, heads),
        "tokenizer": CLIPTokenizer.from_pretrained(folder),
    }


def pipeline(built: dict, kind: type, device: str, dtype: torch.dtype) -> AnimateDiffPipeline:
    pipe = AnimateDiffPipeline(
        vae=built["vae"],
        text_encoder=built["text_encoder"],
        tokenizer=built["tokenizer"],
        unet=kind.from_unet2d(built["unet"], built["motion"]),
        motion_adapter=built["motion"],
        scheduler=DDIMScheduler(
            beta_schedule="linear",
            beta_start=0.00085,
            beta_end=0.012,
            clip_sample=False,
            timestep_spacing="linspace",
            steps_offset=1,
        ),
    )
    for module in (pipe.unet, pipe.vae, pipe.text_encoder):
        module.requires_grad_(False).eval()
    pipe.set_progress_bar_config(disable=True)
    return pipe.to(device, dtype)


def conditions(frames: int) -> FrameConditions:
    """A car that crosses and a dog that stays."""
    x = np.linspace(0.1, 0.7, frames)
    car = np.stack([x - 0.1, np.full(frames, 0.4), x + 0.2, np.full(frames, 0.75)], 1)
    dog = np.tile([0.05, 0.55, 0.3, 0.95], (frames, 1))
    return FrameConditions(
        "a red car and a dog on a road",
        ["a red car and a dog on a road"] * frames,
        ["red car", "dog"],
        np.stack([car, dog], 1).astype(np.float32),
        np.ones((frames, 2), bool),
        np.ones((frames, 2), np.float32),
    )


class Bench:
    def __init__(self, small: bool, repeats: int) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.dtype = torch.float16 if self.device == "cuda" else torch.float32
        self.small, self.repeats = small, repeats
        self.rows: list[Row] = []

    def measure(self, name: str, render: Callable[[], np.ndarray], repeats: int = 0) -> Row:
        """Median seconds after one warm-up; peak memory of the renders."""
        render()
        if self.device == "cuda":
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        seconds = []
        for _ in range(repeats or self.repeats):
            start = time.perf_counter()
            frames = render()
            seconds.append(time.perf_counter() - start)
        peak = torch.cuda.max_memory_allocated() / 2**30 if self.device == "cuda" else 0.0
        row = Row(name, sorted(seconds)[len(seconds) // 2], peak, frames)
        self.rows.append(row)
        print(f"{name}: {row.seconds:.3f} s, {peak:.2f} GiB", flush=True)
        return row


def stock_render(pipe: AnimateDiffPipeline, steps: int) -> Callable[[], np.ndarray]:
    def render() -> np.ndarray:
        return pipe(
            prompt="a red car and a dog on a road",
            negative_prompt="",
            num_frames=FRAMES,
            width=SIZE_WH[0],
            height=SIZE_WH[1],
            num_inference_steps=steps,
            guidance_scale=7.5,
            generator=torch.Generator("cpu").manual_seed(0),
            output_type="np",
        ).frames[0]

    return render


def own_render(
    model: ComposedModel,
    schedule: Schedule,
    kinds: tuple[str, ...] = ("gligen",),
    frames: int = FRAMES,
    chunk: int = 4,
) -> Callable[[], np.ndarray]:
    given = conditions(frames)

    def render() -> np.ndarray:
        latents = model.denoise(given, schedule, seed=0, size=SIZE_WH, kinds=kinds)
        return model.decode(latents, chunk)

    return render


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def compose(bench: Bench) -> ComposedModel:
    pipe = pipeline(
        parts(bench.device, bench.small), GroundedUNetMotionModel, bench.device, bench.dtype
    )

    def gligen() -> torch.nn.Module:
        torch.manual_seed(1)
        return tiny_full.build_gligen(pipe.unet).to(bench.device, bench.dtype)

    def migc() -> torch.nn.Module:
        torch.manual_seed(1)
        return MigcGrounding().to(bench.device, bench.dtype).eval().requires_grad_(False)

    makers = {
        "gligen": gligen,
        "attention": AttentionSteering,
        "energy": EnergyGuidance,
        "migc": migc,
    }
    return ComposedModel(pipe, makers)


def matrix_rate() -> float:
    """TFLOP/s of an 8192-cubed half-precision product on this card."""
    a = torch.randn(8192, 8192, device="cuda", dtype=torch.float16)
    for _ in range(3):
        a @ a
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(10):
        a @ a
    torch.cuda.synchronize()
    return 10 * 2 * 8192**3 / (time.perf_counter() - start) / 1e12


def run_stock(bench: Bench) -> None:
    """What every other row is compared with."""
    pipe = pipeline(parts(bench.device, bench.small), UNetMotionModel, bench.device, bench.dtype)
    bench.measure("stock AnimateDiffPipeline, eager", stock_render(pipe, STOCK.steps))


def run_eager(bench: Bench) -> None:
    """Everything that runs without compiling."""
    model = compose(bench)
    bench.measure("ours, no grounding", own_render(model, replace(STOCK, grounding_share=0), ()))
    bench.measure("default: GLIGEN for 40%", own_render(model, STOCK))
    truncated = replace(STOCK, guidance_share=0.6)
    bench.measure("+ guided for 60% only", own_render(model, truncated))
    bench.measure("+ inner features kept", own_render(model, replace(truncated, cache=True)))
    bench.measure("preset draft (12 steps)", own_render(model, Schedule(12, 7.5, 0.6, 0.4, True)))
    bench.measure("preset fast (4 steps)", own_render(model, Schedule(4, 1.0, 0, 0.5)))
    bench.measure("32 frames in windows", own_render(model, STOCK, frames=32), repeats=1)
    bench.measure("attention steering for 40%", own_render(model, STOCK, ("attention",)))
    bench.measure("energy for 40%", own_render(model, STOCK, ("energy",)), repeats=1)
    if not bench.small:
        fresh = compose(bench)
        half = replace(STOCK, grounding_share=0.5)
        bench.measure("MIGC for 50%", own_render(fresh, half, ("migc",)), repeats=1)


def run_low_memory(bench: Bench) -> None:
    """Text encoder and decoder on the card only while they work, one frame decoded at a time."""
    if bench.device == "cpu":
        return
    model = compose(bench)
    model.pipeline.to("cpu")
    torch.cuda.empty_cache()
    place(model.pipeline, Execution("cuda", "float16", offload=True))
    render = own_render(model, replace(STOCK, guidance_share=0.6), chunk=1)
    bench.measure("preset low memory", render, repeats=1)


def run_compiled(bench: Bench, whole: bool) -> None:
    """The default, compiled by region or as a whole, against itself run eagerly."""
    model = compose(bench)
    schedule = STOCK
    eager = own_render(model, schedule)()
    start = time.perf_counter()
    unet = model.pipeline.unet
    torch._dynamo.config.recompile_limit = 64  # by region there is a variant for every width
    unet._repeated_blocks = ("BasicTransformerBlock", "ResnetBlock2D")
    unet.compile() if whole else unet.compile_repeated_blocks()
    how = "whole UNet" if whole else "by region"
    row = bench.measure(f"default, compiled {how}", own_render(model, schedule))
    compiling = time.perf_counter() - start - bench.repeats * row.seconds
    print(f"compiled {how}: first render {compiling:.0f} s, PSNR {psnr(row.frames, eager):.1f} dB")
    row.name += f" (PSNR to eager {psnr(row.frames, eager):.1f} dB, first render {compiling:.0f} s)"


def table(bench: Bench) -> str:
    stock = bench.rows[0]
    lines = ["| | seconds | of stock | peak GiB |", "|---|---|---|---|"]
    for row in bench.rows:
        share = row.seconds / stock.seconds
        lines.append(f"| {row.name} | {row.seconds:.2f} | {share:.2f} | {row.peak_gib:.2f} |")
    if bench.device == "cuda" and not bench.small:
        rate = matrix_rate()
        floor = 25 * STEP_TFLOP / rate
        lines.append(
            f"| floor of the stock schedule: arithmetic at {rate:.0f} TFLOP/s | {floor:.2f} | "
            f"{floor / stock.seconds:.2f} | |"
        )
    return "\n".join(lines)


#: What is measured after the stock pipeline, by its name in --only. Compiling takes minutes.
RUNS: dict[str, Callable[[Bench], None]] = {
    "eager": run_eager,
    "memory": run_low_memory,
    "regions": lambda bench: run_compiled(bench, whole=False),
    "whole": lambda bench: run_compiled(bench, whole=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="tiny parts, to try the script")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=RUNS, default=list(RUNS), help="not all")
    parser.add_argument("--out", type=Path, help="JSON of the figures")
    options = parser.parse_args()
    bench = Bench(options.small, options.repeats)
    with torch.no_grad():
        run_stock(bench)
        for name in options.only:
            RUNS[name](bench)
    print(table(bench))
    if options.out:
        figures = [(row.name, row.seconds, row.peak_gib) for row in bench.rows]
        options.out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
