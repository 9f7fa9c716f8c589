"""Options as their owner declares them, once: flags, page fields, API and refusals derive from it.

Whoever takes options (a backend, a planner, a provider) has a frozen dataclass of them:

    @dataclass(frozen=True)
    class Options:
        steps: int | None = option(None, low=1, high=100, help="denoising steps")

The kind of an option is read from its annotation; None as a default means that the owner decides.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from .errors import InputError

Kind = Literal["whole", "number", "text", "switch", "choice", "path"]
Upload = Literal["", "picture", "pictures"]
_KINDS: dict[Any, Kind] = {
    int: "whole", float: "number", str: "text", bool: "switch", Path: "path"
}  # fmt: skip
_EXPECTED = {"whole": "a whole number", "number": "a number", "switch": "true or false"}
T = TypeVar("T")


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes
    ----------
    name
        of the field.
    kind
        of its values.
    default
        None where the owner decides.
    help
        what it does, one line.
    label
        what its field of the page is called.
    low, high
        of numbers, both included.
    longest
        letters of a text.
    choices
        value -> what it is called in the page.
    metavar
        what a value looks like ("FILE[:SCALE]").
    on_command_line, on_page
        where it is offered (a key is never on a command line).
    of_this_machine
        names a file or server that only whoever runs the app may choose.
    upload
        what its field of the page takes uploads of, by anybody: a "picture", "pictures" (of which
        its value is the folder), "" for none.
    secret
        never shown, logged or stored.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    label: str
    low: float | None
    high: float | None
    longest: int
    choices: Mapping[str, str]
    metavar: str
    on_command_line: bool
    on_page: bool
    of_this_machine: bool
    upload: Upload
    secret: bool

    @property
    def words(self) -> str:
        return self.name.replace("_", " ")

    @property
    def flag(self) -> str:
        """As on the command line; a switch that is on is turned off: `--no-sound`."""
        name = self.name.replace("_", "-")
        return f"--no-{name}" if self.kind == "switch" and self.default else f"--{name}"

    def read(self, value: Any) -> Any:
        """A value as the owner takes it; None, and what is left empty, is the default.

        Raises
        ------
        InputError
            it is of another kind or out of range.
        """
        if value is None or (isinstance(value, str) and not value.strip()):
            return self.default
        if self.kind in ("whole", "number"):
            return self._number(value)
        if self.kind == "switch":
            if not isinstance(value, bool):
                raise self._refused(value)
            return value
        if isinstance(value, Path) and self.kind == "path":
            return value
        if not isinstance(value, str):
            raise self._refused(value)
        text = value.strip()
        if len(text) > self.longest:
            raise InputError(f"{self.words} has over {self.longest} letters: make it shorter")
        if self.choices and text not in self.choices:
            raise InputError(f"{self.words} must be {', '.join(self.choices)}, not '{text[:40]}'")
        return Path(text) if self.kind == "path" else text

    def _number(self, value: Any) -> float | int:
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            raise self._refused(value) from error
        whole = self.kind == "whole"
        if isinstance(value, bool) or not math.isfinite(number) or (whole and number % 1):
            raise self._refused(value)
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        if not low <= number <= high:
            allowed = f"{low:g} to {high:g}" if math.isfinite(high) else f"{low:g} or more"
            raise InputError(f"{self.words} must be {allowed}, not {number:g}")
        return int(number) if whole else number

    def _refused(self, value: Any) -> InputError:
        shown = "" if self.secret else f", not {value!r:.40}"
        return InputError(f"{self.words} must be {_EXPECTED.get(self.kind, 'a text')}{shown}")


def option(
    default: Any = None,
    *,
    help: str,
    label: str = "",
    low: float | None = None,
    high: float | None = None,
    longest: int = 300,
    choices: Mapping[str, str] | Iterable[str] = (),
    metavar: str = "",
    on_command_line: bool = True,
    on_page: bool = True,
    of_this_machine: bool = False,
    upload: Upload = "",
    secret: bool = False,
) -> Any:
    """A field of a dataclass of options; parameters as in `Option`."""
    named = dict(choices) if isinstance(choices, Mapping) else {name: name for name in choices}
    about = {
        "help": help,
        "label": label,
        "low": low,
        "high": high,
        "longest": longest,
        "choices": named,
        "metavar": metavar,
        "on_command_line": on_command_line and not secret,
        "on_page": on_page,
        "of_this_machine": of_this_machine,
        "upload": upload,
        "secret": secret,
    }
    return field(default=default, metadata={"option": about}, repr=not secret)


def options_of(owner: type) -> tuple[Option, ...]:
    """What a dataclass declares with `option`, in its order."""
    if not is_dataclass(owner):
        raise TypeError(f"{owner} is no dataclass of options")
    hints = get_type_hints(owner)
    found = []
    for one in fields(owner):
        if "option" not in one.metadata:
            continue
        kind, choices = _kind(hints[one.name])
        about = dict(one.metadata["option"])
        about["choices"] = about["choices"] or choices
        about["label"] = about["label"] or one.name.replace("_", " ").capitalize()
        kind = "choice" if about["choices"] else kind
        found.append(Option(name=one.name, kind=kind, default=one.default, **about))
    return tuple(found)


def _kind(hint: Any) -> tuple[Kind, dict[str, str]]:
    """(kind, choices of a Literal) of an annotation, whether or not it may be None."""
    if get_origin(hint) in (Union, UnionType):
        hint = next(one for one in get_args(hint) if one is not type(None))
    if get_origin(hint) is Literal:
        return "choice", {str(name): str(name) for name in get_args(hint)}
    return _KINDS[hint], {}


def settle(who: str, owner: type[T], given: Mapping[str, Any], others: Mapping[str, type]) -> T:
    """The options of `who` with what was given; the rest are its defaults.

    given: option name -> value. others: all who take options, to say whose a stray one is.

    Raises
    ------
    InputError
        a value is bad, or `who` takes no such option.
    """
    known = {one.name: one for one in options_of(owner)}
    for name in given:
        if name not in known:
            raise InputError(_stray(who, name, others))
    return owner(**{name: known[name].read(value) for name, value in given.items()})


def _stray(who: str, name: str, others: Mapping[str, type]) -> str:
    takers = {
        other: one for other, owner in others.items() for one in options_of(owner)
        if one.name == name
    }  # fmt: skip
    if not takers:
        return f"{who} takes no option '{name}'"
    (one, *_), verb = takers.values(), "do" if len(takers) > 1 else "does"
    return f"{who} takes no {one.flag}: {', '.join(takers)} {verb}"


def add_flags(
    parser: argparse.ArgumentParser, takers: Mapping[str, type], *, prefix: str, title: str
) -> None:
    """A flag for every option of all takers, those that all take first.

    A flag that the command has already gets `prefix` ("--planner-steps"). What is not given is not
    in the namespace: `given` finds the rest.
    """
    owners: dict[str, list[str]] = {}
    shown: dict[str, Option] = {}
    for taker, owner in takers.items():
        for one in options_of(owner):
            if one.on_command_line:
                owners.setdefault(one.name, []).append(taker)
                before = shown.get(one.name, one)
                shown[one.name] = replace(before, choices={**before.choices, **one.choices})
    groups: dict[tuple[str, ...], Any] = {}
    for name in sorted(owners, key=lambda name: -len(owners[name])):
        takes = tuple(owners[name])
        if takes not in groups:
            some = "" if len(takes) == len(takers) else f" ({', '.join(takes)})"
            groups[takes] = parser.add_argument_group(title + some)
        _add_flag(groups[takes], shown[name], prefix)


def _add_flag(group: Any, one: Option, prefix: str) -> None:
    form: dict[str, Any] = {
        "dest": f"{prefix}.{one.name}",
        "default": argparse.SUPPRESS,
        "help": one.help.replace("%", "%%"),
    }
    if one.kind == "switch":
        form |= {"action": "store_const", "const": not one.default}
    elif one.choices:
        form |= {"choices": list(one.choices)}
    else:
        form |= {"type": _argument(one), "metavar": one.metavar or _metavar(one)}
    try:
        group.add_argument(one.flag, **form)
    except argparse.ArgumentError:
        group.add_argument(f"--{prefix}{one.flag[1:]}", **form)


def _argument(one: Option) -> Any:
    """What argparse reads a value with; ranges are the owner's, they may differ."""

    def read(text: str) -> Any:
        kept = replace(one, low=None, high=None)
        try:
            return kept.read(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def _metavar(one: Option) -> str:
    if one.low is not None and one.high is not None:
        return f"{one.low:.12g}..{one.high:.12g}"
    return {"whole": "N", "number": "F", "path": "FILE"}.get(one.kind, "TEXT")


def given(namespace: argparse.Namespace, prefix: str) -> dict[str, Any]:
    """Option name -> value of the flags that were given."""
    start = f"{prefix}."
    return {
        name.removeprefix(start): value
        for name, value in vars(namespace).items()
        if name.startswith(start)
    }
