"""All takes of a visitor as one file."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from spa2v_core.jobs.job import Job
from spa2v_core.jobs.perform import LAYOUT, VIDEO
from spa2v_core.jobs.store import JobStore

from .service.guard import VISITOR

#: Its address.
BUNDLE = "/spa2v/takes.zip"


def route(store: JobStore) -> Route:
    """For the app that serves the page; who asks gets his own takes."""

    async def answer(request: Request) -> Response:
        visitor = request.headers.get(VISITOR)  # an address may be shared: only by the cookie
        jobs = store.of(visitor, "done") if visitor else []
        if not jobs:
            return PlainTextResponse("there are no takes of this browser", 404)
        path = await run_in_threadpool(pack, jobs)
        gone = BackgroundTask(path.unlink, missing_ok=True)
        return FileResponse(path, filename="takes.zip", background=gone)

    return Route(BUNDLE, answer)


def pack(jobs: Sequence[Job]) -> Path:
    """A zip file of the videos and layouts, in a temporary place."""
    with (
        tempfile.NamedTemporaryFile(suffix=".zip", delete=False) as file,
        zipfile.ZipFile(file, "w") as made,  # videos do not get smaller
    ):
        for number, job in enumerate(jobs, 1):
            for name in (VIDEO, LAYOUT):
                made.write(job.folder / name, f"take-{number}{Path(name).suffix}")
    return Path(file.name)
