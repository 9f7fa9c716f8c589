"""Layouts in a folder against references in another: every metric, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..files import write_text
from ..layout import Category, VideoSceneLayout
from ..layout.folders import entries
from ..metrics.docsim import docsim
from ..metrics.ltsim import ltsim
from ..metrics.max_iou import equal_labels, max_iou, max_iou_of_video_sets
from ..metrics.motion_accuracy import motion_accuracy, motion_pairs
from ..metrics.seld import counted, events_of, pooled
from ..metrics.spatial_av_align import SpatialAlignment, boxes_of, sounds_of, spatial_av_align
from ..metrics.static import mean_over_frames
from ..metrics.track_iou import track_iou
from ..simulation.scenes import sizes
from .intervals import bootstrap, of_mean

#: Where a report goes by default, in the folder of the predictions; never read as a layout.
REPORT_NAME = "evaluation.json"

#: Each draw pools all clips' events anew.
SELD_RESAMPLES = 200

Pair = tuple[VideoSceneLayout, VideoSceneLayout]


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Attributes
    ----------
    name
        of the metric.
    value
        None if it is not defined for these layouts.
    better
        how to read the value.
    coverage
        0..1, the share of `covers` that the value rests on.
    interval
        95%, by bootstrap over the layouts; None where it can't be told.
    """

    name: str
    value: float | None
    better: str
    coverage: float
    covers: str
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Report:
    """What `evaluate` found.

    Attributes
    ----------
    figures
        by key ("max_iou", ...).
    layouts
        per file stem, the value of each metric of a pair of layouts.
    missing
        stems of references without a prediction.
    extra
        predictions without a reference.
    """

    prediction: str
    reference: str
    figures: dict[str, Figure]
    layouts: dict[str, dict[str, float | None]]
    missing: tuple[str, ...]
    extra: tuple[str, ...]

    def table(self) -> str:
        """One row per metric, then what was left out."""
        lines = aligned(self._rows(), str.ljust)
        if self.missing:
            lines.append(f"references without a prediction: {', '.join(self.missing)}")
        if self.extra:
            lines.append(f"predictions without a reference: {', '.join(self.extra)}")
        return "\n".join(lines)

    def _rows(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [("metric", "value", "95% interval", "better", "coverage")]
        for figure in self.figures.values():
            value = "-" if figure.value is None else f"{figure.value:.4f}"
            sure = "-" if figure.interval is None else "{:.4f} to {:.4f}".format(*figure.interval)
            covered = f"{figure.coverage:.0%} of {figure.covers}"
            rows.append((figure.name, value, sure, figure.better, covered))
        return rows

    def markdown(self) -> str:
        """The table for a page."""
        head, *rows = self._rows()
        return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))

    def write(self, path: Path) -> None:
        text = json.dumps({"version": 1, **asdict(self)}, ensure_ascii=False, indent=1)
        write_text(path, text + "\n")


