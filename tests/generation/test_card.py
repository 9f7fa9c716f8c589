"""How a large model is kept on a card: chosen by what is free, and harmless to what it makes."""

import sys

import pytest
import torch

from spa2v_core.errors import BackendError
from spa2v_core.generation.backends.ltx.loading import WORKING as LTX_WORKING
from spa2v_core.generation.backends.ltx.loading import load_ltx
from spa2v_core.generation.backends.ltx.model import LtxModel
from spa2v_core.generation.backends.wan.loading import VACE as PARTS
from spa2v_core.generation.backends.wan.loading import WORKING, load_wan
from spa2v_core.generation.backends.wan.model import WanModel
from spa2v_core.generation.full_size.card import (
    FITS,
    Fit,
    Keep,
    arrange,
    choose_fit,
    compile_blocks,
    needed_gib,
    stored_bytes,
)
from tests.generation import tiny_ltx, tiny_wan
from tests.generation.test_vace import FREE, shown
from tests.generation.tiny_wan import build_vace_pipeline, conditions

#: GiB of VACE 1.3B and LTX-2.3 in 16 bits, about, and what they need beside.
VACE = {"transformer": 3.9, "text_encoder": 10.6, "vae": 0.5}, WORKING
LTX = {"transformer": 35.4, "text_encoder": 24.0, "connectors": 0.9, "vae": 2.3}, LTX_WORKING


def fit_of(model, free, keep):
    parts, working = model
    return choose_fit(parts, free, keep, working)


@pytest.mark.parametrize(
    ("model", "free", "fit"),
    [
        (VACE, 24, Fit()),
        (VACE, 16, Fit(aside=True, tiled=True)),
        (VACE, 8, Fit(fp8=True, aside=True, layered=True, tiled=True)),
        (LTX, 139, Fit()),
        (LTX, 79, Fit(aside=True, tiled=True)),
        (LTX, 32, Fit(fp8=True, aside=True, tiled=True)),
        (LTX, 16, Fit(fp8=True, aside=True, layered=True, tiled=True)),
    ],
)
def test_the_quickest_that_fits_is_chosen(model, free, fit):
    assert fit_of(model, free, Keep()) == fit
    assert fit_of(model, free, Keep("full")) == FITS[0]
    assert fit_of(model, free, Keep("low")) == FITS[-1]


@pytest.mark.parametrize(
    ("free", "keep", "fit"),
    [
        (79, Keep(weights_in="fp8"), Fit(fp8=True)),
        (32, Keep(weights_in="16"), Fit(aside=True, layered=True, tiled=True)),
        (32, Keep(weights_in="fp8"), Fit(fp8=True, aside=True, tiled=True)),
        (79, Keep("low", "16"), Fit(aside=True, layered=True, tiled=True)),
        (16, Keep("full", "fp8"), Fit(fp8=True)),
        (139, Keep(weights_in="int8"), Fit()),
    ],
)
def test_weights_are_stored_as_asked(free, keep, fit):
    assert fit_of(LTX, free, keep) == fit


def test_each_fit_needs_less_than_the_one_before():
    parts, working = LTX
    needs = [needed_gib(fit, parts, working) for fit in FITS]
    assert needs == sorted(needs, reverse=True)
    assert needs[-1] == working.tiled + parts["connectors"] + parts["vae"]
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


def hears(model):
    """Another recording makes another video."""
    one, other = (
        tiny_ltx.run(tiny_ltx.conditions(), model=model, clip=tiny_ltx.clip(seed))
        for seed in (0, 1)
    )
    assert torch.isfinite(one).all()
    assert not torch.equal(one, other)


def test_the_recording_is_heard_by_weights_in_8_bits():
    pipeline = tiny_ltx.build_pipeline()
    arrange(pipeline, Fit(fp8=True), "cpu")
    model = LtxModel(pipeline)
    hears(model)


@pytest.mark.long
def test_compiled_by_region_it_draws_nearly_the_same_with_boxes():
    """What is grafted can be traced, and is still switched by the schedule."""
    pipeline = build_vace_pipeline()
    model = WanModel(pipeline)
    compile_blocks(pipeline, backend="eager")
    blocks = [*pipeline.transformer.blocks, *pipeline.transformer.vace_blocks]
    assert all(block._compiled_call_impl for block in blocks)
    for schedule in (tiny_wan.GROUNDED, FREE):
        compiled, plain = (
            tiny_wan.run(conditions(), schedule, model=one, control=shown())
            for one in (model, tiny_wan.tiny_vace())
        )
        assert torch.allclose(compiled, plain, atol=1e-4)


@pytest.mark.long
def test_compiled_by_region_it_hears_the_recording():
    pipeline = tiny_ltx.build_pipeline()
    model = LtxModel(pipeline)
    compile_blocks(pipeline, backend="eager")
    compiled, plain = (
        tiny_ltx.run(tiny_ltx.conditions(), model=one, clip=tiny_ltx.clip())
        for one in (model, tiny_ltx.tiny_ltx())
    )
    assert torch.allclose(compiled, plain, atol=1e-4)


