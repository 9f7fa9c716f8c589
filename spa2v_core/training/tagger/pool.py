"""What the head learns from: YAMNet's view of disturbed sounds."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...audio import features
from ...simulation.synthesis import Rng
from ..sounds.sources import DrySounds
from .disturb import disturb
from .yamnet import export_onnx, load_yamnet


@dataclass
class Takes:
    """N disturbed takes of W patches.

    Attributes
    ----------
    embeddings
        (N, W, 1024) float16.
    label
        (N,) index into names, -1 for other things.
    source
        (N,) the package, repository or soundfont that a take's sound is from.
    names
        of the classes.
    """

    embeddings: np.ndarray
    label: np.ndarray
    source: np.ndarray
    names: list[str]

    @classmethod
    def load(cls, path: Path) -> Takes:
        with np.load(path) as data:
            values = {name: data[name] for name in cls.__dataclass_fields__}
        return cls(**{**values, "names": values["names"].tolist()})


def make_takes(work: Path, per_class: int, seed: int) -> None:
    """`per_class` disturbed takes of every class, five times as many of other things."""
    dry = DrySounds.load(work / "dry.npz")
    rng = np.random.default_rng(seed)
    rows = np.array(
        [
            row
            for label in range(-1, len(dry.names))
            for row in _draw(dry, label, per_class * (5 if label < 0 else 1), rng)
        ]
    )
    network = work / "yamnet.onnx"
    export_onnx(load_yamnet(work), network)
    jobs = [(part, seed + 1 + k) for k, part in enumerate(np.array_split(rows, len(rows) // 32))]
    with ProcessPoolExecutor(2, initializer=_open, initargs=(work / "dry.npz", network)) as pool:
        embeddings = np.concatenate(list(pool.map(_seen, jobs)))
    np.savez(
        work / "takes.npz",
        embeddings=embeddings,
        label=dry.label[rows],
        source=dry.source[rows],
        names=np.array(dry.names),
    )
    print(f"{len(rows)} takes of {len(dry.names)} classes")


def _draw(dry: DrySounds, label: int, count: int, rng: Rng) -> list[int]:
    """Rows of a class that may be learned from; a source counts by the root of its size."""
    allowed = np.flatnonzero((dry.label == label) & ~dry.held)
    sources = sorted(set(dry.source[allowed]))
    by_source = [allowed[dry.source[allowed] == source] for source in sources]
    weight = np.sqrt([len(rows) for rows in by_source])
    chosen = rng.choice(len(sources), count, p=weight / weight.sum())
    return [int(rng.choice(by_source[k])) for k in chosen]


_OPEN: dict[str, Any] = {}


def _open(sounds: Path, network: Path) -> None:
    """What every worker holds: the sounds, and the network on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    _OPEN["dry"] = DrySounds.load(sounds)
    _OPEN["network"] = onnxruntime.InferenceSession(
        str(network), options, providers=["CPUExecutionProvider"]
    )


def _seen(job: tuple[np.ndarray, int]) -> np.ndarray:
    """(n, W, 1024) embeddings of these rows, disturbed."""
    rows, seed = job
    dry: DrySounds = _OPEN["dry"]
    rng = np.random.default_rng(seed)
    others = np.flatnonzero((dry.label < 0) & ~dry.held)
    patches = []
    for row in rows:
        sound = disturb(dry.sound(row), rng, dry.sound(int(rng.choice(others))))
        patches.append(features.cut_patches(features.log_mel(sound))[0])
    (embeddings,) = _OPEN["network"].run(["embedding"], {"patches": np.concatenate(patches)})
    return embeddings.reshape(len(rows), len(patches[0]), -1).astype(np.float16)
