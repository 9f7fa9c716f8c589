"""What became of a batch: a line per row as it ends, the rate, and a summary."""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from ..errors import InputError
from ..storage import Folder
from .rows import Row
from .work import Outcome, Settings, outputs

REPORT, SUMMARY, MANIFEST = "report.jsonl", "summary.md", "batch.json"
#: A bucket's file can't be added to: it is written anew after so many seconds.
EVERY_S = 30.0


class Report:
    """`report.jsonl` of an output folder: one line for each row that has ended.

    On a disk each line is added when its row ends; a bucket gets the whole file now and then. A
    report that is there already goes on: what is done stays, what failed is tried again.
    """

    def __init__(self, settings: Settings) -> None:
        self._out = Folder(settings.out)
        self._render = settings.render
        self.lines: dict[str, dict[str, Any]] = {}
        self._written = time.monotonic()

    def resume(self, rows: list[Row]) -> list[Row]:
        """The rows that are still to do, those done in an earlier run being kept as they are."""
        earlier = _read(self._out)
        there = set(self._out.files()) if earlier and self._out.is_folder() else set()
        for row in rows:
            line = earlier.get(row.name, {})
            made = outputs(row.name, self._render)
            if line.get("status") == "done" and there.issuperset(made):
                self.lines[row.name] = line
        self._write_all()
        return [row for row in rows if row.name not in self.lines]

    def add(self, outcome: Outcome) -> None:
        line = outcome.to_dict()
        self.lines[outcome.row.name] = line
        if not self._out.remote:
            with self._out.path(REPORT).open("a", encoding="utf-8") as file:
                file.write(_dumps(line))
        elif time.monotonic() - self._written > EVERY_S:
            self._write_all()

    def close(self) -> str:
        """Write what is not yet written and the summary; the summary."""
        self._write_all()
        text = summary(self.lines.values())
        self._out.write_text(SUMMARY, text)
        return text

    def _write_all(self) -> None:
        self._out.write_text(REPORT, "".join(map(_dumps, self.lines.values())))
        self._written = time.monotonic()


def _dumps(line: dict[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False) + "\n"


def _read(out: Folder) -> dict[str, dict[str, Any]]:
    """Name -> line of an earlier report; a last line that a kill cut off is left out."""
    if not out.exists(REPORT):
        return {}
    found = {}
    for text in out.read_text(REPORT).splitlines():
        try:
            line = json.loads(text)
            found[str(line["name"])] = line
        except (json.JSONDecodeError, KeyError, TypeError):
            continue
    return found


def claim(settings: Settings, rows: list[Row]) -> None:
    """Write down in the output folder what its files are made from.

    Raises
    ------
    InputError
        it holds files that were made otherwise: what exists is not made again, so they would be
        taken for these.
    """
    out = Folder(settings.out)
    wanted: dict[str, Any] = {"version": 1, "settings": settings.described(), "rows": {}}
    before = json.loads(out.read_text(MANIFEST)) if out.exists(MANIFEST) else wanted
    if before.get("settings") != wanted["settings"]:
        raise InputError(
            f"{settings.out} holds a batch with other settings: choose another folder for these"
        )
    known = dict(before["rows"])
    for row in rows:
        made_from = {k: v for k, v in row.to_dict().items() if k not in ("name", "problem")}
        if known.setdefault(row.name, made_from) != made_from and not row.problem:
            raise InputError(
                f"{settings.out} holds '{row.name}' of another clip, span, seed or planner: choose"
                " another folder, or give the row another name"
            )
    out.write_text(MANIFEST, json.dumps({**wanted, "rows": known}, ensure_ascii=False) + "\n")


class Rate:
    """Rows a second of the last minutes, and the time that is left."""

    #: So many of the last rows count: the first ones load models.
    RECENT = 200

    def __init__(self, total: int, say: Callable[[str], None], every_s: float = 5.0) -> None:
        self._total, self._say, self._every = total, say, every_s
        self._done = self._failed = 0
        self._ends = [time.monotonic()]
        self._said = self._ends[0]

    def note(self, outcome: Outcome) -> None:
        now = time.monotonic()
        self._done += 1
        self._failed += outcome.status == "failed"
        self._ends = [*self._ends[-self.RECENT :], now]
        if now - self._said >= self._every or self._done == self._total:
            self._said = now
            self._say(self._line())

    def _line(self) -> str:
        spent = max(self._ends[-1] - self._ends[0], 1e-6)
        rate = (len(self._ends) - 1) / spent
        left = (self._total - self._done) / rate
        failed = f", {self._failed} failed" if self._failed else ""
        return f"{self._done}/{self._total}{failed}, {_rate(rate)}, {_duration(left)} left"


def _rate(per_second: float) -> str:
    return f"{per_second:.1f} clips/s" if per_second >= 1 else f"{60 * per_second:.1f} clips/min"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def summary(lines: Iterable[dict[str, Any]]) -> str:
    """A table in Markdown: rows by planner and backend, median seconds, and what failed."""
    lines = list(lines)
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in lines:
        groups.setdefault((line["planner"], line["backend"]), []).append(line)
    rows = ["| planner | backend | rows | done | failed | plan, s | render, s |", "|" + "---|" * 7]
    for (planner, backend), group in sorted(groups.items()):
        done = sum(line["status"] == "done" for line in group)
        spent = [_median(group, stage) for stage in ("plan", "render")]
        cells = (planner, backend, len(group), done, len(group) - done, *spent)
        rows.append(f"| {' | '.join(map(str, cells))} |")
    failed = Counter(
        f"{line['stage']}: {line['error']}" for line in lines if line["status"] == "failed"
    )
    if failed:
        rows += ["", "| failed | rows |", "|---|---|"]
        rows += [
            f"| {text.replace('|', '/')} | {count} |" for text, count in failed.most_common(20)
        ]
    return "\n".join(rows) + "\n"


def _median(lines: list[dict[str, Any]], stage: str) -> str:
    """Of the seconds of what was made, not of what was there."""
    spent = [
        line["seconds"][stage]
        for line in lines
        if stage in line["seconds"] and stage not in line["found"] and line["status"] == "done"
    ]
    return f"{statistics.median(spent):.2f}" if spent else "-"
