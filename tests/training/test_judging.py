"""What measures the mini model is itself right: on cases whose answer is known."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spa2v_core.generation.conditioning import FrameConditions
from spa2v_core.metrics.boxes import iou
from spa2v_core.training.mini import detector as detectors
from spa2v_core.training.mini.detector import Found, boxes_of, targets, visible
from spa2v_core.training.mini.judging import Case, flicker, frechet, judge

corner = st.floats(0, 0.7)
side = st.floats(0.05, 0.3)
box = st.builds(lambda x, y, w, h: np.array([x, y, x + w, y + h]), corner, corner, side, side)


@given(box, box)
def test_overlap_is_symmetric_and_one_for_itself(a, b):
    assert iou(a, b) == pytest.approx(iou(b, a))
    assert 0 <= iou(a, b) <= 1
    assert iou(a, a) == pytest.approx(1)


def test_cells_near_the_middle_of_a_box_say_its_thing_and_its_sides():
    boxes = torch.tensor([[[0.25, 0.2, 0.75, 0.8]]])
    thing, wanted, *_ = targets(boxes, torch.ones(1, 1), torch.tensor([[7]]), (20, 32))
    assert thing[0, 10, 16] == 7
    assert thing[0, 0, 0] == -1
    assert thing[0, 4, 8] == -1  # inside, but far from the middle
    assert torch.allclose(wanted[0, 10, 16], torch.tensor([8.0, 4.0, 24.0, 16.0]))
    y, x = 10.5, 16.5
    sides = torch.tensor([x - 8, y - 4, 24 - x, 16 - y]).log()
    grid = sides[None, :, None, None].expand(1, 4, 20, 32)
    assert torch.allclose(boxes_of(grid)[0, :, 10, 16], wanted[0, 10, 16], atol=1e-4)


def test_things_that_cannot_be_seen_are_not_asked_for():
    behind, front, outside = [0.3, 0.3, 0.5, 0.6], [0.25, 0.2, 0.6, 0.7], [0.9, 0.3, 1.4, 0.6]
    boxes = torch.tensor([[behind, front, outside]])
    assert visible(boxes, torch.ones(1, 3)).tolist() == [[False, True, False]]
    there = torch.tensor([[1.0, 0.0, 1.0]])
    assert visible(boxes, there).tolist() == [[True, False, False]]
    thing, *_ = targets(boxes, torch.ones(1, 3), torch.tensor([[1, 2, 3]]), (20, 32))
    assert (thing[0, 9, 30] == -2).all()  # neither right nor wrong


def still_case(frames=4):
    boxes = np.tile(np.array([0.4, 0.4, 0.6, 0.7], np.float32), (frames, 1, 1))
    conditions = FrameConditions(
        "a dog",
        ["a dog"] * frames,
        ["dog"],
        boxes,
        np.ones((frames, 1), bool),
        np.ones((frames, 1), np.float32),
    )
    return Case(conditions, [5], np.zeros((frames, 160, 256, 3), np.uint8))


def test_flicker_is_what_changes_away_from_the_boxes():
    case = still_case()
    video = np.full((4, 160, 256, 3), 100, np.uint8)
    boxes, present = case.conditions.boxes, case.conditions.present
    assert flicker(video, boxes, present) == 0
    video[1::2, 64:112, 102:154] = 200  # inside the box
    assert flicker(video, boxes, present) == 0
    video[1::2, :20] += 8
    assert 0 < flicker(video, boxes, present) < 8
    video[1::2] = 108
    video[::2] = 100
    assert flicker(video, boxes, present) == pytest.approx(8)


@pytest.mark.parametrize(
    ("found", "overlap", "right"),
    [
        (([[0.4, 0.4, 0.6, 0.7]], [5]), 1.0, True),
        (([[0.4, 0.4, 0.6, 0.7]], [6]), 1.0, False),
        (([[0.0, 0.0, 0.1, 0.1], [0.4, 0.4, 0.6, 0.55]], [5, 5]), 0.5, True),
        (([[0.0, 0.0, 0.1, 0.1]], [5]), 0.0, False),
        (([], []), 0.0, False),
    ],
)
def test_verdicts_tell_where_and_what(found, overlap, right, monkeypatch):
    xyxy, things = np.array(found[0]).reshape(-1, 4), np.array(found[1])
    seen = Found(xyxy, things, np.ones(len(things)), np.zeros(len(things)))
    answer = ([seen] * 4, np.zeros((4, 128)))
    monkeypatch.setattr("spa2v_core.training.mini.judging.detect", lambda *_: answer)
    verdict = judge(detectors.Detector(), np.zeros((4, 160, 256, 3), np.uint8), still_case())
    assert verdict.ious == pytest.approx([overlap] * 4, abs=1e-6)
    assert verdict.right == [right] * 4


def test_distance_is_zero_to_itself_and_grows_with_the_difference():
    features = np.random.default_rng(0).normal(size=(200, 40)) * np.linspace(1, 9, 40)
    other = np.random.default_rng(1).normal(size=(200, 40)) * np.linspace(1, 9, 40)
    assert frechet(features, features) == pytest.approx(0, abs=1e-6)
    near, far = (frechet(other + shift * features.std(0), features) for shift in (0, 1))
    assert 0 < near < far
