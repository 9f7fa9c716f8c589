"""The page: layout of the blocks and wiring of the events, nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import gradio as gr

from spa2v_core.assets import ASSETS
from spa2v_core.audio.choices import CHANNELS
from spa2v_core.audio.io import MAX_SPAN_SECONDS
from spa2v_core.audio.places import MAX_WIDTH, MIN_WIDTH
from spa2v_core.audio.taggers.registry import DEFAULT as DEFAULT_TAGGER
from spa2v_core.audio.taggers.registry import TAGGERS
from spa2v_core.jobs.service import Jobs
from spa2v_core.planning.registry import DEFAULT as DEFAULT_PLANNER
from spa2v_core.planning.registry import planners

from . import handlers, planning
from .editor.editor import EditorFeed, LayoutEditor
from .endpoints import add_endpoints
from .fields import ProgressLine, guess_field, note, planner_fields
from .page.takes import takes_column, wire_takes
from .recording import RecordingIntake, take
from .rendering import Rendering
from .tools import add_tools

STYLE = Path(__file__).resolve().parent / "style.css"
EXAMPLES = ASSETS / "examples"
#: File name and label.
EXAMPLE_CLIPS = (
    ("car_crossing", "Car, left to right"),
    ("bus_approaching", "Bus comes closer"),
    ("boat_receding", "Boat moves away"),
    ("dog_and_guitar", "Dog left, guitar right"),
    ("piano_left", "Piano on the left"),
    ("airplane_crossing", "Airplane, right to left"),
)
CHANNEL_CHOICES = [(about[:1].upper() + about[1:], name) for name, about in CHANNELS.items()]
#: Plans that are made at the same time; renders have a lane of their own.
PLANS_AT_ONCE = 4
#: What was planned last in this tab; a new tab starts with what the browser had last.
_OF_THIS_TAB = '(visit) => [JSON.parse(sessionStorage.getItem("spa2v-visit") ?? "null") ?? visit]'
_KEEP_IN_TAB = '(visit) => sessionStorage.setItem("spa2v-visit", JSON.stringify(visit))'
THEME = gr.themes.Base(
    primary_hue="indigo",
    secondary_hue="indigo",
    neutral_hue="slate",
    radius_size="lg",
    font=["ui-sans-serif", "system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
).set(
    body_background_fill="*neutral_50",
    body_background_fill_dark="*neutral_950",
    block_border_width="1px",
    block_label_background_fill="transparent",
    block_label_background_fill_dark="transparent",
    block_label_border_width="0px",
    block_title_text_weight="500",
    button_primary_background_fill="*primary_600",
    button_primary_background_fill_hover="*primary_700",
    button_primary_background_fill_dark="*primary_600",
    button_primary_text_color="white",
)


def build_demo(jobs: Jobs, mcp: bool = False) -> gr.Blocks:
    """The app, with the first example planned and ready to render."""
    rendering = Rendering(jobs)
    audio_path = str(EXAMPLES / f"{EXAMPLE_CLIPS[0][0]}.m4a")
    start, length, about = handlers.inspect(audio_path)
    layout, first, _, _, reasoning, figure, _, _, *names = planning.plan(
        audio_path, 0, 0, "auto", 1, "", DEFAULT_PLANNER
    )
    with gr.Blocks(title="SpA2V Studio", fill_width=True, delete_cache=(3600, 86400)) as demo:
        renders = add_endpoints(jobs)  # first, so that they get their names
        if mcp:
            add_tools(renders)
        gr.Markdown(
            "# SpA2V Studio\nTurn a sound into a picture of where it happens.",
            elem_classes="spa2v-title",
        )
        with gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=300):
                gr.Markdown("## 1 · Sound", elem_classes="spa2v-step")
                audio = gr.Audio(
                    audio_path,
                    type="filepath",
                    sources=["upload", "microphone"],
                    editable=False,
                    buttons=["download"],
                    label="Recording",
                    elem_id="spa2v-recording",
                )
                intake = RecordingIntake()
                clip_about = note("About the recording", about)
                with gr.Row():
                    span_start = gr.Number(
                        start, label="Start (s)", minimum=0, step=0.1, min_width=90
                    )
                    span_length = gr.Number(
                        length,
                        label=f"Length (s, ≤ {MAX_SPAN_SECONDS:g})",
                        minimum=0.25,
                        maximum=MAX_SPAN_SECONDS,
                        step=0.1,
                        min_width=90,
                    )
                with gr.Accordion("Channels", open=False):
                    channels = gr.Dropdown(CHANNEL_CHOICES, value="auto", label="The file holds")
                    width = gr.Slider(
                        MIN_WIDTH,
                        MAX_WIDTH,
                        value=1,
                        step=0.05,
                        label="Widen (1: as heard, 2: crossed cardioids)",
                    )
                    tagger = gr.Dropdown(
                        [(spec.title, name) for name, spec in TAGGERS.all().items()],
                        value=DEFAULT_TAGGER,
                        label="Sounds are named by",
                    )
                objects = gr.Textbox(
                    label="What do you hear? (empty: recognised for you)",
                    placeholder="car, dog (the loudest first)",
                    max_length=300,
                )
                guesses = [guess_field(update, index) for index, update in enumerate(names)]
                planner = gr.Dropdown(
                    [(spec.title, name) for name, spec in planners().items()],
                    value=DEFAULT_PLANNER,
                    label="Planner",
                )
                with gr.Accordion("Model", open=True, visible=False) as model_fields:
                    asked = planner_fields()
                with gr.Row():
                    plan_button = gr.Button("Plan", variant="primary", elem_id="spa2v-plan")
                    stop_plan = gr.Button("Cancel", visible=False, elem_id="spa2v-stop-plan")
                plan_bar = ProgressLine("spa2v-plan-bar")
                plan_notes = note("Notes on the plan", "", visible=False)
                gr.Markdown("**Examples**")
                example_buttons = []
                with gr.Row(elem_id="spa2v-examples"):
                    for name, label in EXAMPLE_CLIPS:
                        button = gr.Button(label, size="sm", min_width=130)
                        example_buttons.append((button, str(EXAMPLES / f"{name}.m4a")))
            with gr.Column(scale=9, min_width=320):
                gr.Markdown("## 2 · Layout", elem_classes="spa2v-step")
                editor = LayoutEditor(
                    layout, video_selector="#spa2v-video video", elem_id="spa2v-editor"
                )
                feed, last = EditorFeed(first), gr.State(first)
                with gr.Row(visible=False) as change_row:
                    change = gr.Textbox(
                        label="Change it in words",
                        placeholder="make the car come from further away",
                        max_length=1000,
                        scale=4,
                    )
                    change_button = gr.Button("Change", elem_id="spa2v-change", scale=1)
                upload = gr.UploadButton(
                    "Open a layout or an exported video",
                    file_types=[".json", ".xml", ".mp4"],
                    size="sm",
                )
            with gr.Column(scale=6, min_width=300):
                takes = takes_column(rendering)
        with gr.Accordion("Why this plan", open=False), gr.Row():
            reason = gr.Textbox(reasoning, label="Reasoning", interactive=False, lines=6, scale=2)
            plot = gr.Plot(figure, label="Measured cues", scale=3)
            told = gr.Textbox(
                label="What the model was told",
                interactive=False,
                lines=12,
                max_lines=24,
                visible=False,
                scale=3,
            )

        private = {"api_visibility": "private"}
        span = [audio, span_start, span_length, channels]
        visit = gr.BrowserState(None, storage_key="spa2v-visit", secret="spa2v")
        visited = gr.State(None)
        planned = [editor, feed, last, visit, reason, plot, told, plan_notes, *guesses]
        given = [*span, width, objects, planner, editor, last, tagger]
        plan_event = {
            "fn": planning.planning,
            "inputs": [*given, gr.State(""), *asked],
            "outputs": planned,
            "show_progress": "hidden",  # what one works on is not covered
            "concurrency_id": "plan",
            **private,
        }
        remember: dict[str, Any] = {
            "fn": None,
            "inputs": visit,
            "outputs": None,
            "js": _KEEP_IN_TAB,
            **private,
        }
        change_event = plan_event | {"inputs": [*given, change, *asked]}
        about_clip = [span_start, span_length, clip_about]
        intake.input(take, intake, [audio, channels, *about_clip], **private)
        audio.input(handlers.inspect, [audio, channels], about_clip, **private)
        for other in (intake.input, audio.start_recording):
            other(planning.forget_names, [objects, *guesses], objects, **private)
        channels.input(handlers.inspect, [audio, channels], about_clip, **private)
        planner.change(
            planning.choose_planner,
            planner,
            [model_fields, stop_plan, change_row, *asked],
            **private,
        )
        stop_plan.click(planning.cancel_plan, None, None, queue=False, **private)
        for trigger, event in (
            (plan_button.click, plan_event),
            (objects.submit, plan_event),
            (change_button.click, change_event),
            (change.submit, change_event),
        ):
            trigger(planning.plan_started, None, plan_bar, queue=False, **private)
            made = trigger(**event)
            made.then(lambda: handlers.IDLE, None, plan_bar, queue=False, **private)
            made.then(**remember)
        for guess in guesses:
            named = guess.input(planning.name_sounds, guesses, objects, **private)
            named.then(**plan_event).then(**remember)
        for button, path in example_buttons:
            button.click(
                lambda path=path: (path, "", "auto", 1, *handlers.inspect(path)),
                None,
                [audio, objects, channels, width, *about_clip],
                **private,
            ).then(**plan_event).then(**remember)
        wire_takes(demo, takes, rendering, editor, span)
        demo.load(planning.visited, visit, visited, js=_OF_THIS_TAB, **private)
        visited.change(
            planning.resume, visited, [*span, width, objects, clip_about, *planned], **private
        ).then(**remember)
        upload.upload(handlers.import_layout, [upload, editor], [editor, reason], **private)
    demo.queue(default_concurrency_limit=PLANS_AT_ONCE, max_size=None)  # limits are a visitor's
    return demo
