"""Grounding, draft and schedule of Wan, on tiny random weights in the real classes."""

import math
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import WanVideoToVideoPipeline

from spa2v_core.generation.backends.wan.model import WanModel
from spa2v_core.generation.full_size.flow import FlowGuess
from spa2v_core.generation.grounding.wan_boxes import (
    attention_bias,
    ground_prompt,
    token_masks,
)
from spa2v_core.generation.registry import BACKENDS
from spa2v_core.generation.schedule import WanSchedule
from tests.generation.scene import stops_at_the_second_step
from tests.generation.tiny_wan import (
    CAPTION,
    FRAMES,
    GRID_HW,
    GROUNDED,
    LATENT_FRAMES,
    NEGATIVE,
    PROMPT,
    SIZE_WH,
    build_pipeline,
    build_scheduler,
    build_tokenizer,
    build_transformer,
    conditions,
    run,
    stock_pipeline,
    tiny_wan,
)

OFF = replace(GROUNDED, grounding_share=0.0)


def stock(schedule=GROUNDED, seed=0):
    """Latents of the stock pipeline that nothing of ours has touched."""
    return stock_pipeline()(
        prompt=CAPTION,
        negative_prompt=NEGATIVE,
        num_frames=FRAMES,
        width=SIZE_WH[0],
        height=SIZE_WH[1],
        num_inference_steps=schedule.steps,
        guidance_scale=schedule.guidance_scale,
        generator=torch.Generator().manual_seed(seed),
        output_type="latent",
    ).frames


@contextmanager
def recorded(function):
    """Calls `function(output)` for the first cross-attention of each transformer call."""
    attention = tiny_wan().pipeline.transformer.blocks[0].attn2
    hook = attention.register_forward_hook(lambda _module, _inputs, output: function(output))
    try:
        yield
    finally:
        hook.remove()


def first_attention(given, **options):
    """Output (J, N, c) of the first cross-attention in the first conditional call."""
    outputs = []
    with recorded(outputs.append):
        run(given, replace(GROUNDED, steps=1), **options)
    return outputs[0][0].unflatten(0, (LATENT_FRAMES, -1))


def activity(schedule, **options):
    """Whether each transformer call of a render was grounded."""
    seen = []
    with recorded(lambda _: seen.append(tiny_wan().boxes.active)):
        run(conditions(), schedule, **options)
    return seen


def test_grounding_off_is_bit_identical_to_the_stock_pipeline():
    assert torch.equal(run(conditions(), OFF), stock())
    assert not torch.equal(run(conditions()), stock())


def test_no_objects_is_bit_identical_to_the_stock_pipeline():
    nothing = ground_prompt(CAPTION, [], [], build_tokenizer())
    none = np.zeros((FRAMES, 0), np.float32)
    empty = conditions(boxes=np.zeros((FRAMES, 0, 4), np.float32), present=none > 0, facing=none)
    assert torch.equal(run(empty, prompt=nothing), stock())


def test_same_seed_same_video():
    assert torch.equal(run(conditions(), seed=3), run(conditions(), seed=3))
    assert not torch.equal(run(conditions(), seed=3), run(conditions(), seed=4))


def test_a_changed_box_changes_the_attention_only_inside_the_boxes():
    boxes = conditions().boxes.copy()
    boxes[5:, 0] = [0.25, 0.4, 0.75, 1.0]  # latent frame 2 is frames 5..8
    moved = conditions(boxes=boxes)
    changed = (first_attention(conditions()) != first_attention(moved)).any(-1)
    before, after = (token_masks(given, GRID_HW)[:, 0] for given in (conditions(), moved))
    assert torch.equal(changed, before != after)
    assert changed[2].any()
    assert not changed[:2].any()
    assert not torch.equal(run(conditions()), run(moved))


def test_words_of_an_object_are_seen_only_inside_its_box(monkeypatch):
    """Outside its box, the first attention does not depend on what the object's words say."""
    usual = first_attention(conditions())
    embedder = tiny_wan().pipeline.transformer.condition_embedder.text_embedder
    forward = type(embedder).forward

    def other_words(this, text):
        embedded = forward(this, text)
        embedded[:, PROMPT.words[1]] += 1.0
        return embedded

    monkeypatch.setattr(type(embedder), "forward", other_words)
    changed = (usual != first_attention(conditions())).any(-1)
    assert torch.equal(changed, token_masks(conditions(), GRID_HW)[:, 1])


