"""`python -m tests.fuzz`: cases in reused workers, bounded by count and time; what was found."""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

#: A case that takes the processor longer is too slow, s; one that adds more memory is a bomb, MB.
LONGEST_S, MOST_MB = 10.0, 1000
#: One without an answer in this time hangs, s: the machine may be busy.
PATIENCE_S = 30.0
#: Of 100 cases.
SHARES = {"audio": 34, "layouts": 28, "replies": 18, "videos": 10, "api": 10}


@dataclass
class Findings:
    """What came of the cases so far."""

    became: Counter[str] = field(default_factory=Counter)
    faults: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    slowest: tuple[float, str] = (0.0, "")
    largest: tuple[float, str] = (0.0, "")

    def note(self, kind: str, seed: int, report: dict) -> None:
        case = f"{kind} {seed}"
        self.became[f"{kind} {report['became']}"] += 1
        self.slowest = max(self.slowest, (report["seconds"], case))
        self.largest = max(self.largest, (report["added_mb"], case))
        text = report["fault"]
        if not text and report["seconds"] > LONGEST_S:
            text = f"it took {report['seconds']:.1f} s"
        if not text and report["added_mb"] > MOST_MB:
            text = f"it took {report['added_mb']:.0f} MB"
        if text:
            where = "\n".join(text.strip().splitlines()[-5:])
            _, _, before = self.faults.get(where, ("", 0, 0))
            self.faults[where] = (kind, seed, before + 1)


class Worker:
    """A reused process; started anew if it dies or hangs."""

    def __init__(self, module: str = "tests.fuzz.worker") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, str(MOST_MB)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        if not self.answer(300):
            raise SystemExit("the worker does not start: run python -m tests.fuzz.worker 1000")

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line)
        self.process.wait()  # its end is known before it is told
        self.lines.put("")

    def answer(self, seconds: float) -> str:
        """The next line; "" if there is none in time, or none at all."""
        try:
            return self.lines.get(timeout=seconds)
        except queue.Empty:
            return ""

    def run(self, kind: str, seed: int, patience: float) -> dict | None:
        """The report of a case; None if the worker hangs or has died."""
        self.process.stdin.write(f"{kind} {seed}\n")
        self.process.stdin.flush()
        line = self.answer(patience)
        return json.loads(line) if line else None

    def end(self) -> str:
        """Why it gave no answer."""
        code = self.process.poll()
        self.process.kill()
        self.process.wait()
        return f"it hangs for over {PATIENCE_S:g} s" if code is None else f"it died ({code})"


def kind_of(number: int) -> str:
    """Kinds in turn, by their shares."""
    place = number * 37 % 100
    for kind, share in SHARES.items():
        if place < share:
            return kind
        place -= share
    raise AssertionError("the shares are of 100")


def fuzz(count: int, seconds: float, first: int, kinds: tuple[str, ...]) -> tuple[Findings, int]:
    """(findings, cases that were run) of at most `count` cases in at most `seconds`."""
    findings, worker, done = Findings(), Worker(), 0
    stop = time.monotonic() + seconds
    for number in range(first, first + count):
        if time.monotonic() > stop:
            break
        kind = kind_of(number) if not kinds else kinds[number % len(kinds)]
        report = worker.run(kind, number, PATIENCE_S)
        if report is None:
            report = {"became": "fault", "fault": worker.end(), "seconds": 0.0, "added_mb": 0.0}
            worker = Worker()
        findings.note(kind, number, report)
        done += 1
    worker.end()
    return findings, done


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--first", type=int, default=1, help="number, and seed, of the first case")
    parser.add_argument("--kinds", nargs="*", choices=SHARES, default=[])
    options = parser.parse_args()
    started = time.monotonic()
    found, done = fuzz(options.cases, options.seconds, options.first, tuple(options.kinds))
    for what, number in sorted(found.became.items()):
        print(f"{number:6d} {what}")
    for where, (kind, seed, times) in found.faults.items():
        print(f"\n--- {times} times, first in {kind} {seed}:\n{where}")
    print(
        f"\n{done} cases in {time.monotonic() - started:.0f} s: {len(found.faults)} faults; "
        f"slowest {found.slowest[0]:.1f} s ({found.slowest[1]}), most memory added "
        f"{found.largest[0]:.0f} MB ({found.largest[1]})"
    )
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
