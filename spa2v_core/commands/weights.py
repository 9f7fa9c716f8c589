"""The command that gets weights: fetch."""

from __future__ import annotations

import argparse

from .. import hub
from . import Command
from .common import say


def _fetch(options: argparse.Namespace) -> None:
    for key in hub.wanted(options.models):
        say(f"{key} is in {hub.fetch(key, say)}")


def add(command: Command) -> None:
    fetch = command("fetch", _fetch, "Download pinned weights from the hub.")
    fetch.add_argument(
        "models", nargs="+", metavar="MODEL", help=", ".join([*hub.SETS, *hub.MODELS])
    )
