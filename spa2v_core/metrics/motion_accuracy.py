"""Motion-category accuracy: whether objects do what they do in the reference."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..layout import Category, ObjectTrack, VideoSceneLayout, motion_category
from .boxes import track_boxes
from .static import canonical

#: Distance in a frame in which only one of two tracks is present: a frame width.
ABSENT = 1.0
#: More than the distances of all tracks of a layout together, so that names come first.
OTHER_NAME = 1e4


def motion_accuracy(prediction: VideoSceneLayout, reference: VideoSceneLayout) -> float | None:
    """Share of the reference's tracks whose matched track has the same motion category.

    Ours; the categories are those of SpA2V (https://arxiv.org/abs/2508.00782), from the boxes by
    `layout.motion_category`. For the matching see `motion_pairs`.

    Parameters
    ----------
    prediction, reference
        layouts; their frame counts may differ.

    Returns
    -------
    float or None
        0..1, 1 for identical layouts; None if the reference has no tracks. A reference track
        without a partner is wrong; a predicted one without a partner doesn't count. Not symmetric.
    """
    pairs = motion_pairs(prediction, reference)
    return sum(wanted == found for wanted, found in pairs) / len(pairs) if pairs else None


def motion_pairs(
    prediction: VideoSceneLayout, reference: VideoSceneLayout
) -> list[tuple[Category, Category | None]]:
    """Category of each reference track, and of the predicted track matched to it (None: none)."""
    return [
        (
            motion_category(wanted, reference.frame_count),
            motion_category(found, prediction.frame_count) if found else None,
        )
        for wanted, found in matched_tracks(prediction, reference)
    ]


def matched_tracks(
    prediction: VideoSceneLayout, reference: VideoSceneLayout
) -> list[tuple[ObjectTrack, ObjectTrack | None]]:
    """Each reference track with its predicted track, None if it has none.

    Tracks are matched one to one: as many as possible with the same name, then by the least sum of
    distances. Tracks of different names are matched too if they have no other partner: a planner
    that hears where something moves, but not what it is, is right about the motion.
    """
    cost = np.array(
        [
            [
                _distance(p, r, prediction.frame_count, reference.frame_count)
                + OTHER_NAME * (canonical(p.name) != canonical(r.name))
                for p in prediction.objects
            ]
            for r in reference.objects
        ]
    ).reshape(len(reference.objects), len(prediction.objects))
    partner = dict(zip(*linear_sum_assignment(cost), strict=True))
    return [
        (track, prediction.objects[partner[i]] if i in partner else None)
        for i, track in enumerate(reference.objects)
    ]


def _distance(p: ObjectTrack, r: ObjectTrack, p_frames: int, r_frames: int) -> float:
    """Mean absolute difference of the boxes' coordinates over the frames where either is."""
    ours, theirs = track_boxes(p, p_frames, r_frames), track_boxes(r, r_frames, r_frames)
    either = ~(np.isnan(ours) & np.isnan(theirs)).all(-1)
    difference = np.nan_to_num(np.abs(ours - theirs).mean(-1), nan=ABSENT)
    return float(difference[either].mean())
