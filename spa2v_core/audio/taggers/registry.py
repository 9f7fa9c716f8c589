"""Which taggers there are: the built-in ones, and others by the entry point `spa2v.taggers`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from ...registry import Registry
from .base import Tagger

DEFAULT = "yamnet"
#: Name -> how to make it: YAMNet with our head, offline; CLAP, from the hub.
TAGGERS: Registry[Callable[[], Tagger]] = Registry(
    "tagger",
    "spa2v.taggers",
    {
        "yamnet": "spa2v_core.audio.taggers.yamnet:YamnetTagger",
        "clap": "spa2v_core.audio.taggers.clap:ClapTagger",
    },
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
    return TAGGERS.get(name)()
