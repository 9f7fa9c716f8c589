import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from spa2v_core.metrics.ltsim import ltsim, transport_cost
from tests.metrics.cases import PAIRS, pair


@pytest.mark.parametrize("name", PAIRS)
def test_golden(name):
    assert ltsim(*pair(name)) == pytest.approx(PAIRS[name]["ltsim"], abs=1e-9)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_transport_is_exact(n, m, seed):
    # Equal masses in whole parts: an assignment of lcm(n, m) parts is the same problem.
    cost = np.random.default_rng(seed).random((n, m))
    parts = math.lcm(n, m)
    split = np.repeat(np.repeat(cost, parts // n, axis=0), parts // m, axis=1)
    expected = split[linear_sum_assignment(split)].sum() / parts
    assert transport_cost(cost) == pytest.approx(expected, abs=1e-9)
