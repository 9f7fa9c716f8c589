"""Real workers with the real mini model: what happens to a render however its process ends."""

import asyncio
import errno
import os
import re
import resource
import signal
import subprocess
import sys
import time
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from spa2v_core import pipeline
from spa2v_core.errors import InputError
from spa2v_core.generation.base import Frames, RenderRequest
from spa2v_core.generation.export import read_layout
from spa2v_core.generation.registry import settle
from spa2v_core.jobs import keeper
from spa2v_core.jobs.database import StoreError
from spa2v_core.jobs.job import Visitor
from spa2v_core.jobs.limits import Limits
from spa2v_core.jobs.perform import MemoryExceeded, perform
from spa2v_core.jobs.saved import read_request, submission, write_sound
from spa2v_core.jobs.service import Jobs
from spa2v_core.jobs.store import JobStore
from spa2v_core.layout import VideoSceneLayout
from tests.audio.sounds import noise

ANN = Visitor("ann")
PATIENCE = 120


MEMORY_MB = 20_000


def request(steps=2, seed=0, frames=8, **fields):
    """A render of about a second; more steps take longer, more frames more memory."""
    layout = VideoSceneLayout(duration_s=1, caption="a park")
    options = {"steps": steps, "frames": frames, "fps": 0}
    return RenderRequest(layout, noise(1, rate=16_000), seed=seed, options=options, **fields)


LONG = 100


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    """An app's jobs with one warm worker, for tests that leave it working."""
    made = Jobs(tmp_path_factory.mktemp("home"), replace(Limits(), memory_mb=MEMORY_MB))
    yield made
    made.close()


def wait(store, job, *states, until=lambda job: True):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        now = store.get(job.id)
        if now.state in states and until(now):
            return now
        time.sleep(0.01)
    pytest.fail(f"it stayed {now.state} ({now.text}, {now.error})")


def followed(jobs, job, until=lambda job: False):
    """What who follows a job sees, to its end or until he leaves."""

    async def follow():
        seen = []
        async with aclosing(jobs.follow(job.id)) as updates:
            async for now in updates:
                seen.append(now)
                if until(now):
                    break
        return seen

    return asyncio.run(follow())


def stepping(store, job):
    """Wait until it denoises."""
    return wait(store, job, "running", until=lambda now: now.text.startswith("Step"))


def test_a_request_comes_back_whole(tmp_path):
    made = request(seed=5, captions="global", grounding="none")
    made = replace(made, options={**made.options, "weights": Path("w"), "fps": 12.0})
    write_sound(made.clip, tmp_path)
    kept = submission(made)
    back = read_request(dict(kept.request), tmp_path)
    assert np.array_equal(back.clip.samples, made.clip.samples)
    assert replace(back, clip=made.clip, options=made.options) == made
    assert settle(back) == settle(made)
    assert (kept.kind, kept.cost) == ("mini", 16)
    assert submission(back).digest == kept.digest
    assert submission(replace(made, seed=6)).digest != kept.digest


def test_a_render_that_can_not_be_is_refused_before_it_is_a_job(jobs):
    with pytest.raises(InputError, match="no preset"):
        jobs.submit(request(preset="nosuch"), ANN)
    assert not [f for f in jobs.store.takes.iterdir() if not f.name.startswith(".")]


def test_a_job_ends_with_its_files_and_shows_how_it_goes(jobs):
    made = request(steps=8)
    job = jobs.submit(made, ANN)
    seen = followed(jobs, job)
    assert seen[-1].state == "done", seen[-1].error
    assert {f.name for f in seen[-1].folder.iterdir()} == {
        "video.mp4",
        "video.boxes.mp4",
        "video.jpg",
        "layout.json",
    }
    assert read_layout(job.folder / "video.mp4") == made.layout
    texts = [one.text for one in seen]
    assert any("Step" in text for text in texts)
    assert any(one.preview for one in seen)
    shares = [one.done for one in seen]
    assert shares == sorted(shares)
    ahead, seconds = jobs.store.wait(jobs.submit(request(seed=1), ANN))
    assert ahead == 0
    assert seconds > 0


def test_a_cancelled_job_stops_within_a_step_and_the_next_runs(jobs):
    job = jobs.submit(request(steps=LONG), ANN)
    before = stepping(jobs.store, job)
    jobs.store.cancel(job.id)
    after = wait(jobs.store, job, "cancelled")
    steps = [int(one.text.split()[1]) for one in (before, after)]
    assert steps[1] - steps[0] <= 2
    wait(jobs.store, jobs.submit(request(seed=2), ANN), "done")


def test_a_worker_that_is_killed_or_hangs_costs_its_own_job_alone(jobs, monkeypatch):
    """That a second death fails the job is in the store's tests, and seen in the browser's."""
    job, after = jobs.submit(request(steps=LONG), ANN), jobs.submit(request(seed=3), ANN)
    stepping(jobs.store, job)
    os.kill(jobs.keeper.process.pid, signal.SIGKILL)
    wait(jobs.store, job, "running", until=lambda now: now.tries == 2)
    stepping(jobs.store, job)
    os.kill(jobs.keeper.process.pid, signal.SIGSTOP)  # it hangs, and does not see the request
    monkeypatch.setattr(jobs.keeper, "grace_s", 0.3)
    jobs.store.cancel(job.id)
    wait(jobs.store, job, "cancelled")
    wait(jobs.store, after, "done")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux limits memory")
