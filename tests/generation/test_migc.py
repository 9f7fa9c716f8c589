"""MIGC grounding on a tiny UNet of SD's block structure with random weights."""

import os
import zlib
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from diffusers import MotionAdapter, UNet2DConditionModel
from safetensors.torch import save_file

from spa2v_core.errors import BackendError, InputError
from spa2v_core.generation.conditioning import FrameConditions
from spa2v_core.generation.grounding import migc
from spa2v_core.generation.grounding.migc import MigcGrounding, MigcProcessor
from spa2v_core.generation.grounding.migc_checkpoint import LAYERS, LICENCE, checkpoint_key
from spa2v_core.generation.grounding.migc_layers import MigcLayer, fourier_features
from spa2v_core.generation.unet import GroundedUNetMotionModel

FRAMES, CHANNELS, TEXT_DIM, HEADS, WORDS = 4, 32, 24, 4, 5
LATENT_HW = (16, 24)
ATTN2 = "up_blocks.1.attentions.0.transformer_blocks.0.attn2"


class FakeText:
    """States that depend on the text only."""

    def hidden(self, texts):
        return torch.stack([self._states(text)[:WORDS] for text in texts])

    def pooled(self, texts):
        return torch.stack([self._states(text)[WORDS] for text in texts])

    def _states(self, text):
        generator = torch.Generator().manual_seed(zlib.crc32(text.encode()))
        return torch.randn(WORDS + 1, TEXT_DIM, generator=generator)


def stock_unet():
    torch.manual_seed(0)
    widths = (16, 32, CHANNELS, CHANNELS)
    unet = UNet2DConditionModel(
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        block_out_channels=widths,
        layers_per_block=2,
        cross_attention_dim=TEXT_DIM,
        attention_head_dim=HEADS,
        norm_num_groups=8,
    )
    adapter = MotionAdapter(
        block_out_channels=widths,
        motion_num_attention_heads=HEADS,
        motion_norm_num_groups=8,
        motion_max_seq_length=FRAMES,
        use_motion_mid_block=False,
    )
    return GroundedUNetMotionModel.from_unet2d(unet, adapter).eval()


def random_grounding():
    torch.manual_seed(1)
    grounding = MigcGrounding(CHANNELS, TEXT_DIM, HEADS).eval()
    for parameter in grounding.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    return grounding


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


