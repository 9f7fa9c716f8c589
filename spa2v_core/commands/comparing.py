"""Commands that compare and check: evaluate, evaluate-planners, leaderboard, check."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..options import given
from ..planning.registry import options_for
from . import Command
from .common import PLANNING, RENDERING, output, planner_options, render_options, say


def _evaluate(options: argparse.Namespace) -> None:
    # scipy.optimize takes longer to load than all the rest of the command line.
    from ..evaluation.layouts import REPORT_NAME, evaluate

    out = output(options.out or options.pred / REPORT_NAME, ".json")
    report = evaluate(options.pred, options.ref)
    if options.videos or options.i3d:
        from ..evaluation.videos import evaluate_videos, mini_detector

        seen = evaluate_videos(options.pred, options.ref, mini_detector(), options.i3d)
        report = replace(report, figures=report.figures | seen)
    print(report.markdown() if options.markdown else report.table())
    report.write(out)
    say(f"wrote {out}")


def _evaluate_planners(options: argparse.Namespace) -> None:
    from ..evaluation import planners as ablation

    conditions = list(ablation.ABLATIONS) if options.ablations else ["full"]
    rows = list(
        ablation.run(
            options.set,
            options.planner,
            options_for(options.planner, given(options, PLANNING)),
            conditions,
            named=options.named,
            seed=options.seed,
            say=say,
        )
    )
    print(ablation.table(rows))


def _leaderboard(options: argparse.Namespace) -> None:
    from ..evaluation.leaderboard import page
    from ..files import write_text

    out = output(options.out, ".md")
    others = {}
    for text in options.row:
        name, _, folder = text.rpartition("=")
        if not name:
            raise InputError(f"--row is NAME=DIR, not '{text}'")
        others[name] = Path(folder)
    counts = {"usual": options.usual, "harder": options.harder}
    write_text(out, page(options.work, counts, others, options.workers))
    say(f"wrote {out}")


def _check(options: argparse.Namespace) -> None:
    from ..evaluation.check import check

    check(
        options.backend,
        options.out,
        say,
        preset=options.preset,
        seed=options.seed,
        captions=options.captions,
        grounding=options.grounding,
        options=given(options, RENDERING),
    )
    print(f"wrote {options.out}: check.jpg, check.md, check.json and the videos")


def add(command: Command) -> None:
    evaluate = command("evaluate", _evaluate, "Compare layouts with references of the same name.")
    evaluate.add_argument("--pred", type=Path, required=True, metavar="DIR")
    evaluate.add_argument("--ref", type=Path, required=True, metavar="DIR")
    evaluate.add_argument(
        "--out", type=Path, metavar="report.json", help="default: evaluation.json in --pred"
    )

    evaluate.add_argument(
        "--videos", action="store_true", help="the videos beside the layouts too, by a detector"
    )
    evaluate.add_argument(
        "--i3d", type=Path, metavar="FILE", help="TorchScript I3D (Kinetics-400), for FVD"
    )
    evaluate.add_argument("--markdown", action="store_true", help="the table for a page")

    board = command("leaderboard", _leaderboard, "Planners on two sets of simulated scenes.")
    board.add_argument("--out", type=Path, required=True, metavar="leaderboard.md")
    board.add_argument("--usual", type=int, default=240, metavar="N", help="scenes (default 240)")
    board.add_argument("--harder", type=int, default=120, metavar="N", help="scenes (default 120)")
    board.add_argument("--row", action="append", default=[], metavar="NAME=DIR", help="one to add")
    board.add_argument("--workers", type=int, default=2, metavar="N", help="processes at once")
    board.add_argument("--work", type=Path, default=Path("build/leaderboard"), metavar="DIR")

    ablations = command(
        "evaluate-planners", _evaluate_planners, "Plan a set of clips and compare with the truth."
    )
    ablations.add_argument("--set", type=Path, required=True, metavar="DIR")
    ablations.add_argument("--ablations", action="store_true", help="every ablation of the paper")
    ablations.add_argument("--named", action="store_true", help="tell the planner the true names")
    ablations.add_argument("--seed", type=int, default=0)
    planner_options(ablations)

    seen = command("check", _check, "Render eight fixed layouts: a sheet and a report.")
    render_options(seen)
    seen.add_argument("--out", type=Path, required=True, metavar="DIR")
