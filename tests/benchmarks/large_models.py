"""`make bench-generation MODELS=1` (on a GPU): VACE and LTX-2 beside their stock pipelines.

Speed and memory do not depend on what the weights hold, so they are random, at the size of VACE
1.3B and LTX-2.3 (their text encoders are tiny, for a prompt is encoded once): nothing is
downloaded. Ratios are against the stock pipeline of the same model; the floor is its arithmetic at
the rate of the card's own matrix product.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import (
    AutoencoderKLLTX2Audio,
    AutoencoderKLLTX2Video,
    AutoencoderKLWan,
    LTX2VideoTransformer3DModel,
    WanVACETransformer3DModel,
)
from diffusers.pipelines.ltx2 import LTX2TextConnectors
from torch.utils.flop_counter import FlopCounterMode

from spa2v_core.generation.backends.ltx.model import TEXT_TOKENS as LTX_TOKENS
from spa2v_core.generation.backends.ltx.model import Given, LtxModel, guidance
from spa2v_core.generation.backends.wan.control import Control
from spa2v_core.generation.backends.wan.model import WanModel
from spa2v_core.generation.cache import free_memory
from spa2v_core.generation.controls.outlines import outlines
from spa2v_core.generation.full_size.card import FITS, Fit, arrange, compile_blocks
from spa2v_core.generation.grounding.wan_boxes import TEXT_TOKENS, GroundedPrompt, ground_prompt
from spa2v_core.generation.schedule import LtxSchedule, WanSchedule
from tests.benchmarks.generation import Bench, conditions, matrix_rate
from tests.generation import tiny_ltx, tiny_wan

PROMPT, NEGATIVE = "a red car on the road and a dog", "blue rain"


@dataclass(frozen=True)
class Size:
    """What is rendered: pixels, frames, steps."""

    wh: tuple[int, int]
    frames: int
    steps: int


VACE, LTX, LARGE = Size((768, 480), 81, 30), Size((512, 320), 121, 30), Size((1024, 640), 121, 30)
SMALL_VACE, SMALL_LTX = Size(tiny_wan.SIZE_WH, 9, 2), Size(tiny_ltx.SIZE_WH, 17, 2)
#: What can be measured: the models on the card, the ways to fit it, compiled by region.
PARTS = ("plain", "kept", "compiled")


def vace_pipeline(bench: Bench, fit: Fit) -> Any:
    """Of VACE 1.3B's size, in bf16 with the VAE in fp32, kept as `fit` says."""
    pipe = tiny_wan.build_vace_pipeline()
    if not bench.small:
        with torch.device(bench.device):
            pipe.vae = AutoencoderKLWan().eval()
            pipe.transformer = WanVACETransformer3DModel(
                num_attention_heads=12,
                ffn_dim=8960,
                num_layers=30,
                text_dim=tiny_wan.TEXT_DIM,
                vace_layers=list(range(0, 30, 2)),
            ).to(torch.bfloat16)
        pipe.transformer.eval()
        pipe.text_encoder.to(torch.bfloat16)
    arrange(pipe, fit, bench.device)
    return pipe


def ltx_pipeline(bench: Bench, fit: Fit) -> Any:
    """Of LTX-2.3's size, in bf16, kept as `fit` says."""
    pipe = tiny_ltx.build_pipeline()
    if bench.small:
        return pipe
    torch.set_default_dtype(torch.bfloat16)  # 22 B in fp32 would not fit for a moment
    try:
        with torch.device(bench.device):  # a CPU takes minutes for 22 B of random numbers
            parts = {
                "transformer": LTX2VideoTransformer3DModel(rope_type="split", **tiny_ltx.NEWER),
                "vae": AutoencoderKLLTX2Video(
                    spatial_compression_ratio=32, temporal_compression_ratio=8
                ),
                "audio_vae": AutoencoderKLLTX2Audio(),
                "connectors": LTX2TextConnectors(
                    caption_channels=tiny_ltx.TEXT_DIM,
                    text_proj_in_factor=3,
                    video_connector_num_attention_heads=32,
                    audio_connector_num_attention_heads=32,
                    audio_connector_attention_head_dim=64,
                    per_modality_projections=True,
                    rope_type="split",
                ),
            }
    finally:
        torch.set_default_dtype(torch.float32)
    kept = {name: getattr(pipe, name) for name in ("scheduler", "tokenizer", "vocoder")}
    full = type(pipe)(
        text_encoder=pipe.text_encoder.to(torch.bfloat16),
        **kept,
        **{name: part.eval() for name, part in parts.items()},
    )
    full.set_progress_bar_config(disable=True)
    if fit.aside:
        full.to("cpu")
    arrange(full, fit, bench.device)
    return full


