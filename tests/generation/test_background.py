"""The background is held still, and nothing else is touched."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from spa2v_core.generation.background import hold_background


def crossing(frames=16, height=0.3):
    """A box that crosses in the middle third of the picture."""
    left = torch.linspace(-0.2, 1.0, frames)
    top = torch.full_like(left, 0.4)
    return torch.stack([left, top, left + 0.2, top + height], -1)[:, None]


@given(st.integers(0, 10_000))
def test_free_cells_are_the_same_in_all_frames_and_boxes_are_untouched(seed):
    latents = torch.randn(16, 8, 20, 32, generator=torch.Generator().manual_seed(seed))
    boxes, present = crossing(), torch.ones(16, 1)
    held = hold_background(latents, boxes, present)
    assert torch.allclose(held[:, :, :4], held[:1, :, :4].expand(16, -1, -1, -1), atol=1e-5)
    frame = 8
    x1, y1, x2, y2 = (boxes[frame, 0] * torch.tensor([32, 20, 32, 20])).tolist()
    inside = (slice(round(y1), round(y2)), slice(round(x1), round(x2)))
    assert torch.equal(held[frame, :, *inside], latents[frame, :, *inside])


def test_a_place_is_averaged_over_the_frames_in_which_it_is_free():
    latents = torch.zeros(4, 1, 20, 32)
    latents[:, 0] = torch.tensor([5.0, 1.0, 2.0, 3.0])[:, None, None]
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0]]).expand(4, 1, 4)
    present = torch.tensor([[1.0], [0.0], [0.0], [0.0]])
    held = hold_background(latents, boxes, present)
    assert torch.equal(held[0], latents[0])
    assert torch.allclose(held[1:], torch.full_like(held[1:], 2.0))


def test_a_place_that_is_never_free_is_left_alone():
    latents = torch.randn(4, 1, 20, 32)
    boxes = torch.tensor([[-0.1, -0.1, 1.1, 1.1]]).expand(4, 1, 4)
    assert torch.equal(hold_background(latents, boxes, torch.ones(4, 1)), latents)


def test_clips_of_a_batch_do_not_mix():
    latents = torch.randn(2, 16, 8, 20, 32)
    boxes, present = crossing()[None].repeat(2, 1, 1, 1), torch.ones(2, 16, 1)
    boxes[1] += 0.2
    both = hold_background(latents, boxes, present)
    for k in range(2):
        alone = hold_background(latents[k], boxes[k], present[k])
        assert torch.allclose(both[k], alone, atol=1e-6)
