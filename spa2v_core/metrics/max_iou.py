"""MaxIoU: how well boxes of equal labels coincide."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..layout import VideoSceneLayout
from .boxes import iou
from .static import StaticLayout, canonical, mean_over_frames, same_label

T = TypeVar("T")


class SetScore(NamedTuple):
    """value: mean over the matched pairs; coverage: share of all layouts that are in a pair."""

    value: float
    coverage: float


def max_iou(prediction: StaticLayout, reference: StaticLayout) -> float:
    """Mean IoU of the best one-to-one matching of boxes with equal labels.

        MaxIoU = 1/N * max over matchings of  sum_i IoU(b_i, b'_m(i)),  label_i = label'_m(i)

    Kikuchi et al., "Constrained Graphic Layout Generation via Latent Optimization", ACM MM 2021,
    https://arxiv.org/abs/2108.00871 (their code: ktrk115/const_layout, metric.py).

    Parameters
    ----------
    prediction, reference
        static layouts with N boxes each.

    Returns
    -------
    float
        0..1, symmetric; 1 for identical layouts. 0 if the labels with their counts differ: the
        metric is defined for equal labels only (the reference code never compares such layouts). 1
        if both are empty, where the reference code divides by 0.
    """
    if not equal_labels(prediction, reference):
        return 0.0
    if not prediction.labels:
        return 1.0
    # A pair of different labels counts 0, and with equal counts it never displaces a better one,
    # so that one assignment over all boxes gives the sum of the assignments per label.
    overlap = iou(prediction.boxes[:, None], reference.boxes) * same_label(prediction, reference)
    return float(overlap[linear_sum_assignment(overlap, maximize=True)].sum()) / len(overlap)


def equal_labels(a: StaticLayout, b: StaticLayout) -> bool:
    """Whether both have the same labels, each as often."""
    return sorted(a.labels) == sorted(b.labels)


def max_iou_of_sets(
    predictions: Sequence[StaticLayout], references: Sequence[StaticLayout]
) -> SetScore:
    """MaxIoU of two sets of layouts that aren't paired, as published.

    Layouts are grouped by their labels with counts; within a group they are paired one to one so
    that the sum of their MaxIoU is greatest; the value is the mean over all pairs.

    Layouts without a partner (their group exists on one side only, or is larger there) are left
    out of the value, as in the reference code, which doesn't report them: see the coverage.
    No pairs at all give 0 (as in CyberAgentAILab/layout-dm; nan in the other two). Where the sizes
    of a group differ, the reference code fills its score matrix in the wrong order and pairs badly;
    here the order is right, so that values can differ from published ones.
    """
    return _of_sets(predictions, references, lambda one: tuple(sorted(one.labels)), max_iou)


def max_iou_of_video_sets(
    predictions: Sequence[VideoSceneLayout], references: Sequence[VideoSceneLayout]
) -> SetScore:
    """As `max_iou_of_sets`, with whole videos instead of pictures.

    Videos are grouped by the names of their tracks; the score of two videos is the mean of
    `max_iou` over the frames. The SpA2V paper doesn't say what it groups.
    """

    def names(layout: VideoSceneLayout) -> Hashable:
        return tuple(sorted(canonical(track.name) for track in layout.objects))

    def score(prediction: VideoSceneLayout, reference: VideoSceneLayout) -> float:
        return mean_over_frames(max_iou, prediction, reference)

    return _of_sets(predictions, references, names, score)


def _of_sets(
    predictions: Sequence[T],
    references: Sequence[T],
    key: Callable[[T], Hashable],
    score: Callable[[T, T], float],
) -> SetScore:
    groups: dict[Hashable, tuple[list[T], list[T]]] = {}
    for side, layouts in enumerate((predictions, references)):
        for layout in layouts:
            groups.setdefault(key(layout), ([], []))[side].append(layout)
    matched: list[float] = []
    for ours, theirs in groups.values():
        if ours and theirs:
            scores = np.array([[score(p, r) for r in theirs] for p in ours])
            matched.extend(scores[linear_sum_assignment(scores, maximize=True)])
    if not matched:
        return SetScore(0.0, 0.0)
    total = len(predictions) + len(references)
    return SetScore(float(np.mean(matched)), 2 * len(matched) / total)
