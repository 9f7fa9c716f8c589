"""Train the mini model: one command per stage and one for all.

    python -m spa2v_core.training.mini sprites      # needs npm and a network, once
    python -m spa2v_core.training.mini vae latents base motion export
    python -m spa2v_core.training.mini all

Stages keep their results in the work folder, so a run resumes at any stage; each has a gate that
stops what does not learn. One H100 takes about three quarters of an hour for all of it; several
learn together by `torchrun --nproc-per-node N -m ..`, each from clips of its own. Base, text
and grounding are trained together, because a base this small can't be grounded afterwards; motion
modules follow, with the rest frozen; at last all of it is distilled to four steps without guidance,
or gets what an earlier distillation changed ("transfer", which is not part of "all").
"""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ..world.sprites import pack_sprites
from . import cards
from .detector import train_detector
from .few_step import distill, take_walks, transfer
from .trainer import STAGES, Recipe, Trainer

#: Not part of "all".
TRANSFER = "transfer"
#: What the first card does alone.
ALONE = ("sprites", TRANSFER, "export")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("stages", nargs="+", choices=[*STAGES, "all"])
    parser.add_argument("--work", type=Path, default=Path("build/training"))
    parser.add_argument("--out", type=Path, default=Path("assets/mini"))
    parser.add_argument("--detector-out", type=Path, default=Path("assets/detector"))
    for field in fields(Recipe):
        if isinstance(field.default, bool):
            parser.add_argument(f"--{field.name}", action="store_true")
        else:
            parser.add_argument(
                f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default
            )
    options = vars(parser.parse_args(arguments))
    recipe = replace(Recipe(), **{f.name: options[f.name] for f in fields(Recipe)})
    with cards.joined(recipe.device):
        recipe = replace(recipe, seed=recipe.seed + cards.SEEDS_APART * cards.rank())
        _run(options["stages"], Trainer(recipe, options["work"]), options)


def _run(stages: list[str], trainer: Trainer, options: dict[str, Any]) -> None:
    """Stage after stage, on every card or on the first one."""
    run = {
        "sprites": lambda: pack_sprites(trainer.work / "sprites.npz"),
        "vae": trainer.train_vae,
        "latents": trainer.encode_pool,
        "base": trainer.train_base,
        "motion": trainer.train_motion,
        "decoder": trainer.train_decoder,
        "walks": lambda: take_walks(trainer),
        "distill": lambda: distill(trainer),
        TRANSFER: lambda: transfer(trainer),
        "export": lambda: trainer.export(options["out"]),
        "detector": lambda: train_detector(trainer, options["detector_out"]),
    }
    everything = [stage for stage in STAGES if stage != TRANSFER]
    for stage in everything if "all" in stages else stages:
        if stage not in ALONE or not cards.rank():
            run[stage]()
        cards.wait()


if __name__ == "__main__":
    main()
