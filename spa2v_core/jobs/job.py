"""A render as a job: who asks, what for, and how far it is."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
#: Of a job that is not ended.
ACTIVE = (QUEUED, RUNNING)


@dataclass(frozen=True)
class Visitor:
    """Who asks: a browser or client, and where it comes from."""

    owner: str
    address: str = ""


@dataclass(frozen=True)
class Job:
    """A row of the store.

    Attributes
    ----------
    id
        whoever has it may cancel and delete.
    share
        whoever has it may look, "" for nobody.
    saved
        its request as JSON; `request` is that read.
    folder
        of its files (`video.mp4`, `video.boxes.mp4`, `video.jpg`, `layout.json` when done,
        `preview.jpg` while it runs).
    state
        "queued", "running", "done", "failed" or "cancelled".
    tries
        times that it was started.
    cancel
        it was asked to stop.
    done
        share of the work, 0..1.
    text
        what it is at.
    remaining_s
        seconds left, None: unknown.
    preview
        number of the newest preview, 0 for none.
    notes
        what the user should know.
    error
        why it failed.
    seconds
        wall time per stage.
    bytes
        of its files.
    made, started, ended
        seconds since the epoch.
    """

    id: str
    share: str
    folder: Path
    owner: str
    kind: str
    cost: float
    saved: str
    state: str
    place: float
    tries: int
    cancel: bool
    done: float
    text: str
    remaining_s: float | None
    preview: int
    notes: tuple[str, ...]
    error: str
    seconds: dict[str, float]
    bytes: int
    made: float
    started: float | None
    ended: float | None

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    @property
    def request(self) -> dict[str, Any]:
        return json.loads(self.saved)

    @classmethod
    def of_row(cls, row: sqlite3.Row, takes: Path) -> Job:
        """Of a row of the table; takes: the folder that its files' folder is in."""
        return cls(
            id=row["id"],
            share=row["share"] or "",
            folder=takes / row["folder"],
            owner=row["owner"],
            kind=row["kind"],
            cost=row["cost"],
            saved=row["request"],
            state=row["state"],
            place=row["place"],
            tries=row["tries"],
            cancel=bool(row["cancel"]),
            done=row["share_done"],
            text=row["text"],
            remaining_s=row["remaining_s"],
            preview=row["preview"],
            notes=tuple(json.loads(row["notes"])),
            error=row["error"],
            seconds=json.loads(row["seconds"]),
            bytes=row["bytes"],
            made=row["made"],
            started=row["started"],
            ended=row["ended"],
        )


@dataclass(frozen=True)
class Submission:
    """What a new job is made of; `kind` and `cost` are what its time is guessed from."""

    request: Mapping[str, Any]
    digest: str
    kind: str
    cost: float
