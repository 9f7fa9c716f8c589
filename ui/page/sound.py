"""The left column: the recording and what is planned from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from spa2v_core.audio.io import MAX_SPAN_SECONDS
from spa2v_core.audio.places import MAX_WIDTH, MIN_WIDTH
from spa2v_core.audio.reading.choices import CHANNELS
from spa2v_core.audio.taggers.registry import DEFAULT as DEFAULT_TAGGER
from spa2v_core.audio.taggers.registry import TAGGERS
from spa2v_core.planning.registry import DEFAULT as DEFAULT_PLANNER
from spa2v_core.planning.registry import planners

from ..fields import guess_field, note, planner_fields
from ..intake import Intake
from ..scenes import Question, Scene

_CHANNEL_CHOICES = [(about[:1].upper() + about[1:], name) for name, about in CHANNELS.items()]


@dataclass
class Sound:
    """The column's components.

    recording: path of the sound that is planned; named: what the sounds were called in the last
    plan, so that a change of them is told from a click.
    """

    recording: gr.State
    files: Intake
    recorder: gr.Audio
    about: gr.Textbox
    start: gr.Number
    length: gr.Number
    channels: gr.Dropdown
    width: gr.Slider
    objects: gr.Textbox
    guesses: list[gr.Dropdown]
    named: gr.State
    planner: gr.Dropdown
    tagger: gr.Dropdown
    model_fields: gr.Accordion
    asked: list[Any]
    notes: gr.Textbox
    examples: list[tuple[gr.Button, Path]]

    @property
    def question(self) -> list[Any]:
        """Components of a `Question`, in its order; the planner's options are the rest."""
        fields = [self.width, self.objects, self.planner, self.tagger]
        return [*self.span, *fields, *self.asked]

    @property
    def span(self) -> list[Any]:
        """Components of a span, in the order of `handlers.span_of`."""
        return [self.recording, self.start, self.length, self.channels]


def sound_column(first: Scene, examples: Mapping[str, Path]) -> Sound:
    """Make the components, inside a column, filled with a first scene; examples: label -> file."""
    files = Intake("Open a sound, video or layout", "Drop it: a sound, a video or a layout")
    recorder = gr.Audio(
        sources=["microphone"],
        type="filepath",
        show_label=False,
        editable=False,
        buttons=[],
        elem_id="spa2v-recorder",
    )
    about = note("About the recording", first.about)
    made = []
    gr.Markdown("Or try an example", elem_classes="spa2v-small")
    with gr.Row(elem_id="spa2v-examples"):
        for label, path in examples.items():
            made.append((gr.Button(label, size="sm", min_width=110), path))
    objects = gr.Textbox(
        label="What do you hear?",
        placeholder="empty: recognised for you",
        max_length=300,
    )
    guesses = [guess_field(update, index) for index, update in enumerate(first.names)]
    notes = note("Notes on the plan", first.notes, visible=bool(first.notes))
    with gr.Accordion("How it is planned", open=False):
        how = _how_it_is_planned(first.question)
    return Sound(
        recording=gr.State(first.question.recording),
        files=files,
        recorder=recorder,
        about=about,
        objects=objects,
        guesses=guesses,
        named=gr.State(first.named),
        notes=notes,
        examples=made,
        **how,
    )


def _how_it_is_planned(question: Question) -> dict[str, Any]:
    """The planner, the span and what the file holds: components by their field in `Sound`."""
    planner = gr.Dropdown(
        [(spec.title, name) for name, spec in planners().items()],
        value=DEFAULT_PLANNER,
        label="Planner",
    )
    with gr.Accordion("Model", open=True, visible=False) as model_fields:
        asked = planner_fields()
    with gr.Row(elem_id="spa2v-span"):
        start = gr.Number(question.start, label="Start (s)", minimum=0, step=0.1, min_width=90)
        length = gr.Number(
            question.length,
            label=f"Length (s, up to {MAX_SPAN_SECONDS:g})",
            minimum=0.25,
            maximum=MAX_SPAN_SECONDS,
            step=0.1,
            min_width=90,
        )
    tagger = gr.Dropdown(
        [(spec.title, name) for name, spec in TAGGERS.all().items()],
        value=DEFAULT_TAGGER,
        label="Sounds are named by",
    )
    channels = gr.Dropdown(_CHANNEL_CHOICES, value="auto", label="The file holds")
    width = gr.Slider(
        MIN_WIDTH,
        MAX_WIDTH,
        value=1,
        step=0.05,
        label="Widen (1: as heard, 2: crossed cardioids)",
    )
    return {
        "planner": planner,
        "model_fields": model_fields,
        "asked": asked,
        "start": start,
        "length": length,
        "tagger": tagger,
        "channels": channels,
        "width": width,
    }
