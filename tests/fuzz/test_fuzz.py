"""The harness finds what is wrong, and cases that once were wrong are right."""

import sys

import pytest

from tests.fuzz import __main__ as harness
from tests.fuzz import cases

#: Cases (kind, seed) that ended in a traceback when they were found.
FOUND: list[tuple[str, int]] = []


@pytest.mark.parametrize("kind", cases.KINDS)
def test_some_cases_of_each_kind_are_read_or_refused(kind):
    became = {cases.run(kind, seed) for seed in range(1, 60)}
    assert became == {"read", "refused"}


@pytest.mark.parametrize(("kind", "seed"), FOUND)
def test_what_was_found_is_read_or_refused(kind, seed):
    cases.run(kind, seed)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is capped by Linux")
def test_the_harness_tells_faults_hangs_deaths_and_bombs(monkeypatch, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(BROKEN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(harness, "LONGEST_S", 1.0)
    worker = harness.Worker()
    assert "KeyError: 'broken'" in worker.run("layouts", 1, 20)["fault"]
    assert "MemoryError" in worker.run("layouts", 2, 20)["fault"]
    assert worker.run("layouts", 3, 2) is None
    assert "hangs" in worker.end()
    worker = harness.Worker()
    assert worker.run("layouts", 4, 20) is None
    assert "died (-11)" in worker.end()


BROKEN = """
import builtins, os, signal, sys, time
def broken(rng):
    import inspect
    seed = inspect.currentframe().f_back.f_locals["seed"]
    if seed == 1:
        raise KeyError("broken")
    if seed == 2:
        bytearray(1 << 32)
    if seed == 3:
        time.sleep(60)
    if seed == 4:
        os.kill(os.getpid(), signal.SIGSEGV)
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "tests.fuzz.worker" or "tests.fuzz.cases" in sys.modules:
            sys.modules["tests.fuzz.cases"].KINDS["layouts"] = broken
"""
