"""Shipped networks, run by onnxruntime on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import InputError

_threads = 0


def use_threads(count: int) -> None:
    """So many threads for each network that is opened from now on; 0: as many as cores."""
    global _threads
    _threads = count


def open_network(path: Path, of: str) -> Any:
    """An onnxruntime session of a file; `of` says in the error whose it is.

    Raises
    ------
    InputError
        the file is missing or damaged.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = _threads
    # idle threads would keep cores from everybody else
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no class of their own
        raise InputError(
            f"the {of}'s {path.name} is damaged or missing: install the app again"
        ) from error
