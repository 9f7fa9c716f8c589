"""Jobs in SQLite: one row each, every change one transaction.

Rows are small; what is large (a request's sound, the results) lies in a folder per job whose name
can't be guessed. Several processes use one store at a time (the page's and the worker's), by the
write-ahead log, so it must be on a local disk.
"""

from __future__ import annotations

import json
import logging
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError, Spa2vError
from .limits import HOUR, Limits

log = logging.getLogger("spa2v.jobs")

VERSION = 1
_TABLES = """
create table if not exists job (
  id text primary key,           -- whoever has it may cancel and delete
  share text unique,             -- whoever has it may look, null: nobody
  folder text not null unique,   -- name of its files' folder
  owner text not null,
  address text not null,
  key text unique,               -- of a submission: the same key is the same job
  digest text not null,          -- of the request
  kind text not null,            -- what it is timed with
  cost real not null,            -- frames x steps
  request text not null,         -- JSON, as saved.py makes it
  state text not null default 'queued',
  place real not null,           -- in the queue
  tries integer not null default 0,
  cancel integer not null default 0,
  worker text,                   -- token of the worker that runs it
  share_done real not null default 0,
  text text not null default '',
  remaining_s real,
  preview integer not null default 0,
  notes text not null default '[]',
  error text not null default '',
  seconds text not null default '{}',
  bytes integer not null default 0,
  made real not null, started real, ended real
) strict;
create index if not exists job_state on job (state, place);
create index if not exists job_owner on job (owner, made);
create table if not exists pace (kind text primary key, unit_s real not null, fixed_s real not null)
  strict;
create table if not exists spent (who text not null, what text not null, amount real not null,
  at real not null) strict;
create index if not exists spent_who on spent (what, who, at);
create table if not exists worker (token text primary key, pid integer not null, at real not null)
  strict;
"""

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
#: Of a job that is not ended.
ACTIVE = (QUEUED, RUNNING)


class StoreError(Spa2vError):
    """The store can't be read or written."""


class LimitError(InputError):
    """A visitor has reached a limit; the message says which and what to do."""


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