def test_without_torchao_int8_is_one_line(tmp_path, monkeypatch):
    build_vace_pipeline().save_pretrained(tmp_path)
    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    with pytest.raises(BackendError, match="requirements-quantized.txt, or choose") as raised:
        load_wan(tmp_path, "cpu", parts=PARTS, keep=Keep("full", "int8"))
    assert "\n" not in str(raised.value)


def test_weights_in_int8_are_half_and_nearly_the_same(tmp_path):
    pytest.importorskip("torchao", reason="the extra 'quantized' is not installed")
    build_vace_pipeline().save_pretrained(tmp_path)
    full, small = (
        load_wan(tmp_path, "cpu", parts=PARTS, keep=Keep("full", weights_in))
        for weights_in in ("16", "int8")
    )
    weights = [
        dict(one.pipeline.transformer.named_parameters())["blocks.0.ffn.net.0.proj.weight"]
        for one in (full, small)
    ]
    assert stored_bytes(weights[1]) < 0.5 * stored_bytes(weights[0])
    kept = {"schedule": tiny_wan.GROUNDED, "control": shown()}
    one, other = (tiny_wan.run(conditions(), model=model, **kept) for model in (full, small))
    assert 0 < (one - other).abs().mean() < 0.2 * one.abs().mean()


def test_the_recording_is_heard_by_weights_in_int8(tmp_path):
    pytest.importorskip("torchao", reason="the extra 'quantized' is not installed")
    tiny_ltx.build_pipeline().save_pretrained(tmp_path)
    model = load_ltx(tmp_path, "cpu", keep=Keep("full", "int8"))
    hears(model)


def write_gguf(transformer, path):
    """The weights of a transformer, those of its linear layers in 8 bits."""
    gguf = pytest.importorskip("gguf", reason="the extra 'quantized' is not installed")
    writer = gguf.GGUFWriter(path, "wan")
    for name, weights in transformer.state_dict().items():
        array = weights.float().numpy()
        if name.endswith(".weight") and array.ndim == 2 and array.shape[1] % 32 == 0:
            small = gguf.quantize(array, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(name, small, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        else:
            writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_gguf_file_takes_the_place_of_the_transformers_weights(tmp_path):
    pipeline = build_vace_pipeline()
    pipeline.save_pretrained(tmp_path)
    path = write_gguf(pipeline.transformer, tmp_path / "vace-q8.gguf")
    for weights in (tmp_path / "transformer").glob("*.safetensors"):
        weights.unlink()
    with pytest.raises(BackendError, match="transformer.* missing"):
        load_wan(tmp_path, "cpu", parts=PARTS)
    small = load_wan(tmp_path, "cpu", parts=PARTS, keep=Keep("full", gguf=path))
    kept = {"schedule": tiny_wan.GROUNDED, "control": shown()}
    one, other = (
        tiny_wan.run(conditions(), model=model, **kept) for model in (small, tiny_wan.tiny_vace())
    )
    assert 0 < (one - other).abs().mean() < 0.2 * other.abs().mean()


def test_the_recording_is_heard_by_weights_of_a_gguf_file(tmp_path):
    pipeline = tiny_ltx.build_pipeline()
    pipeline.save_pretrained(tmp_path)
    path = write_gguf(pipeline.transformer, tmp_path / "ltx-q8.gguf")
    model = load_ltx(tmp_path, "cpu", keep=Keep("full", gguf=path))
    hears(model)


def test_what_is_no_gguf_file_is_one_line(tmp_path):
    build_vace_pipeline().save_pretrained(tmp_path)
    (tmp_path / "a.gguf").write_bytes(b"GGML")
    for path in (tmp_path / "a.gguf", tmp_path / "none.gguf", tmp_path):
        with pytest.raises(BackendError, match="is no GGUF file"):
            load_wan(tmp_path, "cpu", parts=PARTS, keep=Keep("full", gguf=path))
    assert not fit_of(LTX, 32, Keep(gguf=tmp_path)).fp8  # which it could not be cast to


@pytest.mark.parametrize("rest", [b"", bytes(64), b"\xff" * 64, b"\x03\0\0\0" + b"\x01" * 60])
def test_a_damaged_gguf_file_is_one_line(tmp_path, rest):
    pytest.importorskip("gguf", reason="the extra 'quantized' is not installed")
    build_vace_pipeline().save_pretrained(tmp_path)
    (tmp_path / "a.gguf").write_bytes(b"GGUF" + rest)
    with pytest.raises(BackendError, match="a.gguf can't be loaded"):
        load_wan(tmp_path, "cpu", parts=PARTS, keep=Keep("full", gguf=tmp_path / "a.gguf"))
