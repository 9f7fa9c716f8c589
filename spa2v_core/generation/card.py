"""How the parts of a large model are kept so that it fits onto the card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..errors import BackendError
from .hardware import Memory

#: What a render needs beside the weights, GiB: activations and what decoding takes (an estimate,
#: not measured).
WORKING_GIB = 5.0
#: Parts whose layers may wait elsewhere; the others are small and work apart from their `forward`.
LAYERED = ("transformer", "transformer_2", "text_encoder")


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


def needed_gib(fit: Fit, parts: Mapping[str, float]) -> float:
    """GiB of the card that a model takes, whose parts take so many each."""
    kept = {
        name: size / 2 if fit.fp8 and name.startswith("transformer") else size
        for name, size in parts.items()
    }
    if fit.layered:
        return WORKING_GIB + sum(size for name, size in kept.items() if name not in LAYERED)
    return WORKING_GIB + (max(kept.values()) if fit.aside else sum(kept.values()))


def choose_fit(parts: Mapping[str, float], free_gib: float, memory: Memory = "auto") -> Fit:
    """The quickest way that fits into what is free; "full" and "low" are the first and the last."""
    if memory != "auto":
        return FITS[0] if memory == "full" else FITS[-1]
    return next((fit for fit in FITS if needed_gib(fit, parts) <= free_gib), FITS[-1])


def place(pipeline: Any, device: str, memory: Memory) -> Placed:
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
        name: sum(p.numel() * p.element_size() for p in part.parameters()) / 2**30
        for name, part in pipeline.components.items()
        if isinstance(part, nn.Module)
    }
    free = torch.cuda.mem_get_info()[0] / 2**30
    fit = choose_fit(parts, free, memory)
    arrange(pipeline, fit, device)
    why = "as asked for" if memory != "auto" else f"{free:.1f} GiB are free"
    said = f"{torch.cuda.get_device_name()}: {fit.words()} ({why})"
    return Placed((said,), previews=fit.layered or not fit.aside)


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
    for name in ("transformer", "transformer_2"):
        part = getattr(pipeline, name, None)
        if part is not None:
            part.enable_layerwise_casting(
                storage_dtype=torch.float8_e4m3fn, compute_dtype=part.dtype
            )
