"""What is made while the app starts and holds values, said in the visitor's language when he opens
the page; labels and choices are translated in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from ..handlers import described
from ..plots import in_words
from ..rendering import Rendering, kept
from ..scenes import Scene
from ..words import words_for

if TYPE_CHECKING:
    from .wire import Page


def wire_language(demo: gr.Blocks, page: Page, first: Scene, rendering: Rendering) -> Any:
    """The event of a page that was opened, by which it is put into the visitor's language."""
    about, how_long, figure = page.sound.about, page.takes.kept, page.why.plot

    def opened(session: gr.Request) -> tuple[Any, ...]:
        words = words_for(session)
        if words.language == "en":
            return (gr.skip(),) * 3
        said = described(first.question.recording or "", words=words).text
        return said, kept(rendering.jobs.limits, words), in_words(first.figure, words)

    outputs = [about, how_long, figure]
    return demo.load(opened, None, outputs, api_visibility="private", show_progress="hidden")
