"""Pictures that a visitor uploads for an option of a backend."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradio.utils import get_upload_folder

from spa2v_core.errors import InputError
from spa2v_core.options import Option


def is_upload(one: Option, value: Any) -> bool:
    """Whether an option that takes uploads names nothing but files that were uploaded here."""
    if not one.upload:
        return False
    paths, uploads = value if isinstance(value, list) else [value], Path(get_upload_folder())
    return all(
        isinstance(path, str) and Path(path).resolve().is_relative_to(uploads.resolve())
        for path in paths
    )


def gathered(paths: Sequence[str]) -> Path:
    """A folder of copies of uploaded files, which each lie in one of their own.

    Raises
    ------
    InputError
        one is not there any more.
    """
    known = hashlib.sha256("\n".join(sorted(paths)).encode()).hexdigest()
    folder = Path(get_upload_folder()) / known / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for path in map(Path, paths):
        try:
            shutil.copyfile(path, folder / path.name)
        except OSError as error:
            raise InputError(f"the picture {path.name} is gone: upload it again") from error
    return folder
