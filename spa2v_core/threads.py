"""How many threads numerical libraries take."""

from __future__ import annotations

import os


def one_blas_thread() -> None:
    """Let OpenBLAS work in the thread that calls it; has to come before numpy is imported.

    The matrix products of hearing are small: shared among threads that wait for each other they
    take three to five times as long as soon as several plans are made at once, and no less time
    alone. OPENBLAS_NUM_THREADS overrides it.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
