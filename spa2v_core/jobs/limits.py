"""What is kept and for how long, and what one visitor may ask for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError

HOUR, DAY = 3600.0, 86400.0


@dataclass(frozen=True)
class Limits:
    """Of one app. Counts are inclusive; a visitor is a browser (its cookie) or an API client.

    Attributes
    ----------
    at_once
        renders that one visitor may have queued and running.
    at_once_address
        the same for all visitors of one network address.
    at_once_all
        the same for everybody.
    per_hour
        renders that one visitor may start in an hour.
    calls_per_minute
        that one address may make; a busy page makes about one a second.
    upload_bytes
        that one address may upload in an hour.
    tokens
        of the operator's key that one visitor may spend in an hour.
    takes
        finished renders that are kept for one visitor; the oldest go first.
    keep_s
        seconds that a finished render is kept.
    keep_bytes
        that all finished renders may take on the disk.
    memory_mb
        that the renderer may use.
    """

    at_once: int = 20
    at_once_address: int = 200
    at_once_all: int = 200
    per_hour: int = 1000
    calls_per_minute: int = 100_000
    upload_bytes: int = 20_000_000_000
    tokens: int = 1_000_000_000
    takes: int = 50
    keep_s: float = 30 * DAY
    keep_bytes: int = 5_000_000_000
    memory_mb: int = 0

    def __post_init__(self) -> None:
        if not self.memory_mb:
            object.__setattr__(self, "memory_mb", renderer_memory_mb())

    @classmethod
    def of(cls, public: bool) -> Limits:
        """A laptop's, or those of a host that others reach; SPA2V_LIMITS changes single ones
        (`at_once=2,per_hour=30`)."""
        chosen: dict[str, float] = dict(_PUBLIC) if public else {}
        for part in filter(None, os.environ.get("SPA2V_LIMITS", "").replace(" ", "").split(",")):
            name, _, value = part.partition("=")
            if name not in cls.__dataclass_fields__ or not value.isdigit():
                known = ", ".join(cls.__dataclass_fields__)
                raise InputError(f"SPA2V_LIMITS: '{part}' is no limit: give name=number of {known}")
            chosen[name] = int(value)
        return cls(**chosen)  # type: ignore[arg-type]


_PUBLIC = {
    "at_once": 3,
    "at_once_address": 12,
    "at_once_all": 100,
    "per_hour": 60,
    "calls_per_minute": 600,
    "upload_bytes": 1_000_000_000,
    "tokens": 100_000,
    "takes": 12,
    "keep_s": DAY,
    "keep_bytes": 2_000_000_000,
}


def renderer_memory_mb() -> int:
    """Three quarters of this machine's memory, or of what its control group may use, in MB."""
    total = (
        os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    )
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            capped = int(Path("/sys/fs/cgroup", name).read_text())
        except (OSError, ValueError):
            continue
        total = min(total, capped)
    return int(0.75 * total) >> 20 if total else 8192


def home() -> Path:
    """Where jobs are kept: SPA2V_HOME, or the user's state folder."""
    if named := os.environ.get("SPA2V_HOME"):
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "spa2v"
