"""Training on scenes that are simulated as they are needed, and the export."""

from __future__ import annotations

import json
import math
import random
import time
from pathlib import Path

import torch
from torch import nn

from ..mini.loop import Stage, fit
from .acoustics import render
from .bank import TAKES, load_bank
from .faults import recorded
from .net import ANSWERS, Answers, LocaliserNet, loss_of, torch_features, torch_tables
from .scenes import Truth, draw_scenes, truth_of

#: Lengths of the scenes, s, how often each is drawn, and the seconds of sound in a batch.
LENGTHS = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
OFTEN = (1, 2, 3, 4, 5, 5, 5, 5, 5)
BATCH_S = 640
#: Scenes are at most so many in a batch, however short.
MOST = 256
PEAK_RATE, RESUMED_RATE = 1.5e-3, 7e-4
#: Error of a place for a spread of 1, measured on scenes that are not drawn here (`report`,
#: `tests/benchmarks/places.py`); they are easier than those that are.
CALIBRATION = 0.7


class Source:
    """Batches of scenes on a device."""

    def __init__(self, folder: Path, device: torch.device, seed: int, takes: int = TAKES) -> None:
        self.bank = load_bank(folder, seed, takes).to(device)
        self.device, self.tables = device, torch_tables(device)
        self.lengths = random.Random(seed)

    @torch.no_grad()
    def batch(self, seconds: float = BATCH_S) -> tuple[torch.Tensor, torch.Tensor, Truth]:
        """(cells, delays, truth) of about `seconds` of sound, scenes of one random length."""
        (length,) = self.lengths.choices(LENGTHS, OFTEN)
        count = max(1, min(MOST, round(seconds / length)))
        with torch.autocast(self.device.type, enabled=False):
            scenes = draw_scenes(count, length, self.device)
            sources, heard = render(scenes, self.bank)
            cells, delays = torch_features(recorded(sources, scenes, self.bank), self.tables)
        return cells, delays, truth_of(scenes, heard, delays.shape[2] // 2)


def train(
    work: Path, seconds: float, seed: int, resume: bool, batch_s: float, takes: int = TAKES
) -> None:
    """Fit the network for `seconds`; `work`/localiser.pt holds the average of its weights.

    resume: go on from that file, at a lower rate.
    """
    torch.manual_seed(seed)
    torch.set_float32_matmul_precision("high")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    source = Source(work, device, seed, takes)
    net = LocaliserNet().to(device)
    if resume:
        net.load_state_dict(torch.load(work / "localiser.pt", map_location=device))
    stage = Stage(
        "localiser",
        seconds,
        RESUMED_RATE if resume else PEAK_RATE,
        work / "train.jsonl",
        average=0.9995,
        warmup=500,
    )
    parts: dict[str, torch.Tensor] = {}

    def loss(_: int) -> torch.Tensor:
        cells, delays, truth = source.batch(batch_s)
        answers = Answers(*(answer.float() for answer in net(cells, delays)))
        for name, part in loss_of(answers, truth).items():
            parts[name] = part
        return torch.stack(list(parts.values())).sum()

    def note(_: float, step: int) -> None:
        stage.note(step=step, parts={k: round(float(v.detach()), 4) for k, v in parts.items()})

    def save() -> None:
        recalibrate(net, source, batch_s)
        torch.save(net.state_dict(), work / "localiser.pt")

    start = time.time()
    steps = fit(stage, [net], loss, gate=note, save=save)
    print(f"{steps} steps in {time.time() - start:.0f} s")


@torch.no_grad()
def recalibrate(net: nn.Module, source: Source, batch_s: float, batches: int = 60) -> None:
    """Measure the statistics of the batch norms anew, for averaged weights."""
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean
    for _ in range(batches):
        cells, delays, _ = source.batch(batch_s)
        net(cells, delays)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def export(work: Path, out: Path) -> None:
    """Write `out`/localiser.onnx, its weights in half precision, and localiser.json."""
    net = LocaliserNet().eval()
    net.load_state_dict(torch.load(work / "localiser.pt", map_location="cpu"))
    cells, delays = torch_features(torch.randn(1, 2, 48_000), torch_tables(torch.device("cpu")))
    out.mkdir(parents=True, exist_ok=True)
    path = out / "localiser.onnx"
    torch.onnx.export(
        net,
        (cells, delays),
        str(path),
        input_names=["cells", "delays"],
        output_names=list(ANSWERS),
        dynamic_axes={
            "cells": {2: "cells"},
            "delays": {2: "cells"},
            **{name: {2: "times"} for name in ANSWERS[:4]},
        },
        dynamo=False,
    )
    halve(path)
    card = {"calibration": CALIBRATION, "parameters": sum(p.numel() for p in net.parameters())}
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(f"{path.stat().st_size / 1e6:.2f} MB")


def halve(path: Path, least: int = 256) -> None:
    """Keep constants of at least `least` numbers as float16, cast back where they are used."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(path)
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and math.prod(tensor.dims) >= least:
            name, half = tensor.name, f"{tensor.name}_half"
            value = numpy_helper.to_array(tensor).astype("float16")
            tensor.CopyFrom(numpy_helper.from_array(value, half))
            casts.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, path)