def run_vace(bench: Bench, size: Size) -> tuple[str, float]:
    """Rows of VACE; the name of the stock row and its TFLOP."""
    given = conditions(size.frames)
    pipe = vace_pipeline(bench, FITS[0])
    schedule = WanSchedule(size.steps, 5.0, grounding_share=0.0)
    control = Control(outlines(given, size.wh))
    texts = WanModel(pipe).texts.encode_prompt(
        PROMPT, NEGATIVE, True, max_sequence_length=TEXT_TOKENS, device=bench.device
    )

    def stock(steps: int = size.steps) -> np.ndarray:
        return pipe(
            prompt_embeds=texts[0],
            negative_prompt_embeds=texts[1],
            width=size.wh[0],
            height=size.wh[1],
            num_frames=size.frames,
            num_inference_steps=steps,
            guidance_scale=5.0,
            generator=torch.Generator().manual_seed(0),
            output_type="np",
            **control.arguments(),
        ).frames[0]

    name = f"stock WanVACEPipeline, {_words(size)}"
    bench.measure(name, stock)
    flops = _tflop(lambda: stock(1), lambda: stock(2), size.steps)
    model, draft = WanModel(pipe), np.zeros((size.frames, *size.wh[::-1], 3), np.uint8)

    def ours(name: str, schedule: WanSchedule, **what: Any) -> None:
        bench.measure(f"vace: {name}", lambda: vace_frames(model, size, schedule, **what))

    ours("outlines", schedule)
    ours("+ boxes for 40%", replace(schedule, grounding_share=0.4))
    ours("+ time-to-move", schedule, held=draft)
    ours("guided for 80% (default)", replace(schedule, guidance_share=0.8))
    return name, flops


def vace_frames(model: WanModel, size: Size, schedule: WanSchedule, **what: Any) -> np.ndarray:
    """(F, H, W, 3) uint8 of VACE, shown the layout."""
    given = conditions(size.frames)
    prompt = ground_prompt(PROMPT, [], tiny_wan.OBJECTS, model.pipeline.tokenizer)
    control = Control(outlines(given, size.wh))
    return model.decode(
        model.denoise(prompt, given, schedule, seed=0, size=size.wh, control=control, **what)
    )


def run_ltx(bench: Bench, size: Size) -> tuple[str, float]:
    """Rows of LTX-2; the name of the stock row and its TFLOP."""
    pipe = ltx_pipeline(bench, FITS[0])
    schedule, rate = LtxSchedule(size.steps, 3.0), tiny_ltx.RATE

    def stock(steps: int = size.steps) -> np.ndarray:
        latents = pipe(
            prompt=PROMPT,
            negative_prompt=NEGATIVE,
            width=size.wh[0],
            height=size.wh[1],
            num_frames=size.frames,
            frame_rate=rate,
            num_inference_steps=steps,
            generator=torch.Generator().manual_seed(0),
            output_type="latent",
            return_dict=False,
            **guidance(schedule, False),
        )[0]
        return model.decode(latents)

    model = LtxModel(pipe)  # off, it is the stock pipeline
    name = f"stock LTX2InContextPipeline, {_words(size)}"
    bench.measure(name, stock)
    flops = _tflop(lambda: stock(1), lambda: stock(2), size.steps)
    draft = np.zeros((size.frames, *size.wh[::-1], 3), np.uint8)

    def ours(name: str, schedule: LtxSchedule, **what: Any) -> None:
        bench.measure(f"ltx: {name}", lambda: ltx_frames(model, size, schedule, **what))

    told = ground_prompt(PROMPT, [], tiny_wan.OBJECTS, pipe.tokenizer, most=LTX_TOKENS)
    ours("hears the recording", schedule)
    ours("+ boxes for 40%", replace(schedule, grounding_share=0.4), told=told)
    ours("+ time-to-move", schedule, held=draft)
    quick = LtxSchedule(8, 1.0, sound_scale=1.0, perturbed_scale=0.0, distilled=True)
    ours("preset distilled (8 steps)", quick)
    return name, flops


