"""Train the tagger: one command per stage and one for all; a CPU is enough.

    python -m spa2v_core.training.tagger sounds     # needs apt and fluidsynth, once
    python -m spa2v_core.training.tagger pool train export
    python -m spa2v_core.training.tagger all

Recordings, soundfont instruments and synthesis are packed dry (`sounds`), disturbed by rooms,
speed, distance and codecs into mel patches (`pool`), and mixed on the fly while the network is
trained. Packages that are held out are never trained on: accuracy is measured on them.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import torch
from torch import nn

from ..audio import features
from ..audio.tagger import PATCH_FRAMES
from .loop import has_bf16
from .sounds import DrySounds, pack_sounds
from .tagger_pool import Patches, make_patches

STAGES = ("sounds", "pool", "train", "export")
WIDTHS = (16, 32, 64, 128, 256)


class TaggerNet(nn.Module):
    """Five 3 x 3 convolutions with pooling, then mean and maximum over time.

    (B, PATCH_FRAMES, MELS) patches to (B, C) logits.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index, (into, out) in enumerate(zip((1, *WIDTHS), WIDTHS, strict=False)):
            layers += [
                nn.Conv2d(into, out, 3, stride=2 if index == 0 else 1, padding=1, bias=False),
                nn.BatchNorm2d(out),
                nn.ReLU(inplace=True),
            ]
            if index:
                layers.append(nn.AvgPool2d(2, ceil_mode=True))
        self.layers = nn.Sequential(*layers)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(2 * WIDTHS[-1], classes)

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        over_time = self.layers(patches[:, None]).mean(-1)
        pooled = torch.cat([over_time.mean(-1), over_time.amax(-1)], 1)
        return self.head(self.drop(pooled))


