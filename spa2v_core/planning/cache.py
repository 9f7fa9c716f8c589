"""Replies kept by the content of their request, so that the same plan is not paid for twice."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import OutputError
from ..files import write_text
from ..options import options_of
from .messages import Message
from .model_options import ModelOptions
from .providers.base import Completion

#: What doesn't change a reply.
_UNRELATED = ("reuse", "fall_back", "timeout", "retries")


def folder() -> Path:
    """Where replies are kept: SPA2V_CACHE, or the user's cache folder."""
    base = os.environ.get("SPA2V_CACHE") or os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "spa2v" / "replies"


def name_of(
    provider: str,
    options: ModelOptions,
    messages: Sequence[Message],
    schema: Mapping[str, Any],
    seed: int,
) -> str:
    """Hash of all that a reply depends on; the key is no part of it."""
    digest = hashlib.sha256()
    asked = [
        (one.name, getattr(options, one.name))
        for one in options_of(type(options))
        if not one.secret and one.name not in _UNRELATED
    ]
    for part in (provider, seed, *asked, json.dumps(schema, sort_keys=True)):
        digest.update(repr(part).encode())
    for message in messages:
        digest.update(message.role.encode())
        for one in message.parts:
            digest.update(one.encode() if isinstance(one, str) else one.wav)
    return digest.hexdigest()


def find(name: str) -> Completion | None:
    try:
        return Completion(**json.loads((folder() / f"{name}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # not there, or not readable: it is asked for again


def keep(name: str, completion: Completion) -> None:
    """Only the reply is written; a folder that can't be written to keeps nothing."""
    path = folder() / f"{name}.json"
    try:
        write_text(path, json.dumps(asdict(completion)))
    except OutputError:
        return
