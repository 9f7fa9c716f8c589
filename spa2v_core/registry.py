"""What can be added without changing a line here: built-in things and those of other packages.

A registry knows its built-in things as "module:attribute" and finds others by an entry point group,
and loads each when it is asked for. A thing of another package that can't be loaded is no reason to
fail for anybody else: it is an error only where it is asked for by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from .errors import InputError

T = TypeVar("T")


class Registry(Generic[T]):
    """Name -> thing.

    Parameters
    ----------
    noun
        what one of them is called in messages.
    kind
        what each of them is.
    group
        of the entry points by which other packages add theirs; a name that is taken by a built-in
        thing stays with that.
    built_in
        name -> "module:attribute", in the order in which they are offered.
    """

    def __init__(self, noun: str, kind: type[T], group: str, built_in: Mapping[str, str]) -> None:
        self.noun, self.kind, self.group = noun, kind, group
        self._built_in = {name: EntryPoint(name, where, group) for name, where in built_in.items()}
        self._loaded: dict[str, T] = {}

    def names(self) -> tuple[str, ...]:
        """All names, the built-in ones first; nothing is loaded for them."""
        return tuple(self._points)

    def get(self, name: str) -> T:
        """The thing of that name, loaded once.

        Raises
        ------
        InputError
            there is none of that name, or another package's can't be loaded.
        """
        if name not in self._points:
            raise InputError(f"there is no {self.noun} '{name}': choose {', '.join(self._points)}")
        if name not in self._loaded:
            self._loaded[name] = self._load(self._points[name])
        return self._loaded[name]

    def all(self) -> dict[str, T]:
        """Every thing by its name; those of other packages that can't be loaded are left out."""
        found = {}
        for name in self.names():
            try:
                found[name] = self.get(name)
            except InputError:
                continue
        return found

    @cached_property
    def _points(self) -> dict[str, EntryPoint]:
        """Looked up once: every look reads what each installed package says of itself."""
        others = {point.name: point for point in entry_points(group=self.group)}
        return {**self._built_in, **{n: p for n, p in others.items() if n not in self._built_in}}

    def _load(self, point: EntryPoint) -> T:
        if point.name in self._built_in:
            return point.load()
        try:
            thing = point.load()
            if not isinstance(thing, self.kind):
                raise TypeError(f"it is no {self.kind.__name__}")
            return thing
        except Exception as error:  # noqa: BLE001 (whatever a package of others does when imported)
            said = (str(error).splitlines() or [""])[0][:200]
            raise InputError(
                f"the {self.noun} '{point.name}' ({point.value}) can't be loaded:"
                f" {type(error).__name__}: {said}"
            ) from error
