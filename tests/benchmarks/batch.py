"""`make bench-batch`: many simulated clips planned by a loop, a pool and Ray.

Each way runs once whole and once killed with SIGKILL in the middle and started again. Says seconds,
memory, whether all ways made the same files, and whether anything was lost or made twice.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from spa2v_core.audio.io import write_wav
from spa2v_core.simulation.acoustics import Source, mix, straight
from spa2v_core.simulation.synthesis import SYNTHS

WAYS = {"loop": [], "pool of two": ["--workers", "2"], "Ray": ["--ray"]}
SECONDS, RATE, MADE = 2.0, 16_000, 12


def make_clips(folder: Path, count: int, seed: int = 0) -> None:
    """Single things that cross, come and go; clip k depends on the seed and k alone."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    names = sorted(SYNTHS)[:MADE]
    sounds = {name: SYNTHS[name](SECONDS + 1, rng) for name in names}
    for k in range(count):
        one = np.random.default_rng((seed, k))
        name = names[k % len(names)]
        (x0, x1), (y0, y1) = one.uniform(-6, 6, 2), one.uniform(3, 12, 2)
        path = straight((x0, y0), (x1, y1), SECONDS)
        signal_ = sounds[name] / np.abs(sounds[name]).max()
        clip = mix([Source(name, signal_, path, 1, 1)], SECONDS, RATE)
        write_wav(clip, folder / f"{k:05d}.wav")


def command(clips: Path, out: Path, flags: list[str]) -> list[str]:
    own = [sys.executable, "-m", "spa2v_core", "batch", str(clips), "--out", str(out)]
    return [*own, "--plan-only", *flags]


def run(clips: Path, out: Path, flags: list[str]) -> float:
    started = time.monotonic()
    subprocess.run(command(clips, out, flags), check=True, capture_output=True)
    return time.monotonic() - started


def run_killed(clips: Path, out: Path, flags: list[str], count: int) -> int:
    """Kill it when about half is there, start it again; files of the first half made twice."""
    first = subprocess.Popen(
        command(clips, out, flags),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while first.poll() is None and len(layouts(out)) < count // 2:
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    before = {path: path.stat().st_mtime_ns for path in layouts(out)}
    run(clips, out, flags)
    return sum(path.stat().st_mtime_ns != when for path, when in before.items())


def layouts(out: Path) -> list[Path]:
    return list(out.glob("*.layout.json"))


def digest(out: Path) -> str:
    """Of the names and bytes of all layouts."""
    all_of_them = hashlib.sha256()
    for path in sorted(layouts(out)):
        all_of_them.update(path.name.encode() + path.read_bytes())
    return all_of_them.hexdigest()


def memory_mb(out: Path) -> tuple[float, float]:
    """A process' memory after the first fifth of the rows and after the last."""
    rows = [json.loads(line) for line in (out / "report.jsonl").read_text().splitlines()]
    held = [row["memory_mb"] for row in rows if row.get("memory_mb")]
    return held[len(held) // 5], held[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--ways", default="loop,pool of two,Ray", help="which, separated by commas")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        make_clips(home / "clips", options.clips)
        digests = set()
        for way in options.ways.split(","):
            flags, out = WAYS[way], home / "out"
            seconds = run(home / "clips", out, flags)
            whole, (early, late) = digest(out), memory_mb(out)
            shutil.rmtree(out)
            again = run_killed(home / "clips", out, flags, options.clips)
            count = len((out / "report.jsonl").read_text().splitlines())
            digests |= {whole, digest(out)}
            print(
                f"{way}: {seconds:.0f} s, {options.clips / seconds:.1f} clips/s, a process holds"
                f" {early:.0f} to {late:.0f} MB; killed in the middle and started again: {count}"
                f" rows, {again} files made twice",
                flush=True,
            )
            shutil.rmtree(out)
        print("all files the same" if len(digests) == 1 else "FILES DIFFER")
        sys.exit(len(digests) != 1)


if __name__ == "__main__":
    main()
