"""Golden cases (tests/golden/metrics.json says how they were made) and layouts to draw from."""

import json
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from spa2v_core.layout import Box, Keyframe, ObjectTrack, VideoSceneLayout
from spa2v_core.metrics.static import StaticLayout
from tests.strategies import boxes

_GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "metrics.json").read_text())


def named(cases):
    return {case["name"]: case for case in cases}


PAIRS, SETS = named(_GOLDEN["pairs"]), named(_GOLDEN["sets"])


def static(value):
    return StaticLayout(tuple(value["labels"]), np.array(value["boxes"]).reshape(-1, 4))


def pair(name):
    return static(PAIRS[name]["prediction"]), static(PAIRS[name]["reference"])


@st.composite
def statics(draw, max_size=4):
    labels = draw(st.lists(st.sampled_from(["car", "dog", "piano"]), max_size=max_size))
    return StaticLayout(
        tuple(labels), np.array([draw(boxes()) for _ in labels], dtype=float).reshape(-1, 4)
    )


def shuffled(layout, seed):
    order = np.random.default_rng(seed).permutation(len(layout.labels))
    return StaticLayout(tuple(layout.labels[i] for i in order), layout.boxes[order])


def at(x, y=0.5, size=0.2):
    return Box.from_centre(x, y, size, size)


def track(name, first, last=None, *, start=0, end=7):
    """A track that moves from box `first` to box `last` in the time from `start` to `end`."""
    keys = [Keyframe(frame=start, box=first)]
    if last is not None:
        keys.append(Keyframe(frame=end, box=last))
    return ObjectTrack(id=0, name=name, start=start, end=end, keyframes=tuple(keys))


def video(*tracks, frames=8):
    numbered = tuple(t.model_copy(update={"id": i}) for i, t in enumerate(tracks))
    return VideoSceneLayout(frame_count=frames, duration_s=2.0, objects=numbered)
