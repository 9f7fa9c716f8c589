"""Groups of the page's fields, and the small components that it is made of."""

from __future__ import annotations

from typing import Any

import gradio as gr

from spa2v_core.generation.base import MAX_FPS, MAX_FRAMES, MAX_SEED, MIN_FRAMES
from spa2v_core.generation.catalog import BACKENDS
from spa2v_core.options import Option

from . import handlers, planning, settings

_PROGRESS = """
<div class="spa2v-progress" role="status" style="display: ${value.text ? 'grid' : 'none'}">
  <progress max="${value.total}" value="${value.done}" aria-label="Rendering"></progress>
  <span>${value.text}</span>
</div>
"""


class ProgressLine(gr.HTML):
    """A bar with a line of our own text (never a user's)."""

    def __init__(self, elem_id: str) -> None:
        super().__init__(
            value=handlers.IDLE, html_template=_PROGRESS, js_on_load=None, elem_id=elem_id
        )

    def postprocess(self, value: dict | None) -> dict | None:
        return value

    def api_info(self) -> dict:
        return {"type": "object"}


def note(label: str, text: str, visible: bool = True) -> gr.Textbox:
    """A quiet line of text; a text box, because what it shows may hold a user's words."""
    return gr.Textbox(
        text,
        label=label,
        show_label=False,
        interactive=False,
        container=False,
        lines=1,
        max_lines=5,
        visible=visible,
        elem_classes="spa2v-note",
    )


def guess_field(update: dict, index: int) -> gr.Dropdown:
    """What one sound may be, as `planning.plan` says it; any other name may be typed."""
    return gr.Dropdown(
        choices=update["choices"],
        value=update["value"],
        label=update.get("label", f"Sound {index + 1}"),
        visible=update["visible"],
        allow_custom_value=True,
        elem_classes="spa2v-guess",
    )


def option_field(one: Option, visible: bool = True) -> gr.components.Component:
    """The field of an option, with its default in it."""
    about: dict[str, Any] = {"label": one.label, "visible": visible}
    if one.kind == "switch":
        return gr.Checkbox(one.default, **about)
    if one.kind == "choice":
        choices = [(label, value) for value, label in one.choices.items()]
        return gr.Dropdown(choices, value=one.default, **about)
    if one.kind in ("whole", "number"):
        whole = 0 if one.kind == "whole" else None
        return gr.Number(one.default, precision=whole, minimum=one.low, maximum=one.high, **about)
    return gr.Textbox(
        str(one.default or ""),
        placeholder=one.metavar,
        type="password" if one.secret else "text",
        max_length=one.longest,
        **about,
    )


def planner_fields() -> list[gr.components.Component]:
    """Fields of `planning.page_options`, in its order; `planning.choose_planner` shows them."""
    return [option_field(one, visible=False) for one in planning.page_options().values()]


def render_settings() -> list[Any]:
    """Fields of `settings.Settings`, in its order."""
    info = BACKENDS["mini"]
    about_default, *values = settings.choose_preset("mini", "default")
    backend = gr.Dropdown(
        settings.backend_choices(), value="mini", label="Model", elem_id="spa2v-backend"
    )
    lacking = note("What is missing", "", visible=False)
    preset = gr.Radio(settings.preset_choices(info), value="default", label="Preset")
    about = note("About the preset", about_default)
    seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=MAX_SEED)
    captions = gr.Radio(
        [("Caption and frame", "mix"), ("Caption", "global"), ("Frame", "frame")],
        value="mix",
        label="Text of a frame",
    )
    with gr.Accordion("Expert", open=False):
        grounding = gr.Dropdown(
            settings.grounding_choices(info), value="default", label="What puts things into boxes"
        )
        numbers = [*_numbers(values[:5]), gr.State(values[5])]
        negative = gr.Textbox(label="What should not be seen", max_length=300)
        with gr.Group(visible=False) as full_size:
            of_full_size = _full_size()
    fields = [backend, preset, seed, captions, grounding, *numbers, negative, *of_full_size]
    shown = [about, *numbers]
    private = {"api_visibility": "private", "show_progress": "hidden"}
    backend.change(
        settings.choose_backend,
        backend,
        [lacking, preset, grounding, full_size, *shown],
        **private,
    )
    preset.change(settings.choose_preset, [backend, preset], shown, **private)
    return fields


def _numbers(values: list[float]) -> list[gr.Number]:
    """Steps, guidance, share of grounded steps, frames, frames a second."""
    steps, guidance, share, frames, fps = values
    with gr.Row():
        return [
            gr.Number(steps, label="Steps", precision=0, minimum=1, maximum=100, min_width=110),
            gr.Number(guidance, label="Guidance", minimum=1, maximum=30, min_width=110),
            gr.Number(
                share,
                label="With boxes (share)",
                minimum=0,
                maximum=1,
                step=0.05,
                min_width=110,
            ),
            gr.Number(
                frames,
                label="Frames generated",
                precision=0,
                minimum=MIN_FRAMES,
                maximum=MAX_FRAMES,
                min_width=110,
            ),
            gr.Number(fps, label="Frames a second", minimum=0, maximum=MAX_FPS, min_width=110),
        ]


def _full_size() -> list[Any]:
    """Memory, compiling, and files of the machine that runs the app (not on a Space)."""
    own = not settings.on_a_space()
    return [
        gr.Radio(
            [("Automatic", "auto"), ("All on the card", "full"), ("Low", "low")],
            value="auto",
            label="Graphics memory",
        ),
        gr.Checkbox(False, label="Compile (the first render takes minutes more)"),
        gr.Textbox(label="SD 1.5 checkpoint", placeholder="a folder or a hub id", visible=own),
        gr.Textbox(label="Motion adapter", placeholder="a folder or a hub id", visible=own),
        gr.Textbox(label="LoRA", placeholder="style.safetensors:0.8", visible=own),
        gr.Textbox(label="MIGC checkpoint", placeholder="MIGC_SD14.ckpt", visible=own),
        gr.Checkbox(
            False, label="I use MIGC's weights for non-commercial research only", visible=own
        ),
    ]