def test_too_large_for_its_memory_is_one_line_and_the_next_runs(jobs):
    wait(jobs.store, jobs.submit(request(seed=5), ANN), "done")
    pid, data = jobs.keeper.process.pid, resource.RLIMIT_DATA
    assert resource.prlimit(pid, data) == (MEMORY_MB << 20, MEMORY_MB << 20)
    status = Path(f"/proc/{pid}/status").read_text()
    used = int(re.search(r"VmData:\s+(\d+) kB", status)[1]) << 10
    resource.prlimit(pid, data, (used + (30 << 20), MEMORY_MB << 20))  # as if it were small
    failed = wait(jobs.store, jobs.submit(request(frames=64), ANN), "failed")
    assert "64 frames need 1.1 GB" in failed.error
    resource.prlimit(pid, data, (MEMORY_MB << 20, MEMORY_MB << 20))
    wait(jobs.store, jobs.submit(request(seed=6), ANN), "done")


def test_what_can_not_fit_is_refused_at_once(tmp_path):
    made = Jobs(tmp_path, replace(Limits(), memory_mb=1000))
    try:
        with pytest.raises(InputError, match=r"128 frames need 1\.6 GB: at most \d+ frames here"):
            made.submit(request(frames=128), ANN)
    finally:
        made.close()


def test_memory_that_runs_out_all_the_same_is_one_line(tmp_path):
    def render(*_):
        yield pipeline.Progress("load", 0, 1)
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")

    store, asked = JobStore(tmp_path), request()
    write_sound(asked.clip, store.takes / "one")
    job, _ = store.submit(submission(asked), ANN, Limits(), folder="one")
    with pytest.raises(MemoryExceeded):
        list(perform(store, store.claim("worker"), "worker", render))
    assert "more memory than a render may use" in store.get(job.id).error


def test_a_worker_that_can_not_start_tells_who_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(keeper.sys, "executable", "/bin/false")
    made = Jobs(tmp_path, Limits())
    try:
        job = made.submit(request(), ANN)
        assert "does not start" in wait(made.store, job, "failed").error
    finally:
        made.close()


APP = """
import sys, time
from pathlib import Path
from spa2v_core.jobs.limits import Limits
from spa2v_core.jobs.service import Jobs
jobs = Jobs(Path(sys.argv[1]), Limits())
print(jobs.keeper.process.pid, flush=True)
sys.stdin.read()
jobs.close()
"""


def start_app(home):
    process = subprocess.Popen(
        [sys.executable, "-c", APP, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    return process, int(process.stdout.readline())


def test_jobs_outlive_the_app_however_it_ends(tmp_path):
    """Killed: the running job is tried once more. Ended in order: it is parked."""
    app, worker = start_app(tmp_path)
    look = JobStore(tmp_path / "jobs")
    write_sound(request().clip, look.takes / "first")
    first, _ = look.submit(submission(request(steps=LONG)), ANN, Limits(), folder="first")
    second, _ = look.submit(submission(request(seed=1)), ANN, Limits(), folder="second")
    write_sound(request().clip, second.folder)
    stepping(look, first)
    app.kill()
    app.wait()
    gone(worker)  # it ends with its app
    assert look.get(first.id).state == "running"

    jobs = Jobs(tmp_path, Limits())
    stepping(look, first)
    assert look.get(first.id).tries == 2
    jobs.close()
    assert (look.get(first.id).state, look.get(first.id).tries) == ("queued", 1)
    assert look.get(second.id).state == "queued"
    look.close()


def gone(pid):
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the worker goes on without its app")


def test_two_apps_keep_apart(tmp_path):
    one, other = (Jobs(tmp_path, Limits(), "inline") for _ in range(2))
    assert one.store.home != other.store.home
    one.close()
    again = Jobs(tmp_path, Limits(), "inline")
    assert again.store.home == one.store.home
    for made in (other, again):
        made.close()


def grey(request):
    """Frames without a model."""
    for step in range(1, 9):
        yield pipeline.Progress("denoise", step, 8, 1.0)
    yield Frames(np.full((8, 160, 256, 3), 99, np.uint8))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk of this app is full"),
        (InputError("this can't be drawn: draw less"), "this can't be drawn: draw less"),
        (ValueError("secret words"), "the render failed (ValueError)"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "more memory than"),
    ],
)
def test_every_fault_is_one_line_of_its_own_job(tmp_path, fault, said):
    def fails(request, out):
        yield pipeline.Progress("load", 0, 1)
        raise fault

    jobs = Jobs(tmp_path, Limits(), "inline", fails)
    job = jobs.submit(request(), ANN)
    with suppress(MemoryExceeded):
        followed(jobs, job)
    failed = jobs.find(job.id)
    assert failed.state == "failed"
    assert said in failed.error
    assert "secret" not in failed.error
    jobs.render = partial(pipeline.render, make=grey)
    assert followed(jobs, jobs.submit(request(seed=1), ANN))[-1].state == "done"
    jobs.close()


def test_inline_a_job_waits_for_who_follows_it(tmp_path):
    jobs = Jobs(tmp_path, Limits(), "inline", partial(pipeline.render, make=grey))
    job = jobs.submit(request(), ANN)
    followed(jobs, job, until=lambda now: now.text.startswith("Step"))  # the page is gone then
    left = jobs.find(job.id)
    assert (left.state, left.tries) == ("queued", 0)
    assert followed(jobs, job)[-1].state == "done"
    assert (job.folder / "video.mp4").is_file()
    jobs.close()


def test_a_home_that_is_a_file_is_said(tmp_path):
    (tmp_path / "home").write_text("")
    with pytest.raises(StoreError, match="SPA2V_HOME"):
        Jobs(tmp_path / "home", Limits())
