"""What MaxIoU, LTSim and DocSim have in common."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa2v_core.metrics.docsim import docsim
from spa2v_core.metrics.ltsim import ltsim
from spa2v_core.metrics.max_iou import max_iou
from spa2v_core.metrics.static import EMPTY
from tests.metrics.cases import shuffled, statics

METRICS = {"max_iou": max_iou, "ltsim": ltsim, "docsim": docsim}
LOWEST = {"max_iou": 0.0, "ltsim": math.exp(-1), "docsim": 0.0}
EVERY = pytest.mark.parametrize("name", METRICS)


@EVERY
@given(a=statics(), b=statics())
@settings(max_examples=40, deadline=None)
def test_range_and_symmetry(name, a, b):
    value = METRICS[name](a, b)
    assert LOWEST[name] - 1e-9 <= value <= 1 + 1e-9
    assert value == pytest.approx(METRICS[name](b, a), abs=1e-9)


@EVERY
@given(a=statics(), b=statics(), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_objects_does_not_matter(name, a, b, seed):
    assert METRICS[name](shuffled(a, seed), b) == pytest.approx(METRICS[name](a, b), abs=1e-9)


@pytest.mark.parametrize("name", ["max_iou", "ltsim"])
@given(a=statics(), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_identical_layouts_score_one(name, a, seed):
    assert METRICS[name](a, shuffled(a, seed)) == pytest.approx(1, abs=1e-9)


@EVERY
@given(a=statics())
@settings(max_examples=10, deadline=None)
def test_nothing_against_something_is_the_lowest(name, a):
    if a.labels:
        assert METRICS[name](a, EMPTY) == pytest.approx(LOWEST[name])
        assert METRICS[name](EMPTY, a) == pytest.approx(LOWEST[name])


def test_nothing_against_nothing():
    assert max_iou(EMPTY, EMPTY) == 1
    assert ltsim(EMPTY, EMPTY) == 1
    assert docsim(EMPTY, EMPTY) == 0
