"""The app's log: one event a line, for people or as JSON; never what users wrote, never a key."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import time

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        about = " ".join(f"{name}={value}" for name, value in _extra(record).items())
        line = f"{record.levelname.lower()}: {record.getMessage()} {about}".rstrip()
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def set_up(level: int | None = None) -> None:
    """Log "spa2v.*" to stderr; SPA2V_LOG: "json", or a level's name."""
    wanted = os.environ.get("SPA2V_LOG", "")
    logger = logging.getLogger("spa2v")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if wanted == "json" else _Plain())
    logger.handlers[:] = [handler]
    logger.propagate = False
    named = logging.getLevelNamesMapping().get(wanted.upper())
    default = logging.INFO if wanted == "json" else logging.WARNING
    logger.setLevel(named or level or default)


def tag(name: str) -> str:
    """A short name for a job or visitor in the log, from which its own can't be found."""
    return hashlib.sha256(name.encode()).hexdigest()[:10]
