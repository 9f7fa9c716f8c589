"""`make bench-run`: time and memory of the whole run, per stage, each in a process of its own.

Prints what was measured on this machine; ratios between rows are steadier than seconds.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "assets" / "examples" / "car_crossing.m4a"
RUNS = 3


def command(*arguments: str) -> tuple[float, str]:
    """(wall seconds, stderr) of `python -m spa2v_core ...`."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "spa2v_core", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - start, done.stderr


def peak_gb() -> float:
    """Largest resident size of any finished child so far, GB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6


def app_start() -> float:
    """Seconds from the command to the address that answers with the page."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-u", "app.py"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        for line in process.stdout or ():
            if re.search(r"http://127\.0\.0\.1:\d+", line):
                return time.perf_counter() - start
    finally:
        process.terminate()
        process.wait()
    raise SystemExit("the app did not start")


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def main() -> None:
    print(f"{os.cpu_count()} cores, median of {RUNS}; {CLIP.name}")
    print(f"app start to its page: {median([app_start() for _ in range(RUNS)]):.1f} s")
    with tempfile.TemporaryDirectory() as folder:
        layout = str(Path(folder) / "layout.json")
        plans = [command("plan", str(CLIP), "--out", layout)[0] for _ in range(RUNS)]
        print(f"plan: {median(plans):.1f} s, peak {peak_gb():.2f} GB")
        for preset in ("draft", "default"):
            rows = []
            for _ in range(RUNS):
                video = str(Path(folder) / "video.mp4")
                arguments = ("--objects", "red car", "--preset", preset, "--out", video)
                wall, text = command("run", str(CLIP), *arguments)
                stages = {k: float(v) for k, v in re.findall(r"(\w+) ([\d.]+) s(?:,|\))", text)}
                rows.append((wall, stages))
            wall, stages = sorted(rows, key=lambda row: row[0])[RUNS // 2]
            parts = ", ".join(f"{name} {s:.1f} s ({s / wall:.0%})" for name, s in stages.items())
            print(f"run, {preset}: {wall:.1f} s, peak {peak_gb():.2f} GB: {parts}")


if __name__ == "__main__":
    main()
