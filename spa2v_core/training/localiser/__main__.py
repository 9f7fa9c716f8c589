"""Make the localiser.

    python -m spa2v_core.training.localiser sounds train export

`sounds` packs the dry sounds (needs what `spa2v_core.training.tagger sounds` fetched and packed),
`train` fits the network (on a GPU; `soundfile` reads the pack), `export` writes the ONNX file,
`report` measures it beside the rules.
"""

from __future__ import annotations

import argparse
from pathlib import Path

STAGES = ("sounds", "train", "export", "report")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("stages", nargs="+", choices=[*STAGES, "all"])
    parser.add_argument("--work", type=Path, default=Path("build/localiser"))
    parser.add_argument("--tagger", type=Path, default=Path("build/tagger"), help="its dry sounds")
    parser.add_argument("--out", type=Path, default=Path("assets/localiser"))
    parser.add_argument("--seconds", type=float, default=3300, help="time to train")
    parser.add_argument("--batch-seconds", type=float, default=640, help="of sound in a batch")
    parser.add_argument("--resume", action="store_true", help="go on from the last network")
    parser.add_argument("--seed", type=int, default=0, help="of the training or the report")
    parser.add_argument("--scenes", type=int, default=50, help="of a kind in the report")
    options = parser.parse_args(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    for stage in STAGES if "all" in options.stages else options.stages:
        _run(stage, options)


def _run(stage: str, options: argparse.Namespace) -> None:
    if stage == "sounds":
        from .bank import pack_sounds

        pack_sounds(options.work, options.tagger / "packages", options.tagger / "dry.npz")
        return
    if stage == "report":
        from .report import report

        print(report(options.scenes, options.seed))
        return
    from .train import export, train

    if stage == "train":
        train(options.work, options.seconds, options.seed, options.resume, options.batch_seconds)
    else:
        export(options.work, options.out)


if __name__ == "__main__":
    main()
