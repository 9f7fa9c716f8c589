"""Jobs as the page, the API and the command line use them."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from .. import pipeline
from ..errors import InputError
from ..generation import budget
from ..generation.base import RenderRequest
from ..generation.registry import settle
from .database import StoreError
from .job import Job, Visitor
from .keeper import SWEEP_S, Keeper
from .limits import Limits
from .logs import tag
from .perform import Render, perform
from .saved import submission, write_sound
from .store import JobStore, token

log = logging.getLogger("spa2v.jobs")

Runner = Literal["process", "inline"]
#: Seconds between looks at a job that somebody watches.
WATCH_S = 0.15
#: Apps that may run side by side, each with a store of its own.
MAX_APPS = 16


class Jobs:
    """A store and what runs it.

    runner "process": a worker of its own, which needs nobody to watch. "inline": whoever follows a
    job renders it (ZeroGPU lends its card to a visitor's own event); nobody watching, it waits.
    """

    def __init__(
        self,
        home: Path,
        limits: Limits,
        runner: Runner = "process",
        render: Render = pipeline.render,
    ) -> None:
        """render: what renders inline, in place of `pipeline.render`.

        Raises
        ------
        StoreError
            nothing can be kept in `home`.
        """
        self.limits, self.runner = limits, runner
        self.render = render
        self._lock, folder = _own_folder(home)
        self.store = JobStore(folder)
        self.keeper = Keeper(self.store, limits) if runner == "process" else None
        if runner == "inline":
            self.store.orphans("the app ended twice while this was rendered: start it again")
        self._swept = time.monotonic()

    def close(self) -> None:
        """Park what runs and let go of the store."""
        if self.keeper:
            self.keeper.close()
        self.store.close()
        self._lock.release()

    def submit(self, request: RenderRequest, visitor: Visitor, key: str = "") -> Job:
        """A job for a request; the same key, or the same request while it waits, is the same job.

        Raises
        ------
        InputError
            what is asked for can't be; LimitError: the visitor has enough to do.
        StoreError
            it can't be kept: no space.
        """
        new = submission(request)
        budget.check(request, settle(request), (self.limits.memory_mb << 20) / 1e9)
        folder = token()
        try:
            write_sound(request.clip, self.store.takes / folder)
            job, is_new = self.store.submit(new, visitor, self.limits, key=key, folder=folder)
        except OSError as error:
            self._discard(folder)
            raise StoreError(f"the render can't be kept ({error.strerror}): free space") from error
        except Exception:
            self._discard(folder)
            raise
        if not is_new:
            self._discard(folder)
        elif self.keeper:
            self.keeper.poke()
        if self.runner == "inline" and time.monotonic() - self._swept > SWEEP_S:
            self._swept = time.monotonic()
            self.store.sweep(self.limits)
        log.info("job submitted", extra={"job": tag(job.id), "kind": job.kind, "new": is_new})
        return job

    def _discard(self, folder: str) -> None:
        shutil.rmtree(self.store.takes / folder, ignore_errors=True)

    def find(self, job_id: str) -> Job:
        """The job; InputError if there is none of that id."""
        job = self.store.get(job_id)
        if job is None:
            raise InputError("there is no such render (any more)")
        return job

    async def follow(self, job_id: str) -> AsyncGenerator[Job, None]:
        """A job as it changes, to its end; inline this is what renders it. Closing it parks an
        inline job; otherwise the job goes on."""
        if self.runner == "inline":
            async with aclosing(self.drive(job_id)) as driven:
                async for job in driven:
                    yield job
        last = None
        while True:
            job = self.find(job_id)
            if job != last:
                yield job
                last = job
            if not job.active:
                return
            await asyncio.sleep(WATCH_S)

    async def drive(self, job_id: str) -> AsyncGenerator[Job, None]:
        """Render a queued job here, as it changes; nothing if it is not queued."""
        worker = token()
        job = self.store.claim(worker, job_id)
        if job is None:  # it has ended, or another tab of the visitor was quicker
            return
        events = perform(self.store, job, worker, self.render)
        try:
            while await asyncio.to_thread(next, events, False):
                yield self.find(job_id)
        finally:
            # the thread may still be in a step when the visitor leaves: closing waits for it
            await asyncio.to_thread(_close, events)
            self.store.park(job_id, worker)  # no effect on a job that has ended


def _close(events: Iterator[bool]) -> None:
    while True:
        try:
            events.close()  # type: ignore[attr-defined]
            return
        except ValueError:  # "generator already executing": in its thread, for at most a step
            time.sleep(0.05)


def _own_folder(home: Path) -> tuple[FileLock, Path]:
    """The first folder in `home` that no other app uses, held."""
    for number in range(1, MAX_APPS + 1):
        folder = home / (f"jobs-{number}" if number > 1 else "jobs")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / "lock")
            lock.acquire(timeout=0)
        except Timeout:
            continue
        except OSError as error:
            raise StoreError(
                f"renders can't be kept in {home} ({error.strerror}): set SPA2V_HOME to a folder "
                "for them"
            ) from error
        return lock, folder
    raise StoreError(f"{MAX_APPS} apps use {home} already: set SPA2V_HOME to another folder")
