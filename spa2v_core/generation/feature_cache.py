"""Deep-feature caching: the inner blocks of the UNet are computed every other step only.

Ma et al., "DeepCache", CVPR 2024, https://arxiv.org/abs/2312.00858: what the inner blocks make
changes slowly from step to step, so it is kept; the outermost blocks are always computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import nn


@dataclass
class DeepCache:
    """Switch and store of the cached blocks. `reuse` on: return what was stored."""

    reuse: bool = False
    stored: dict[int, Any] = field(default_factory=dict)


@contextmanager
def deep_cache(unet: nn.Module) -> Iterator[DeepCache]:
    """While in the block, all but the first down and the last up block of `unet` can be reused."""
    cache = DeepCache()
    inner = [*unet.down_blocks[1:], unet.mid_block, *unet.up_blocks[:-1]]
    for index, block in enumerate(inner):
        block.forward = _cached(block.forward, cache, index)
    try:
        yield cache
    finally:
        for block in inner:
            del block.forward  # the class's own again


def _cached(forward: Any, cache: DeepCache, index: int) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        if not (cache.reuse and index in cache.stored):
            cache.stored[index] = forward(*args, **kwargs)
        return cache.stored[index]

    return call
