"""Runs cases one after the other, for the harness: a line "kind seed" in, a line of JSON out.

What a case may take is capped by the kernel: an allocation beyond it fails.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import traceback
from pathlib import Path

from . import cases


def cap_memory(more_mb: int) -> None:
    """Let allocations fail that take the process more than this beyond what it has."""
    if sys.platform != "linux":
        return
    import resource

    used = int(re.search(r"VmData:\s+(\d+)", Path("/proc/self/status").read_text())[1]) << 10
    limit = used + (more_mb << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def peak_mb() -> float:
    """Most memory that was resident since the last call."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    peak = int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 1024
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    return peak


def main(more_mb: int) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing else is written among the answers
    cases.prepare()
    cap_memory(more_mb)
    usual = peak_mb()
    usual = peak_mb()
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        kind, seed = line.split()
        started, fault = time.process_time(), ""  # other programs are not the case's fault
        try:
            became = cases.run(kind, int(seed))
        except BaseException:  # noqa: BLE001 (all that a case may do wrong is told)
            became, fault = "fault", traceback.format_exc(limit=-6)
        report = {
            "became": became,
            "fault": fault,
            "seconds": time.process_time() - started,
            "added_mb": max(0.0, peak_mb() - usual),
        }
        print(json.dumps(report), file=answers, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
