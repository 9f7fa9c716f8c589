"""How the parts of a large model are kept so that it fits onto the card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...errors import BackendError, InputError
from ..hardware import Memory, WeightsIn

#: The parts that draw; their weights are most of a model.
TRANSFORMERS = ("transformer", "transformer_2")
#: Parts whose layers may wait elsewhere; the others are small and work apart from their `forward`.
LAYERED = (*TRANSFORMERS, "text_encoder")


@dataclass(frozen=True)
class Working:
    """GiB that a render needs beside the weights: activations, and what decoding takes.

    Attributes
    ----------
    whole, tiled
        where a video is decoded at once, and in tiles.
    """

    whole: float
    tiled: float


@dataclass(frozen=True)
class Keep:
    """How the user wants a model to be kept.

    Attributes
    ----------
    memory
        "auto": the quickest way that fits; "full" and "low" are the first and the last.
    weights_in
        "auto": as fits, 16 bits or fp8; "int8" is up to whoever loads them (`stored.py`).
    compile
        the repeated blocks of the transformers are compiled.
    gguf
        file of the transformer's weights, in place of the folder's.
    """

    memory: Memory = "auto"
    weights_in: WeightsIn = "auto"
    compile: bool = False
    gguf: Path | None = None

    @classmethod
    def of(cls, options: Any) -> Keep:
        """What a backend's `FlowOptions` say; InputError if they contradict one another."""
        if options.gguf is not None and options.weights_in != "auto":
            raise InputError("a GGUF file has its own way to store weights: leave out --weights-in")
        return cls(options.memory, options.weights_in, options.compile, options.gguf)


ON_THE_CARD = Keep("full")


@dataclass(frozen=True)
class Fit:
    """How a model is kept.

    Attributes
    ----------
    fp8
        the weights of the transformers are stored in 8 bits, and computed with in 16.
    aside
        parts wait in main memory while they do not work.
    layered
        so do the layers of each part.
    tiled
        pictures are decoded in tiles.
    """

    fp8: bool = False
    aside: bool = False
    layered: bool = False
    tiled: bool = False

    def words(self) -> str:
        """For the user."""
        said = [
            "weights in 8 bits" if self.fp8 else "",
            "layers wait in main memory" if self.layered else "",
            "parts wait in main memory" if self.aside and not self.layered else "",
            "decoded in tiles" if self.tiled else "",
        ]
        return ", ".join(filter(None, said)) or "everything stays on the card"


#: From the quickest to the smallest.
FITS = (
    Fit(),
    Fit(aside=True, tiled=True),
    Fit(fp8=True, aside=True, tiled=True),
    Fit(fp8=True, aside=True, layered=True, tiled=True),
)


@dataclass(frozen=True)
class Placed:
    """How a model was brought onto this machine.

    Attributes
    ----------
    notes
        for the user.
    previews
        whether a look at the video between steps is cheap; it is not where the decoder would send
        the transformer away.
    """

    notes: tuple[str, ...] = ()
    previews: bool = True


def needed_gib(fit: Fit, parts: Mapping[str, float], working: Working) -> float:
    """GiB of the card that a model takes, whose parts take so many each."""
    beside = working.tiled if fit.tiled else working.whole
    kept = {
        name: size / 2 if fit.fp8 and name.startswith("transformer") else size
        for name, size in parts.items()
    }
    if fit.layered:
        return beside + sum(size for name, size in kept.items() if name not in LAYERED)
    return beside + (max(kept.values()) if fit.aside else sum(kept.values()))


def choose_fit(parts: Mapping[str, float], free_gib: float, keep: Keep, working: Working) -> Fit:
    """The quickest way that fits into what is free, or the one that is asked for."""
    fits: tuple[Fit, ...] = FITS
    if keep.weights_in != "auto" or keep.gguf is not None:
        stored = (replace(fit, fp8=keep.weights_in == "fp8") for fit in FITS)
        fits = tuple(dict.fromkeys(stored))
    if keep.memory != "auto":
        return fits[0] if keep.memory == "full" else fits[-1]
    return next((fit for fit in fits if needed_gib(fit, parts, working) <= free_gib), fits[-1])


def place(pipeline: Any, device: str, keep: Keep, working: Working) -> Placed:
    """Bring a pipeline to `device` in the way that fits; a CPU has one way.

    Raises
    ------
    BackendError
        parts must wait in main memory, which takes the library accelerate.
    """
    if device == "cpu":
        pipeline.to("cpu")
        return Placed()
    parts = {
        name: sum(map(stored_bytes, part.parameters())) / 2**30
        for name, part in pipeline.components.items()
        if isinstance(part, nn.Module)
    }
    free = torch.cuda.mem_get_info()[0] / 2**30
    fit = choose_fit(parts, free, keep, working)
    arrange(pipeline, fit, device)
    why = "as asked for" if keep.memory != "auto" else f"{free:.1f} GiB are free"
    stored = "weights in int8, " if keep.weights_in == "int8" else ""
    stored = "weights of a GGUF file, " if keep.gguf else stored
    notes = [f"{torch.cuda.get_device_name()}: {stored}{fit.words()} ({why})"]
    if keep.compile:
        notes.append(_compiled(pipeline, fit))
    return Placed(tuple(notes), previews=fit.layered or not fit.aside)


def stored_bytes(weights: torch.Tensor) -> int:
    """What a tensor takes, also of one that says a wider type than it is stored in."""
    if hasattr(weights, "__tensor_flatten__"):
        inner, _ = weights.__tensor_flatten__()
        return sum(stored_bytes(getattr(weights, name)) for name in inner)
    return weights.numel() * weights.element_size()


def _compiled(pipeline: Any, fit: Fit) -> str:
    """Compile what can be; what the user is told of it."""
    if fit.fp8 or fit.layered:
        return f"not compiled, for it does not go with: {fit.words()}"
    compile_blocks(pipeline)
    return "compiled by region: the first steps take minutes more"


def compile_blocks(pipeline: Any, **how: Any) -> None:
    """Compile the repeated blocks of the transformers, each kind once; how: as `torch.compile`."""
    for part in _transformers(pipeline):
        part.compile_repeated_blocks(**how)


def _transformers(pipeline: Any) -> list[Any]:
    """Those of `TRANSFORMERS` that a pipeline has."""
    parts = (getattr(pipeline, name, None) for name in TRANSFORMERS)
    return [part for part in parts if part is not None]


def arrange(pipeline: Any, fit: Fit, device: str) -> None:
    """Keep the parts of a pipeline as `fit` says."""
    if fit.fp8:
        store_in_fp8(pipeline)
    if fit.tiled:
        pipeline.vae.enable_tiling()
    if fit.layered:
        pipeline.enable_group_offload(
            torch.device(device),
            offload_type="leaf_level",
            use_stream=device == "cuda",
            exclude_modules=[name for name in pipeline.components if name not in LAYERED],
        )
    elif fit.aside:
        try:
            pipeline.enable_model_cpu_offload(device=device)
        except ImportError as error:
            raise BackendError(
                "this card holds one part of the model at a time, which needs accelerate: "
                "pip install -r requirements-animatediff.txt, or --memory low"
            ) from error
    else:
        pipeline.to(device)


def store_in_fp8(pipeline: Any) -> None:
    """The transformers' weights in float8 (e4m3), computed with in the type that they had; layers
    that suffer from it stay as they are, as diffusers names them."""
    for part in _transformers(pipeline):
        part.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=part.dtype)
