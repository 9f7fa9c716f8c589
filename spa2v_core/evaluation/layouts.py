"""Layouts in a folder against references in another: every metric, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError, LayoutError
from ..files import write_text
from ..layout import VideoSceneLayout
from ..layout import io as layout_io
from ..metrics.docsim import docsim
from ..metrics.ltsim import ltsim
from ..metrics.max_iou import equal_labels, max_iou, max_iou_of_video_sets
from ..metrics.motion_accuracy import motion_accuracy, motion_pairs
from ..metrics.static import mean_over_frames
from ..metrics.track_iou import track_iou

#: Where a report goes by default, in the folder of the predictions; never read as a layout.
REPORT_NAME = "evaluation.json"

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
    """

    name: str
    value: float | None
    better: str
    coverage: float
    covers: str


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
        rows = [("metric", "value", "better", "coverage")]
        for figure in self.figures.values():
            value = "-" if figure.value is None else f"{figure.value:.4f}"
            covered = f"{figure.coverage:.0%} of {figure.covers}"
            rows.append((figure.name, value, figure.better, covered))
        lines = aligned(rows, str.ljust)
        if self.missing:
            lines.append(f"references without a prediction: {', '.join(self.missing)}")
        if self.extra:
            lines.append(f"predictions without a reference: {', '.join(self.extra)}")
        return "\n".join(lines)

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

    Files are `name.layout.json` or `name.json`, in our form or the paper's. References without a
    prediction are listed; they lower no value.
    """
    predictions, references = _files(pred_dir), _files(ref_dir)
    stems = sorted(predictions.keys() & references.keys())
    if not stems:
        raise InputError(
            f"no layout in {pred_dir} has the name of one in {ref_dir} (for example "
            f"'{min(predictions)}' and '{min(references)}'): name them alike"
        )
    pairs = {stem: (_read(predictions[stem]), _read(references[stem])) for stem in stems}
    layouts = {stem: _of_pair(*pair) for stem, pair in pairs.items()}
    return Report(
        prediction=str(pred_dir),
        reference=str(ref_dir),
        figures=_figures(list(pairs.values()), layouts, len(references)),
        layouts=layouts,
        missing=tuple(sorted(references.keys() - predictions.keys())),
        extra=tuple(sorted(predictions.keys() - references.keys())),
    )


def _files(folder: Path) -> dict[str, Path]:
    """The JSON files of a folder by stem, reports left out."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder")
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("*.json")):
        if path.name == REPORT_NAME:
            continue
        stem = path.name.removesuffix(".json").removesuffix(".layout")
        if stem in found:
            raise InputError(f"{found[stem]} and {path.name} have the same name: keep one")
        found[stem] = path
    if not found:
        raise InputError(f"{folder} holds no layouts (*.json)")
    return found


def _read(path: Path) -> VideoSceneLayout:
    try:
        return layout_io.read(path)
    except LayoutError as error:
        raise LayoutError(f"{path}: {error}") from error


def _of_pair(prediction: VideoSceneLayout, reference: VideoSceneLayout) -> dict[str, float | None]:
    return {
        "max_iou": mean_over_frames(max_iou, prediction, reference),
        "ltsim": mean_over_frames(ltsim, prediction, reference),
        "docsim": mean_over_frames(docsim, prediction, reference),
        "track_iou": track_iou(prediction, reference),
        "motion_accuracy": motion_accuracy(prediction, reference),
    }


def _figures(
    pairs: Sequence[Pair], layouts: dict[str, dict[str, float | None]], wanted: int
) -> dict[str, Figure]:
    """The means over all pairs; motion categories are counted over all tracks of all pairs."""

    def mean(key: str) -> float:
        return float(np.mean([scores[key] for scores in layouts.values()]))

    alike = float(np.mean([mean_over_frames(equal_labels, p, r) for p, r in pairs]))
    sets = max_iou_of_video_sets([p for p, _ in pairs], [r for _, r in pairs])
    motions = [motion for p, r in pairs for motion in motion_pairs(p, r)]
    same = sum(found == expected for expected, found in motions)
    partnered = sum(found is not None for _, found in motions)
    by_file = (len(pairs) / wanted, "references")
    by_label = (alike, "frames (equal labels; others are 0)")
    by_group = (sets.coverage, "layouts (with a partner)")
    by_track = (partnered / len(motions) if motions else 0.0, "reference tracks (with a partner)")
    motion = same / len(motions) if motions else None
    return {
        "max_iou": Figure("MaxIoU", mean("max_iou"), "higher, 1 = same boxes", *by_label),
        "max_iou_sets": Figure("MaxIoU of sets", sets.value, "higher, 1 = same boxes", *by_group),
        "ltsim": Figure("LTSim", mean("ltsim"), "higher, 0.37 to 1", *by_file),
        "docsim": Figure("DocSim", mean("docsim"), "higher, identical < 1", *by_file),
        "track_iou": Figure("track mIoU", mean("track_iou"), "higher, 1 = same boxes", *by_file),
        "motion_accuracy": Figure("motion category", motion, "higher, 1 = same motion", *by_track),
    }
