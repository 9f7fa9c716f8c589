"""Which taggers there are: the built-in ones, and others by the entry point `spa2v.taggers`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points

from ...errors import InputError
from .base import Tagger

DEFAULT = "yamnet"


def _yamnet() -> Tagger:
    from .yamnet import YamnetTagger

    return YamnetTagger()


def _clap() -> Tagger:
    from .clap import ClapTagger

    return ClapTagger()


def taggers() -> dict[str, Callable[[], Tagger]]:
    """Name -> how to make it: YAMNet with our head, offline; CLAP, from the hub; and what other
    packages bring."""
    others = {point.name: point.load for point in entry_points(group="spa2v.taggers")}
    made = {name: (lambda load=load: load()()) for name, load in others.items()}
    return {"yamnet": _yamnet, "clap": _clap, **made}


def get_tagger(name: str = DEFAULT) -> Tagger:
    """A tagger by name, loaded once.

    Raises
    ------
    InputError
        there is none of that name.
    """
    known = taggers()
    if name not in known:
        raise InputError(f"there is no tagger '{name}': choose {', '.join(known)}")
    return _loaded(name)


@cache
def _loaded(name: str) -> Tagger:
    return taggers()[name]()