#: Shapes in a layer of the authors' checkpoint (limuloo/MIGC at effd6cc, migc/migc_arch.py) as
#: functions of its width: 32 tensors, 14.34 M parameters at 1280, so 219 MB for four layers.
AUTHORS = {
    "ea.to_q.weight": lambda c: (c, c),
    "ea.to_k.weight": lambda c: (c, 768),
    "ea.to_v.weight": lambda c: (c, 768),
    "ea.to_out.0.weight": lambda c: (c, c),
    "ea.to_out.0.bias": lambda c: (c,),
    "la.to_q.weight": lambda c: (c, c),
    "la.to_k.weight": lambda c: (c, c),
    "la.to_v.weight": lambda c: (c, c),
    "la.to_out.0.weight": lambda c: (c, c),
    "la.to_out.0.bias": lambda c: (c,),
    "norm.weight": lambda c: (c,),
    "norm.bias": lambda c: (c,),
    "sac.conv1.weight": lambda c: (c, c + 1, 1, 1),
    "sac.conv1.bias": lambda c: (c,),
    "sac.cbam1.ChannelGate.mlp.1.weight": lambda c: (c // 16, c),
    "sac.cbam1.ChannelGate.mlp.1.bias": lambda c: (c // 16,),
    "sac.cbam1.ChannelGate.mlp.3.weight": lambda c: (c, c // 16),
    "sac.cbam1.ChannelGate.mlp.3.bias": lambda c: (c,),
    "sac.cbam1.SpatialGate.spatial.conv.weight": lambda c: (1, 2, 7, 7),
    "sac.conv2.weight": lambda c: (1, c, 1, 1),
    "sac.conv2.bias": lambda c: (1,),
    "sac.cbam2.ChannelGate.mlp.1.weight": lambda c: (30, 30),
    "sac.cbam2.ChannelGate.mlp.1.bias": lambda c: (30,),
    "sac.cbam2.ChannelGate.mlp.3.weight": lambda c: (30, 30),
    "sac.cbam2.ChannelGate.mlp.3.bias": lambda c: (30,),
    "sac.cbam2.SpatialGate.spatial.conv.weight": lambda c: (1, 2, 7, 7),
    "pos_net.linears_position.0.weight": lambda c: (512, 64),
    "pos_net.linears_position.0.bias": lambda c: (512,),
    "pos_net.linears_position.2.weight": lambda c: (512, 512),
    "pos_net.linears_position.2.bias": lambda c: (512,),
    "pos_net.linears_position.4.weight": lambda c: (768, 512),
    "pos_net.linears_position.4.bias": lambda c: (768,),
}
BLOCKS = ("middle_block.1", "output_blocks.3.1", "output_blocks.4.1", "output_blocks.5.1")


def test_the_full_size_has_the_authors_names_and_shapes():
    with torch.device("meta"):
        grounding = MigcGrounding()
    ours = {checkpoint_key(n): tuple(t.shape) for n, t in grounding.state_dict().items()}
    prefix = "model.diffusion_model.{}.transformer_blocks.0.attn2.migc.{}"
    theirs = {prefix.format(b, n): shape(1280) for b in BLOCKS for n, shape in AUTHORS.items()}
    assert ours == theirs
    assert round(sum(p.numel() for p in grounding.parameters()) * 4 / 2**20) == 219


def checkpoint(**changes):
    state = random_grounding().state_dict()
    return {checkpoint_key(name): tensor for name, tensor in state.items()} | changes


def load(path, accepted=True):
    grounding = MigcGrounding(CHANNELS, TEXT_DIM, HEADS)
    grounding.load(path, accepted=accepted)
    return grounding


def test_a_checkpoint_with_the_authors_keys_loads(tmp_path):
    torch.save({"state_dict": checkpoint()}, tmp_path / "a.ckpt")
    torch.save(checkpoint(), tmp_path / "flat.ckpt")
    save_file(checkpoint(), tmp_path / "a.safetensors")
    state = random_grounding().state_dict()
    for name in ("a.ckpt", "flat.ckpt", "a.safetensors"):
        loaded = load(tmp_path / name).state_dict()
        assert all(torch.equal(state[key], loaded[key]) for key in state)


def refusal(path, **options):
    """The message, after a load that must have changed nothing."""
    grounding = random_grounding()
    with pytest.raises(BackendError) as caught:
        grounding.load(path, **{"accepted": True, **options})
    before, after = random_grounding().state_dict(), grounding.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_licence_must_be_accepted(tmp_path):
    torch.save(checkpoint(), tmp_path / "a.ckpt")
    message = refusal(tmp_path / "a.ckpt", accepted=False)
    assert LICENCE in message and "--accept-noncommercial" in message
    with pytest.raises(BackendError, match="non-commercial research only"):
        MigcGrounding(CHANNELS, TEXT_DIM, HEADS).load(tmp_path / "a.ckpt")


def test_a_missing_file(tmp_path):
    assert "no MIGC weights at" in refusal(tmp_path / "none.ckpt")
    assert "github.com/limuloo/MIGC" in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"hello, no checkpoint"])
@pytest.mark.parametrize("name", ["a.ckpt", "a.safetensors"])
def test_not_a_checkpoint(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert "is not a checkpoint or is damaged" in refusal(tmp_path / name)


def test_a_damaged_or_another_pickle(tmp_path):
    path = tmp_path / "a.ckpt"
    torch.save(checkpoint(), path)
    path.write_bytes(path.read_bytes()[:20_000])
    assert "is damaged" in refusal(path)
    torch.save([1, 2], path)
    assert "holds no tensors by name" in refusal(path)
    torch.save({"state_dict": {1: torch.zeros(2)}}, path)
    assert "128 of 128 tensors are missing" in refusal(path)


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("zipped", [True, False])
def test_an_unsafe_pickle_is_not_run(tmp_path, zipped):
    path, ran = tmp_path / "a.ckpt", tmp_path / "ran"
    torch.save(
        {"state_dict": checkpoint(), "x": Payload(ran)}, path, _use_new_zipfile_serialization=zipped
    )
    assert "its pickle may run code (posix.mkdir)" in refusal(path)
    assert not ran.exists()


def test_part_of_a_checkpoint(tmp_path):
    kept = {k: v for k, v in checkpoint().items() if "output_blocks.4" not in k}
    torch.save({"state_dict": kept}, tmp_path / "a.ckpt")
    message = refusal(tmp_path / "a.ckpt")
    assert (
        "32 of 128 tensors are missing, such as model.diffusion_model.output_blocks.4.1" in message
    )


def test_another_version(tmp_path):
    extra = {f"{BLOCKS[0]}.transformer_blocks.0.attn2.migc.gamma": torch.zeros(1)}
    torch.save(checkpoint(**extra), tmp_path / "a.ckpt")
    assert "another version of MIGC: 1 of its tensors" in refusal(tmp_path / "a.ckpt")
    extra = {"model.diffusion_model.input_blocks.4.1.attn2.migc.norm.bias": torch.zeros(1)}
    torch.save(checkpoint(**extra), tmp_path / "a.ckpt")
    assert "input_blocks.4" in refusal(tmp_path / "a.ckpt")


def test_wrong_shapes(tmp_path):
    key = checkpoint_key("layers.up_blocks-1-attentions-0-transformer_blocks-0-attn2.norm.weight")
    torch.save(checkpoint(**{key: torch.zeros(7)}), tmp_path / "a.ckpt")
    message = refusal(tmp_path / "a.ckpt")
    assert f"1 of 128 tensors have another shape, such as {key}: (7,), not (32,)" in message
