"""How a full-size model is run on the hardware that is found, and why."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import Literal

Memory = Literal["auto", "full", "low"]
#: How the weights of a large model's transformers are stored.
WeightsIn = Literal["auto", "16", "fp8", "int8"]
#: Free graphics memory from which everything stays on the card, GiB (peaks: docs/figures.md).
FULL_GIB = 7.0


@dataclass(frozen=True)
class Execution:
    """Device, precision and memory mode.

    Attributes
    ----------
    dtype
        "float16" or "float32".
    offload
        text encoder and decoder are on the card only while they work.
    decode_chunk
        frames that are decoded at once.
    reasons
        why, for the user.
    """

    device: str
    dtype: str
    offload: bool = False
    decode_chunk: int = 4
    compile: bool = False
    reasons: tuple[str, ...] = ()


def has_gpu() -> bool:
    """Whether this machine seems to have a CUDA card, or is lent one (without importing torch)."""
    return zero_gpu() or shutil.which("nvidia-smi") is not None


def zero_gpu() -> bool:
    """Whether this is a Space that lends its card to one call at a time."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def cuda_or_cpu() -> str:
    """The device of what needs no memory mode."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def has_bf16(device: str) -> bool:
    """Whether bf16 is worth it: on a CUDA card, and on processors that multiply it natively."""
    import torch

    return device == "cuda" or (device == "cpu" and torch.cpu._is_avx512_bf16_supported())


def choose(memory: Memory, compile_it: bool) -> Execution:
    """The execution for this machine; `memory` "auto" decides by the free graphics memory."""
    import torch

    if torch.cuda.is_available():
        free = torch.cuda.mem_get_info()[0] / 2**30
        name = torch.cuda.get_device_name()
        low = memory == "low" or (memory == "auto" and free < FULL_GIB)
        why = "as asked for" if memory != "auto" else f"{free:.1f} GiB are free"
        mode = (
            "text encoder and decoder wait in main memory"
            if low
            else "everything stays on the card"
        )
        return Execution(
            "cuda",
            "float16",
            offload=low,
            decode_chunk=1 if low else 4,
            compile=compile_it and not low,
            reasons=(f"{name}, half precision; {mode} ({why})",),
        )
    if torch.backends.mps.is_available():
        return Execution("mps", "float16", reasons=("Apple GPU, half precision",))
    return Execution(
        "cpu", "float32", decode_chunk=1, reasons=("no GPU was found: this takes an hour or more",)
    )
