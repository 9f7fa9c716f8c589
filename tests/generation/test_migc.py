"""MIGC grounding on a tiny UNet of SD's block structure with random weights."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from spa2v_core.errors import InputError
from spa2v_core.generation.conditioning import FrameConditions
from spa2v_core.generation.grounding import migc
from spa2v_core.generation.grounding.migc import MigcGrounding, MigcProcessor
from spa2v_core.generation.grounding.migc_checkpoint import LAYERS
from spa2v_core.generation.grounding.migc_layers import MigcLayer, fourier_features
from tests.generation.tiny_migc import (
    CHANNELS,
    FRAMES,
    HEADS,
    TEXT_DIM,
    WORDS,
    FakeText,
    random_grounding,
    stock_unet,
)

LATENT_HW = (16, 24)
ATTN2 = "up_blocks.1.attentions.0.transformer_blocks.0.attn2"


@cache
def grafted():
    """(UNet, grounding) with the layers in place."""
    unet, grounding = stock_unet(), random_grounding()
    grounding.graft(unet)
    return unet, grounding


def conditions(**changes):
    box = np.array([[0.1, 0.2, 0.5, 0.8], [0.4, 0.3, 0.95, 0.9]], np.float32)
    base = FrameConditions(
        "a road",
        ["a road"] * FRAMES,
        ["red car", "dog"],
        np.tile(box, (FRAMES, 1, 1)),
        np.ones((FRAMES, 2), bool),
        np.ones((FRAMES, 2), np.float32),
    )
    return replace(base, **changes)


def prepare(given):
    return grafted()[1].prepare(given, FakeText(), LATENT_HW)


def inputs(batch=2):
    """Latents (1 or 2 videos), timestep and per-frame text."""
    generator = torch.Generator().manual_seed(2)
    sample = torch.randn(2, 4, FRAMES, *LATENT_HW, generator=generator)[-batch:]
    text = torch.randn(2 * FRAMES, WORDS, TEXT_DIM, generator=generator)[-batch * FRAMES :]
    return sample, 500, text


@torch.no_grad()
def run(given=None, on=True, batch=2):
    """Output (B, C, F, h, w) of the grafted UNet; `given` None passes no state at all."""
    if given is not None:
        prepare(given).switch(on, {})
    return grafted()[0](*inputs(batch)).sample


@torch.no_grad()
def layer(given, name=ATTN2, on=True, rows=2 * FRAMES):
    """Output (rows, N, C) of one grafted attention layer."""
    unet, grounding = grafted()
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(2 * FRAMES, 24, CHANNELS, generator=generator)
    text = torch.randn(2 * FRAMES, WORDS, TEXT_DIM, generator=generator)
    prepare(given).switch(on, {})
    try:
        return unet.get_submodule(name)(x[-rows:], encoder_hidden_states=text[-rows:])
    finally:
        grounding.slot.scene = None


def rows_changed(a, b):
    return [k for k in range(len(a)) if not torch.equal(a[k], b[k])]


@torch.no_grad()
def test_off_nobody_and_no_state_are_bit_identical_to_the_stock_unet():
    stock = stock_unet()(*inputs()).sample
    assert torch.equal(run(), stock)
    assert torch.equal(run(conditions(), on=False), stock)
    assert torch.equal(run(conditions(present=np.zeros((FRAMES, 2), bool))), stock)
    nothing = {name: np.zeros((FRAMES, 0)) for name in ("present", "facing")}
    empty = conditions(phrases=[], boxes=np.zeros((FRAMES, 0, 4), np.float32), **nothing)
    assert torch.equal(run(replace(empty, present=empty.present.astype(bool))), stock)
    assert not torch.equal(run(conditions()), stock)


def test_the_unconditional_video_is_stock_and_guidance_may_be_truncated():
    both, off = run(conditions()), run()
    assert torch.equal(both[0], off[0])
    assert not torch.equal(both[1], off[1])
    assert torch.allclose(run(conditions(), batch=1), both[1:], atol=1e-5)


def test_the_same_conditions_give_the_same_bits_whatever_the_random_state():
    first = run(conditions())
    torch.manual_seed(99)
    assert torch.equal(run(conditions()), first)


def test_a_state_holds_for_one_forward_even_if_that_fails():
    stock = run()
    unet = grafted()[0]
    prepare(conditions()).switch(True, {})
    with pytest.raises(TypeError):
        unet(inputs()[0])
    assert torch.equal(run(), stock)
    run(conditions())
    assert torch.equal(run(), stock)


@pytest.mark.parametrize("rows", [FRAMES, 2 * FRAMES])
def test_a_box_of_one_frame_changes_that_frame_only(rows):
    boxes = conditions().boxes.copy()
    boxes[2, 0] += 0.2
    before, after = layer(conditions(), rows=rows), layer(conditions(boxes=boxes), rows=rows)
    assert rows_changed(before, after) == [rows - FRAMES + 2]


def test_a_frame_without_objects_is_stock():
    present = np.ones((FRAMES, 2), bool)
    present[1] = False
    stock = layer(conditions(), on=False)
    assert rows_changed(layer(conditions(present=present)), stock) == [4, 6, 7]


def test_an_absent_object_has_no_influence_there():
    present = np.ones((FRAMES, 2), bool)
    present[1, 1] = False
    boxes = conditions().boxes.copy()
    boxes[1, 1] = [0, 0, 1, 1]
    absent = layer(conditions(present=present))
    assert torch.equal(absent, layer(conditions(present=present, boxes=boxes)))
    other = layer(conditions(present=present, phrases=["red car", "cat"]))
    assert rows_changed(absent, other) == [4, 6, 7]
    boxes[1, 1] = [1.1, 0.2, 1.4, 0.8]
    assert torch.equal(absent, layer(conditions(boxes=boxes)))


def test_boxes_are_clipped_to_the_frame():
    boxes, clipped = conditions().boxes.copy(), conditions().boxes.copy()
    boxes[:, 0], clipped[:, 0] = [-0.4, 0.2, 0.5, 1.7], [0, 0.2, 0.5, 1]
    assert torch.equal(layer(conditions(boxes=boxes)), layer(conditions(boxes=clipped)))


def test_every_layer_is_grafted_and_phrase_and_place_matter():
    for name in LAYERS:
        unet = grafted()[0]
        assert isinstance(unet.get_submodule(name).processor, MigcProcessor)
    assert not torch.equal(run(conditions()), run(conditions(phrases=["blue car", "dog"])))
    assert not torch.equal(run(conditions()), run(conditions(boxes=conditions().boxes * 0.9)))


@torch.no_grad()
def one_layer(boxes, **changes):
    """What the shading of a layer is given: (background, instances, layout) and the scene."""
    count = len(boxes)
    given = conditions(
        phrases=["red car", "dog"][:count],
        boxes=np.tile(np.array(boxes, np.float32), (FRAMES, 1, 1)),
        present=np.ones((FRAMES, count), bool),
    )
    scene = prepare(given).scene
    torch.manual_seed(4)
    module = MigcLayer(CHANNELS, TEXT_DIM, HEADS).eval()
    module.sac = Recorder()
    x = changes.get("x", torch.randn(FRAMES, 24, CHANNELS))
    captioned = torch.randn(FRAMES, 24, CHANNELS)
    instances = torch.randn(len(scene.object_of), 24, CHANNELS)
    module(x, captioned, instances, scene, scene.levels[24])
    return *module.sac.seen, x


class Recorder(torch.nn.Module):
    def forward(self, *seen):
        self.seen = seen[:3]
        return seen[0]


def test_instances_live_inside_their_box_and_the_caption_outside():
    background, instances, _, _ = one_layer([[0.0, 0.0, 0.5, 1.0]])
    left = (torch.arange(24) % 6) < 3
    assert (instances[:, left].abs().sum(-1) > 0).all()
    assert (instances[:, ~left] == 0).all()
    assert (background[:, left] == 0).all()
    assert (background[:, ~left].abs().sum(-1) > 0).all()


def test_layout_attention_stays_inside_a_box_or_the_background():
    left = (torch.arange(24) % 6) < 3
    torch.manual_seed(5)
    x = torch.randn(FRAMES, 24, CHANNELS)
    changed = x.clone()
    changed[:, left] += 1
    box = [[0.0, 0.0, 0.5, 1.0]]
    before, after = one_layer(box, x=x)[2], one_layer(box, x=changed)[2]
    assert torch.equal(before[:, ~left], after[:, ~left])
    assert not torch.equal(before[:, left], after[:, left])


def test_masks_are_drawn_in_pixels_and_sampled_at_the_centres():
    scene = prepare(conditions()).scene
    level = scene.levels[24]
    assert level.hw == (4, 6) and scene.levels[6].hw == (2, 3)
    # The box 0.1 0.2 0.5 0.8, where a token's centre lies between the two latent cells it sees.
    across = [0.5, 1.0, 1.0, 0.0, 0.0, 0.0]
    expected = torch.tensor([[0.0] * 6, across, across, [0.0] * 6])
    assert torch.equal(level.inside[0].view(4, 6), expected)
    union = torch.stack([level.inside[0], level.inside[1]]).amax(0)
    assert torch.equal(level.background[0], 1 - union)
    assert level.together.diagonal(dim1=-2, dim2=-1).all()
    assert migc.sizes((45, 30)) == [(12, 8), (6, 4)]


def test_box_features_are_in_the_checkpoints_order():
    features = fourier_features(torch.tensor([[0.1, 0.2, 0.3, 0.4]]))[0].view(8, 2, 4)
    box = torch.tensor([0.1, 0.3, 0.2, 0.4])  # x0 x1 y0 y1
    for k in range(8):
        angle = 100 ** (k / 8) * box
        assert torch.allclose(features[k], torch.stack([angle.sin(), angle.cos()]), atol=1e-6)


def test_more_than_28_objects_are_refused():
    def many(count):
        return conditions(
            phrases=["dog"] * count,
            boxes=np.tile(conditions().boxes[:, :1], (1, count, 1)),
            present=np.ones((FRAMES, count), bool),
        )

    assert torch.isfinite(layer(many(28))).all()
    with pytest.raises(InputError, match="up to 28 objects, the layout has 29"):
        prepare(many(29))


def test_half_precision():
    unet, grounding = stock_unet(), random_grounding()
    grounding.graft(unet)
    unet.to(torch.bfloat16)
    grounding.prepare(conditions(), FakeText(), LATENT_HW).switch(True, {})
    sample, timestep, text = inputs()
    with torch.no_grad():
        out = unet(sample.bfloat16(), timestep, text.bfloat16()).sample
    assert out.dtype == torch.bfloat16 and torch.isfinite(out).all()


def test_grafting_refuses_another_unet_and_replaces_itself():
    with pytest.raises(ValueError, match="it has no mid_block.attentions.0"):
        MigcGrounding(CHANNELS, TEXT_DIM, HEADS).graft(torch.nn.Linear(2, 2))
    unet = stock_unet()
    with pytest.raises(ValueError, match="attn2 is 32 wide with text of 24, the grounding 64"):
        MigcGrounding(64, TEXT_DIM, HEADS).graft(unet)
    for _ in range(2):
        grounding = random_grounding()
        grounding.graft(unet)
    processor = unet.get_submodule(ATTN2).processor
    assert processor.slot is grounding.slot
    assert not isinstance(processor.inner, MigcProcessor)


def test_a_scene_of_another_size_is_refused():
    grafted()[1].prepare(conditions(), FakeText(), (32, 32)).switch(True, {})
    with pytest.raises(ValueError, match="4 frames of .16, 64. tokens, the layer has 8 rows of 6"):
        run()
