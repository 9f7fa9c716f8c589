"""How rows are worked on: one after the other, by a pool of processes, or by Ray Data."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection

from .rows import Row
from .work import Outcome, Settings, both

#: So often a row is begun whose process died of it: another may have taken it along.
ATTEMPTS = 3

Runner = Callable[[list[Row], Settings], Iterator[Outcome]]


def in_a_loop(rows: list[Row], settings: Settings) -> Iterator[Outcome]:
    """One row after the other, in this process."""
    work = both(settings)
    for row in rows:
        yield work(row)


def in_a_pool(rows: list[Row], settings: Settings, workers: int) -> Iterator[Outcome]:
    """By `workers` processes. Those that run when a process dies are tried again one by one, so
    that the row that kills it fails, after three attempts, and no other."""
    if settings.threads:  # of numpy's own libraries; its processes read it as they start
        os.environ.setdefault("OMP_NUM_THREADS", str(settings.threads))
    waiting, attempts = [*reversed(rows)], dict.fromkeys((row.name for row in rows), 0)

    def most(*together: Row) -> int:
        """Rows that may run at once."""
        return 1 if any(attempts[row.name] for row in together) else 2 * workers

    while waiting:
        pool = _pool(workers, settings)
        running: dict[Future[Outcome], Row] = {}
        try:
            while waiting or running:
                while waiting and len(running) < most(waiting[-1], *running.values()):
                    row = waiting.pop()
                    running[pool.submit(_work, row)] = row
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield future.result()
                    del running[future]
        except BrokenProcessPool:
            for row in running.values():
                attempts[row.name] += 1
                if attempts[row.name] < ATTEMPTS:
                    waiting.append(row)
                else:
                    yield Outcome(row, "failed", "run", "its process died (too little memory?)")
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _pool(workers: int, settings: Settings) -> ProcessPoolExecutor:
    # spawned: networks that were loaded here don't survive a fork
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, _begin, (settings,))


_both: Callable[[Row], Outcome]


def _begin(settings: Settings) -> None:
    global _both
    _both = both(settings)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A pool's processes would stay, and go on, where theirs is killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _work(row: Row) -> Outcome:
    return _both(row)
