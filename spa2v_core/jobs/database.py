"""The SQLite file of jobs: opened, mended, written in whole transactions."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ..errors import Spa2vError

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


class StoreError(Spa2vError):
    """The store can't be read or written."""


class Database:
    """One file. Safe to use from several threads and processes, on a local disk."""

    def __init__(self, path: Path) -> None:
        """Open or make it; a damaged one is moved aside and said in the log.

        Raises
        ------
        StoreError
            the folder can't be written.
        """
        self.path = path
        self._lock = threading.RLock()
        try:
            self._db = self._open()
        except sqlite3.DatabaseError as error:
            if "readonly" in str(error) or "unable to open" in str(error):
                raise unwritable(path.parent) from error
            self._set_aside(error)
            self._db = self._open()

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
    def transaction(self) -> Iterator[sqlite3.Connection]:
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

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            try:
                with closing(self._db.execute(sql, values)) as cursor:
                    return cursor.fetchall()
            except sqlite3.Error as error:
                raise StoreError(_said(error)) from error

    def change(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self.transaction() as db:
            return db.execute(sql, values).fetchall()

    def version(self) -> tuple[int, int]:
        """Another one means that something has changed, here or by another process."""
        return self.rows("pragma data_version")[0][0], self._db.total_changes


def _said(error: sqlite3.Error) -> str:
    text = str(error)
    if "full" in text:
        return "the disk of this app is full: free some space and try again"
    if "readonly" in text:
        return "the folder where renders are kept can't be written: set SPA2V_HOME to another"
    return f"the store of renders can't be used ({text}): start the app again"


def unwritable(home: Path) -> StoreError:
    """No store in this folder."""
    return StoreError(f"renders can't be kept in {home}: set SPA2V_HOME to a folder for them")
