"""The middle column: the picture with its timeline, and why it was planned so."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ..editor.editor import (
    Asks,
    EditorFeed,
    LayoutEditor,
    PreviewFeed,
    Shown,
    VideoFeed,
    ViewsFeed,
)
from ..scenes import Scene


@dataclass
class Picture:
    """The column's components; last: the feed that the editor has."""

    editor: LayoutEditor
    feed: EditorFeed
    last: gr.State
    preview: PreviewFeed
    video: VideoFeed
    views: ViewsFeed
    asks: Asks


def picture_column(first: Scene, video: Shown | None) -> Picture:
    """Make the components, inside a column; video: what plays when the page is opened."""
    return Picture(
        video=VideoFeed(video),
        preview=PreviewFeed(),
        views=ViewsFeed(),
        asks=Asks(),
        feed=EditorFeed(first.feed),
        editor=LayoutEditor(first.feed.layout, elem_id="spa2v-editor"),
        last=gr.State(first.feed),
    )


@dataclass
class Why:
    """What is said of a plan: the reasoning, the measured cues, and what a model was told."""

    reasoning: gr.Textbox
    plot: gr.Plot
    told: gr.Textbox


def why_row(first: Scene) -> Why:
    """Make the components, below the columns."""
    with gr.Accordion("Why this plan", open=False, elem_id="spa2v-why"), gr.Row():
        return Why(
            reasoning=gr.Textbox(
                first.reasoning, label="Reasoning", interactive=False, lines=6, scale=2
            ),
            plot=gr.Plot(first.figure, label="Measured cues", scale=3),
            told=gr.Textbox(
                label="What the model was told",
                interactive=False,
                lines=12,
                max_lines=24,
                visible=False,
                scale=3,
            ),
        )
