"""Make the exemplars: simulated scenes of every motion, with what is measured in them.

    python -m spa2v_core.training.exemplars

Sounds are synthesised; layouts are exact. Scenes are kept where the ears alone name everything and
read every motion right, so that the reasoning (the offline planner's, it quotes the measured
figures) leads from what is shown to the layout.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from ..audio.cues import measure
from ..audio.hearing import hear, to_dict
from ..audio.taggers.registry import DEFAULT as DEFAULT_TAGGER
from ..audio.taggers.registry import TAGGERS, get_tagger
from ..layout import VideoSceneLayout, motion_category
from ..layout.edit import revise
from ..pipeline import embedding
from ..planning import wording
from ..planning.base import PlanRequest
from ..planning.registry import get_planner
from ..planning.retrieval import DATABASE, Exemplar, write
from ..planning.setting import setting_from
from ..simulation.scenes import Scene, draw_scene, synthesised_sounds

#: Exemplars of each motion category with one source, and with two.
SINGLE, DOUBLE = 8, 24
#: Scenes that are drawn at most.
MOST_DRAWN = 1200


def exemplar(scene: Scene, tagger: str) -> Exemplar | None:
    """A scene with its cues, None where the ears get a name or a motion wrong: what is reasoned
    from the cues must lead to the layout. By CLAP also with its embedding."""
    cues = measure(scene.clip)
    heard = hear(cues, get_tagger(tagger))
    said = get_planner("cues").plan(PlanRequest(scene.clip, cues, heard)).layout
    if _moves(said) != _moves(scene.layout):
        return None
    tracks, count = scene.layout.objects, scene.layout.frame_count
    _, about = said.reasoning.split("\n", 1)  # the first line repeats the table's
    layout = revise(
        scene.layout,
        reasoning=about,
        scene=said.scene,
        caption=wording.caption(tracks, count, setting_from(said.scene, tracks)),
        frame_captions=wording.frame_captions(tracks, count),
    )
    return Exemplar(scene.name, to_dict(cues, heard), layout, embedding(scene.clip, tagger))


def _moves(layout: VideoSceneLayout) -> list[tuple[str, str]]:
    """What is there and how it moves."""
    return sorted((t.name, motion_category(t, layout.frame_count)) for t in layout.objects)


def make(seed: int, tagger: str = DEFAULT_TAGGER) -> list[Exemplar]:
    """Scenes are drawn until every motion has its number."""
    sounds, found = synthesised_sounds(), []
    had: Counter[str] = Counter()
    for index in range(MOST_DRAWN):
        rng = np.random.default_rng((seed, index))
        count = 2 if index % 2 else 1
        room = index % 3 == 2
        scene = draw_scene(
            f"scene-{seed}-{index}", sounds, rng, count=count, reverberant=room, noisy=room
        )
        motion = motion_category(scene.layout.objects[0], scene.layout.frame_count)
        kind = motion if count == 1 else "several"
        if had[kind] >= (SINGLE if count == 1 else DOUBLE):
            continue
        one = exemplar(scene, tagger)
        if one is not None:
            had[kind] += 1
            found.append(one)
            print(f"{index + 1} scenes drawn: {dict(had)}", flush=True)
        if len(found) == 7 * SINGLE + DOUBLE:
            break
    return found


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=DATABASE)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument(
        "--tagger", choices=TAGGERS.names(), default=DEFAULT_TAGGER, help="clap: embeddings too"
    )
    options = parser.parse_args(arguments)
    write(options.out, make(options.seed, options.tagger))


if __name__ == "__main__":
    main()
