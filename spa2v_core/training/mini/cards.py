"""Several GPUs that train one model: each learns from clips of its own, gradients are averaged.

`torchrun --nproc-per-node N -m spa2v_core.training.mini ...` starts a process for each; run without
it, there is one, and nothing here does anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed, nn

#: Seeds of one card and the next are so far apart (stages add less than this to theirs).
SEEDS_APART = 1000


def rank() -> int:
    """Number of this process; the first one (0) saves, notes and decides."""
    return distributed.get_rank() if distributed.is_initialized() else 0


@contextmanager
def joined(device: str) -> Iterator[None]:
    """Meet the other processes that torchrun started, if it did, each on the card of its number."""
    if "WORLD_SIZE" not in os.environ:
        yield
        return
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("cpu:gloo,cuda:nccl" if device == "cuda" else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def wait() -> None:
    """Until all are here: what the first one saved can be read now."""
    agreed(0.0)


def agreed(value: float) -> float:
    """The first process's value, in all of them."""
    if not distributed.is_initialized():
        return value
    said = torch.tensor(value, dtype=torch.float64)
    distributed.all_reduce(said if rank() == 0 else said.zero_())
    return float(said)


@torch.no_grad()
def start_alike(parameters: list[nn.Parameter]) -> None:
    """Every process begins with the first one's weights."""
    if distributed.is_initialized():
        for parameter in parameters:
            distributed.broadcast(parameter.data, 0)


@torch.no_grad()
def average_gradients(parameters: list[nn.Parameter]) -> None:
    """Each gradient becomes its mean over the processes, in one exchange."""
    if not distributed.is_initialized():
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    together = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(together)
    together /= distributed.get_world_size()
    parts = together.split([gradient.numel() for gradient in gradients])
    torch._foreach_copy_(
        gradients, [part.view_as(of) for part, of in zip(parts, gradients, strict=True)]
    )
