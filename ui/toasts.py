"""Errors a user can act on become toasts; their text may hold a user's words, so it is escaped."""

from __future__ import annotations

import functools
import html
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any

import gradio as gr

from spa2v_core.errors import Spa2vError

from .words import ENGLISH, Words, words_for


def as_toast(error: Spa2vError, words: Words = ENGLISH) -> gr.Error:
    """The error as Gradio shows it, without a traceback in the log."""
    text = html.escape(sentence(words.told(str(error))))
    return gr.Error(text, duration=12, print_exception=False)


def sentence(text: str) -> str:
    """With a capital, unless it starts with a name (names stay as they are)."""
    return text[:1].upper() + text[1:] if text.split(" ")[0].isalpha() else text


def warn(text: str) -> None:
    """A toast on what was done all the same."""
    gr.Warning(html.escape(sentence(text)), duration=12)


def _words(args: tuple[Any, ...]) -> Words:
    """Of the visitor, where a handler is told who asks."""
    return words_for(next((one for one in args if isinstance(one, gr.Request)), None))


def toasting(function: Callable[..., Any]) -> Callable[..., Any]:
    """An event handler (or a generator of updates) whose Spa2vErrors become toasts."""
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def watch(*args: Any) -> AsyncIterator[Any]:
            async with aclosing(function(*args)) as updates:
                try:
                    async for update in updates:
                        yield update
                except Spa2vError as error:
                    raise as_toast(error, _words(args)) from error

        return watch

    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def stream(*args: Any) -> Iterator[Any]:
            try:
                yield from function(*args)
            except Spa2vError as error:
                raise as_toast(error, _words(args)) from error

        return stream

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wait(*args: Any) -> Any:
            try:
                return await function(*args)
            except Spa2vError as error:
                raise as_toast(error, _words(args)) from error

        return wait

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        try:
            return function(*args)
        except Spa2vError as error:
            raise as_toast(error, _words(args)) from error

    return call