def ltx_frames(
    model: LtxModel,
    size: Size,
    schedule: LtxSchedule,
    held: np.ndarray | None = None,
    told: GroundedPrompt | None = None,
) -> np.ndarray:
    """(F, H, W, 3) uint8 of LTX-2, which hears a recording; `told` has words of objects."""
    clip = tiny_ltx.clip(seconds=size.frames / tiny_ltx.RATE)
    latents = model.denoise(
        told.text if told else PROMPT,
        conditions(size.frames),
        schedule,
        seed=0,
        size=size.wh,
        rate=tiny_ltx.RATE,
        given=Given(clip, held=held, words=told.words if told else None),
    )
    return model.decode(latents)


def run_kept(bench: Bench, name: str, size: Size, fit: Fit, compiled: bool = False) -> None:
    """A model of its own, kept as `fit` says, perhaps with its repeated blocks compiled."""
    said = "compiled by region" if compiled else fit.words()
    if name == "vace":
        wan = WanModel(vace_pipeline(bench, fit))
        free = WanSchedule(size.steps, 5.0, grounding_share=0.0)
        pipeline, render = wan.pipeline, partial(vace_frames, wan, size, free)
    else:
        ltx = LtxModel(ltx_pipeline(bench, fit))
        schedule = LtxSchedule(size.steps, 3.0)
        pipeline, render = ltx.pipeline, partial(ltx_frames, ltx, size, schedule)
    if compiled:
        compile_blocks(pipeline)
    bench.measure(f"{name}: {said}", render, repeats=1)


def _words(size: Size) -> str:
    return f"{size.wh[0]}x{size.wh[1]}x{size.frames}, {size.steps} steps"


def _tflop(one: Callable[[], Any], two: Callable[[], Any], steps: int) -> float:
    """TFLOP of a render, from those of one step and of two."""
    counts = []
    for render in (one, two):
        with FlopCounterMode(display=False) as counter:
            render()
        counts.append(counter.get_total_flops() / 1e12)
    return counts[0] + (steps - 1) * (counts[1] - counts[0])


def table(bench: Bench, floors: dict[str, float]) -> str:
    """Seconds beside those of the stock row above, peak memory, and each stock row's floor."""
    rate = matrix_rate() if bench.device == "cuda" else 0.0
    lines = ["| | seconds | of stock | peak GiB |", "|---|---|---|---|"]
    stock = bench.rows[0]
    for row in bench.rows:
        stock = row if row.name in floors else stock
        share = row.seconds / stock.seconds
        lines.append(f"| {row.name} | {row.seconds:.2f} | {share:.2f} | {row.peak_gib:.2f} |")
        if row.name in floors and rate:
            floor = floors[row.name] / rate
            lines.append(
                f"| floor: {floors[row.name]:.0f} TFLOP at {rate:.0f} a second | {floor:.2f} | "
                f"{floor / row.seconds:.2f} | |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="tiny models, to try the script")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, help="of every render (default: of its size)")
    parser.add_argument("--large", action="store_true", help="LTX-2 at 1024x640")
    parser.add_argument("--only", nargs="+", choices=("vace", "ltx"), default=["vace", "ltx"])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--out", type=Path, help="JSON of the figures")
    options = parser.parse_args()
    bench = Bench(options.small, options.repeats)
    sizes = {"vace": VACE, "ltx": LARGE if options.large else LTX}
    if options.small:
        sizes = {"vace": SMALL_VACE, "ltx": SMALL_LTX}
    plain = {"vace": run_vace, "ltx": run_ltx}
    floors: dict[str, float] = {}
    with torch.no_grad():
        for name in options.only:
            size = replace(sizes[name], steps=options.steps or sizes[name].steps)
            if "plain" in options.parts:
                floors.update([plain[name](bench, size)])
                free_memory()
            if "kept" in options.parts and bench.device == "cuda":
                for fit in FITS[1:]:
                    run_kept(bench, name, size, fit)
                    free_memory()
            if "compiled" in options.parts:
                run_kept(bench, name, size, FITS[0], compiled=True)
                free_memory()
    print(table(bench, floors))
    if options.out:
        figures = [(row.name, row.seconds, row.peak_gib) for row in bench.rows]
        options.out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
