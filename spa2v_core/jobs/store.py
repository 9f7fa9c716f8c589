"""Jobs in SQLite: one row each, every change one transaction.

Rows are small; what is large (a request's sound, the results) lies in a folder per job whose name
can't be guessed. Several processes use one store at a time (the page's and the worker's), by the
write-ahead log, so it must be on a local disk.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError
from .database import Database, unwritable
from .job import DONE, FAILED, RUNNING, Job, Submission, Visitor
from .limits import HOUR, Limits

#: Seconds that a render takes beside denoising, before one was measured: frames between, the sound.
UNMEASURED_REST_S = 8.0


class LimitError(InputError):
    """A visitor has reached a limit; the message says which and what to do."""


class JobStore:
    """The jobs of one app. Safe to use from several threads and processes."""

    def __init__(self, home: Path) -> None:
        """Open or make the store in a folder; a damaged one is moved aside and said in the log.

        Raises
        ------
        StoreError
            the folder can't be written.
        """
        self.home, self.takes = home, home / "takes"
        try:
            self.takes.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(home) from error
        self._db = Database(home / "jobs.db")

    def close(self) -> None:
        self._db.close()

    # -- what visitors do

    def submit(
        self, new: Submission, visitor: Visitor, limits: Limits, *, key: str = "", folder: str = ""
    ) -> tuple[Job, bool]:
        """(the job, whether it is new) of a request.

        The same key gives the same job; without one a visitor's request that is already waiting or
        running is that job, so that two clicks make one. folder: where its sound was put.

        Raises
        ------
        LimitError
            the visitor, his address or the app has enough to do.
        """
        now = time.time()
        key = f"{visitor.owner}:{key}" if key else ""
        with self._db.transaction() as db:
            same = (
                "key = ?"
                if key
                else ("owner = ? and digest = ? and state in ('queued', 'running') and not cancel")
            )
            found = db.execute(
                f"select * from job where {same}", (key,) if key else (visitor.owner, new.digest)
            ).fetchone()
            if found:
                return self._job(found), False
            self._check_limits(db, visitor, limits, now)
            _spend(db, visitor.owner, "render", 1, now)
            row = db.execute(
                "insert into job (id, folder, owner, address, key, digest, kind, cost, request,"
                " place, made) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning *",
                (
                    secrets.token_urlsafe(16),
                    folder or secrets.token_urlsafe(16),
                    visitor.owner,
                    visitor.address,
                    key or None,
                    new.digest,
                    new.kind,
                    new.cost,
                    json.dumps(new.request),
                    now,
                    now,
                ),
            ).fetchone()
            return self._job(row), True

    def _check_limits(
        self, db: sqlite3.Connection, visitor: Visitor, limits: Limits, now: float
    ) -> None:
        own, address, everybody = db.execute(
            "select coalesce(sum(owner = ?), 0), coalesce(sum(address = ?), 0), count(*) from job"
            " where state in ('queued', 'running')",
            (visitor.owner, visitor.address),
        ).fetchone()
        if own >= limits.at_once:
            raise LimitError(f"you have {own} renders waiting: wait for one or cancel one")
        if visitor.address and address >= limits.at_once_address:
            raise LimitError(f"{address} renders of your network are waiting: try again later")
        if everybody >= limits.at_once_all:
            raise LimitError(f"{everybody} renders are waiting, which is all this app takes")
        if _spent(db, visitor.owner, "render", now - HOUR) >= limits.per_hour:
            raise LimitError(f"you have started {limits.per_hour} renders this hour: wait a while")

    def get(self, job_id: str) -> Job | None:
        return self._one("id = ?", job_id)

    def shared(self, share: str) -> Job | None:
        """The job that a read-only link shows."""
        return self._one("share = ?", share)

    def of(self, owner: str, *states: str) -> list[Job]:
        """A visitor's jobs (in some states only), the oldest first; what waits is by its place."""
        which = f" and state in ({', '.join('?' * len(states))})" if states else ""
        order = "state = 'queued', iif(state = 'queued', place, made)"
        rows = self._db.rows(
            f"select * from job where owner = ?{which} order by {order}", owner, *states
        )
        return [self._job(row) for row in rows]

    def version(self) -> tuple[int, int]:
        """Another one means that something has changed, here or by another process."""
        return self._db.version()

    def _one(self, where: str, value: str) -> Job | None:
        rows = self._db.rows(f"select * from job where {where}", value) if value else []
        return self._job(rows[0]) if rows else None

    def _job(self, row: sqlite3.Row) -> Job:
        return Job.of_row(row, self.takes)

    def cancel(self, job_id: str) -> None:
        """A queued job ends at once, a running one at its next step."""
        self._db.change(
            "update job set cancel = 1, state = iif(state = 'queued', 'cancelled', state),"
            " ended = iif(state = 'queued', ?, ended)"
            " where id = ? and state in ('queued', 'running')",
            time.time(),
            job_id,
        )

    def move(self, job_id: str, by: int) -> None:
        """Exchange a queued job's place with the visitor's one before (-1) or after it (1)."""
        with self._db.transaction() as db:
            rows = db.execute(
                "select id, place from job where state = 'queued' and owner ="
                " (select owner from job where id = ?) order by place",
                (job_id,),
            ).fetchall()
            at = next((i for i, row in enumerate(rows) if row["id"] == job_id), None)
            if at is None or not 0 <= at + by < len(rows):
                return
            for one, other in ((rows[at], rows[at + by]), (rows[at + by], rows[at])):
                db.execute("update job set place = ? where id = ?", (other["place"], one["id"]))

    def set_shared(self, job_id: str, on: bool) -> str:
        """Make or end the read-only link; its token, "" for none."""
        token = secrets.token_urlsafe(16) if on else None
        keep = "coalesce(share, ?)" if on else "?"
        rows = self._db.change(
            f"update job set share = {keep} where id = ? returning share", token, job_id
        )
        return (rows[0]["share"] or "") if rows else ""

    def delete(self, job_id: str) -> None:
        """Forget an ended job and remove its files; InputError while it waits or runs."""
        job = self.get(job_id)
        if job is None:
            return
        if job.active:
            raise InputError("it is not finished: cancel it first")
        self._db.change(
            "delete from job where id = ? and state not in ('queued', 'running')", job_id
        )
        shutil.rmtree(job.folder, ignore_errors=True)

    # -- place and time

    def wait(self, job: Job) -> tuple[int, float | None]:
        """(jobs that are before it, seconds until it is done by measured pace; None: unknown)."""
        if job.state == RUNNING:
            return 0, job.remaining_s
        rows = self._db.rows(
            "select kind, cost, state, remaining_s from job where state in ('queued', 'running')"
            " and id != ? and (state = 'running' or place < ?)",
            job.id,
            job.place,
        )
        pace = {r["kind"]: (r["fixed_s"], r["unit_s"]) for r in self._db.rows("select * from pace")}
        needs = [_time(r["kind"], r["cost"], r["remaining_s"], pace) for r in rows]
        needs.append(_time(job.kind, job.cost, None, pace))
        total = None if None in needs else sum(filter(None, needs))
        return len(rows), total

    def expected_s(self, new: Submission) -> float | None:
        """Seconds that a render takes by what was measured; None if nothing like it was."""
        rows = self._db.rows("select * from pace where kind = ?", new.kind)
        return rows[0]["fixed_s"] + rows[0]["unit_s"] * new.cost if rows else None

    def rest_s(self, kind: str) -> float:
        """Seconds that a render of a kind takes beside denoising, as measured; else a guess."""
        rows = self._db.rows("select fixed_s from pace where kind = ?", kind)
        return rows[0]["fixed_s"] if rows else UNMEASURED_REST_S

    def waiting(self) -> dict[str, int]:
        """Jobs per state."""
        return {
            r["state"]: r["n"]
            for r in self._db.rows("select state, count(*) n from job group by state")
        }

    # -- what the worker does

    def claim(self, worker: str, job_id: str = "") -> Job | None:
        """The next job (or the one that is named), now running by this worker."""
        which = "id = ?" if job_id else "? = ''"
        rows = self._db.change(
            "update job set state = 'running', started = ?, tries = tries + 1, worker = ?,"
            " share_done = 0, text = 'Starting', remaining_s = null, preview = 0, notes = '[]'"
            f" where id = (select id from job where state = 'queued' and {which}"
            " order by place limit 1) returning *",
            time.time(),
            worker,
            job_id,
        )
        return self._job(rows[0]) if rows else None

    def progress(self, job_id: str, worker: str, **fields: Any) -> bool:
        """Record where a running job is (done, text, remaining_s, preview, notes); whether it is to
        go on."""
        columns = {("share_done" if k == "done" else k): v for k, v in fields.items()}
        if "notes" in columns:
            columns["notes"] = json.dumps(columns["notes"])
        sets = ", ".join(f"{name} = ?" for name in columns)
        rows = self._db.change(
            f"update job set {sets} where id = ? and state = 'running' and worker = ?"
            " returning cancel",
            *columns.values(),
            job_id,
            worker,
        )
        return bool(rows) and not rows[0]["cancel"]

    def end(
        self,
        job_id: str,
        worker: str,
        state: str,
        *,
        error: str = "",
        seconds: Mapping[str, float] | None = None,
        size: int = 0,
    ) -> None:
        """A running job's end: "done" with its seconds and bytes, "failed" with why, or
        "cancelled"."""
        with self._db.transaction() as db:
            row = db.execute(
                "update job set state = ?, error = ?, seconds = ?, bytes = ?, ended = ?,"
                " remaining_s = null, worker = null, share_done = iif(? = 'done', 1, share_done)"
                " where id = ? and state = 'running' and worker = ? returning kind, cost",
                (state, error, json.dumps(seconds or {}), size, time.time(), state, job_id, worker),
            ).fetchone()
            if row and state == DONE and seconds and row["cost"]:
                _learn(db, row["kind"], row["cost"], seconds)

    def park(self, job_id: str, worker: str) -> None:
        """Put a running job back where it was; the start does not count as a try."""
        self._db.change(
            "update job set state = 'queued', tries = tries - 1, worker = null, started = null,"
            " text = '', remaining_s = null where id = ? and state = 'running' and worker = ?",
            job_id,
            worker,
        )

    def orphans(self, why: str, worker: str | None = None, tries: int = 2) -> list[str]:
        """Jobs that a worker left (None: any): again if they were started less than `tries`
        times, else failed with a line; ids of what failed."""
        whose = "worker = ?" if worker is not None else "? is null"
        rows = self._db.change(
            "update job set worker = null, remaining_s = null, text = '',"
            " state = case when cancel then 'cancelled' when tries < ? then 'queued'"
            "   else 'failed' end,"
            " error = iif(cancel or tries < ?, '', ?),"
            " ended = iif(not cancel and tries < ?, null, ?)"
            f" where state = 'running' and {whose} returning id, state",
            tries,
            tries,
            why,
            tries,
            time.time(),
            worker,
        )
        return [row["id"] for row in rows if row["state"] == FAILED]

    def fail_queued(self, why: str) -> None:
        """Nothing can render: what waits is told so."""
        self._db.change(
            "update job set state = 'failed', error = ?, ended = ? where state = 'queued'",
            why,
            time.time(),
        )

    def running_by(self, worker: str) -> Job | None:
        return self._one("state = 'running' and worker = ?", worker)

    def ready(self, worker: str, pid: int) -> None:
        """A worker can take jobs."""
        with self._db.transaction() as db:
            db.execute("delete from worker")
            db.execute("insert into worker values (?, ?, ?)", (worker, pid, time.time()))

    def is_ready(self, worker: str) -> bool:
        return bool(self._db.rows("select 1 from worker where token = ?", worker))

    # -- budgets and tidying

    def spend(self, who: str, what: str, amount: float, limit: float) -> bool:
        """Add to what somebody has used in the last hour, unless that goes over the limit."""
        now = time.time()
        with self._db.transaction() as db:
            if _spent(db, who, what, now - HOUR) + amount > limit:
                return False
            _spend(db, who, what, amount, now)
            return True

    def sweep(self, limits: Limits) -> int:
        """Remove what is too old or too much, and folders that no job has; jobs that went."""
        now = time.time()
        rows = self._db.rows(
            "select id, bytes, ended, row_number() over (partition by owner order by ended desc) n,"
            " sum(bytes) over (order by ended desc) total from job"
            " where state not in ('queued', 'running')"
        )
        gone = [
            row["id"]
            for row in rows
            if row["ended"] < now - limits.keep_s
            or row["n"] > limits.takes
            or row["total"] > limits.keep_bytes
        ]
        for job_id in gone:
            self.delete(job_id)
        self._db.change("delete from spent where at < ?", now - HOUR)
        known = {row["folder"] for row in self._db.rows("select folder from job")}
        for folder in self.takes.iterdir():
            if folder.name not in known and folder.stat().st_mtime < now - HOUR:
                shutil.rmtree(folder, ignore_errors=True)
        return len(gone)


