"""Stopping what a session has under way, one thing of a kind at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr


class Stops:
    """Session -> set to stop what it runs.

    Gradio's own `cancels` also stops what is started while the old one is still ending, so they
    are told apart here.
    """

    def __init__(self) -> None:
        self._events: dict[str, threading.Event] = {}

    @contextmanager
    def running(self, session: gr.Request) -> Iterator[threading.Event]:
        """The event that `stop` sets while this runs."""
        key = session.session_hash or ""
        event = self._events[key] = threading.Event()
        try:
            yield event
        finally:
            if self._events.get(key) is event:
                del self._events[key]

    def is_newest(self, session: gr.Request, event: threading.Event) -> bool:
        """Whether nothing else was started since."""
        return self._events.get(session.session_hash or "") is event

    def stop(self, session: gr.Request) -> None:
        if event := self._events.get(session.session_hash or ""):
            event.set()
