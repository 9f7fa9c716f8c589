"""Static layouts, on which MaxIoU, LTSim and DocSim are defined, and the way there from videos.

The three metrics were published for still layouts. SpA2V (https://arxiv.org/abs/2508.00782) reports
them for videos without saying how frames are put together. Here a metric is taken per layout frame,
at equal times, on what is seen in the picture (boxes clipped to it, as in the paper's own files),
and averaged over the frames: figures of other programs may have been put together otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..errors import LayoutError
from ..layout import VideoSceneLayout
from ..vocabulary import normalise, resolve
from .boxes import track_boxes, visible


@cache
def canonical(label: str) -> str:
    """Name under which a label is compared: "automobile" is "car"; unknown words stay."""
    found = resolve(label)
    return found.thing.name if found.known else normalise(label) or label


@dataclass(frozen=True, eq=False)
class StaticLayout:
    """N labelled boxes of one picture.

    Attributes
    ----------
    labels
        N names; kept in their canonical form.
    boxes
        (N, 4) xyxy, normalised to the frame, x2 > x1 and y2 > y1.
    """

    labels: tuple[str, ...]
    boxes: np.ndarray

    def __post_init__(self) -> None:
        boxes = np.asarray(self.boxes, dtype=float)
        if boxes.shape != (len(self.labels), 4):
            raise LayoutError(f"boxes: {len(self.labels)} x 4 expected, not {boxes.shape}")
        if not (np.isfinite(boxes).all() and (boxes[:, 2:] > boxes[:, :2]).all()):
            raise LayoutError("boxes: finite numbers with x2 > x1 and y2 > y1 are expected")
        object.__setattr__(self, "labels", tuple(canonical(label) for label in self.labels))
        object.__setattr__(self, "boxes", boxes)


EMPTY = StaticLayout((), np.empty((0, 4)))


def same_label(a: StaticLayout, b: StaticLayout) -> np.ndarray:
    """(N, M) whether object i of `a` and object j of `b` have the same label."""
    same = [[p == q for q in b.labels] for p in a.labels]
    return np.array(same, dtype=bool).reshape(len(a.labels), len(b.labels))


def frames(layout: VideoSceneLayout, count: int) -> list[StaticLayout]:
    """What is seen at `count` equal times of a video; objects outside the picture are left out."""
    boxes = [visible(track_boxes(t, layout.frame_count, count)) for t in layout.objects]
    result = []
    for k in range(count):
        seen = [i for i in range(len(boxes)) if not np.isnan(boxes[i][k, 0])]
        labels = tuple(layout.objects[i].name for i in seen)
        result.append(StaticLayout(labels, np.array([boxes[i][k] for i in seen]).reshape(-1, 4)))
    return result


def mean_over_frames(
    score: Callable[[StaticLayout, StaticLayout], float],
    prediction: VideoSceneLayout,
    reference: VideoSceneLayout,
) -> float:
    """Mean of a score of static layouts over the reference's frames.

    Frames in which neither layout shows anything say nothing about either and don't count; if all
    are so, the score is that of two empty layouts.
    """
    count = reference.frame_count
    pairs = zip(frames(prediction, count), frames(reference, count), strict=True)
    scores = [score(p, r) for p, r in pairs if p.labels or r.labels]
    return float(np.mean(scores)) if scores else score(EMPTY, EMPTY)
