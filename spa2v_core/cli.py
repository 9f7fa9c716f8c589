"""The command line: plan, render, run, cues, fetch, evaluate."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from . import __version__, hub, pipeline
from . import options as declared
from .audio import hearing
from .audio.choices import CHANNELS
from .audio.places import MAX_WIDTH, MIN_WIDTH
from .audio.span import Span
from .audio.taggers.registry import DEFAULT as DEFAULT_TAGGER
from .audio.taggers.registry import TAGGERS
from .errors import InputError, Spa2vError
from .files import write_text
from .generation.base import Notice, Progress, RenderRequest
from .generation.registry import BACKENDS, kinds_of
from .layout import VideoSceneLayout, edit, motion_category
from .layout import io as layout_io
from .options import add_flags, given
from .planning.registry import DEFAULT as DEFAULT_PLANNER
from .planning.registry import names as planner_names
from .planning.registry import options_for, planners
from .planning.report import read_prices

#: Prefix of the options of backends among what was given.
RENDERING = "render"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0, 2 for bad input, 1 for what is missing (weights, keys)."""
    options = _parser().parse_args(arguments)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminated)
    try:
        options.run(options)
    except Spa2vError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"error: {error.strerror or error}: {error.filename or ''}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cancelled", file=sys.stderr)
        return 130
    return 0


def _terminated(*_: object) -> None:
    """End in order, so that nothing half-written stays."""
    sys.exit(128 + signal.SIGTERM)


def _plan(options: argparse.Namespace) -> None:
    analysis = _analyse(options)
    layout = _make_plan(options, analysis)
    layout_io.write(layout, _output(options.out, ".json"))
    _say(f"wrote {options.out}")


def _cues(options: argparse.Namespace) -> None:
    analysis = _analyse(options)
    out = _output(options.out, ".json")
    write_text(out, json.dumps(hearing.to_dict(analysis.cues, analysis.heard), indent=1) + "\n")
    _say(f"wrote {options.out}")


def _render(options: argparse.Namespace) -> None:
    layout = layout_io.read(options.layout)
    excerpt = _span(options).read()
    clip = excerpt.clip
    for line in (excerpt.note, *clip.notes):
        if line:
            _say(line)
    if options.rescale:
        layout = edit.rescale(layout, clip.duration_s)
    _make_video(options, layout, clip)


def _run(options: argparse.Namespace) -> None:
    analysis = _analyse(options)
    _make_video(options, _make_plan(options, analysis), analysis.clip)


def _approve(options: argparse.Namespace) -> None:
    from .planning import retrieval

    analysis = _analyse(options)
    cues = hearing.to_dict(analysis.cues, analysis.heard)
    exemplar = retrieval.Exemplar(
        options.audio.name,
        cues,
        layout_io.read(options.layout),
        pipeline.embedding(analysis.clip, options.tagger),
    )
    count = retrieval.add(_output(options.into, ".json"), exemplar)
    _say(f"{options.into} holds {count} exemplars")


def _fetch(options: argparse.Namespace) -> None:
    for key in hub.wanted(options.models):
        _say(f"{key} is in {hub.fetch(key, _say)}")


def _evaluate(options: argparse.Namespace) -> None:
    # scipy.optimize takes longer to load than all the rest of the command line.
    from .evaluation.layouts import REPORT_NAME, evaluate

    out = _output(options.out or options.pred / REPORT_NAME, ".json")
    report = evaluate(options.pred, options.ref)
    print(report.table())
    report.write(out)
    _say(f"wrote {out}")


def _evaluate_planners(options: argparse.Namespace) -> None:
    from .evaluation import planners as ablation

    conditions = list(ablation.ABLATIONS) if options.ablations else ["full"]
    rows = list(
        ablation.run(
            options.set,
            options.planner,
            options_for(options.planner, given(options, "planner")),
            conditions,
            named=options.named,
            seed=options.seed,
            say=_say,
        )
    )
    print(ablation.table(rows))


def _span(options: argparse.Namespace) -> Span:
    return Span(
        options.audio, options.start, options.duration, options.swap_channels, options.channels
    )


def _analyse(options: argparse.Namespace) -> pipeline.Analysis:
    analysis = pipeline.analyse(
        _span(options),
        width=options.width,
        objects=options.objects,
        tagger=options.tagger,
    )
    for note in (analysis.note, *analysis.cues.notes):
        if note:
            _say(note)
    return analysis


def _make_plan(options: argparse.Namespace, analysis: pipeline.Analysis) -> VideoSceneLayout:
    prices = read_prices(options.prices)
    current = layout_io.read(options.current) if options.current else None
    if bool(options.change) != (current is not None):
        raise InputError("--change needs --current with the layout to change, and the other way")
    plan = pipeline.plan(
        analysis,
        planner=options.planner,
        seed=options.seed,
        options=options_for(options.planner, given(options, "planner")),
        current=current,
        change=options.change,
        embedding=pipeline.embedding(analysis.clip, options.tagger),
    )
    layout = plan.layout
    for note in (*plan.report.notes, plan.report.summary(prices)):
        if note:
            _say(note)
    for track in layout.objects:
        category = motion_category(track, layout.frame_count).replace("_", " ")
        _say(f"planned {track.phrase}: {category} (confidence {track.confidence:.2f})")
    return layout


