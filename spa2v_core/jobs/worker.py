"""Renders jobs, one at a time, outside the page's process: `python -m spa2v_core.jobs.worker HOME`.

It is told of new jobs by a line on its standard input, and ends when that closes: whoever started
it has gone. SIGTERM parks the running job (one that is nearly done is finished) and ends it.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from ..errors import Spa2vError
from .database import StoreError
from .job import Job
from .logs import set_up, tag
from .perform import MemoryExceeded, perform
from .store import JobStore

log = logging.getLogger("spa2v.worker")

#: Exit codes: whoever started it has gone; it ran out of memory.
ORPHANED, OUT_OF_MEMORY = 3, 4
#: Seconds between looks at the store when nothing is told.
POLL_S = 2.0
#: A job with less left is finished when the worker is asked to end.
NEARLY_DONE_S = 3.0


class Worker:
    """Claims and renders until it is told to end."""

    def __init__(self, store: JobStore, token: str) -> None:
        self.store, self.token = store, token
        self.told = threading.Event()
        self.ending = self.busy = False

    def end(self, *_: object) -> None:
        """SIGTERM: no new job, and the running one is parked; with none it is over at once."""
        self.ending = True
        if not self.busy:
            os._exit(0)

    def listen(self) -> None:
        """On a thread: each line means that there may be a job."""
        while sys.stdin.buffer.readline():
            self.told.set()
        os._exit(ORPHANED)

    def run(self) -> None:
        while not self.ending:
            self.told.clear()
            if not self._next():
                self.told.wait(POLL_S)

    def _next(self) -> bool:
        """Render the next job, if there is one."""
        self.busy = True
        try:
            job = self.store.claim(self.token)
            if job is not None:
                self.render(job)
            return job is not None
        except StoreError as error:  # a full disk: it may have space later
            log.error("store", extra={"why": str(error)})
            return False
        finally:
            self.busy = False

    def render(self, job: Job) -> None:
        log.info("job started", extra={"job": tag(job.id), "tries": job.tries})
        events = perform(self.store, job, self.token)
        for _ in events:
            if self.ending and not self._nearly_done(job):
                events.close()  # type: ignore[attr-defined]
                self.store.park(job.id, self.token)
                log.info("job parked", extra={"job": tag(job.id)})

    def _nearly_done(self, job: Job) -> bool:
        now = self.store.get(job.id)
        return now is not None and now.remaining_s is not None and now.remaining_s < NEARLY_DONE_S


def limit_memory(megabytes: int) -> None:
    """Let allocations fail over this, so that a job fails and not the machine. On a machine with
    a GPU the driver maps more than it uses: there only the keeper watches."""
    with suppress(OSError):  # what does this is the kernel of Linux
        Path("/proc/self/oom_score_adj").write_text("800")
    from ..generation import hardware

    if sys.platform != "linux" or not megabytes or hardware.has_gpu():
        return
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20))


def main(home: str, token: str, memory_mb: str) -> int:
    set_up()
    worker = Worker(JobStore(Path(home)), token)
    signal.signal(signal.SIGTERM, worker.end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches the page's process
    threading.Thread(target=worker.listen, daemon=True).start()
    limit_memory(int(memory_mb))
    with suppress(OSError):
        os.nice(5)  # plans are answered first
    _warm_up()
    worker.store.ready(token, os.getpid())
    log.info("worker ready", extra={"pid": os.getpid()})
    try:
        worker.run()
    except MemoryExceeded:
        return OUT_OF_MEMORY
    return 0


def _warm_up() -> None:
    """The first render starts at once."""
    started = time.monotonic()
    from ..generation.backends.mini.backend import warm_up

    with suppress(Spa2vError):  # a render will say it
        warm_up()
    log.info("model loaded", extra={"seconds": round(time.monotonic() - started, 1)})


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # a library's threads can't hold it up
