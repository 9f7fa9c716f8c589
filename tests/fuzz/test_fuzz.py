"""The harness finds what is wrong; a few cases of each kind are run with the other tests."""

import sys

import pytest

from tests.fuzz import __main__ as harness
from tests.fuzz import cases


@pytest.mark.parametrize("kind", cases.KINDS)
def test_some_cases_of_each_kind_are_read_or_refused(kind):
    became = {cases.run(kind, seed) for seed in range(1, 60)}
    assert became == {"read", "refused"}


@pytest.mark.skipif(sys.platform != "linux", reason="memory is capped by Linux")
def test_the_harness_tells_faults_hangs_deaths_and_bombs():
    worker, findings = harness.Worker("tests.fuzz.broken"), harness.Findings()
    for seed in (0, 1, 2):
        findings.note("layouts", seed, worker.run("layouts", seed, 20))
    assert findings.became == {"layouts read": 1, "layouts fault": 2}
    raised, grown = findings.faults
    assert "KeyError: 'broken'" in raised
    assert "MemoryError" in grown
    assert worker.run("layouts", 3, 2) is None
    assert "hangs" in worker.end()
    worker = harness.Worker("tests.fuzz.broken")
    assert worker.run("layouts", 4, 20) is None
    assert "died (-11)" in worker.end()


def test_cases_are_of_all_kinds_by_their_shares():
    kinds = [harness.kind_of(number) for number in range(1000)]
    assert {kind: kinds.count(kind) for kind in harness.SHARES} == {
        kind: 10 * share for kind, share in harness.SHARES.items()
    }