def mixed(pool: Patches, rows: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """(patches, targets) of these rows with other sounds, noise and filters mixed in as power."""
    count, device = len(rows), pool.power.device

    def chance(p: float) -> torch.Tensor:
        return (torch.rand(count, device=device) < p).float()

    one, target = pool.linear(rows), pool.targets[rows]
    others = torch.multinomial(weights, count, replacement=True)
    two = pool.linear(others)
    gain = torch.empty(count, device=device).uniform_(-16, 6)
    scaled = two * (10 ** (gain / 10))[:, None, None]
    together, separated = chance(0.2), chance(0.25)
    separated = separated * (1 - together)
    heard = (together * (gain > -8))[:, None] * pool.targets[others]
    # what separation leaves: the mixture through a mask that is nearly right
    share = one / (one + scaled + 1e-9)
    mask = share ** torch.empty(count, 1, 1, device=device).uniform_(0.5, 2.0)
    power = one + scaled * (together + separated)[:, None, None]
    power = torch.where(separated[:, None, None] > 0, power * mask, power)
    power = _noisy(power, chance(0.5))
    level = 10 * torch.log10(power.clamp(min=1e-12))
    level = level + _filter(count, device)
    level = torch.maximum(level, level.amax((1, 2), keepdim=True) - features.RANGE_DB)
    level = (level - level.mean((1, 2), keepdim=True)) / 20
    return _masked(level), torch.maximum(target, heard)


def _noisy(power: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """Stationary coloured noise, 5 to 40 dB under the sound, often with a rumble of wind."""
    count, frames, mels = power.shape
    tilt = torch.empty(count, 1, 1, device=power.device).uniform_(-1.2, 0.4)
    axis = torch.linspace(0, 4, mels, device=power.device)[None, None]
    shape = torch.exp(tilt * axis)
    gusts = torch.randn(count, 1 + frames // 25, 1, device=power.device)
    gusts = nn.functional.interpolate(gusts.transpose(1, 2), frames, mode="linear").transpose(1, 2)
    wind = torch.exp(1.2 * gusts) * torch.exp(-2.2 * axis)
    windy = (torch.rand(count, 1, 1, device=power.device) < 0.35).float()
    noise = (shape + 10 * windy * wind) * torch.empty_like(power).exponential_().clamp(max=4)
    noise = noise / noise.mean((1, 2), keepdim=True)
    under = torch.empty(count, 1, 1, device=power.device).uniform_(5, 40)
    gain = power.mean((1, 2), keepdim=True) * 10 ** (-under / 10)
    return power + noise * gain * chosen[:, None, None]


def _filter(count: int, device: torch.device) -> torch.Tensor:
    """(count, 1, MELS) dB: a smooth random response, sometimes with the top cut off."""
    knots = torch.randn(count, 1, 7, device=device) * 4
    curve = nn.functional.interpolate(knots, features.MELS, mode="linear", align_corners=True)
    axis = torch.linspace(0, 1, features.MELS, device=device)[None, None]
    edge = torch.empty(count, 1, 1, device=device).uniform_(0.55, 1.8)
    return curve - 60 * ((axis - edge) * 8).clamp(0, 1)


def _masked(level: torch.Tensor) -> torch.Tensor:
    """Two stripes of time and two of frequency set to the mean (SpecAugment, Park et al., 2019)."""
    count, frames, mels = level.shape
    for size, length, shape in ((frames, 24, (1, -1, 1)), (mels, 8, (1, 1, -1))) * 2:
        width = torch.randint(1, length, (count, 1, 1), device=level.device)
        first = torch.randint(0, size, (count, 1, 1), device=level.device)
        axis = torch.arange(size, device=level.device).view(shape)
        level = level.masked_fill((axis >= first) & (axis < first + width), 0.0)
    return level


def train(work: Path, seconds: float, seed: int, resume: bool, batch: int = 64) -> None:
    """Fit the network for `seconds` on the pool; keeps the average of its last weights.

    resume: go on from the work folder's network, at a third of the rate.
    """
    torch.manual_seed(seed)
    pool = Patches.load(work / "pool.npz")
    weights = pool.row_weights()
    net = TaggerNet(len(pool.names)).to(memory_format=torch.channels_last)
    if resume:
        net.load_state_dict(torch.load(work / "tagger.pt"))
    peak = 7e-4 if resume else 2e-3
    averaged = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True
    )
    optimiser = torch.optim.AdamW(net.parameters(), lr=peak, weight_decay=0.02)
    start, step, total = time.time(), 0, 0.0
    while (share := (time.time() - start) / seconds) < 1:
        for group in optimiser.param_groups:
            group["lr"] = peak * min(1, (step + 1) / 200) * 0.5 * (1 + math.cos(math.pi * share))
        patches, targets = mixed(pool, torch.multinomial(weights, batch), weights)
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16("cpu")):
            logits = net(patches).float()
        loss = nn.functional.binary_cross_entropy_with_logits(logits, targets * 0.97 + 0.001)
        # which of them it is, where it is one: tells neighbours apart sooner
        one = targets.sum(1) == 1
        loss = loss + 0.02 * nn.functional.cross_entropy(logits[one], targets[one].argmax(1))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        averaged.update_parameters(net)
        step, total = step + 1, total + float(loss.detach())
        if step % 250 == 0:
            print(f"{step} steps, {share:.0%} of the time, loss {total / 250:.4f}", flush=True)
            total = 0.0
    torch.save(averaged.module.state_dict(), work / "tagger.pt")
    print(f"{step} steps of {batch} in {time.time() - start:.0f} s")


def export(work: Path, out: Path) -> None:
    """Write the ONNX file and `tagger.json` with the names and figures of the hold-out."""
    from .tagger_report import hold_out, tables

    dry = DrySounds.load(work / "dry.npz")
    net = TaggerNet(len(dry.names)).eval()
    net.load_state_dict(torch.load(work / "tagger.pt"))
    out.mkdir(parents=True, exist_ok=True)
    example = torch.zeros(2, PATCH_FRAMES, features.MELS)
    torch.onnx.export(
        net,
        (example,),
        str(out / "tagger.onnx"),
        input_names=["patches"],
        output_names=["logits"],
        dynamic_axes={"patches": {0: "windows"}, "logits": {0: "windows"}},
        dynamo=False,
    )
    card = {"names": dry.names, "threshold": 0.35}
    (out / "tagger.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    card |= hold_out(dry, out)
    (out / "tagger.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(tables(card))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("stages", nargs="+", choices=[*STAGES, "all"])
    parser.add_argument("--work", type=Path, default=Path("build/tagger"))
    parser.add_argument("--out", type=Path, default=Path("assets/tagger"))
    parser.add_argument("--seconds", type=float, default=1200, help="time to train")
    parser.add_argument("--resume", action="store_true", help="go on from the last network")
    parser.add_argument("--per-class", type=int, default=600, help="patches in the pool")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    run = {
        "sounds": lambda: pack_sounds(options.work, options.seed),
        "pool": lambda: make_patches(options.work, options.per_class, options.seed),
        "train": lambda: train(options.work, options.seconds, options.seed, options.resume),
        "export": lambda: export(options.work, options.out),
    }
    for stage in STAGES if "all" in options.stages else options.stages:
        run[stage]()


if __name__ == "__main__":
    main()
