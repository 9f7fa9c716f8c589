"""Keeps a worker alive beside the page: starts it again, ends what does not stop, tidies up."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from .database import StoreError
from .job import FAILED
from .limits import Limits
from .perform import TOO_MUCH_MEMORY
from .store import JobStore, token
from .worker import OUT_OF_MEMORY

log = logging.getLogger("spa2v.keeper")

#: Seconds after which a job that does not stop is ended with its worker.
GRACE_S = 10.0
#: Seconds that the worker has to park its job when the app ends.
PARTING_S = 10.0
#: Seconds between two tidyings.
SWEEP_S = 60.0
#: Workers that may end before they are ready, one after the other, until waiting jobs are told.
FALSE_STARTS = 3


class Keeper:
    """One worker process and the thread that looks after it."""

    def __init__(self, store: JobStore, limits: Limits, grace_s: float = GRACE_S) -> None:
        self.store, self.limits, self.grace_s = store, limits, grace_s
        self.token, self.false_starts = "", 0
        self._cancelled: dict[str, float] = {}
        self._swept = 0.0
        self._stop = threading.Event()
        store.orphans("the app ended twice while this was rendered: start it again")
        self.process = self._start()
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._thread.start()

    def poke(self) -> None:
        """Tell the worker that there may be a job."""
        with suppress(OSError, ValueError):  # it has just ended: the next one looks by itself
            if self.process.stdin:
                self.process.stdin.write(b"\n")
                self.process.stdin.flush()

    def close(self) -> None:
        """End the worker; what it runs is parked for the next start."""
        self._stop.set()
        self._thread.join()
        self.process.terminate()
        try:
            self.process.wait(PARTING_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        self.token = token()
        command = [sys.executable, "-m", "spa2v_core.jobs.worker"]
        given = [str(self.store.home), self.token, str(self.limits.memory_mb)]
        return subprocess.Popen(
            [*command, *given],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": _path()},
            start_new_session=True,
        )

    def _keep(self) -> None:
        while not self._stop.wait(0.1):
            try:
                self._look()
            except StoreError as error:
                log.error("store", extra={"why": str(error)})
                self._stop.wait(1)

    def _look(self) -> None:
        code = self.process.poll()
        if code is not None:
            self._restart(code)
            return
        job = self.store.running_by(self.token)
        if job is not None and job.cancel:
            since = self._cancelled.setdefault(job.id, time.monotonic())
            if time.monotonic() - since > self.grace_s:
                log.warning("worker did not stop: ended", extra={"pid": self.process.pid})
                self.process.kill()
        if _resident_mb(self.process.pid) > self.limits.memory_mb:
            if job is not None:
                self.store.end(job.id, self.token, FAILED, error=TOO_MUCH_MEMORY)
            log.warning("worker too large: ended", extra={"pid": self.process.pid})
            self.process.kill()
        if time.monotonic() - self._swept > SWEEP_S:
            self._swept = time.monotonic()
            self._cancelled.clear()
            self.store.sweep(self.limits)

    def _restart(self, code: int) -> None:
        log.warning("worker ended", extra={"code": code})
        self.store.orphans(_why(code), self.token)
        self.false_starts = 0 if self.store.is_ready(self.token) else self.false_starts + 1
        if self.false_starts >= FALSE_STARTS:
            self.store.fail_queued("the renderer does not start: the app's log says why")
            self._stop.wait(min(30, 2**self.false_starts))
        if not self._stop.is_set():
            self.process = self._start()


def _why(code: int) -> str:
    if code in (-9, 137):
        return "the renderer was killed twice at this, perhaps for want of memory: make it smaller"
    if code == OUT_OF_MEMORY:
        return TOO_MUCH_MEMORY
    return f"the renderer ended twice at this (exit code {code}): the app's log says more"


def _resident_mb(pid: int) -> int:
    """Main memory that a process uses, 0 where it can't be said."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def _path() -> str:
    """The worker imports the same package as this process, wherever it is run from."""
    root = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
