"""Kinds of grounding, feature caching and windows on the full architecture at tiny size."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from spa2v_core.errors import BackendError, InputError
from spa2v_core.generation.grounding.attention import gaussian
from spa2v_core.generation.grounding.base import Text
from spa2v_core.generation.grounding.cross_attention import (
    hooked,
    named_everywhere,
    steered,
    targets,
    token_map,
)
from spa2v_core.generation.grounding.energy import energy
from spa2v_core.generation.grounding.gligen import MAX_OBJECTS, GligenGrounding
from spa2v_core.generation.registry import BACKENDS, grounding_kinds
from spa2v_core.generation.schedule import Schedule
from tests.generation import tiny_full
from tests.generation.scene import FRAMES, conditions, frames_changed, stock_latents
from tests.generation.tiny import NoMotion

SIZE_WH = (128, 80)
GUIDED = Schedule(3, 3.0)


@pytest.fixture(scope="module")
def model():
    return tiny_full.tiny_full_model()


@pytest.fixture
def run(model):
    def call(given, schedule=GUIDED, kinds=("gligen",), seed=0, **options):
        return model.denoise(given, schedule, seed=seed, size=SIZE_WH, kinds=kinds, **options)

    return call


@pytest.fixture
def text(model):
    pipe = model.pipeline
    return Text(pipe.tokenizer, pipe.text_encoder, torch.device("cpu"))


def everyone_named():
    """Conditions whose texts name the objects, so that steering adds no words."""
    return conditions(frame_texts=["a red car and a dog"] * FRAMES, caption="a red car and a dog")


KINDS = ["gligen", "attention", "energy", "gligen+attention", "gligen+energy"]


@pytest.mark.parametrize("kinds", KINDS)
def test_off_is_bit_identical_to_the_stock_pipeline(kinds, model, run):
    kinds = kinds.split("+")
    off = replace(GUIDED, grounding_share=0.0)
    named = conditions(frame_texts=["a car on a road"] * FRAMES, phrases=["car", "road"])
    assert torch.equal(run(named, off, kinds), stock_latents(model, GUIDED, SIZE_WH))
    assert not torch.equal(run(named, GUIDED, kinds), stock_latents(model, GUIDED, SIZE_WH))
    assert torch.equal(run(named, GUIDED, ()), stock_latents(model, GUIDED, SIZE_WH))


@pytest.mark.parametrize("kinds", KINDS)
def test_a_box_of_one_frame_changes_that_frame_only_without_motion(kinds, model, run):
    boxes = conditions().boxes.copy()
    boxes[2, 0] += 0.2
    kinds, base = kinds.split("+"), everyone_named()
    with NoMotion(model):
        changed = frames_changed(
            run(base, kinds=kinds), run(replace(base, boxes=boxes), kinds=kinds)
        )
    assert changed == [False, False, True, False]


@pytest.mark.parametrize("kinds", KINDS)
def test_an_absent_object_has_no_influence_there(kinds, run):
    present = np.ones((FRAMES, 2), bool)
    present[1, 1] = False
    one = replace(everyone_named(), present=present)
    boxes = one.boxes.copy()
    boxes[1, 1] = [0.0, 0.0, 1.0, 1.0]
    kinds = kinds.split("+")
    assert torch.equal(run(one, kinds=kinds), run(replace(one, boxes=boxes), kinds=kinds))


@pytest.mark.parametrize("kinds", KINDS)
def test_same_seed_same_video(kinds, run):
    kinds = kinds.split("+")
    first, again = (run(conditions(), kinds=kinds, seed=3) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, run(conditions(), kinds=kinds, seed=4))


def test_gligen_sees_nothing_in_the_unconditional_half(model, text):
    grounding = model.grounding("gligen")
    objs = grounding.prepare(conditions(), text, (10, 16)).objs
    assert objs.shape == (2 * FRAMES, MAX_OBJECTS, tiny_full.TEXT_DIM)
    assert torch.equal(objs[:FRAMES], objs[:1, :1].expand_as(objs[:FRAMES]))
    assert not torch.equal(objs[FRAMES, 0], objs[0, 0])
    assert torch.equal(objs[FRAMES, 2:], objs[0, 2:])


def test_gligen_refuses_too_many_objects(model, text):
    many = conditions(
        phrases=["car"] * 31,
        boxes=np.zeros((FRAMES, 31, 4), np.float32),
        present=np.ones((FRAMES, 31), bool),
    )
    with pytest.raises(InputError, match="at most 30 objects"):
        model.grounding("gligen").prepare(many, text, (10, 16))


def test_gligen_weights_make_a_round_trip_and_partial_ones_are_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    unet = tiny_full.build_unet()
    one, other = tiny_full.build_gligen(unet), GligenGrounding.for_unet(unet)
    one.save(tmp_path / "unet")
    other.load(tmp_path)
    saved, loaded = one.state_dict(), other.state_dict()
    assert all(torch.equal(saved[name], loaded[name]) for name in saved)
    path = tmp_path / "unet" / "gligen.safetensors"
    tensors = load_file(path)
    assert any(".attn1." not in key and ".fuser." in key for key in tensors)
    key = sorted(tensors)[0]
    save_file({k: v for k, v in tensors.items() if k != key}, path)
    with pytest.raises(BackendError, match=f"1 of {len(tensors)} tensors are missing"):
        other.load(tmp_path)
    save_file(tensors | {key: torch.zeros(3, 3, 3)}, path)
    with pytest.raises(BackendError, match="does not fit this base"):
        other.load(tmp_path)
    path.write_bytes(b"<!DOCTYPE html>" * 100)
    with pytest.raises(BackendError, match="can't be read"):
        other.load(tmp_path)
    path.rename(path.with_suffix(".bin"))
    with pytest.raises(BackendError, match="pickle.*fetch gligen"):
        other.load(tmp_path)


def test_steering_keeps_the_range_of_the_logits():
    logits = torch.randn(3, 2, 5, 4)
    pushes = torch.zeros(2, 5, 4)
    pushes[1, 0, 1], pushes[1, 0, 2] = 1.0, -1.0
    out = steered(logits, pushes)
    assert torch.equal(out[:2], logits[:2])
    assert torch.allclose(out[2, :, 0, 1], logits[2, :, 0].amax(-1))
    assert torch.allclose(out[2, :, 0, 2], logits[2, :, 0].amin(-1))
    assert torch.equal(out[2, :, 1:], logits[2, :, 1:])


def test_words_are_pushed_into_their_boxes(model, text):
    base = everyone_named()
    state = model.grounding("attention").prepare(base, text, (10, 16))
    push = state.pushes[160]
    car, dog = token_map(base.frame_texts[0], base.phrases, text)
    cover = targets(base, text, (10, 16), torch.zeros(1)).cover[160]
    for k, words in enumerate((car, dog)):
        inside, outside = cover[0, k] == 1, cover[0, k] == 0
        assert (push[0][inside][:, words > 0] > 0).all()
        assert (push[0][outside][:, words > 0] < 0).all()
    assert (push[0][:, (car + dog) == 0] == 0).all()
    assert push.abs().max() <= 0.8


def test_the_push_is_strongest_in_the_middle():
    weight = gaussian(torch.tensor([[[0.25, 0.0, 0.75, 1.0]]]), 5, 8)[0, 0].view(5, 8)
    assert weight.argmax() in (2 * 8 + 3, 2 * 8 + 4)
    assert weight[2, 2] > weight[2, 1] > weight[2, 0]


def test_texts_name_what_is_steered():
    given = conditions(frame_texts=["a red car on a road"] * FRAMES)
    given.present[1, 1] = False
    texts = named_everywhere(given)
    assert texts[0] == "a red car on a road, dog"
    assert texts[1] == "a red car on a road"


def test_phrases_are_found_by_their_last_word(text):
    red_car = token_map("a blue car", ["red car"], text)[0]
    assert red_car.sum() == 3  # the letters of "car"
    assert token_map("a dog", ["cat"], text).sum() == 0


def test_energy_guidance_moves_attention_into_the_boxes(model, text):
    grounding, unet = model.grounding("energy"), model.pipeline.unet
    base = everyone_named()
    state = replace(grounding.prepare(base, text, (10, 16)), scale=300.0, iterations=4)
    words = text.hidden(base.frame_texts)
    latents = torch.randn(1, 4, FRAMES, 10, 16, generator=torch.Generator().manual_seed(0))

    def value(sample):
        hooks = hooked(unet)
        hooks.watching = state.layers
        with torch.no_grad():
            unet(sample, 900, words)
        total = float(energy(hooks.maps, state.aims))
        hooks.watching = ()
        hooks.maps.clear()
        return total

    moved = state.guide(latents, 1.0, lambda sample: unet(sample, 900, words))
    assert value(moved) < value(latents)
    assert len(state.layers) == 10  # of the 16 blocks


def test_energy_of_perfect_attention_is_the_least(text):
    base = everyone_named()
    aims = targets(base, text, (10, 16), torch.zeros(1))
    inside = (aims.cover[160] > 0.5).float()
    perfect = torch.einsum("fkn,fkl->fnl", inside, aims.tokens)[:, None]
    wrong = torch.einsum("fkn,fkl->fnl", 1 - inside, aims.tokens)[:, None]
    assert energy({"a": perfect}, aims) == pytest.approx(0, abs=1e-5)
    assert energy({"a": wrong}, aims) == pytest.approx(5, abs=1e-5)


def test_features_are_reused_at_every_other_step():
    schedule = Schedule(10, 3.0, guidance_share=0.6, grounding_share=0.3, cache=True)
    assert schedule.reusing_steps == {3, 5, 7}
    assert Schedule(10, 3.0).reusing_steps == frozenset()
    assert Schedule(2, 3.0, grounding_share=0.0, cache=True).reusing_steps == frozenset()


def test_caching_skips_the_inner_blocks_and_little_changes(model, run, monkeypatch):
    schedule = Schedule(8, 3.0, grounding_share=0.25)
    whole = run(conditions(), schedule)
    calls = []
    block = model.pipeline.unet.mid_block
    forward = type(block).forward
    monkeypatch.setattr(
        type(block), "forward", lambda *a, **k: (calls.append(1), forward(*a, **k))[1]
    )
    cached = run(conditions(), replace(schedule, cache=True))
    assert len(calls) == 8 - len(replace(schedule, cache=True).reusing_steps) == 5
    assert not torch.equal(cached, whole)
    assert torch.nn.functional.cosine_similarity(cached.flatten(), whole.flatten(), 0) > 0.9
    calls.clear()
    assert torch.equal(run(conditions(), schedule), whole)  # the blocks are whole again
    assert len(calls) == 8


def long_conditions(frames=20):
    base = conditions()
    pick = np.linspace(0, FRAMES - 1, frames).round().astype(int)
    return replace(
        base,
        frame_texts=[base.frame_texts[k] for k in pick],
        boxes=base.boxes[pick],
        present=base.present[pick],
        facing=base.facing[pick],
    )


def test_more_frames_come_in_windows_that_see_the_layout(model, run):
    before = run(conditions())
    long = long_conditions()
    video = run(long)
    assert video.shape[2] == 20
    assert torch.equal(video, run(long))
    boxes = long.boxes.copy()
    boxes[18, 0] += 0.2
    assert not torch.equal(video, run(replace(long, boxes=boxes)))
    with NoMotion(model):
        one, other = run(long), run(replace(long, boxes=boxes))
    changed = [bool((one[:, :, k] != other[:, :, k]).any()) for k in range(20)]
    assert changed == [k == 18 for k in range(20)]
    assert torch.equal(run(conditions()), before)  # and the modules are the stock ones again


def test_kinds_are_read_from_their_names():
    spec = BACKENDS.get("animatediff")
    assert grounding_kinds("default", spec) == ("gligen",)
    assert grounding_kinds("none", spec) == ()
    assert grounding_kinds("gligen + attention", spec) == ("gligen", "attention")
    with pytest.raises(InputError, match="no grounding 'boxes'"):
        grounding_kinds("boxes", spec)
    with pytest.raises(InputError, match="take it alone"):
        grounding_kinds("migc+attention", spec)
