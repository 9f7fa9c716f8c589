"""What a model replied, as a JSON value: strictly if it can be, else repaired, each repair told."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from ..errors import PlannerError
from ..layout.io import whole

#: A plan of 16 frames has a few thousand letters; longer than this is no plan.
MAX_LETTERS = 400_000
_COMMENT = re.compile(r"(^|[,{\[\s])//")


#: Ends what many models that reason say before their reply.
THOUGHT = "</think>"


class ReplyError(PlannerError):
    """A reply that no repair makes a layout of; its message can be quoted to the model."""


def json_value(text: str) -> tuple[Any, list[str]]:
    """(value, repairs) of a reply's text; ReplyError if there is no JSON in it."""
    if len(text) > MAX_LETTERS:
        raise ReplyError(f"the reply is far too long ({len(text)} letters)")
    repairs: list[str] = []
    if THOUGHT in text:  # models on servers of one's own often think aloud
        text = text.rpartition(THOUGHT)[2]
        repairs.append("ignored what it thought aloud")
    try:
        return _loads(text), repairs
    except json.JSONDecodeError:
        body, around = _object(text)
    if around:
        repairs.append("ignored the text around the JSON")
    for repair, change in _REPAIRS:
        changed = change(body)
        if changed != body:
            body = changed
            repairs.append(repair)
        try:
            return _loads(body), repairs
        except json.JSONDecodeError as error:
            fault = error
    try:
        value = ast.literal_eval(body)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        value = None
    if isinstance(value, dict | list):
        return value, [*repairs, "read Python's notation"]
    raise ReplyError(f"the reply is not JSON: {fault.msg} at line {fault.lineno}") from fault


def _loads(text: str) -> Any:
    def no_constant(name: str) -> float:
        raise ReplyError(f"the reply holds {name}, which is not a number")

    try:
        return json.loads(text, parse_constant=no_constant, parse_int=whole)
    except RecursionError as error:
        raise ReplyError("the reply is nested too deeply") from error


def _object(text: str) -> tuple[str, bool]:
    """(the outermost object or list, whether there was more than it)."""
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    if start < 0:
        raise ReplyError("there is no JSON in the reply")
    depth, quoted, escaped = 0, False, False
    for index in range(start, len(text)):
        letter = text[index]
        if quoted:
            if escaped:
                escaped = False
            elif letter == "\\":
                escaped = True
            elif letter == '"':
                quoted = False
            continue
        if letter == '"':
            quoted = True
        depth += (letter in "{[") - (letter in "}]")
        if depth == 0:
            around = text[:start] + text[index + 1 :]
            return text[start : index + 1], bool(around.strip())
    raise ReplyError("the reply breaks off in the middle: its JSON has no end")


def _without_comments(text: str) -> str:
    """Without what follows // in a line, if no quote does."""
    return "\n".join(map(_without_comment, text.split("\n")))


def _without_comment(line: str) -> str:
    found = _COMMENT.search(line, line.rfind('"') + 1)
    return line[: found.end(1)] if found else line


def _without_commas(text: str) -> str:
    return re.sub(r",(\s*[}\]])", r"\1", text)


def _with_commas(text: str) -> str:
    def between(found: re.Match[str]) -> str:
        end, gap = found.groups()
        return f"{end},{gap}" if "\n" in gap else f"{end}{gap}"

    return re.sub(r'([}\]"\d])(\s+)(?=["{\[])', between, text)


def _straight_quotes(text: str) -> str:
    return text.translate(str.maketrans("\u201c\u201d\u201e\u2018\u2019", '"""\'\''))


#: Tried in turn, each on what the last has left; the first leaves the JSON as it was found.
_REPAIRS = (
    ("", str),
    ("removed comments", _without_comments),
    ("removed trailing commas", _without_commas),
    ("straightened quotes", _straight_quotes),
    ("added missing commas", _with_commas),
)
