import pytest
from scipy.optimize import linear_sum_assignment

from spa2v_core.metrics.docsim import docsim, weights
from tests.metrics.cases import PAIRS, pair


@pytest.mark.parametrize("name", PAIRS)
def test_golden(name):
    case = PAIRS[name]
    expected = case.get("docsim_in_order", case["docsim"])
    assert docsim(*pair(name)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", [n for n, case in PAIRS.items() if "docsim_in_order" in case])
def test_only_the_order_of_the_weights_differs_from_the_reference(name):
    ours = weights(*pair(name))
    theirs = ours.T.reshape(ours.shape)
    published = theirs[linear_sum_assignment(theirs, maximize=True)].mean()
    assert published == pytest.approx(PAIRS[name]["docsim"], abs=1e-9)
