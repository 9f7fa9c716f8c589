"""What a page says in the visitor's language that Gradio does not translate by itself: choices, and
texts that are made while the app starts."""

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
    choosing = [
        one
        for one in demo.blocks.values()
        if isinstance(one, gr.Dropdown | gr.Radio) and one.choices
    ]
    sound, takes, figure = page.sound, page.takes, page.why.plot

    def opened(session: gr.Request) -> dict[Any, Any]:
        words = words_for(session)
        if words.language == "en":
            return {figure: gr.skip()}
        said = described(first.question.recording or "", words=words).text
        return {
            **{one: gr.update(choices=words.choices(one.choices)) for one in choosing},
            sound.about: said,
            takes.kept: kept(rendering.jobs.limits, words),
            figure: in_words(first.figure, words),
        }

    outputs = [*choosing, sound.about, takes.kept, figure]
    return demo.load(opened, None, outputs, api_visibility="private", show_progress="hidden")
