import threading
import time

import pytest

from spa2v_core.generation.worker import CancelledError, iterate


def test_items_come_in_order_and_errors_are_raised():
    def work(emit):
        emit(1)
        emit(2)
        raise ValueError("broken")

    seen = []
    with pytest.raises(ValueError, match="broken"):
        for item in iterate(work):
            seen.append(item)
    assert seen == [1, 2]


def test_closing_cancels_at_the_next_emit_and_waits():
    ended, steps = threading.Event(), []

    def work(emit):
        try:
            for k in range(1000):
                time.sleep(0.01)
                steps.append(k)
                emit(k)
        except CancelledError:
            ended.set()
            raise

    items = iterate(work)
    assert next(items) == 0
    items.close()
    assert ended.is_set()
    assert len(steps) < 20
