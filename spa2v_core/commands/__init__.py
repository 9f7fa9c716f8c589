"""One module per group of commands; each has `add`, which puts its own into the parser."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from ..threads import one_blas_thread

#: (name, what runs it, one line of help) to a parser for its arguments.
Command = Callable[[str, Callable[[argparse.Namespace], None], str], argparse.ArgumentParser]

one_blas_thread()  # here, before any command imports numpy
