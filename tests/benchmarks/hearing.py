"""`make bench-hearing`: time and memory of planning, warm and cold, short and long."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from spa2v_core import pipeline
from spa2v_core.audio.io import AudioClip, read_audio, write_wav

ROOT = Path(__file__).parents[2]
RUNS = 5


def clip_of(seconds: float) -> AudioClip:
    """Two sounds of the examples, repeated to a length, at 44.1 kHz in stereo."""
    clip = read_audio(ROOT / "assets" / "examples" / "dog_and_guitar.m4a")
    count = round(seconds * clip.rate)
    samples = np.tile(clip.samples, 1 + count // clip.samples.shape[1])[:, :count]
    return AudioClip(samples, clip.rate)


def warm(path: Path) -> float:
    """Median seconds of analysing and planning in a process that has done it before."""
    times = []
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        pipeline.plan(pipeline.analyse(path))
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def cold(path: Path, out: Path) -> tuple[float, float]:
    """(median seconds, peak GB) of the whole command."""
    times = []
    command = [sys.executable, "-m", "spa2v_core", "plan", str(path), "--out", str(out)]
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6


def main() -> None:
    print(f"{os.cpu_count()} cores; medians")
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "clip.wav", Path(folder) / "layout.json"
        for seconds in (2.5, 5, 10):
            write_wav(clip_of(seconds), path)
            print(f"{seconds:5g} s clip, warm: {warm(path):.3f} s")
        spent, peak = cold(path, out)
        print(f"   10 s clip, cold command: {spent:.2f} s, peak {peak:.2f} GB")
        for minutes in (2.5, 5, 10):
            write_wav(clip_of(60 * minutes), path)
            spent, peak = cold(path, out)
            print(f"{minutes:4g} min file, cold command: {spent:.2f} s, peak {peak:.2f} GB")


if __name__ == "__main__":
    main()
