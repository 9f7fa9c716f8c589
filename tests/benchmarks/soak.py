"""Fifty visitors for ten minutes on one machine, with the app killed three times meanwhile.

Each visitor has a recording of his own, plans it every 15 s and asks for a draft of that plan once
a minute. Nothing may be lost or crossed: every accepted render ends, each video holds the layout
that its visitor sent, finished ones stay, and nobody under his own limit is turned away.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from spa2v_core.audio.io import wav_bytes
from spa2v_core.generation.export import read_layout
from spa2v_core.layout import io as layout_io
from tests.audio.sounds import noise

ROOT = Path(__file__).parents[2]
PLAN_EVERY_S, RENDER_EVERY_S = 15.0, 60.0
LIMITS = "at_once=3,at_once_address=1000,at_once_all=1000,per_hour=1000,calls_per_minute=100000"
OWN_LIMIT = "renders waiting: wait for one or cancel one"


class App:
    """The app as a public host, on one port and one home, that can be killed and started again."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port, self.url = home, port, f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        own = {"SPA2V_HOME": self.home, "GRADIO_TEMP_DIR": self.home / "uploads"}
        own |= {"SPA2V_LIMITS": LIMITS, "SPA2V_LOG": "json"}
        with (self.home / "app.log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "app.py", "--host", "0.0.0.0", "--port", str(self.port)],
                cwd=ROOT,
                env=os.environ | {name: str(value) for name, value in own.items()},
                stdout=log,
                stderr=log,
            )
        while httpx_or_none(f"{self.url}/healthz") is None:
            time.sleep(0.3)

    def kill(self) -> None:
        assert self.process  # noqa: S101
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def memory_mb(self) -> int:
        """Of the app and its worker."""
        assert self.process  # noqa: S101
        pids = [self.process.pid]
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
            except OSError:
                continue
            if f"PPid:\t{self.process.pid}\n" in text:
                pids.append(int(status.parent.name))
        pages = 0
        for pid in pids:
            try:
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except (OSError, IndexError):
                continue
        return pages * os.sysconf("SC_PAGE_SIZE") >> 20

    def disk_mb(self) -> int:
        return sum(p.stat().st_size for p in self.home.rglob("*") if p.is_file()) >> 20


def httpx_or_none(url: str) -> httpx.Response | None:
    try:
        return httpx.get(url, timeout=5)
    except httpx.HTTPError:
        return None


@dataclass
class Seen:
    """What all visitors met."""

    plans_s: list[float] = field(default_factory=list)
    said: Counter = field(default_factory=Counter)
    jobs: dict[str, str] = field(default_factory=dict)
    crossed: int = 0
    lost: int = 0
    memory_mb: list[int] = field(default_factory=list)
    disk_mb: list[int] = field(default_factory=list)


class Visitor:
    """One browser: a cookie, a recording, plans and renders."""

    def __init__(self, number: int, app: App, seen: Seen) -> None:
        self.number, self.app, self.seen = number, app, seen
        self.http = httpx.AsyncClient(base_url=app.url, timeout=60)
        self.file: dict | None = None
        self.layout: dict | None = None
        self.jobs: list[str] = []

    async def arrive(self) -> None:
        await self.http.get("/")
        clip = noise(2, rate=16_000, seed=self.number, left=0.2 + self.number / 80)
        files = {"files": (f"{self.number}.wav", wav_bytes(clip))}
        (path,) = (await self.http.post("/gradio_api/upload", files=files)).json()
        self.file = {"path": path, "meta": {"_type": "gradio.FileData"}}

    async def call(self, name: str, **given: object) -> object:
        """The last value of an endpoint; RuntimeError with what it says."""
        answer = await self.http.post(f"/gradio_api/call/v2/{name}", json=given)
        answer.raise_for_status()
        where = f"/gradio_api/call/{name}/{answer.json()['event_id']}"
        event = ""
        async with self.http.stream("GET", where) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: ") and event == "error":
                    raise RuntimeError(line.removeprefix("data: "))
                elif line.startswith("data: ") and event == "complete":
                    return json.loads(line.removeprefix("data: "))[0]
        raise httpx.ReadError("the answer broke off")

    async def plan(self) -> None:
        started = time.monotonic()
        name = f"thing {self.number}"
        self.layout = await self.call("plan", audio=self.file, objects=name)  # type: ignore[assignment]
        self.seen.plans_s.append(time.monotonic() - started)
        assert self.layout  # noqa: S101
        self.seen.crossed += [one["name"] for one in self.layout["objects"]] != [name]

    async def render(self) -> None:
        if self.layout is None:
            return
        # a fresh seed, so that it is a new job and not the one that waits
        given = {"layout": self.layout, "audio": self.file, "preset": "draft"}
        seed = int(time.time() * 1000) % 2**31
        answer = await self.call("submit", **given, seed=seed)
        self.jobs.append(answer["job"])  # type: ignore[index]

    async def every(self, seconds: float, what: object, until: float, name: str) -> None:
        rng = np.random.default_rng(self.number)
        await asyncio.sleep(float(rng.uniform(0, seconds)))
        while time.monotonic() < until:
            started = time.monotonic()
            try:
                await what()  # type: ignore[operator]
            except httpx.HTTPError:
                self.seen.said[f"{name}: the app was away"] += 1
            except RuntimeError as error:
                known = "at his own limit" if OWN_LIMIT in str(error) else str(error)[:120]
                self.seen.said[f"{name}: {known}"] += 1
            await asyncio.sleep(max(0.0, seconds - (time.monotonic() - started)))

    async def leave(self, until: float) -> None:
        """Every accepted job has to end; what still waits at the end is left by its visitor. Videos
        are his own and still there."""
        for job in self.jobs:
            state = await self.state(job)
            while state in ("queued", "running"):
                if time.monotonic() > until:
                    await self.call("cancel", job=job)
                await asyncio.sleep(1)
                state = await self.state(job)
            self.seen.jobs[job] = state
            if state != "done":
                continue
            video = await self.call("result", job=job)
            path = Path(video["video"]["path"] if "video" in video else video["path"])  # type: ignore[index]
            if not path.is_file():
                self.seen.lost += 1
            elif f"thing {self.number}" not in layout_io.dumps(read_layout(path)):
                self.seen.crossed += 1

    async def state(self, job: str) -> str:
        """Its state, with why if it failed."""
        try:
            answer = await self.call("state", job=job)
        except RuntimeError:
            self.seen.lost += 1
            return "lost"
        state, error = str(answer["state"]), str(answer["error"])  # type: ignore[index]
        return f"{state} ({error})" if error else state


