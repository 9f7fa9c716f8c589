"""What a batch is made of: a row for each clip, from a folder or a table."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from ..audio.reading.choices import CHANNELS
from ..errors import InputError
from ..storage import Folder, join, split

#: What is taken from a folder as a clip; a table may name any file.
SUFFIXES = (
    ".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".aiff", ".mp4", ".mov", ".webm",
    ".mkv",
)  # fmt: skip
COLUMNS = (
    "clip", "name", "objects", "start", "duration", "channels", "planner", "backend", "preset",
    "seed",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One clip.

    Attributes
    ----------
    name
        of its outputs, unique, may have folders ("street/0001").
    clip
        its path or URL.
    objects
        what is heard, comma-separated, "" for by ear.
    start_s, duration_s
        its span; None as chosen for a single clip.
    problem
        why it can't be used; such a row fails and stops no other.
    """

    name: str
    clip: str
    objects: str = ""
    start_s: float | None = None
    duration_s: float | None = None
    channels: str = "auto"
    planner: str = "cues"
    backend: str = "mini"
    preset: str = "default"
    seed: int = 0
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_rows(source: str, defaults: Row, out: str = "") -> list[Row]:
    """The rows of a folder of clips, or of a table (.csv) with the columns `COLUMNS`; what a row
    does not say is that of `defaults`. out: a folder whose files are no clips.

    Raises
    ------
    InputError
        there is no such folder or table, nothing is in it, or it has other columns.
    """
    if source.lower().endswith((".csv", ".tsv")):
        rows = _from_table(source, defaults)
    else:
        rows = _from_folder(source, defaults, out)
    if not rows:
        raise InputError(f"{source} holds no clips ({', '.join(SUFFIXES)})")
    return rows


def _from_folder(source: str, defaults: Row, out: str) -> list[Row]:
    folder = Folder(source)
    if not folder.is_folder():
        raise InputError(f"{source} is neither a folder nor a table (.csv)")
    ours = f"{out.rstrip('/')}/" if out else "\0"
    found = [
        name
        for name in folder.files()
        if _is_clip(name) and not join(source, name).startswith(ours)
    ]
    return [
        Row(**{**asdict(defaults), "name": name, "clip": join(source, file)})
        for name, file in zip(_names(found), found, strict=True)
    ]


def _is_clip(name: str) -> bool:
    """A recording: no hidden file, and no video that a render left ("a.boxes.mp4")."""
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not hidden and not path.stem.endswith(".boxes")


def _names(files: Iterable[str]) -> list[str]:
    """Names of outputs: a file's without its suffix, where that is unique."""
    files = list(files)
    stems = [str(PurePosixPath(file).with_suffix("")) for file in files]
    often = Counter(stem.lower() for stem in stems)  # some file systems know no case
    return _numbered(
        stem if often[stem.lower()] == 1 else file for stem, file in zip(stems, files, strict=True)
    )


def _numbered(names: Iterable[str]) -> list[str]:
    """The names, the second of one that is there already with "-2"."""
    taken: Counter[str] = Counter()
    unique = []
    for name in names:
        taken[name.lower()] += 1
        again = taken[name.lower()]
        unique.append(name if again == 1 else f"{name}-{again}")
    return unique


def _from_table(source: str, defaults: Row) -> list[Row]:
    folder, name = split(source)
    try:
        text = folder.read_text(name)
    except FileNotFoundError as error:
        raise InputError(f"{source} does not exist") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{source} is not a text file in UTF-8") from error
    dialect = csv.excel_tab if source.lower().endswith(".tsv") else csv.excel
    table = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), dialect=dialect)
    columns = [column.strip() for column in table.fieldnames or []]
    if unknown := [column for column in columns if column not in COLUMNS]:
        raise InputError(f"column '{unknown[0][:40]}' is not known: take {', '.join(COLUMNS)}")
    if "clip" not in columns:
        raise InputError(f"{source} has no column 'clip'")
    table.fieldnames = columns
    cells = [{k: (v or "").strip() for k, v in row.items() if k in COLUMNS} for row in table]
    cells = [row for row in cells if any(row.values())]
    names = _numbered(row.get("name") or PurePosixPath(row["clip"]).stem or "row" for row in cells)
    return [_row(row, name, folder, defaults) for row, name in zip(cells, names, strict=True)]


def _row(cells: dict[str, str], name: str, folder: Folder, defaults: Row) -> Row:
    fields: dict[str, Any] = {**asdict(defaults), "name": name}
    fields["clip"] = join(folder.url, cells["clip"]) if cells["clip"] else ""
    for column in ("objects", "planner", "backend", "preset"):
        fields[column] = cells.get(column) or fields[column]
    try:
        if not cells["clip"]:
            raise InputError("the row names no clip")
        _check_name(name)
        fields["start_s"] = _number(cells, "start", fields["start_s"])
        fields["duration_s"] = _number(cells, "duration", fields["duration_s"])
        seed = _number(cells, "seed", fields["seed"])
        if seed is None or seed % 1:
            raise InputError(f"seed must be a whole number, not '{cells['seed'][:20]}'")
        fields["seed"] = int(seed)
        fields["channels"] = cells.get("channels") or fields["channels"]
        if fields["channels"] not in CHANNELS:
            raise InputError(f"channels must be {', '.join(CHANNELS)}")
    except InputError as error:
        fields["problem"] = str(error)
    return Row(**fields)


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or len(name) > 200:
        raise InputError("a name is a path inside the output folder, under 200 letters")


def _number(cells: dict[str, str], column: str, otherwise: float | None) -> float | None:
    text = cells.get(column, "")
    if not text:
        return otherwise
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"{column} must be a number, not '{text[:20]}'") from error
