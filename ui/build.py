"""The page: its columns beside one another."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import gradio as gr

from spa2v_core.assets import ASSETS
from spa2v_core.jobs.service import Jobs

from .api.endpoints import add_endpoints
from .api.tools import add_tools
from .editor.editor import Shown
from .intake import Guide
from .page.bar import action_bar
from .page.language import wire_language
from .page.picture import picture_column, why_row
from .page.sound import sound_column
from .page.takes import takes_column
from .page.wire import Page, wire
from .planning import PLANS_AT_ONCE
from .rendering import Rendering
from .scenes import Question, Scene, open_recording

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
HEADING = """# SpA2V Studio
Turn a sound into a video of where it happens: a quick cartoon preview here, full size with a GPU."""  # noqa: E501
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
    first = open_recording(Question(str(EXAMPLES / f"{EXAMPLE_CLIPS[0][0]}.m4a")))
    examples = {label: EXAMPLES / f"{name}.m4a" for name, label in EXAMPLE_CLIPS}
    with gr.Blocks(title="SpA2V Studio", fill_width=True, delete_cache=(3600, 86400)) as demo:
        renders = add_endpoints(jobs)  # first, so that they get their names
        if mcp:
            add_tools(renders)
        with gr.Row(elem_id="spa2v-head"):
            gr.Markdown(HEADING, elem_classes="spa2v-title")
            Guide()
            bar = action_bar()
        with gr.Row(equal_height=False, elem_id="spa2v-page"):
            with gr.Column(elem_id="spa2v-sound", min_width=0):
                sound = sound_column(first, examples)
            with gr.Column(elem_id="spa2v-picture", min_width=0):
                picture = picture_column(first, _first_video(first))
            with gr.Column(elem_id="spa2v-side", min_width=0):
                takes = takes_column(rendering)
        why = why_row(first)
        page = Page(sound, picture, bar, takes, why)
        wire(demo, page, rendering, wire_language(demo, page, first, rendering))
    demo.queue(default_concurrency_limit=PLANS_AT_ONCE, max_size=None)  # limits are a visitor's
    return demo


def _first_video(first: Scene) -> Shown | None:
    """The finished video of the first example, which plays when the page is opened."""
    path = EXAMPLES / f"{EXAMPLE_CLIPS[0][0]}.mp4"
    return Shown(path, first.feed.layout, "silent") if path.is_file() else None
