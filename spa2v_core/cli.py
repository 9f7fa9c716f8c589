"""The command line: one line for an error, and its exit code."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Sequence

from . import __version__
from .commands import batch, comparing, converting, planning, rendering, weights
from .errors import Spa2vError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0, 2 for bad input, 1 for what is missing (weights, keys)."""
    options = _parser().parse_args(arguments)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminated)
    try:
        options.run(options)
    except Spa2vError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"error: {error.strerror or error}: {error.filename or ''}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cancelled", file=sys.stderr)
        return 130
    return 0


def _terminated(*_: object) -> None:
    """End in order, so that nothing half-written stays."""
    sys.exit(128 + signal.SIGTERM)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spa2v_core", description="Turn a sound into a picture of where it happens."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], None], text: str
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    for group in (planning, rendering, batch, converting, comparing, weights):
        group.add(command)
    return parser
