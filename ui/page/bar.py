"""The bar that is always in sight: Plan, Render, what they are at, and Cancel for each."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ..fields import ProgressLine


@dataclass
class Bar:
    """The bar's components."""

    plan: gr.Button
    stop_plan: gr.Button
    planning: ProgressLine
    render: gr.Button
    another: gr.Button
    cancel: gr.Button
    progress: ProgressLine


def action_bar() -> Bar:
    """Make the components."""
    with gr.Row(elem_id="spa2v-bar"):
        plan = gr.Button("Plan", elem_id="spa2v-plan", min_width=80, scale=0)
        stop_plan = gr.Button(
            "Stop planning", visible=False, elem_id="spa2v-stop-plan", min_width=80, scale=0
        )
        render = gr.Button(
            "Render", variant="primary", elem_id="spa2v-render", min_width=90, scale=0
        )
        another = gr.Button("Another take", min_width=100, scale=0, elem_id="spa2v-another")
        cancel = gr.Button(
            "Cancel", interactive=False, elem_id="spa2v-cancel", min_width=70, scale=0
        )
        planning = ProgressLine("spa2v-plan-bar")
        progress = ProgressLine("spa2v-render-bar")
    return Bar(plan, stop_plan, planning, render, another, cancel, progress)