def _make_video(options: argparse.Namespace, layout: VideoSceneLayout, clip: object) -> None:
    out = _output(options.out, ".mp4")
    request = RenderRequest(
        layout=layout,
        clip=clip,  # type: ignore[arg-type]
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
            _say(f"step {event.done}/{event.total}{left}")
        elif isinstance(event, Notice):
            _say(event.text)
        elif isinstance(event, pipeline.Rendered):
            spent = ", ".join(f"{stage} {value:.1f} s" for stage, value in event.seconds.items())
            _say(f"wrote {event.path} ({spent})")


def _output(path: Path, suffix: str) -> Path:
    if path.suffix != suffix:
        raise InputError(f"--out must end in {suffix}, not '{path.name}'")
    if path.is_dir():
        raise InputError(f"{path} is a folder")
    return path


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="spa2v_core", description="Turn a sound into a picture of where it happens."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    plan = command("plan", _plan, "Plan a video scene layout from a recording.")
    plan.add_argument("audio", type=Path, metavar="CLIP")
    _span_options(plan)
    _plan_options(plan)
    plan.add_argument("--seed", type=int, default=0)
    plan.add_argument("--out", type=Path, required=True, metavar="layout.json")

    render = command("render", _render, "Render a layout with its sound.")
    render.add_argument("layout", type=Path, metavar="layout.json")
    render.add_argument("--audio", type=Path, required=True, metavar="CLIP")
    render.add_argument(
        "--rescale", action="store_true", help="fit the layout to the clip's length"
    )
    _span_options(render)
    _render_options(render)

    run = command("run", _run, "Plan and render in one go.")
    run.add_argument("audio", type=Path, metavar="CLIP")
    _span_options(run)
    _plan_options(run)
    _render_options(run)

    cues = command("cues", _cues, "Write what was measured in a recording.")
    cues.add_argument("audio", type=Path, metavar="CLIP")
    _span_options(cues)
    _hearing_options(cues)
    cues.add_argument("--out", type=Path, required=True, metavar="cues.json")

    approve = command("approve", _approve, "Keep a layout as an example for models (--exemplars).")
    approve.add_argument("audio", type=Path, metavar="CLIP")
    approve.add_argument("layout", type=Path, metavar="layout.json")
    approve.add_argument("--into", type=Path, required=True, metavar="mine.json")
    _span_options(approve)
    _hearing_options(approve)

    fetch = command("fetch", _fetch, "Download pinned weights from the hub.")
    fetch.add_argument(
        "models", nargs="+", metavar="MODEL", help=", ".join([*hub.SETS, *hub.MODELS])
    )

    evaluate = command("evaluate", _evaluate, "Compare layouts with references of the same name.")
    evaluate.add_argument("--pred", type=Path, required=True, metavar="DIR")
    evaluate.add_argument("--ref", type=Path, required=True, metavar="DIR")
    evaluate.add_argument(
        "--out", type=Path, metavar="report.json", help="default: evaluation.json in --pred"
    )

    ablations = command(
        "evaluate-planners", _evaluate_planners, "Plan a set of clips and compare with the truth."
    )
    ablations.add_argument("--set", type=Path, required=True, metavar="DIR")
    ablations.add_argument("--ablations", action="store_true", help="every ablation of the paper")
    ablations.add_argument("--named", action="store_true", help="tell the planner the true names")
    ablations.add_argument("--seed", type=int, default=0)
    _planner_options(ablations)
    return parser


def _span_options(parser: argparse.ArgumentParser) -> None:
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


def _plan_options(parser: argparse.ArgumentParser) -> None:
    _hearing_options(parser)
    _planner_options(parser)
    who = ", ".join(name for name, spec in planners().items() if spec.asks_a_model)
    group = parser.add_argument_group(f"changing a layout in words ({who})")
    group.add_argument("--current", type=Path, metavar="layout.json", help="what to change")
    group.add_argument("--change", default="", metavar='"add a dog on the left"')


def _planner_options(parser: argparse.ArgumentParser) -> None:
    """The planner and what the planners take; keys come from the environment."""
    found = planners()
    parser.add_argument("--planner", choices=planner_names(), default=DEFAULT_PLANNER)
    parser.add_argument("--prices", type=Path, metavar="FILE", help="per million tokens, as JSON")
    takers = {name: spec.options for name, spec in found.items()}
    add_flags(parser, takers, prefix="planner", title="options")


def _hearing_options(parser: argparse.ArgumentParser) -> None:
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


def _render_options(parser: argparse.ArgumentParser) -> None:
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
    parser.add_argument("--out", type=Path, required=True, metavar="video.mp4")
    takers = {name: spec.options for name, spec in specs.items()}
    declared.add_flags(parser, takers, prefix=RENDERING, title="departures from the preset")
