"""Groups of the page's fields, and the small components that it is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from spa2v_core.generation.base import MAX_SEED
from spa2v_core.generation.registry import BACKENDS
from spa2v_core.options import Option

from . import handlers, planning, settings

_PROGRESS = """
<div class="spa2v-progress" role="status" style="display: ${value.text ? 'grid' : 'none'}">
  <progress max="${value.total}" value="${value.done}" aria-label="${value.text}"></progress>
  <span>${value.text}</span>
</div>
"""


class ProgressLine(gr.HTML):
    """A bar with a line of our own text (never a user's)."""

    def __init__(self, elem_id: str, **kwargs: Any) -> None:
        """kwargs: what Gradio adds where it makes the component again."""
        kwargs = {"value": handlers.IDLE, **kwargs}
        super().__init__(html_template=_PROGRESS, js_on_load=None, elem_id=elem_id, **kwargs)

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


def option_field(one: Option, visible: bool = True, **form: Any) -> gr.components.Component:
    """The field of an option, with its default in it."""
    about: dict[str, Any] = {"label": one.label, "visible": visible, **form}
    if one.upload:
        count = "single" if one.upload == "picture" else "multiple"
        return gr.File(file_types=["image"], file_count=count, elem_classes="spa2v-upload", **about)
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


def render_settings() -> dict[str, Any]:
    """Fields of `settings.Settings` by name, in its order."""
    spec, options = BACKENDS.get("mini"), settings.page_options()
    about_default, filled_for, *numbers = settings.choose_preset("mini", "default")
    filled = dict(zip(settings.NUMBERS, numbers, strict=True))
    backend = gr.Dropdown(
        settings.backend_choices(), value="mini", label="Model", elem_id="spa2v-backend"
    )
    lacking = note("What is missing", "", visible=False)
    preset = gr.Radio(settings.preset_choices(spec), value="default", label="Preset")
    about = note("About the preset", about_default)
    seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=MAX_SEED)
    captions = gr.Radio(
        [("Caption and frame", "mix"), ("Caption", "global"), ("Frame", "frame")],
        value="mix",
        label="Text of a frame",
    )
    shown_for = gr.State(filled_for)
    of_options: dict[str, gr.components.Component] = {
        name: option_field(one, visible=settings.is_offered("mini", one))
        for name, one in options.items()
        if one.upload
    }
    with gr.Accordion("Expert", open=False):
        grounding = gr.Dropdown(
            settings.grounding_choices(spec), value="default", label="What puts things into boxes"
        )
        with gr.Row():
            for name, value in filled.items():
                number = replace(options[name], default=value)
                of_options[name] = option_field(number, min_width=110)
        for name, one in options.items():
            if name not in of_options:
                of_options[name] = option_field(one, visible=settings.is_offered("mini", one))
    shown = [about, shown_for, *(of_options[name] for name in settings.NUMBERS)]
    others = [of_options[name] for name in options if name not in settings.NUMBERS]
    private = {"api_visibility": "private", "show_progress": "hidden"}
    backend.change(
        settings.choose_backend, backend, [lacking, preset, grounding, *others, *shown], **private
    )
    preset.change(settings.choose_preset, [backend, preset], shown, **private)
    asked = (backend, preset, seed, captions, grounding, shown_for)
    named = dict(zip(settings.REQUEST_FIELDS, asked, strict=True))
    return named | {name: of_options[name] for name in options}
