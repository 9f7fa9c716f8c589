"""Which taggers there are: the built-in ones, and others by the entry point `spa2v.taggers`."""

from __future__ import annotations

from functools import cache

from ...registry import Registry
from .base import Tagger, TaggerSpec

DEFAULT = "yamnet"
TAGGERS: Registry[TaggerSpec] = Registry(
    "tagger",
    TaggerSpec,
    "spa2v.taggers",
    {name: f"spa2v_core.audio.taggers.{name}:SPEC" for name in ("yamnet", "clap")},
)


def get_tagger(name: str = DEFAULT) -> Tagger:
    """A tagger by name, loaded once.

    Raises
    ------
    InputError
        there is none of that name.
    """
    return _loaded(name)


@cache
def _loaded(name: str) -> Tagger:
    return TAGGERS.get(name).make()
