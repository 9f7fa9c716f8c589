"""The model that was used last stays loaded; another is loaded after it has gone."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any


class ModelCache:
    """At most one model, whatever backend it is of (a card rarely holds two), used by one at a
    time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: Hashable = None
        self._model: Any = None
        if hasattr(os, "register_at_fork"):  # a lock that another thread holds stays locked
            os.register_at_fork(after_in_child=self._unlock)

    @contextmanager
    def using(self, key: Hashable, load: Callable[[], Any]) -> Iterator[Any]:
        """The model of `key`, loaded if it is not the one that is kept; others wait meanwhile."""
        with self._lock:
            if self._model is None or key != self._key:
                self._release()
                self._model, self._key = load(), key
            yield self._model

    def drop(self) -> None:
        """Let it go."""
        with self._lock:
            self._release()

    def _release(self) -> None:
        self._model = None
        free_memory()

    def _unlock(self) -> None:
        self._lock = threading.Lock()


def free_memory() -> None:
    """Give what is not used any more back to the card."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


#: Shared by all backends.
MODELS = ModelCache()
