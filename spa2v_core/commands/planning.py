"""Commands that listen: plan, cues, approve."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .. import pipeline
from ..audio import hearing
from ..errors import InputError
from ..files import write_text
from ..layout import VideoSceneLayout, motion_category
from ..layout import io as layout_io
from ..options import given
from ..planning.registry import options_for, planners
from ..planning.report import read_prices
from . import Command
from .common import PLANNING, analyse, hearing_options, output, planning_options, say, span_options


def _plan(options: argparse.Namespace) -> None:
    analysis = analyse(options)
    layout = make_plan(options, analysis)
    layout_io.write(layout, output(options.out, ".json"))
    say(f"wrote {options.out}")


def _cues(options: argparse.Namespace) -> None:
    analysis = analyse(options)
    out = output(options.out, ".json")
    write_text(out, json.dumps(hearing.to_dict(analysis.cues, analysis.heard), indent=1) + "\n")
    say(f"wrote {options.out}")


def _approve(options: argparse.Namespace) -> None:
    from ..planning import retrieval

    analysis = analyse(options)
    cues = hearing.to_dict(analysis.cues, analysis.heard)
    exemplar = retrieval.Exemplar(
        options.audio.name,
        cues,
        layout_io.read(options.layout),
        pipeline.embedding(analysis.clip, options.tagger),
    )
    count = retrieval.add(output(options.into, ".json"), exemplar)
    say(f"{options.into} holds {count} exemplars")


def make_plan(options: argparse.Namespace, analysis: pipeline.Analysis) -> VideoSceneLayout:
    prices = read_prices(options.prices)
    current = layout_io.read(options.current) if options.current else None
    if bool(options.change) != (current is not None):
        raise InputError("--change needs --current with the layout to change, and the other way")
    plan = pipeline.plan(
        analysis,
        planner=options.planner,
        seed=options.seed,
        options=options_for(options.planner, given(options, PLANNING)),
        current=current,
        change=options.change,
        embedding=pipeline.embedding(analysis.clip, options.tagger),
    )
    layout = plan.layout
    for note in (*plan.report.notes, plan.report.summary(prices)):
        if note:
            say(note)
    for track in layout.objects:
        category = motion_category(track, layout.frame_count).replace("_", " ")
        say(f"planned {track.phrase}: {category} (confidence {track.confidence:.2f})")
    return layout


def plan_options(parser: argparse.ArgumentParser) -> None:
    planning_options(parser)
    parser.add_argument("--prices", type=Path, metavar="FILE", help="per million tokens, as JSON")
    who = ", ".join(name for name, spec in planners().items() if spec.asks_a_model)
    group = parser.add_argument_group(f"changing a layout in words ({who})")
    group.add_argument("--current", type=Path, metavar="layout.json", help="what to change")
    group.add_argument("--change", default="", metavar='"add a dog on the left"')


def add(command: Command) -> None:
    plan = command("plan", _plan, "Plan a video scene layout from a recording.")
    plan.add_argument("audio", type=Path, metavar="CLIP")
    span_options(plan)
    plan_options(plan)
    plan.add_argument("--seed", type=int, default=0)
    plan.add_argument("--out", type=Path, required=True, metavar="layout.json")

    cues = command("cues", _cues, "Write what was measured in a recording.")
    cues.add_argument("audio", type=Path, metavar="CLIP")
    span_options(cues)
    hearing_options(cues)
    cues.add_argument("--out", type=Path, required=True, metavar="cues.json")

    approve = command("approve", _approve, "Keep a layout as an example for models (--exemplars).")
    approve.add_argument("audio", type=Path, metavar="CLIP")
    approve.add_argument("layout", type=Path, metavar="layout.json")
    approve.add_argument("--into", type=Path, required=True, metavar="mine.json")
    span_options(approve)
    hearing_options(approve)
