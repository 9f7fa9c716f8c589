"""Write simulated scenes: clips, exact layouts and how each was recorded.

python -m spa2v_core.simulation --out build/scenes --count 20 --seed 0
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .scenes import scene_set, synthesised_sounds, write_scenes


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description="Write simulated scenes: stereo clips with their exact layouts."
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    drawn = scene_set(synthesised_sounds(), options.count, options.seed)
    written = write_scenes(options.out, (scene for _, scene in drawn))
    print(f"wrote {written} scenes to {options.out}")


if __name__ == "__main__":
    main()
