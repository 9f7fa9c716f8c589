"""Toys and their views: seen from all sides, moving, painted."""

import numpy as np
import pytest

from spa2v_core.training.world.toys.catalogue import ROUND, TOYS
from spa2v_core.training.world.toys.raster import Model
from spa2v_core.training.world.toys.solids import BODY, ball, block, pair, solid, turned
from spa2v_core.training.world.toys.views import Look, _toy


def seen(parts, heading, pixels=48):
    return Model.of(parts).view(heading, pixels, 0.0)


def test_a_heading_of_90_looks_to_the_right():
    nose = [ball(0.5, (0, 0.5, 0), "ffffff"), ball(0.2, (0, 0.5, 0.7), "ff0000")]
    for heading, side in ((90, 1), (-90, -1)):
        layers = seen(nose, heading)
        red = layers.rgb[..., 0] - layers.rgb[..., 1] > 0.3
        x = np.nonzero(red)[1].mean() / red.shape[1] - 0.5
        assert np.sign(x) == side
    front, back = (seen(nose, heading) for heading in (0, 180))
    red = [(one.rgb[..., 0] - one.rgb[..., 1] > 0.3).sum() for one in (front, back)]
    assert red[0] > 20
    assert red[1] == 0


def test_what_is_nearer_covers_what_is_farther():
    far, near = (
        block((0.5, 0.5, 0.1), (0, 0.5, -1), "00ff00"),
        block((0.5, 0.5, 0.1), (0, 0.5, 1), "0000ff"),
    )
    rgb = seen([near, far], 0).rgb
    assert rgb[..., 2].sum() > 10 * rgb[rgb.shape[0] // 4 : -rgb.shape[0] // 4, ..., 1].sum()


def test_paint_goes_to_the_body_only():
    layers = seen([ball(0.3, (0, 0.3, 0), BODY), ball(0.3, (0, 1.2, 0), "ffffff")], 0)
    half = layers.gain.shape[0] // 2
    assert layers.gain[half + 4 :].max() > 0.5
    assert layers.gain[: half - 4].max() == 0


def test_mirrored_parts_are_drawn_from_outside():
    left, right = pair(ball(0.3, (0.5, 0.5, 0), "ffffff"))
    both = seen([left, right], 0).alpha
    assert both[:, : both.shape[1] // 2].sum() == pytest.approx(
        both[:, both.shape[1] // 2 :].sum(), rel=0.1
    )


def test_solids_have_outward_unit_normals():
    made = turned(
        [solid((0.3, 0.6, 0.2), (0, 0, 0), "ffffff", taper=(0.3, -0.2))], (0, 0, 0), (20, 40, 60)
    )
    assert np.linalg.norm(made[0].normals, axis=1) == pytest.approx(1, abs=1e-6)
    assert np.einsum("ij,ij->i", made[0].points, made[0].normals).min() > 0


@pytest.mark.parametrize("name", TOYS)
def test_every_toy_stands_on_the_ground_moves_and_sounds(name):
    toy = TOYS[name]
    still = seen(toy.pose(None, 0.0), 60, 40)
    assert 0.1 < still.alpha.mean() < 0.98
    if toy.goes:
        moved = [seen(toy.pose(gait, 0.0), 60, 40) for gait in (0.1, 0.35)]
        assert differs(*moved)
    if toy.sounds:
        assert differs(still, seen(toy.pose(None, -1.0), 60, 40))
    if name not in ROUND:
        assert differs(still, seen(toy.pose(None, 0.0), 240, 40))


def differs(a, b) -> bool:
    return a.rgb.shape != b.rgb.shape or np.abs(a.rgb - b.rgb).max() > 0.05


def test_views_are_found_by_pose():
    look = Look(first=100, azimuths=24, gaits=6, voices=5, paint="000000", painted=False)
    rows = {look.row(h, g, v) for h in range(0, 360, 15) for g, v in _poses()}
    assert rows == set(range(100, 100 + look.count))
    assert look.row(-90, np.nan, 0) == look.row(270, np.nan, 0)
    picture = Look(0, 2, 0, 5, "000000", False)
    assert picture.row(90, np.nan, 0) != picture.row(-90, np.nan, 0)
    assert picture.row(30, 0.4, 0) == picture.row(90, np.nan, 0)


def _poses():
    return [(k / 6, 0.0) for k in range(6)] + [(np.nan, v) for v in (-1, -0.5, 0, 0.5, 1)]


def test_views_are_measured_in_heights_of_the_side():
    pictures, boxes, look = _toy("bell")
    assert len(pictures) == len(boxes) == look.count
    side = boxes[look.row(90, np.nan, 0)]
    assert side[1] - side[3] == pytest.approx(1)