def test_an_absent_object_has_no_influence_there():
    present = np.ones((FRAMES, 2), bool)
    present[1:5, 1] = False  # latent frame 1
    boxes = conditions().boxes.copy()
    boxes[1:5, 1] = [0.0, 0.0, 1.0, 1.0]
    away = conditions(present=present)
    assert torch.equal(run(away), run(replace(away, boxes=boxes)))
    masks = token_masks(away, GRID_HW)
    assert not masks[1, 1].any()
    bias = attention_bias(masks, PROMPT.words, 2.0)[0, 0].unflatten(0, (LATENT_FRAMES, -1))
    assert (bias[1][:, PROMPT.words[1]] == -math.inf).all()
    alone = attention_bias(masks[:, :1], PROMPT.words[:1], 2.0)[0, 0]
    others = ~PROMPT.words[1]
    assert torch.equal(bias[1][:, others], alone.unflatten(0, (LATENT_FRAMES, -1))[1][:, others])


def test_the_box_of_a_latent_frame_is_the_union_over_its_frames():
    boxes = np.zeros((FRAMES, 1, 4), np.float32)
    present = np.zeros((FRAMES, 1), bool)
    boxes[:, 0] = [0.0, 0.0, 0.125, 0.2]  # one token
    boxes[4, 0] = [0.5, 0.4, 0.625, 0.6]
    present[1:6] = True
    masks = token_masks(conditions(boxes=boxes, present=present), GRID_HW)[:, 0]
    rows, columns = GRID_HW
    assert [mask.nonzero().flatten().tolist() for mask in masks] == [
        [],
        [0, 2 * columns + columns // 2],
        [0],
    ]
    assert rows * columns == masks.shape[1]


def test_a_small_box_still_has_a_token():
    boxes = np.tile(np.array([0.49, 0.49, 0.52, 0.52], np.float32), (FRAMES, 2, 1))
    assert token_masks(conditions(boxes=boxes), GRID_HW).any(-1).all()
    outside = np.tile(np.array([1.1, 0.2, 1.4, 0.6], np.float32), (FRAMES, 2, 1))
    assert not token_masks(conditions(boxes=outside), GRID_HW).any()


def test_the_object_in_front_gains_where_boxes_overlap():
    masks = torch.tensor([[[True, True, False], [False, True, False]]])
    words = torch.tensor([[True, False, False], [False, True, False]])
    gain = math.log(3.0)
    expected = [[gain, -math.inf, 0], [0, gain, 0], [-math.inf, -math.inf, 0]]
    assert torch.allclose(attention_bias(masks, words, 3.0)[0, 0], torch.tensor(expected))
    shared = torch.tensor([[True, False, False]] * 2)
    bias = attention_bias(masks, shared, 3.0)[0, 0]
    assert torch.allclose(bias[:, 0], torch.tensor([gain, gain, -math.inf]))


def test_only_the_conditional_calls_of_the_first_steps_are_grounded():
    schedule = WanSchedule(5, 4.0, guidance_share=0.6, grounding_share=0.4)
    assert activity(schedule) == [True, False] * 2 + [False] * 4
    assert activity(WanSchedule(2, 1.0, grounding_share=0.5)) == [True, False]
    draft = np.zeros((FRAMES, *SIZE_WH[::-1], 3), np.uint8)
    assert activity(schedule, draft=draft) == [True, False] * 2 + [False] * 4


def test_truncated_guidance_is_full_guidance_until_it_ends():
    seen = {}
    for share in (0.5, 1.0):
        steps = []
        run(
            conditions(),
            WanSchedule(4, 4.0, guidance_share=share),
            on_step=lambda done, decode, steps=steps: steps.append(decode(1)),
        )
        seen[share] = steps
    assert (seen[0.5][1] == seen[1.0][1]).all()
    assert not (seen[0.5][3] == seen[1.0][3]).all()


@pytest.mark.parametrize("draft", [None, np.zeros((FRAMES, *SIZE_WH[::-1], 3), np.uint8)])
def test_raising_in_a_step_stops_there_and_leaves_the_stock_model(draft):
    assert stops_at_the_second_step(run, conditions(), WanSchedule(6, 4.0), draft=draft)
    assert tiny_wan().boxes.bias is None
    assert torch.equal(run(conditions(), OFF), stock())


@pytest.mark.parametrize("name", ["euler", "unipc"])
@pytest.mark.parametrize("draft", [None, np.zeros((FRAMES, *SIZE_WH[::-1], 3), np.uint8)])
def test_a_model_in_bf16_is_grounded_under_both_schedulers(name, draft):
    pipeline = build_pipeline()
    pipeline.scheduler = build_scheduler(name)
    pipeline.transformer.to(torch.bfloat16)
    pipeline.text_encoder.to(torch.bfloat16)
    model = WanModel(pipeline)
    grounded, free = (
        run(conditions(), schedule, model=model, draft=draft) for schedule in (GROUNDED, OFF)
    )
    assert torch.isfinite(grounded).all()
    assert not torch.equal(grounded, free)


def half_bright():
    """A draft whose left half is bright, (F, H, W, 3)."""
    draft = np.full((FRAMES, *SIZE_WH[::-1], 3), 40, np.uint8)
    draft[:, :, : SIZE_WH[0] // 2] = 220
    return draft


def likeness(latents, draft):
    """Correlation with the draft's latents, each channel about its mean."""
    pair = [value - value.mean((2, 3, 4), keepdim=True) for value in (latents, draft)]
    return float(torch.corrcoef(torch.stack([value.flatten() for value in pair]))[0, 1])


def test_a_draft_keeps_its_layout_the_more_the_lower_the_strength():
    encoded = tiny_wan().encode(half_bright())
    kept = [
        likeness(
            run(conditions(), replace(GROUNDED, strength=strength), draft=half_bright()), encoded
        )
        for strength in (0.1, 0.5)
    ]
    free = likeness(run(conditions()), encoded)
    assert kept[0] > 0.8
    assert kept[0] > kept[1] > free + 0.1


@pytest.mark.parametrize("name", ["euler", "unipc"])
def test_a_draft_starts_as_in_the_stock_video_to_video_pipeline(name):
    model, schedule = tiny_wan(), WanSchedule(4, 1.0, grounding_share=0.0, strength=0.5)
    kept = model.pipeline.scheduler
    model.pipeline.scheduler = build_scheduler(name)
    parts = ("tokenizer", "text_encoder", "transformer", "vae", "scheduler")
    other = WanVideoToVideoPipeline(**{part: getattr(model.pipeline, part) for part in parts})
    other.set_progress_bar_config(disable=True)
    try:
        ours = run(conditions(), schedule, draft=half_bright())
        theirs = other(
            video=half_bright()[None].astype(np.float32) / 255,
            prompt_embeds=model.pipeline.encode_prompt(
                CAPTION, None, False, max_sequence_length=512
            )[0],
            width=SIZE_WH[0],
            height=SIZE_WH[1],
            num_inference_steps=8,
            strength=0.5,
            guidance_scale=1.0,
            generator=torch.Generator().manual_seed(0),
            output_type="latent",
        ).frames
    finally:
        model.pipeline.scheduler = kept
    assert torch.allclose(ours, theirs, atol=1e-3)


def test_the_vae_of_wan_22_fits_with_and_without_a_draft():
    model = tiny_wan(16)
    assert model.native.size_wh == (1280, 800)
    draft = np.zeros((FRAMES, 128, 256, 3), np.uint8)
    for given in (None, draft):
        latents = model.denoise(
            PROMPT, conditions(), GROUNDED, seed=0, size=(256, 128), draft=given
        )
        assert latents.shape == (1, 4, LATENT_FRAMES, 8, 16)
        assert model.decode(latents).shape == draft.shape


def test_native_sizes_fit_the_models():
    for factor in (8, 16):
        width, height = tiny_wan(factor).native.size_wh
        assert width * 5 == height * 8
        assert width % (2 * factor) == 0 == height % (2 * factor)
        assert tiny_wan(factor).native.frames % 4 == 1
    draft = BACKENDS.get("wan").presets["draft"].schedule
    assert all(side % 32 == 0 for side in draft.size_wh)


def test_decoding_is_what_the_stock_pipeline_decodes():
    frames = stock_pipeline()(
        prompt=CAPTION,
        num_frames=FRAMES,
        width=SIZE_WH[0],
        height=SIZE_WH[1],
        num_inference_steps=1,
        guidance_scale=1.0,
        generator=torch.Generator().manual_seed(0),
        output_type="np",
    ).frames[0]
    latents = run(conditions(), WanSchedule(1, 1.0, grounding_share=0.0))
    assert np.abs(tiny_wan().decode(latents) - frames * 255.0).max() <= 1.0  # rounded


def test_the_clean_guess_finds_the_clean_latents():
    scheduler = build_scheduler()
    scheduler.set_timesteps(8)
    clean, noise = torch.randn(2, 1, 4, 3, 2, 2).unbind()
    guess = FlowGuess(scheduler, 4)
    for done, sigma in enumerate(scheduler.sigmas[-4:], start=1):
        guess.update((1 - sigma) * clean + sigma * noise, done)
        if done > 1:
            assert torch.allclose(guess.latents(), clean, atol=1e-4)


def test_only_the_cross_attentions_are_grafted():
    names = {
        name: type(processor).__name__
        for name, processor in tiny_wan().pipeline.transformer.attn_processors.items()
    }
    assert {kind for name, kind in names.items() if ".attn2." in name} == {"BoxAttnProcessor"}
    assert {kind for name, kind in names.items() if ".attn1." in name} == {"WanAttnProcessor"}
    transformer = build_transformer()
    assert transformer.state_dict().keys() == tiny_wan().pipeline.transformer.state_dict().keys()
