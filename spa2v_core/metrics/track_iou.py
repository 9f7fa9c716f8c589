"""Track mIoU: how well whole tracks coincide, in space and time."""

from __future__ import annotations

from collections import Counter

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..layout import VideoSceneLayout
from .boxes import iou, track_boxes, visible
from .static import canonical


def track_iou(prediction: VideoSceneLayout, reference: VideoSceneLayout) -> float:
    """Mean IoU of the tracks, matched one to one within a name so that the sum is greatest.

        IoU(a, b) = mean over the frames in which a or b is seen of IoU(a_k, b_k), 0 if one is not
        track mIoU = sum over matched (a, b) of IoU(a, b) / sum over names of max(#a, #b)

    Ours: MaxIoU, LTSim and DocSim look at each frame by itself and don't notice objects that
    change places between frames.

    Parameters
    ----------
    prediction, reference
        layouts; the prediction is sampled at the reference's frames' times. Boxes are clipped to
        the frame; a track that is never in it is left out.

    Returns
    -------
    float
        0..1; 1 for identical layouts, also if nothing is ever seen in both. A track without a
        partner of its name counts 0, on either side. Symmetric for equal frame counts.
    """
    ours, our_boxes = _seen(prediction, reference.frame_count)
    theirs, their_boxes = _seen(reference, reference.frame_count)
    if not ours and not theirs:
        return 1.0
    scores = np.array(
        [
            [_mean_iou(a, b) * (p == q) for q, b in zip(theirs, their_boxes, strict=True)]
            for p, a in zip(ours, our_boxes, strict=True)
        ]
    ).reshape(len(ours), len(theirs))
    best = scores[linear_sum_assignment(scores, maximize=True)].sum()
    return float(best) / (Counter(ours) | Counter(theirs)).total()


def _seen(layout: VideoSceneLayout, count: int) -> tuple[list[str], list[np.ndarray]]:
    """Names and boxes of the tracks that are in the picture at one of `count` times."""
    boxes = [visible(track_boxes(track, layout.frame_count, count)) for track in layout.objects]
    seen = [i for i, one in enumerate(boxes) if not np.isnan(one).all()]
    return [canonical(layout.objects[i].name) for i in seen], [boxes[i] for i in seen]


def _mean_iou(a: np.ndarray, b: np.ndarray) -> float:
    either = ~(np.isnan(a) & np.isnan(b)).all(-1)
    return float(np.nan_to_num(iou(a, b))[either].mean())
