"""What several commands share: their flags, and what is done with them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .. import options as declared
from .. import pipeline
from ..audio.places import MAX_WIDTH, MIN_WIDTH
from ..audio.reading.choices import CHANNELS
from ..audio.span import Span
from ..audio.taggers.registry import DEFAULT as DEFAULT_TAGGER
from ..audio.taggers.registry import TAGGERS
from ..errors import InputError
from ..generation.registry import BACKENDS, kinds_of
from ..planning.registry import DEFAULT as DEFAULT_PLANNER
from ..planning.registry import names as planner_names
from ..planning.registry import planners

#: Prefixes of the options of planners and backends among what was given.
PLANNING, RENDERING = "planner", "render"


def span_of(options: argparse.Namespace) -> Span:
    return Span(
        options.audio, options.start, options.duration, options.swap_channels, options.channels
    )


def analyse(options: argparse.Namespace) -> pipeline.Analysis:
    analysis = pipeline.analyse(
        span_of(options),
        width=options.width,
        objects=options.objects,
        tagger=options.tagger,
    )
    for note in (analysis.note, *analysis.cues.notes):
        if note:
            say(note)
    return analysis


def output(path: Path, suffix: str) -> Path:
    if path.suffix != suffix:
        raise InputError(f"--out must end in {suffix}, not '{path.name}'")
    if path.is_dir():
        raise InputError(f"{path} is a folder")
    return path


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def span_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--start", type=float, metavar="S", help="start of the span, seconds")
    parser.add_argument(
        "--duration", type=float, metavar="S", help="length of the span (default: the loudest 10 s)"
    )
    parser.add_argument(
        "--swap-channels", action="store_true", help="exchange left and right, whatever they are"
    )
    parser.add_argument(
        "--channels",
        choices=CHANNELS,
        default="auto",
        help="; ".join(f"{name}: {about}" for name, about in CHANNELS.items()),
    )


def planner_options(parser: argparse.ArgumentParser) -> None:
    """The planner and what the planners take; keys come from the environment."""
    found = planners()
    parser.add_argument("--planner", choices=planner_names(), default=DEFAULT_PLANNER)
    takers = {name: spec.options for name, spec in found.items()}
    declared.add_flags(parser, takers, prefix=PLANNING, title="options")


def planning_options(parser: argparse.ArgumentParser) -> None:
    """What it takes to plan, but for changing a layout in words."""
    hearing_options(parser)
    planner_options(parser)


def hearing_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--objects", metavar='"car, dog"', help="what you hear, loudest first")
    parser.add_argument(
        "--width",
        type=_width,
        default=1.0,
        metavar="F",
        help="spread positions from the middle by this factor (crossed cardioids: about 2)",
    )
    parser.add_argument(
        "--tagger",
        choices=TAGGERS.names(),
        default=DEFAULT_TAGGER,
        help="what names sounds (clap: from the hub)",
    )


def _width(text: str) -> float:
    """A factor for positions, within what makes sense."""
    value = float(text)
    if not MIN_WIDTH <= value <= MAX_WIDTH:
        raise argparse.ArgumentTypeError(f"{MIN_WIDTH:g} to {MAX_WIDTH:g}, not {text}")
    return value


def render_options(parser: argparse.ArgumentParser) -> None:
    specs = BACKENDS.all()
    presets = dict.fromkeys(name for spec in specs.values() for name in spec.presets)
    kinds = dict.fromkeys(kind for spec in specs.values() for kind in kinds_of(spec))
    parser.add_argument("--backend", choices=BACKENDS.names(), default="mini")
    parser.add_argument("--preset", default="default", help=", ".join(presets))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--captions", choices=("mix", "global", "frame"), default="mix")
    parser.add_argument(
        "--grounding", default="default", metavar="KIND", help=f"none, or {', '.join(kinds)}"
    )
    takers = {name: spec.options for name, spec in specs.items()}
    declared.add_flags(parser, takers, prefix=RENDERING, title="departures from the preset")
