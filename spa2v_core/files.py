"""Writing files: whole or not at all."""

from __future__ import annotations

import errno
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import OutputError


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A new file beside `path` to write to, which takes its place when the block ends well.

    Its name is nobody else's, so two writers of one path never mix: the last to end wins. However
    the block ends, nothing half-written stays.

    Raises
    ------
    OutputError
        with the name and the reason: a full disk, a folder that can't be written to.
    """
    part = path.with_name(f".{secrets.token_hex(6)}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(_why(path, error)) from error
    finally:
        with suppress(OSError):  # it is gone, or was never there
            part.unlink()


def write_text(path: Path, text: str) -> None:
    """A text file in UTF-8."""
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8")


def _why(path: Path, error: OSError) -> str:
    reason = {
        errno.ENOSPC: "the disk is full: make room and repeat",
        errno.EDQUOT: "your share of the disk is used up: make room and repeat",
        errno.EACCES: "its folder may not be written to",
        errno.EEXIST: "its folder is a file",
        errno.ENOTDIR: "its folder is a file",
        errno.EROFS: "the disk is read-only",
        errno.ENAMETOOLONG: "its name is too long",
    }.get(error.errno or 0, error.strerror or str(error))
    return f"{path.name[:80]} can't be written: {reason}"
