"""The full-size model that was used last stays loaded; another is loaded after it has gone."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from .composing import free_memory


class Kept:
    """At most one model: a card rarely holds two."""

    def __init__(self) -> None:
        self._key: Hashable = None
        self._model: Any = None

    def get(self, key: Hashable, load: Callable[[], Any]) -> Any:
        """The model of `key`, loaded if it is not the one that is kept."""
        if self._model is None or key != self._key:
            self.drop()
            self._model, self._key = load(), key
        return self._model

    def drop(self) -> None:
        """Let it go."""
        self._model = None
        free_memory()


#: Shared by the full-size backends.
LAST = Kept()
