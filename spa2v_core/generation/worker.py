"""Runs blocking work in a thread and hands out what it emits, so that closing cancels it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


class CancelledError(Exception):
    """Raised inside the work at its next `emit` after the consumer has gone."""


def iterate(work: Callable[[Callable[[T], None]], None]) -> Iterator[T]:
    """Yield what `work(emit)` emits, as it comes.

    An exception in the work is raised here. When this iterator is closed, the next `emit`
    raises CancelledError inside the work, and closing waits for the work to end.
    """
    items: queue.Queue[tuple[str, object]] = queue.Queue()
    stop = threading.Event()

    def emit(item: T) -> None:
        if stop.is_set():
            raise CancelledError
        items.put(("item", item))

    def run() -> None:
        try:
            work(emit)
        except CancelledError:
            pass
        except Exception as error:  # noqa: BLE001 - the consumer raises it
            items.put(("error", error))
        finally:
            items.put(("end", None))

    thread = threading.Thread(target=run, name="render", daemon=True)
    thread.start()
    try:
        while True:
            kind, item = items.get()
            if kind == "end":
                return
            if kind == "error":
                raise item  # type: ignore[misc]
            yield item  # type: ignore[misc]
    finally:
        stop.set()
        thread.join()