def _time(
    kind: str, cost: float, remaining_s: float | None, pace: Mapping[str, tuple[float, float]]
) -> float | None:
    """Seconds that a job takes (or still takes); None if nothing like it was measured yet."""
    if remaining_s is not None or kind not in pace:
        return remaining_s
    fixed_s, unit_s = pace[kind]
    return fixed_s + unit_s * cost


def _spend(db: sqlite3.Connection, who: str, what: str, amount: float, now: float) -> None:
    db.execute("insert into spent values (?, ?, ?, ?)", (who, what, amount, now))


def _spent(db: sqlite3.Connection, who: str, what: str, since: float) -> float:
    return db.execute(
        "select coalesce(sum(amount), 0) from spent where who = ? and what = ? and at > ?",
        (who, what, since),
    ).fetchone()[0]


def _learn(db: sqlite3.Connection, kind: str, cost: float, seconds: Mapping[str, float]) -> None:
    """The pace of a kind of render, half by this one and half by those before."""
    unit = seconds.get("denoise", 0.0) / cost
    fixed = sum(seconds.values()) - seconds.get("denoise", 0.0)
    db.execute(
        "insert into pace values (?, ?, ?) on conflict (kind) do update set"
        " unit_s = (unit_s + excluded.unit_s) / 2, fixed_s = (fixed_s + excluded.fixed_s) / 2",
        (kind, unit, fixed),
    )


def token() -> str:
    """A name that can't be guessed."""
    return secrets.token_urlsafe(16)
