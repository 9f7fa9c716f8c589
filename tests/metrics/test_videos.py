"""Fréchet distance and box obedience, at values that are known."""

import numpy as np
import pytest
import torch

from spa2v_core.errors import InputError
from spa2v_core.metrics.frechet import I3D, frechet_distance
from spa2v_core.metrics.obedience import Detections, box_obedience
from tests.metrics.cases import at, track, video


def standardised(rng, count, size):
    """Samples with exactly mean 0 and covariance 1."""
    x = rng.normal(size=(count, size))
    x -= x.mean(0)
    return x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T))).T


def test_the_distance_of_two_gaussians_is_the_closed_form():
    x = standardised(np.random.default_rng(0), 200, 4)
    scale, shift = np.array([1.0, 2.0, 0.5, 3.0]), np.array([0.0, 1.0, -2.0, 0.0])
    wanted = np.square(shift).sum() + np.square(1 - scale).sum()  # diagonal covariances
    assert frechet_distance(x, x * scale + shift) == pytest.approx(wanted)
    assert frechet_distance(x * scale + shift, x) == pytest.approx(wanted)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match="two sets"):
        frechet_distance(x[:1], x)


class Means(torch.nn.Module):
    """Stands in for I3D: the same call, four features."""

    def forward(
        self, x: torch.Tensor, rescale: bool = True, resize: bool = True,
        return_features: bool = False,
    ) -> torch.Tensor:  # fmt: skip
        assert x.shape[1] == 3 and x.shape[3] == 224 and not rescale and not resize
        return torch.stack([x.mean(), x.std(), x.min(), x.max()])[None]


def test_features_of_a_users_network(tmp_path):
    torch.jit.script(Means()).save(str(tmp_path / "i3d.pt"))
    black = np.zeros((4, 100, 160, 3), np.uint8)
    assert I3D(tmp_path / "i3d.pt")(black).tolist() == [-1, 0, -1, -1]
    (tmp_path / "no.pt").write_bytes(b"no network")
    with pytest.raises(InputError, match="no TorchScript"):
        I3D(tmp_path / "no.pt")


def test_obedience_counts_place_and_name():
    layout = video(track("car", at(0.25)), track("dog", at(0.75)))
    both = np.array([at(0.25), at(0.75)])
    right = [Detections(both, ("automobile", "dog"))] * 4
    assert vars(box_obedience(layout, right)) == pytest.approx(
        {"iou": 1, "found": 1, "named": 1, "boxes": 8}
    )
    swapped = [Detections(both, ("dog", "car"))] * 4
    assert box_obedience(layout, swapped).named == 0
    nothing = [Detections(np.empty((0, 4)), ())] * 4
    assert box_obedience(layout, nothing).iou == 0
    assert box_obedience(video(), nothing) is None