async def soak(app: App, clients: int, minutes: float, kills: int, drain_minutes: float) -> Seen:
    seen = Seen()
    visitors = [Visitor(number, app, seen) for number in range(clients)]
    await asyncio.gather(*(visitor.arrive() for visitor in visitors))
    until = time.monotonic() + 60 * minutes

    async def kill() -> None:
        for _ in range(kills):
            await asyncio.sleep(60 * minutes / (kills + 1))
            await asyncio.to_thread(app.kill)
            await asyncio.to_thread(app.start)
            print("killed and started again", flush=True)

    async def measure() -> None:
        while time.monotonic() < until:
            await asyncio.sleep(15)
            seen.memory_mb.append(await asyncio.to_thread(app.memory_mb))
            seen.disk_mb.append(await asyncio.to_thread(app.disk_mb))

    await asyncio.gather(
        kill(),
        measure(),
        *(one.every(PLAN_EVERY_S, one.plan, until, "plan") for one in visitors),
        *(one.every(RENDER_EVERY_S, one.render, until, "render") for one in visitors),
    )
    print("the visitors wait for what they have asked for", flush=True)
    end = time.monotonic() + 60 * drain_minutes
    await asyncio.gather(*(one.leave(end) for one in visitors))
    return seen


def report(seen: Seen, log: str) -> str:
    plans = np.array(seen.plans_s)
    states = Counter(seen.jobs.values())
    ends = f"{min(seen.memory_mb)} to {max(seen.memory_mb)}"
    states["left the queue when the time was over"] = states.pop("cancelled", 0)
    lines = [
        f"plans: {len(plans)}, median {np.median(plans):.2f} s, 95th percentile "
        f"{np.percentile(plans, 95):.2f} s, longest {plans.max():.2f} s",
        f"renders: {len(seen.jobs)} accepted, "
        + ", ".join(f"{n} {s}" for s, n in states.items() if n),
        f"lost {seen.lost}, crossed {seen.crossed}",
        f"memory {ends} MB (first third {np.mean(seen.memory_mb[: len(seen.memory_mb) // 3]):.0f}, "
        f"last {np.mean(seen.memory_mb[-len(seen.memory_mb) // 3 :]):.0f}); "
        f"disk {seen.disk_mb[0]} to {seen.disk_mb[-1]} MB",
        f"tracebacks in the log: {len(re.findall('Traceback', log))}",
        *(f"said {count} times: {what}" for what, count in seen.said.most_common()),
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--drain-minutes", type=float, default=15)
    parser.add_argument("--port", type=int, default=7899)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = App(Path(folder), options.port)
        app.start()
        try:
            given = (options.clients, options.minutes, options.kills, options.drain_minutes)
            seen = asyncio.run(soak(app, *given))
            print(report(seen, (app.home / "app.log").read_text()))
        finally:
            app.kill()
    # what is killed twice while it renders fails, and says so
    ended = ("done", "cancelled", "failed (the app ended twice")
    if seen.lost or seen.crossed or not all(s.startswith(ended) for s in seen.jobs.values()):
        sys.exit("something was lost, crossed or not finished")


if __name__ == "__main__":
    main()
