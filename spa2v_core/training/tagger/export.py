"""YAMNet and the head as one ONNX file with half-precision weights, and the card beside it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ...audio.taggers.card import Card
from ...audioset import KIND_CLASSES, OTHER_CLASSES, SCENE_CLASSES, THING_CLASSES
from .head import Head
from .yamnet import CLASSES, Yamnet, export_onnx, fetch_yamnet, load_yamnet

COUNTS = Path(__file__).with_name("audioset_counts.tsv")
#: Strength of the logit adjustment, and how many clips are of no class' own prior.
TAU, CLIPS = 0.3, 2_000_000
#: Weights with fewer numbers stay in single precision; convolutions with as many as the last seven
#: are kept in 8 bits, each output channel with a scale of its own.
LARGE, HUGE = 1000, 250_000


class Ear(nn.Module):
    """(B, 96, 64) patches to (B, A) logits of the classes that are used and (B, H) of the head."""

    def __init__(self, yamnet: Yamnet, head: Head, used: list[int]) -> None:
        super().__init__()
        self.yamnet, self.head = yamnet, head
        yamnet.classifier.weight.data = yamnet.classifier.weight.data[used]
        yamnet.classifier.bias.data = yamnet.classifier.bias.data[used]

    def forward(self, patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (N, A) of the classes and (N, H) of the head, of (N, 96, 64) log mel patches."""
        classes, embedding = self.yamnet(patches)
        return classes, self.head(embedding)


def export(work: Path, head: Head, heads: list[str], out: Path) -> None:
    """Write `tagger.onnx` and `tagger.json`; the calibration of a card that is there stays."""
    with (fetch_yamnet(work) / CLASSES).open(encoding="utf-8", newline="") as file:
        known = [row["display_name"] for row in csv.DictReader(file)]
    tables = (THING_CLASSES, KIND_CLASSES, SCENE_CLASSES, {"": OTHER_CLASSES})
    named = {name for table in tables for names in table.values() for name in names}
    used = [index for index, name in enumerate(known) if name in named]
    out.mkdir(parents=True, exist_ok=True)
    path = out / "tagger.onnx"
    export_onnx(Ear(load_yamnet(work), head, used).eval(), path, ("classes", "head"))
    shrink_weights(path)
    classes = tuple(known[index] for index in used)
    made: dict[str, Any] = {
        "classes": classes,
        "prior": priors(classes),
        "heads": tuple(heads),
    }
    card = out / "tagger.json"
    values = {**Card(**made).to_dict(), **_calibration(card), **made}
    card.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def _calibration(card: Path) -> dict[str, float]:
    """Slopes, offsets and threshold of a card that is there."""
    if not card.exists():
        return {}
    values = json.loads(card.read_text(encoding="utf-8"))
    return {name: v for name, v in values.items() if isinstance(v, float)}


def priors(classes: tuple[str, ...]) -> tuple[float, ...]:
    """What is taken off each class's logit: `TAU` times the logarithm of how often it is in
    AudioSet, over that of a class of one clip in 3,000."""
    with COUNTS.open(encoding="utf-8", newline="") as file:
        counts = {row["class"]: int(row["clips"]) for row in csv.DictReader(file, delimiter="\t")}
    return tuple(round(TAU * (float(np.log(counts[c] / CLIPS)) + 8), 4) for c in classes)


def shrink_weights(path: Path) -> None:
    """Keep large weights in half precision, the largest convolutions in 8 bits; they are made
    floats again once, when the file is loaded."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(path)
    floats, weights = [], []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < LARGE:
            weights.append(weight)
        elif values.size < HUGE or values.ndim < 4:
            half = numpy_helper.from_array(values.astype(np.float16), f"{weight.name}.half")
            floats.append(
                helper.make_node("Cast", [half.name], [weight.name], to=TensorProto.FLOAT)
            )
            weights.append(half)
        else:
            steps, scale = in_8_bits(values)
            parts = [
                numpy_helper.from_array(part, f"{weight.name}.{name}")
                for name, part in (("steps", steps), ("scale", scale))
            ]
            names = [part.name for part in parts]
            floats.append(helper.make_node("DequantizeLinear", names, [weight.name], axis=0))
            weights += parts
    nodes = [*floats, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(weights)
    model.graph.node.extend(nodes)
    onnx.save(model, path)


def in_8_bits(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """((C, ...) int8 steps, (C,) the float32 size of a step) of (C, ...) weights."""
    scale = np.abs(values).reshape(len(values), -1).max(1) / 127
    scale = np.maximum(scale, 1e-12).astype(np.float32)
    steps = np.round(values / scale.reshape(-1, *[1] * (values.ndim - 1)))
    return steps.astype(np.int8), scale
