"""How a large model is kept on a card: chosen by what is free, and harmless to what it makes."""

import pytest
import torch

from spa2v_core.generation.backends.ltx.model import LtxModel
from spa2v_core.generation.backends.wan.model import WanModel
from spa2v_core.generation.card import FITS, WORKING_GIB, Fit, arrange, choose_fit, needed_gib
from tests.generation import tiny_ltx, tiny_wan
from tests.generation.test_vace import FREE, shown
from tests.generation.tiny_wan import build_vace_pipeline, conditions

#: GiB of VACE 1.3B and LTX-2.3 in 16 bits, about.
VACE = {"transformer": 3.9, "text_encoder": 10.6, "vae": 0.5}
LTX = {"transformer": 38.0, "text_encoder": 24.0, "connectors": 3.0, "vae": 1.0}


@pytest.mark.parametrize(
    ("parts", "free", "fit"),
    [
        (VACE, 24, Fit()),
        (VACE, 16, Fit(aside=True, tiled=True)),
        (VACE, 8, Fit(fp8=True, aside=True, layered=True, tiled=True)),
        (LTX, 79, Fit()),
        (LTX, 48, Fit(aside=True, tiled=True)),
        (LTX, 32, Fit(fp8=True, aside=True, tiled=True)),
        (LTX, 16, Fit(fp8=True, aside=True, layered=True, tiled=True)),
    ],
)
def test_the_quickest_that_fits_is_chosen(parts, free, fit):
    assert choose_fit(parts, free) == fit
    assert choose_fit(parts, free, "full") == FITS[0]
    assert choose_fit(parts, free, "low") == FITS[-1]


def test_each_fit_needs_less_than_the_one_before():
    needs = [needed_gib(fit, LTX) for fit in FITS]
    assert needs == sorted(needs, reverse=True)
    assert needs[-1] == WORKING_GIB + LTX["connectors"] + LTX["vae"]
    assert len({fit.words() for fit in FITS}) == len(FITS)


@pytest.mark.parametrize("fit", [Fit(aside=True, tiled=True), Fit(layered=True, tiled=True)])
def test_what_waits_elsewhere_and_tiles_change_nothing(fit):
    pipeline = build_vace_pipeline()
    arrange(pipeline, fit, "cpu")
    kept = {"schedule": FREE, "control": shown()}
    waiting, here = (
        tiny_wan.run(conditions(), model=model, **kept)
        for model in (WanModel(pipeline), tiny_wan.tiny_vace())
    )
    assert torch.equal(waiting, here)
    assert (WanModel(pipeline).decode(here) == tiny_wan.tiny_vace().decode(here)).all()


@pytest.mark.parametrize("fit", [Fit(aside=True, tiled=True), Fit(layered=True, tiled=True)])
def test_the_recording_is_heard_where_parts_wait(fit):
    pipeline = tiny_ltx.build_pipeline()
    arrange(pipeline, fit, "cpu")
    waiting, here = (
        tiny_ltx.run(tiny_ltx.conditions(), model=model, clip=tiny_ltx.clip())
        for model in (LtxModel(pipeline), tiny_ltx.tiny_ltx())
    )
    assert torch.equal(waiting, here)


def test_weights_in_8_bits_are_nearly_the_same():
    pipeline = build_vace_pipeline()
    arrange(pipeline, Fit(fp8=True), "cpu")
    stored = {p.dtype for p in pipeline.transformer.blocks[0].attn1.parameters()}
    assert torch.float8_e4m3fn in stored
    model = WanModel(pipeline)
    schedule = tiny_wan.GROUNDED  # with boxes: what is grafted works on such weights
    small, full = (
        tiny_wan.run(conditions(), schedule, model=one, control=shown())
        for one in (model, tiny_wan.tiny_vace())
    )
    assert 0 < (small - full).abs().mean() < 0.2 * full.abs().mean()


def test_the_recording_is_heard_by_weights_in_8_bits():
    pipeline = tiny_ltx.build_pipeline()
    arrange(pipeline, Fit(fp8=True), "cpu")
    model = LtxModel(pipeline)
    one, other = (
        tiny_ltx.run(tiny_ltx.conditions(), model=model, clip=tiny_ltx.clip(seed))
        for seed in (0, 1)
    )
    assert torch.isfinite(one).all()
    assert not torch.equal(one, other)
