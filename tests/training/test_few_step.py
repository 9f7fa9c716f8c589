"""The arithmetic of distillation."""

import shutil
from types import SimpleNamespace

import pytest
import torch

from spa2v_core.generation.backends.mini.backend import WEIGHTS, load_mini
from spa2v_core.generation.grounding.instance import InstanceGrounding
from spa2v_core.training.mini import models
from spa2v_core.training.mini.few_step import (
    MARGIN,
    SEGMENTS,
    SUBSTEPS,
    Walks,
    transfer,
    with_change,
)
from spa2v_core.training.mini.trainer import Recipe, Trainer


@pytest.fixture
def walks():
    alphas = models.build_scheduler().alphas_cumprod
    return Walks(SimpleNamespace(device="cpu", alphas=alphas), None)


def test_walks_pass_the_students_own_steps_and_other_times_keep_away(walks):
    times = walks.times(50)
    assert (times[:, ::SUBSTEPS] == torch.tensor([999, 749, 499, 249, -1])).all()
    assert (times.diff(dim=1) < 0).all()
    between = times[:, :-1].unflatten(1, (SEGMENTS, SUBSTEPS))[..., 1:].flatten()
    boundaries = torch.tensor([999, 749, 499, 249, -1])
    assert (between[:, None] - boundaries).abs().min() >= MARGIN - 1
    scheduler = models.build_scheduler()
    scheduler.set_timesteps(SEGMENTS)
    assert scheduler.timesteps.tolist() == [999, 749, 499, 249]


def test_a_step_is_the_schedulers(walks):
    scheduler = models.build_scheduler()
    scheduler.set_timesteps(4)
    x, v = torch.randn(2, 1, 3, 8, 4, 4)
    for now, then in ((999, 749), (249, -1)):
        expected = scheduler.step(v, now, x).prev_sample
        made = walks.turn(x, v, torch.tensor([now]), torch.tensor([then]))
        assert torch.allclose(made, expected, atol=1e-4)


@pytest.mark.parametrize(("now", "then"), [(999, 749), (749, 499), (300, 260), (249, -1)])
def test_the_wanted_prediction_leads_to_the_wanted_point(walks, now, then):
    x, wanted = torch.randn(2, 3, 16, 8, 4, 4)
    times = torch.full((3,), now), torch.full((3,), then)
    v = walks.between(x, wanted, *times)
    assert torch.allclose(walks.turn(x, v, *times), wanted, atol=1e-4)


def test_what_distillation_changed_is_added_to_other_weights(tmp_path):
    gate = "down_blocks.0.attentions.0.transformer_blocks.0.fuser.outer.bias"
    shutil.copytree(WEIGHTS, tmp_path, dirs_exist_ok=True)
    changed = InstanceGrounding.from_pretrained(WEIGHTS / "grounding").float()
    with torch.no_grad():
        changed.fusers["down_blocks-0-attentions-0-transformer_blocks-0"].outer.bias.add_(1)
    changed.save_pretrained(tmp_path / "grounding")
    model = load_mini(WEIGHTS)
    model.grounding("instance")
    weights = {name: 3 * w for name, w in model.pipeline.unet.state_dict().items()}
    made = with_change(weights, WEIGHTS, tmp_path)
    assert torch.allclose(made.pop(gate), weights.pop(gate) + 1, atol=1e-5)
    assert all(torch.allclose(made[name], weights[name]) for name in weights)


def test_a_transfer_needs_weights_before_and_after(tmp_path):
    with pytest.raises(SystemExit, match="--distilled"):
        transfer(Trainer(Recipe(device="cpu", start=str(WEIGHTS)), tmp_path))
