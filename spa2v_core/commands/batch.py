"""The command for many clips: batch."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from functools import partial

from ..batch.on_ray import Cluster, on_ray
from ..batch.report import REPORT, Rate, Report, claim
from ..batch.rows import COLUMNS, Row, read_rows
from ..batch.run import Runner, in_a_loop, in_a_pool
from ..batch.work import Settings
from ..errors import BatchError, InputError
from ..options import given
from . import Command
from .common import PLANNING, RENDERING, planning_options, render_options, say, span_options


def _defaults(options: argparse.Namespace) -> Row:
    """What a row holds where the table says nothing."""
    return Row(
        name="",
        clip="",
        objects=options.objects or "",
        start_s=options.start,
        duration_s=options.duration,
        channels=options.channels,
        planner=options.planner,
        backend=options.backend,
        preset=options.preset,
        seed=options.seed,
    )


def _settings(options: argparse.Namespace) -> Settings:
    """What all rows share."""
    return Settings(
        out=options.out,
        render=not options.plan_only,
        tagger=options.tagger,
        width=options.width,
        swap_channels=options.swap_channels,
        captions=options.captions,
        grounding=options.grounding,
        planner_options=given(options, PLANNING),
        render_options=given(options, RENDERING),
        threads=options.threads,
    )


def _batch(options: argparse.Namespace) -> None:
    settings, runner = _settings(options), _runner(options)
    rows = read_rows(options.source, _defaults(options), options.out)
    claim(settings, rows)
    report = Report(settings)
    todo = report.resume(rows)
    if len(todo) < len(rows):
        say(f"{len(rows) - len(todo)} of {len(rows)} rows are done already")
    rate = Rate(len(todo), say)
    outcomes: Iterator = runner(todo, settings) if todo else iter(())
    try:
        for outcome in outcomes:
            report.add(outcome)
            rate.note(outcome)
    finally:
        text = report.close()
    print(text, end="")
    failed = sum(line["status"] == "failed" for line in report.lines.values())
    if failed:
        raise BatchError(
            f"{failed} of {len(rows)} rows failed: {REPORT} in {options.out} says why; the same"
            " command tries them again"
        )


def _runner(options: argparse.Namespace) -> Runner:
    """What the flags ask for."""
    if options.workers < 0 or options.threads < 0:
        raise InputError("--workers and --threads are 0 or more")
    if options.ray is None:
        if options.gpus or options.resource or options.planners:
            raise InputError("--gpus, --resource and --planners are for --ray")
        return partial(in_a_pool, workers=options.workers) if options.workers else in_a_loop
    cluster = Cluster(
        address=options.ray,
        planners=options.planners,
        renderers=options.workers,
        gpus=options.gpus,
        resource=options.resource,
    )
    return partial(on_ray, cluster=cluster)


def add(command: Command) -> None:
    batch = command("batch", _batch, "Plan and render many clips; what exists is not made again.")
    batch.add_argument(
        "source",
        metavar="FOLDER|CSV",
        help=f"a path, or a URL that fsspec knows (s3://..); columns: {', '.join(COLUMNS)}",
    )
    batch.add_argument("--out", required=True, metavar="DIR", help="a folder, or a URL")
    batch.add_argument("--plan-only", action="store_true", help="layouts, no videos")
    batch.add_argument(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help="processes at once (default 0: one row after the other); with --ray, renderers",
    )
    batch.add_argument(
        "--threads",
        type=int,
        default=1,
        metavar="N",
        help=f"of each process (default 1; 0: all {os.cpu_count()} cores)",
    )
    batch.add_argument(
        "--ray",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="by Ray Data: on this machine, or on the cluster at an address (auto, ray://..)",
    )
    batch.add_argument("--planners", type=int, default=0, metavar="N", help="with --ray: at most")
    batch.add_argument(
        "--gpus", type=float, default=0.0, metavar="F", help="with --ray: of each renderer"
    )
    batch.add_argument(
        "--resource", default="", metavar="NAME", help="with --ray: taken by each renderer"
    )
    span_options(batch)
    planning_options(batch)
    render_options(batch)
