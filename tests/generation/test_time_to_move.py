"""Time-to-Move: a draft is held inside the boxes, on the tiny models of all its backends."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from spa2v_core.generation.full_size.flow import noised
from spa2v_core.generation.grounding.wan_boxes import token_masks
from spa2v_core.generation.schedule import WanSchedule
from tests.generation import tiny_ltx as ltx
from tests.generation import tiny_wan as wan
from tests.generation.tiny_ltx import tiny_ltx
from tests.generation.tiny_wan import conditions, tiny_vace, tiny_wan
from tests.generation.watching import inputs_of

HELD = WanSchedule(4, 1.0, grounding_share=0.0, inside_share=0.5, outside_share=0.0)
OFF = replace(HELD, inside_share=0.0)


def draft(size_wh, frames):
    return np.random.default_rng(0).integers(0, 255, (frames, *size_wh[::-1], 3), np.uint8)


def nobody(given):
    return replace(given, present=np.zeros_like(given.present))


class Wan:
    """Wan's and VACE's model, under a scheduler."""

    def __init__(self, vace, scheduler):
        self.model = tiny_vace(scheduler) if vace else tiny_wan()
        self.scheduler = wan.build_scheduler(scheduler)
        self.conditions = conditions()

    def run(self, schedule, given=None, held=True, **options):
        self.model.pipeline.scheduler = self.scheduler
        video = draft(wan.SIZE_WH, wan.FRAMES) if held else None
        return wan.run(given or self.conditions, schedule, model=self.model, held=video, **options)

    def draft(self):
        return self.model.encode(draft(wan.SIZE_WH, wan.FRAMES))

    def tokens(self, result):
        return result

    def inside(self):
        shape = self.draft().shape
        return token_masks(self.conditions, shape[3:]).any(1).view(1, 1, *shape[2:])


class Ltx:
    """LTX-2's, whose latents are tokens."""

    def __init__(self):
        self.model = tiny_ltx()
        self.conditions = ltx.conditions()

    def run(self, schedule, given=None, held=True, **options):
        shares = {name: getattr(schedule, name) for name in ("inside_share", "outside_share")}
        return ltx.run(
            given or self.conditions,
            replace(ltx.QUICK, steps=schedule.steps, **shares),
            held=draft(ltx.SIZE_WH, ltx.FRAMES) if held else None,
            clip=ltx.clip(),  # one call of the transformer a step
            **options,
        )

    def draft(self):
        latents = self.model.encode(draft(ltx.SIZE_WH, ltx.FRAMES))
        return latents.flatten(2).transpose(1, 2)

    def tokens(self, result):
        """The result, which is in its VAE's own units, as `draft`."""
        vae = self.model.pipeline.vae
        mean, std = (x.view(1, -1, 1, 1, 1) for x in (vae.latents_mean, vae.latents_std))
        return ((result - mean) / std).flatten(2).transpose(1, 2)

    def inside(self):
        return token_masks(self.conditions, ltx.GRID[1:], 8).any(1).view(1, -1, 1)


@pytest.fixture(params=["wan euler", "vace unipc", "ltx euler"])
def backend(request):
    kind, scheduler = request.param.split()
    if kind == "ltx":
        yield Ltx()
        return
    made = Wan(kind == "vace", scheduler)
    kept = made.model.pipeline.scheduler
    yield made
    made.model.pipeline.scheduler = kept


def inputs(model):
    """The latents that each call of the transformer gets."""
    return inputs_of(model.pipeline.transformer, lambda _, kwargs: kwargs["hidden_states"].clone())


def test_nobody_there_or_no_share_is_the_stock_pipeline(backend):
    stock = backend.run(OFF, held=False)
    assert torch.equal(backend.run(OFF), stock)
    assert torch.equal(backend.run(HELD, nobody(backend.conditions)), stock)
    away = nobody(backend.conditions)
    assert torch.equal(backend.run(replace(HELD, outside_share=0.5), away), stock)


def test_inside_is_the_noised_draft_until_its_end(backend):
    with inputs(backend.model) as seen:
        backend.run(HELD)
    sigmas = backend.model.pipeline.scheduler.sigmas
    clean, inside = backend.draft(), backend.inside()
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    for step in (1, 2, 3):  # two of four steps are held
        there = noised(clean, noise, float(sigmas[step]))
        same = torch.isclose(seen[step], there, atol=1e-5) | ~inside
        assert bool(same.all()) == (step <= 2), step
    assert 0 < inside.float().mean() < 1


def test_outside_is_free_but_for_its_own_clock(backend):
    with inputs(backend.model) as free:
        backend.run(OFF)
    with inputs(backend.model) as held:
        backend.run(HELD)
    inside = backend.inside().expand_as(free[1])
    assert torch.equal(free[1][~inside], held[1][~inside])
    with inputs(backend.model) as both:
        backend.run(replace(HELD, outside_share=0.25))
    assert not torch.equal(both[1][~inside], held[1][~inside])


def test_held_to_the_end_it_is_the_draft(backend):
    """Also with UniPC, whose memory would undo what the latents alone are told."""
    held, free = (backend.run(schedule) for schedule in (replace(HELD, inside_share=1.0), OFF))
    inside = backend.inside()
    assert torch.isclose(backend.tokens(held), backend.draft(), atol=1e-4)[
        inside.expand_as(backend.draft())
    ].all()
    assert not torch.isclose(backend.tokens(free), backend.draft(), atol=1e-2).all()
