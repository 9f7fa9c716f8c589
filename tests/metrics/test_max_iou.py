import numpy as np
import pytest

from spa2v_core.metrics.max_iou import max_iou, max_iou_of_sets, max_iou_of_video_sets
from spa2v_core.metrics.static import EMPTY, StaticLayout
from tests.metrics.cases import PAIRS, SETS, at, pair, static, track, video


@pytest.mark.parametrize("name", PAIRS)
def test_golden(name):
    # The reference gives None where the labels differ or both are empty.
    expected = PAIRS[name]["max_iou"]
    if expected is None:
        expected = 1.0 if name == "both empty" else 0.0
    assert max_iou(*pair(name)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", SETS)
def test_golden_sets(name):
    case = SETS[name]
    found = max_iou_of_sets(*([static(v) for v in case[k]] for k in ("predictions", "references")))
    expected = case.get("max_iou_in_order", case["max_iou"])
    assert found.value == pytest.approx(expected, abs=1e-9)


def test_coverage_says_what_the_value_leaves_out():
    car, dog = (StaticLayout((name,), np.array([at(0.5)])) for name in ("car", "dog"))
    assert max_iou_of_sets([car, dog], [dog, car]) == (1.0, 1.0)
    assert max_iou_of_sets([car, dog], [car, car]) == (1.0, 0.5)
    assert max_iou_of_sets([car], [dog]) == (0.0, 0.0)
    assert max_iou_of_sets([], []) == (0.0, 0.0)
    assert max_iou_of_sets([EMPTY], [EMPTY]) == (1.0, 1.0)


def test_sets_of_videos_are_paired_as_a_whole():
    left, right = video(track("car", at(0.2))), video(track("automobile", at(0.8)))
    dog = video(track("dog", at(0.2)))
    assert max_iou_of_video_sets([left, right, dog], [right, left]) == (1.0, 0.8)
