"""Reading the authors' MIGC checkpoint, and refusing all else."""

import os

import pytest
import torch
from safetensors.torch import save_file

from spa2v_core.errors import BackendError
from spa2v_core.generation.grounding.migc import MigcGrounding
from spa2v_core.generation.grounding.migc_checkpoint import LICENCE, checkpoint_key
from tests.generation.tiny_migc import CHANNELS, HEADS, TEXT_DIM, random_grounding

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
