"""Folders on this machine or anywhere that fsspec reaches: a bucket is a path ("s3://clips/mine").

What is written appears whole or not at all: it is made beside, or here, and moved to its name.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from .errors import InputError, OutputError
from .files import atomic


def is_remote(path: str) -> bool:
    """Whether a path is a URL ("s3://bucket/folder"), not one of this machine."""
    return "://" in path


def join(folder: str, name: str) -> str:
    """Path of a file of a folder; a name that is a URL or absolute stands for itself."""
    if is_remote(name) or Path(name).is_absolute():
        return name
    return f"{folder.rstrip('/')}/{name}" if is_remote(folder) else str(Path(folder) / name)


@dataclass(frozen=True)
class Folder:
    """A folder by its path or URL; names of files are relative to it, with "/"."""

    url: str

    @property
    def remote(self) -> bool:
        return is_remote(self.url)

    @cached_property
    def _place(self) -> tuple[Any, str]:
        """(file system, path of the folder on it)."""
        import fsspec

        try:
            return fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            scheme = self.url.partition("://")[0]
            raise InputError(
                f"{scheme}:// can't be opened: install fsspec's package for it (s3: s3fs,"
                f" gs: gcsfs, az: adlfs) [{str(error)[:120]}]"
            ) from error

    def path(self, name: str) -> Path:
        """Of a file, if the folder is on this machine."""
        return Path(self.url) / name

    def is_folder(self) -> bool:
        if not self.remote:
            return Path(self.url).is_dir()
        files, root = self._place
        return bool(files.isdir(root))

    def files(self) -> list[str]:
        """Names of all files, also of folders below, in order."""
        if not self.remote:
            here = Path(self.url)
            return sorted(p.relative_to(here).as_posix() for p in here.rglob("*") if p.is_file())
        files, root = self._place
        start = root.rstrip("/") + "/"
        return sorted(found.removeprefix(start) for found in files.find(root))

    def exists(self, name: str) -> bool:
        """Whether there is such a file with anything in it."""
        if not self.remote:
            path = self.path(name)
            return path.is_file() and path.stat().st_size > 0
        files, root = self._place
        where = f"{root.rstrip('/')}/{name}"
        return bool(files.isfile(where)) and files.size(where) > 0

    @contextmanager
    def reading(self, name: str) -> Iterator[Path]:
        """A file to read: itself, or a copy of it for as long as the block lasts."""
        if not self.remote:
            yield self.path(name)
            return
        files, root = self._place
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / PurePosixPath(name).name
            try:
                files.get_file(f"{root.rstrip('/')}/{name}", str(copy))
            except FileNotFoundError as error:
                raise InputError(f"{join(self.url, name)} does not exist") from error
            yield copy

    @contextmanager
    def writing(self, *names: str) -> Iterator[list[Path]]:
        """Files to write; each gets its name, in this order, when the block ends well.

        Raises
        ------
        OutputError
            they can't be written there.
        """
        if not self.remote:
            with ExitStack() as written:
                # an exit stack ends with what it began with
                parts = [written.enter_context(atomic(self.path(n))) for n in reversed(names)]
                yield parts[::-1]
            return
        with tempfile.TemporaryDirectory() as folder:
            parts = [Path(folder) / f"{k}{PurePosixPath(n).suffix}" for k, n in enumerate(names)]
            yield parts
            for part, name in zip(parts, names, strict=True):
                self._put(part, name)

    def _put(self, path: Path, name: str) -> None:
        files, root = self._place
        target = f"{root.rstrip('/')}/{name}"
        beside = f"{target}.{secrets.token_hex(6)}.part"
        try:
            files.makedirs(target.rpartition("/")[0], exist_ok=True)
            files.put_file(str(path), beside)
            files.mv(beside, target)
        except OSError as error:
            raise OutputError(
                f"{name} can't be written to {self.url}: {error.strerror or error}"
            ) from error

    def read_text(self, name: str) -> str:
        with self.reading(name) as path:
            return path.read_text(encoding="utf-8")

    def write_text(self, name: str, text: str) -> None:
        with self.writing(name) as (part,):
            part.write_text(text, encoding="utf-8")


def split(url: str) -> tuple[Folder, str]:
    """(folder, name in it) of a file's path or URL."""
    if is_remote(url):
        folder, _, name = url.rpartition("/")
        return Folder(folder), name
    path = Path(url)
    return Folder(str(path.parent)), path.name