def aligned(rows: Sequence[Sequence[str]], justify: Callable[[str, int], str]) -> list[str]:
    """Lines of a table, its columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(justify(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def evaluate(pred_dir: Path, ref_dir: Path) -> Report:
    """Every metric of the layouts in `pred_dir` against those of the same name in `ref_dir`.

    Folders are as `layout.folders` reads them, files in any form that is read. References without a
    prediction are listed; they lower no value.
    """
    predictions, references = entries(pred_dir), entries(ref_dir)
    stems = sorted(predictions.keys() & references.keys())
    if not stems:
        raise InputError(
            f"no layout in {pred_dir} has the name of one in {ref_dir} (for example "
            f"'{min(predictions)}' and '{min(references)}'): name them alike"
        )
    pairs: dict[str, Pair] = {
        stem: (predictions[stem].read(), references[stem].read()) for stem in stems
    }
    layouts = {stem: _of_pair(*pair) for stem, pair in pairs.items()}
    return Report(
        prediction=str(pred_dir),
        reference=str(ref_dir),
        figures=_figures(list(pairs.values()), layouts, len(references)),
        layouts=layouts,
        missing=tuple(sorted(references.keys() - predictions.keys())),
        extra=tuple(sorted(predictions.keys() - references.keys())),
    )


def _of_pair(prediction: VideoSceneLayout, reference: VideoSceneLayout) -> dict[str, float | None]:
    return {
        "max_iou": mean_over_frames(max_iou, prediction, reference),
        "ltsim": mean_over_frames(ltsim, prediction, reference),
        "docsim": mean_over_frames(docsim, prediction, reference),
        "track_iou": track_iou(prediction, reference),
        "motion_accuracy": motion_accuracy(prediction, reference),
    }


def compare(pairs: Mapping[str, Pair]) -> dict[str, Figure]:
    """Every figure of (prediction, reference) by name."""
    layouts = {name: _of_pair(*pair) for name, pair in pairs.items()}
    return _figures(list(pairs.values()), layouts, len(pairs))


def _figures(
    pairs: Sequence[Pair], layouts: dict[str, dict[str, float | None]], wanted: int
) -> dict[str, Figure]:
    """The means over all pairs; motion categories are counted over all tracks of all pairs."""
    by_file = (len(pairs) / wanted, "references")
    alike = float(np.mean([mean_over_frames(equal_labels, p, r) for p, r in pairs]))
    by_label = (alike, "frames (equal labels; others are 0)")
    sets = max_iou_of_video_sets([p for p, _ in pairs], [r for _, r in pairs])
    by_group = (sets.coverage, "layouts (with a partner)")

    def mean(key: str, name: str, better: str, covered: tuple[float, str]) -> Figure:
        values = [float(scores[key]) for scores in layouts.values()]  # type: ignore[arg-type]
        return Figure(name, float(np.mean(values)), better, *covered, of_mean(values))

    one, higher = "higher, 1 = same boxes", "higher, 0.37 to 1"
    return {
        "max_iou": mean("max_iou", "MaxIoU", one, by_label),
        "max_iou_sets": Figure("MaxIoU of sets", sets.value, one, *by_group),
        "ltsim": mean("ltsim", "LTSim", higher, by_file),
        "docsim": mean("docsim", "DocSim", "higher, identical < 1", by_file),
        "track_iou": mean("track_iou", "track mIoU", one, by_file),
        "motion_accuracy": _motion(pairs),
        **_seld(pairs),
        **_spatial(pairs),
    }


def _motion(pairs: Sequence[Pair]) -> Figure:
    clips = [motion_pairs(prediction, reference) for prediction, reference in pairs]

    def share(drawn: list[list[tuple[Category, Category | None]]]) -> float | None:
        motions = [motion for clip in drawn for motion in clip]
        return float(np.mean([a == b for a, b in motions])) if motions else None

    motions = [motion for clip in clips for motion in clip]
    partnered = float(np.mean([found is not None for _, found in motions])) if motions else 0.0
    covered = (partnered, "reference tracks (with a partner)")
    better = "higher, 1 = same motion"
    return Figure("motion category", share(clips), better, *covered, bootstrap(clips, share))


def _seld(pairs: Sequence[Pair]) -> dict[str, Figure]:
    """DCASE's scores with each layout's objects as what is heard, over the classes that occur."""
    heights = {name: float(np.mean(size["height"])) for name, size in sizes().items()}
    clips = [counted(events_of(p, heights), events_of(r, heights)) for p, r in pairs]
    scores = pooled(clips)
    covered = (scores.matched, "true events (with a partner of their class)")
    by_class = (1.0, "classes of the references")
    rows = {
        "seld_f": ("SELD F, 20 degrees", "f_score", "higher, 0 to 1", by_class),
        "seld_doa": ("SELD azimuth error, degrees", "doa_error_deg", "lower", covered),
        "seld_distance": ("SELD distance error, share", "distance_error", "lower", covered),
    }
    return {
        key: Figure(
            name,
            getattr(scores, field),
            better,
            *rests,
            bootstrap(clips, lambda drawn, f=field: getattr(pooled(drawn), f), SELD_RESAMPLES),  # type: ignore[misc]
        )
        for key, (name, field, better, rests) in rows.items()
    }


def _spatial(pairs: Sequence[Pair]) -> dict[str, Figure]:
    """Ours: the reference's objects as sounds, the prediction's boxes as what is seen."""
    clips = [spatial_av_align(sounds_of(r), boxes_of(p)) for p, r in pairs]
    total = sum(clips, SpatialAlignment(0, 0, 0, 0))

    def figure(part: str) -> Figure:
        def value(drawn: list[SpatialAlignment]) -> float | None:
            return getattr(sum(drawn, SpatialAlignment(0, 0, 0, 0)), part)

        name = f"Spatial AV-Align of layouts (ours), {part}"
        rests = (1.0, "sounds" if part == "recall" else "boxes")
        return Figure(name, getattr(total, part), "higher, 0 to 1", *rests, bootstrap(clips, value))

    return {f"spatial_{part}": figure(part) for part in ("recall", "precision")}
