"""Invariants of grounding, per-frame text and schedule, on a tiny model with random weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from spa2v_core.errors import InputError
from spa2v_core.generation.grounding.base import box_coverage, grid
from spa2v_core.generation.grounding.instance import GroundingInputs, InstanceGrounding
from spa2v_core.generation.schedule import Schedule
from tests.generation.scene import (
    FRAMES,
    conditions,
    frames_changed,
    stock_latents,
    stops_at_the_second_step,
)
from tests.generation.tiny import SIZE_WH, NoMotion, tiny_model

GUIDED = Schedule(steps=3, guidance_scale=3.0)


def run(given, schedule=GUIDED, seed=0, kinds=("instance",), **options):
    model = tiny_model()
    return model.denoise(given, schedule, seed=seed, size=SIZE_WH, kinds=kinds, **options)


def stock():
    return stock_latents(tiny_model(), GUIDED, SIZE_WH)


def test_grounding_off_is_bit_identical_to_the_stock_pipeline():
    off = run(conditions(), replace(GUIDED, grounding_share=0.0))
    assert torch.equal(off, stock())
    assert not torch.equal(run(conditions()), stock())


def test_nobody_present_is_bit_identical_to_the_stock_pipeline():
    empty = conditions(present=np.zeros((FRAMES, 2), bool))
    assert torch.equal(run(empty), stock())


def test_same_seed_same_video():
    assert torch.equal(run(conditions(), seed=3), run(conditions(), seed=3))
    assert not torch.equal(run(conditions(), seed=3), run(conditions(), seed=4))


def test_a_box_of_one_frame_changes_that_frame_only_without_motion():
    boxes = conditions().boxes.copy()
    boxes[2, 0] += 0.2
    with NoMotion():
        assert frames_changed(run(conditions()), run(conditions(boxes=boxes))) == [
            False, False, True, False]  # fmt: skip
    assert frames_changed(run(conditions()), run(conditions(boxes=boxes)))[2]


def test_a_caption_of_one_frame_changes_that_frame_only_without_motion():
    texts = ["a car on a road"] * 3 + ["a dog in a field"]
    with NoMotion():
        assert frames_changed(run(conditions()), run(conditions(frame_texts=texts))) == [
            False, False, False, True]  # fmt: skip
    assert all(frames_changed(run(conditions()), run(conditions(frame_texts=texts))))


def test_an_absent_object_has_no_influence_there():
    present = np.ones((FRAMES, 2), bool)
    present[1, 1] = False
    one = conditions(present=present)
    boxes = one.boxes.copy()
    boxes[1, 1] = [0.0, 0.0, 1.0, 1.0]
    assert torch.equal(run(one), run(replace(one, boxes=boxes, phrases=["red car", "dog"])))
    with NoMotion():
        alone = conditions(
            phrases=["red car"],
            boxes=conditions().boxes[:, :1],
            present=np.ones((FRAMES, 1), bool),
            facing=np.ones((FRAMES, 1), np.float32),
        )
        a, b = run(one), run(alone)
        assert torch.allclose(a[:, :, 1], b[:, :, 1], atol=1e-5)
        assert not torch.allclose(a[:, :, 0], b[:, :, 0], atol=1e-3)


def test_the_map_is_the_mean_of_what_is_in_front_and_behind():
    """Object by object, as the sum over all objects at once."""
    grounding = InstanceGrounding({"block": 8}, phrase_dim=4, map_channels=6)
    torch.manual_seed(0)
    frames, count = 3, 4
    corners = torch.rand(frames, count, 2, 2).sort(dim=2).values * 1.4 - 0.2
    present = (torch.rand(frames, count) > 0.2).float()
    inputs = GroundingInputs(
        torch.randn(1, count, 4), corners.flatten(2), present, torch.ones(1, count, 1)
    )
    instance_map, mask = grounding.maps(inputs, (10, 16)).levels[160]

    cover = box_coverage(inputs.boxes, 10, 16) * present[..., None]
    everywhere = tuple(axis.flatten() for axis in torch.meshgrid(
        torch.arange(frames), torch.arange(160), indexing="ij"))  # fmt: skip
    embedded = torch.stack(
        [
            grounding.embed(
                grounding._features(inputs, k, everywhere, grid(10, 16, torch.device("cpu")))
            ).view(frames, 160, 6)
            for k in range(count)
        ],
        1,
    )
    seen = torch.stack(
        [torch.prod(1 - cover[:, k + 1 :], dim=1) for k in range(count)], 1
    )  # by nothing nearer

    def mean(weights, least):
        total = weights.sum(1).clamp(min=least)[..., None]
        return torch.einsum("fknc,fkn->fnc", embedded, weights) / total

    behind = mean(cover * (1 - seen), 1.0)
    expected = mean(cover * seen, 1e-4) + behind.roll(3, dims=-1)
    assert torch.allclose(instance_map, expected, atol=1e-5)
    assert torch.allclose(mask[..., 0], 1 - torch.prod(1 - cover, dim=1), atol=1e-6)


def test_heading_and_phrase_matter():
    turned = conditions().pose.copy()
    turned[..., :2] = [-1.0, 0.0]  # sine and cosine of a heading to the left
    assert not torch.equal(run(conditions()), run(conditions(pose=turned)))
    assert not torch.equal(run(conditions()), run(conditions(phrases=["blue car", "dog"])))


def test_order_matters_where_boxes_overlap_only():
    boxes = conditions().boxes
    flip = {"boxes": boxes[:, ::-1].copy(), "phrases": ["dog", "red car"]}
    assert torch.allclose(run(conditions()), run(conditions(**flip)), atol=1e-5)
    over = boxes.copy()
    over[:, 1] = over[:, 0] + 0.1
    flip = {"boxes": over[:, ::-1].copy(), "phrases": ["dog", "red car"]}
    a, b = run(conditions(boxes=over)), run(conditions(**flip))
    assert not torch.allclose(a, b, atol=1e-3)


class Spy:
    """Records per UNet call: rows in the batch, grounding on or off."""

    def __init__(self, monkeypatch):
        self.calls = []
        unet = tiny_model().pipeline.unet
        forward = type(unet).__mro__[1].forward

        def spied(this, sample, *args, **kwargs):
            passed = kwargs.get("cross_attention_kwargs") or {}
            self.calls.append((len(sample), "gligen" in passed))
            return forward(this, sample, *args, **kwargs)

        monkeypatch.setattr(type(unet).__mro__[1], "forward", spied)


def test_the_schedule_switches_at_the_right_step(monkeypatch):
    spy = Spy(monkeypatch)
    run(conditions(), Schedule(5, 3.0, guidance_share=0.4, grounding_share=0.6))
    assert [rows for rows, _ in spy.calls] == [2, 2, 1, 1, 1]
    assert [on for _, on in spy.calls] == [True, True, True, False, False]


def test_truncated_guidance_equals_full_guidance_until_it_ends():
    seen = {}
    for share in (0.5, 1.0):
        steps = []
        run(
            conditions(),
            Schedule(4, 3.0, guidance_share=share),
            on_step=lambda done, decode, steps=steps: steps.append(decode(0)),
        )
        seen[share] = steps
    assert (seen[0.5][1] == seen[1.0][1]).all()
    assert not (seen[0.5][3] == seen[1.0][3]).all()


def test_raising_in_a_step_stops_there():
    assert stops_at_the_second_step(run, conditions(), Schedule(6, 3.0))


def test_grounding_saves_and_loads_and_refuses_another_unet(tmp_path):
    grounding = tiny_model().grounding("instance")
    grounding.save_pretrained(tmp_path)
    again = InstanceGrounding.from_pretrained(tmp_path)
    saved, loaded = grounding.state_dict(), again.state_dict()
    assert saved.keys() == loaded.keys()
    assert all(torch.equal(saved[name], loaded[name]) for name in saved)
    with pytest.raises(ValueError, match="does not fit"):
        again.graft(torch.nn.Linear(2, 2))


def test_box_coverage_is_exact():
    cover = box_coverage(torch.tensor([[0.25, 0.0, 0.625, 1.0]]), 2, 4).view(2, 4)
    assert torch.allclose(cover, torch.tensor([[0, 1, 0.5, 0]] * 2))
    outside = box_coverage(torch.tensor([[-1.0, -1.0, 0.25, 2.0]]), 2, 4).view(2, 4)
    assert torch.allclose(outside, torch.tensor([[1.0, 0, 0, 0]] * 2))


@pytest.mark.parametrize("bad", [(0, 3), (101, 3), (5, 0.5), (5, 99)])
def test_schedules_out_of_range(bad):
    with pytest.raises(InputError):
        Schedule(*bad)