@dataclass(frozen=True)
class Submission:
    """What a new job is made of; `kind` and `cost` are what its time is guessed from."""

    request: Mapping[str, Any]
    digest: str
    kind: str
    cost: float


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
        self.path = home / "jobs.db"
        self._lock = threading.RLock()
        try:
            self.takes.mkdir(parents=True, exist_ok=True)
            self._db = self._open()
        except sqlite3.DatabaseError as error:
            if "readonly" in str(error) or "unable to open" in str(error):
                raise _unwritable(home) from error
            self._set_aside(error)
            self._db = self._open()
        except OSError as error:
            raise _unwritable(home) from error

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        try:
            db.execute("pragma journal_mode = wal")
            db.execute("pragma synchronous = normal")
            version = db.execute("pragma user_version").fetchone()[0]
            if version not in (0, VERSION):
                raise sqlite3.DatabaseError(f"version {version} is not known here")
            if db.execute("pragma quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("it is damaged")
            db.executescript(f"{_TABLES} pragma user_version = {VERSION};")
        except sqlite3.DatabaseError:
            db.close()
            raise
        return db

    def _set_aside(self, error: Exception) -> None:
        aside = self.path.with_name(f"jobs.damaged-{int(time.time())}.db")
        self.path.replace(aside)
        for tail in ("-wal", "-shm"):
            self.path.with_name(self.path.name + tail).unlink(missing_ok=True)
        log.error(
            "store unusable, a new one is used", extra={"why": str(error), "kept": aside.name}
        )

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; what a person can act on becomes a StoreError."""
        with self._lock:
            try:
                self._db.execute("begin immediate")
                yield self._db
                self._db.execute("commit")
            except sqlite3.Error as error:
                self._rollback()
                raise StoreError(_said(error)) from error
            except BaseException:
                self._rollback()
                raise

    def _rollback(self) -> None:
        if self._db.in_transaction:  # a full disk has rolled back by itself
            self._db.execute("rollback")

    def _rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            try:
                with closing(self._db.execute(sql, values)) as cursor:
                    return cursor.fetchall()
            except sqlite3.Error as error:
                raise StoreError(_said(error)) from error

    def _change(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._transaction() as db:
            return db.execute(sql, values).fetchall()

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
        with self._transaction() as db:
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
        rows = self._rows(
            f"select * from job where owner = ?{which} order by {order}", owner, *states
        )
        return [self._job(row) for row in rows]

    def version(self) -> tuple[int, int]:
        """Another one means that something has changed, here or by another process."""
        return self._rows("pragma data_version")[0][0], self._db.total_changes

    def _one(self, where: str, value: str) -> Job | None:
        rows = self._rows(f"select * from job where {where}", value) if value else []
        return self._job(rows[0]) if rows else None

    def _job(self, row: sqlite3.Row) -> Job:
        return Job(
            id=row["id"],
            share=row["share"] or "",
            folder=self.takes / row["folder"],
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

    def cancel(self, job_id: str) -> None:
        """A queued job ends at once, a running one at its next step."""
        self._change(
            "update job set cancel = 1, state = iif(state = 'queued', 'cancelled', state),"
            " ended = iif(state = 'queued', ?, ended)"
            " where id = ? and state in ('queued', 'running')",
            time.time(),
            job_id,
        )

    def move(self, job_id: str, by: int) -> None:
        """Exchange a queued job's place with the visitor's one before (-1) or after it (1)."""
        with self._transaction() as db:
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
        rows = self._change(
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
        self._change("delete from job where id = ? and state not in ('queued', 'running')", job_id)
        shutil.rmtree(job.folder, ignore_errors=True)

    # -- place and time

    def wait(self, job: Job) -> tuple[int, float | None]:
        """(jobs that are before it, seconds until it is done by measured pace; None: unknown)."""
        if job.state == RUNNING:
            return 0, job.remaining_s
        rows = self._rows(
            "select kind, cost, state, remaining_s from job where state in ('queued', 'running')"
            " and id != ? and (state = 'running' or place < ?)",
            job.id,
            job.place,
        )
        pace = {r["kind"]: (r["fixed_s"], r["unit_s"]) for r in self._rows("select * from pace")}
        needs = [_time(r["kind"], r["cost"], r["remaining_s"], pace) for r in rows]
        needs.append(_time(job.kind, job.cost, None, pace))
        total = None if None in needs else sum(filter(None, needs))
        return len(rows), total

    def expected_s(self, new: Submission) -> float | None:
        """Seconds that a render takes by what was measured; None if nothing like it was."""
        rows = self._rows("select * from pace where kind = ?", new.kind)
        return rows[0]["fixed_s"] + rows[0]["unit_s"] * new.cost if rows else None

    def waiting(self) -> dict[str, int]:
        """Jobs per state."""
        return {
            r["state"]: r["n"]
            for r in self._rows("select state, count(*) n from job group by state")
        }

    # -- what the worker does

    def claim(self, worker: str, job_id: str = "") -> Job | None:
        """The next job (or the one that is named), now running by this worker."""
        which = "id = ?" if job_id else "? = ''"
        rows = self._change(
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
        rows = self._change(
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
        with self._transaction() as db:
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
        self._change(
            "update job set state = 'queued', tries = tries - 1, worker = null, started = null,"
            " text = '', remaining_s = null where id = ? and state = 'running' and worker = ?",
            job_id,
            worker,
        )

    def orphans(self, why: str, worker: str | None = None, tries: int = 2) -> list[str]:
        """Jobs that a worker left (None: any): again if they were started less than `tries`
        times, else failed with a line; ids of what failed."""
        whose = "worker = ?" if worker is not None else "? is null"
        rows = self._change(
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
        self._change(
            "update job set state = 'failed', error = ?, ended = ? where state = 'queued'",
            why,
            time.time(),
        )

    def running_by(self, worker: str) -> Job | None:
        return self._one("state = 'running' and worker = ?", worker)

    def ready(self, worker: str, pid: int) -> None:
        """A worker can take jobs."""
        with self._transaction() as db:
            db.execute("delete from worker")
            db.execute("insert into worker values (?, ?, ?)", (worker, pid, time.time()))

    def is_ready(self, worker: str) -> bool:
        return bool(self._rows("select 1 from worker where token = ?", worker))

    # -- budgets and tidying

    def spend(self, who: str, what: str, amount: float, limit: float) -> bool:
        """Add to what somebody has used in the last hour, unless that goes over the limit."""
        now = time.time()
        with self._transaction() as db:
            if _spent(db, who, what, now - HOUR) + amount > limit:
                return False
            _spend(db, who, what, amount, now)
            return True

    def sweep(self, limits: Limits) -> int:
        """Remove what is too old or too much, and folders that no job has; jobs that went."""
        now = time.time()
        rows = self._rows(
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
        self._change("delete from spent where at < ?", now - HOUR)
        known = {row["folder"] for row in self._rows("select folder from job")}
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


def _said(error: sqlite3.Error) -> str:
    text = str(error)
    if "full" in text:
        return "the disk of this app is full: free some space and try again"
    if "readonly" in text:
        return "the folder where renders are kept can't be written: set SPA2V_HOME to another"
    return f"the store of renders can't be used ({text}): start the app again"


def _unwritable(home: Path) -> StoreError:
    return StoreError(f"renders can't be kept in {home}: set SPA2V_HOME to a folder for them")


def token() -> str:
    """A name that can't be guessed."""
    return secrets.token_urlsafe(16)
