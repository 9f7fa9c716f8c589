"""Whether the memory that is there is enough for a render, before it starts."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ..errors import InputError
from .base import MIN_FRAMES, RenderRequest
from .registry import Settled

_CGROUP = Path("/sys/fs/cgroup")


def check(request: RenderRequest, settled: Settled, there_gb: float | None = None) -> None:
    """InputError that says what would fit, if objects x frames need more than there is.

    there_gb: what the process may use, all in all; None is what this process can have now. Backends
    that state no use (those on a card, which says itself when it is full) are not looked at.
    """
    use = settled.spec.memory
    if use is None:
        return
    there = memory_gb() if there_gb is None else there_gb
    frames, objects = settled.preset.frames, len(request.layout.objects)
    needed = use.gigabytes(frames, objects, settled.kinds)
    if needed <= there:
        return
    fewer = next((n for n in _down(objects) if use.gigabytes(frames, n, settled.kinds) <= there), 0)
    shorter = next(
        (n for n in _down(frames) if use.gigabytes(n, objects, settled.kinds) <= there), 0
    )
    of = f"{objects} objects in " if objects else ""
    what = f"{of}{frames} frames need {needed:.1f} GB"
    if fewer:
        raise InputError(f"{what}: at most {fewer} objects here")
    if shorter >= MIN_FRAMES:
        raise InputError(f"{what}: at most {shorter} frames here")
    raise InputError(
        f"{what}, and {max(there, 0.0):.1f} GB are there: close other programs, or choose another "
        "grounding"
    )


def _down(count: int) -> range:
    return range(count - 1, 0, -1)


def memory_gb() -> float:
    """Most that this process can use: what it has, and what is free for it on this machine, in its
    control group and under its limits."""
    import psutil

    own = psutil.Process().memory_info()
    free = [float(psutil.virtual_memory().available)]
    with suppress(OSError, ValueError):  # no control group, or none with a limit
        used = int((_CGROUP / "memory.current").read_text())
        cached = next(
            int(line.split()[1])
            for line in (_CGROUP / "memory.stat").read_text().splitlines()
            if line.startswith("inactive_file ")
        )
        free.append(int((_CGROUP / "memory.max").read_text()) - used + cached)
    with suppress(ImportError, AttributeError):  # Windows has no such limits
        import resource

        for limit, taken in ((resource.RLIMIT_AS, own.vms), (resource.RLIMIT_DATA, own.data)):
            soft, _ = resource.getrlimit(limit)
            if soft != resource.RLIM_INFINITY:
                free.append(soft - taken)
    return (own.rss + min(free)) / 1e9
