"""What all stages of training share: the wall-clock schedule, the average and the log."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...generation.hardware import has_bf16
from . import cards

#: Steps below which a run is a trial, and gates stay open.
GATED_FROM = 300


@dataclass
class Stage:
    """One stage: how long, how fast, and where its figures go."""

    name: str
    seconds: float
    rate: float
    log: Path
    average: float = 0.998
    warmup: int = 150

    def rate_at(self, step: int, share: float) -> float:
        """Learning rate at a step and this share (0..1) of the time."""
        warm = min(1, (step + 1) / self.warmup)
        return self.rate * max(warm * 0.5 * (1 + math.cos(math.pi * share)), 0.01)

    def note(self, **figures: Any) -> None:
        """Print figures and append them to the log, one JSON object a line."""
        if cards.rank():
            return
        line = {"stage": self.name, **figures}
        print(json.dumps(line), flush=True)
        with self.log.open("a") as file:
            file.write(json.dumps(line) + "\n")


def fit(
    stage: Stage,
    modules: Iterable[nn.Module],
    loss_of: Callable[[int], torch.Tensor],
    gate: Callable[[float, int], None] | None = None,
    save: Callable[[], None] | None = None,
) -> int:
    """Minimise `loss_of(step)` over the trainable parameters for `stage.seconds`.

    AdamW, linear warm-up, cosine over the wall clock, gradients clipped at 1, bf16 autocast with
    fp32 weights on a GPU; the averaged weights (EMA) are what the modules hold at the end. On
    several cards gradients are averaged over them. `gate(share of the time, step)` is called about
    every twentieth, and raises to abort. `save` is called with the average in place about every
    fifth and at the end. Returns the steps taken.
    """
    found = (p for module in modules for p in module.parameters() if p.requires_grad)
    parameters = list(dict.fromkeys(found))  # grafted fusers belong to two modules
    cards.start_alike(parameters)
    device = parameters[0].device
    optimiser = torch.optim.AdamW(
        parameters, lr=stage.rate, betas=(0.9, 0.99), weight_decay=0.01, fused=device.type == "cuda"
    )
    averaged = [p.detach().clone() for p in parameters]
    start, step, reported = time.time(), 0, 0
    recent: list[torch.Tensor] = []
    while (share := cards.agreed((time.time() - start) / stage.seconds)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = stage.rate_at(step, share)
        with torch.autocast(device.type, torch.bfloat16, enabled=has_bf16(device.type)):
            loss = loss_of(step)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        cards.average_gradients(parameters)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        decay = min(stage.average, (step + 1) / (step + 10))
        torch._foreach_lerp_(averaged, [p.detach() for p in parameters], 1 - decay)
        recent.append(loss.detach())
        step += 1
        if share * 20 >= reported:
            stage.note(step=step, share=round(share, 3), loss=round(mean(recent), 5))
            recent, reported = [], reported + 1
            if gate is not None:
                gate(share, step)
            if save is not None and reported % 4 == 0:
                with _holding(parameters, averaged):
                    save()
    _put(parameters, averaged)
    if save is not None:
        save()
    stage.note(step=step, seconds=round(time.time() - start), done=True)
    return step


def require(learned: bool, steps: int, what: str) -> None:
    """A stage's gate: SystemExit unless it learned, where it took enough steps to tell."""
    if steps >= GATED_FROM and not learned:
        raise SystemExit(f"stopped: {what}")


@contextmanager
def _holding(parameters: list[nn.Parameter], values: list[torch.Tensor]) -> Iterator[None]:
    """Other values in the parameters meanwhile."""
    current = [p.detach().clone() for p in parameters]
    _put(parameters, values)
    yield
    _put(parameters, current)


@torch.no_grad()
def _put(parameters: list[nn.Parameter], values: list[torch.Tensor]) -> None:
    torch._foreach_copy_(parameters, values)


def mean(values: list[torch.Tensor]) -> float:
    """Mean of scalar () values, NaN of none."""
    return float(torch.stack(values).mean()) if values else float("nan")
