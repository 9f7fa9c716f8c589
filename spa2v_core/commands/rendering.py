"""Commands that make a video: render, run."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import options as declared
from .. import pipeline
from ..audio.clip import AudioClip
from ..generation.base import Notice, Progress, RenderRequest
from ..layout import VideoSceneLayout, edit
from ..layout import io as layout_io
from . import Command
from .common import RENDERING, analyse, output, render_options, say, span_of, span_options
from .planning import make_plan, plan_options


def _render(options: argparse.Namespace) -> None:
    layout = layout_io.read(options.layout)
    excerpt = span_of(options).read()
    clip = excerpt.clip
    for line in (excerpt.note, *clip.notes):
        if line:
            say(line)
    if options.rescale:
        layout = edit.rescale(layout, clip.duration_s)
    make_video(options, layout, clip)


def _run(options: argparse.Namespace) -> None:
    analysis = analyse(options)
    make_video(options, make_plan(options, analysis), analysis.clip)


def make_video(options: argparse.Namespace, layout: VideoSceneLayout, clip: AudioClip) -> None:
    out = output(options.out, ".mp4")
    request = RenderRequest(
        layout=layout,
        clip=clip,
        backend=options.backend,
        preset=options.preset,
        seed=options.seed,
        captions=options.captions,
        grounding=options.grounding,
        options=declared.given(options, RENDERING),
    )
    for event in pipeline.render(request, out):
        if isinstance(event, Progress) and event.stage == "denoise":
            left = "" if event.remaining_s is None else f", about {event.remaining_s:.0f} s left"
            say(f"step {event.done}/{event.total}{left}")
        elif isinstance(event, Notice):
            say(event.text)
        elif isinstance(event, pipeline.Rendered):
            spent = ", ".join(f"{stage} {value:.1f} s" for stage, value in event.seconds.items())
            say(f"wrote {event.path} ({spent})")


def add(command: Command) -> None:
    render = command("render", _render, "Render a layout with its sound.")
    render.add_argument("layout", type=Path, metavar="layout.json")
    render.add_argument("--audio", type=Path, required=True, metavar="CLIP")
    render.add_argument(
        "--rescale", action="store_true", help="fit the layout to the clip's length"
    )
    span_options(render)
    render_options(render)
    render.add_argument("--out", type=Path, required=True, metavar="video.mp4")

    run = command("run", _run, "Plan and render in one go.")
    run.add_argument("audio", type=Path, metavar="CLIP")
    span_options(run)
    plan_options(run)
    render_options(run)
    run.add_argument("--out", type=Path, required=True, metavar="video.mp4")
