"""`make bench-names`: how well the tagger names real recordings and held-out packages.

    python -m tests.benchmarks.names --clips FOLDER ... [--work build/tagger] [--tagger clap]

Every folder holds clips and a `clips.csv` (file,label). This is the tagger's own opinion, before
objects and scene are told apart. The held-out packages are fetched with apt, once.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from spa2v_core.audio.taggers.registry import DEFAULT, TAGGERS, get_tagger
from spa2v_core.training.sounds.sources import pack_sounds
from spa2v_core.training.tagger.report import clips_of, held_out, table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--clips", type=Path, nargs="*", default=[], metavar="FOLDER")
    parser.add_argument("--work", type=Path, default=Path("build/tagger"))
    parser.add_argument("--tagger", choices=TAGGERS.names(), default=DEFAULT)
    parser.add_argument("--only-clips", action="store_true", help="not the held-out packages")
    options = parser.parse_args()
    tagger = get_tagger(options.tagger)
    for folder in options.clips:
        print(f"== {folder.name}\n{table(list(clips_of(folder, tagger)))}\n")
    if options.only_clips:
        return
    if not any((options.work / name).exists() for name in ("dry.npz", "held.npz")):
        options.work.mkdir(parents=True, exist_ok=True)
        pack_sounds(options.work, held_only=True)
    print(f"== held-out packages\n{table(list(held_out(options.work, tagger)))}")


if __name__ == "__main__":
    main()
