"""A backend seen by whoever has its weights: eight fixed layouts, a sheet of pictures, a report.

Each layout is one thing that a backend can do right or wrong, with the sound that belongs to it
(simulated), the same on every machine. What a detector sees of it is told where one is there.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .. import __version__, pipeline
from ..files import atomic, write_text
from ..generation.base import Notice, RenderRequest
from ..metrics.obedience import box_obedience
from ..simulation.acoustics import Path as Motion
from ..simulation.acoustics import Source, mix, still, straight, true_layout
from ..simulation.scenes import synthesised_sounds
from ..simulation.synthesis import RATE
from . import open_detector
from .open_detector import OpenDetector
from .videos import read_frames

SECONDS = 4.0
#: Frames of each video in the sheet, and their size.
SHOWN, SHOWN_WH = 6, (256, 160)
LIBRARIES = ("torch", "diffusers", "transformers", "accelerate", "peft")


@dataclass(frozen=True)
class Thing:
    """Something in a fixed scene: its name and look, where it is, its size in m, and its height
    above the camera's axis."""

    name: str
    appearance: str
    motion: Motion
    size_m: tuple[float, float]
    base_m: float = -1.2


def _across(z: float, way: int = 1) -> Motion:
    return straight((-0.8 * z * way, z), (0.8 * z * way, z), SECONDS)


#: What is looked at -> who is there, the last in front.
SCENES: Mapping[str, tuple[str, tuple[Thing, ...]]] = {
    "right": ("a street", (Thing("car", "red", _across(6), (4, 1.5)),)),
    "left": ("a park", (Thing("dog", "brown", _across(3, -1), (1.2, 0.9)),)),
    "nearer": (
        "a country road",
        (Thing("motorcycle", "black", straight((2, 16), (0.5, 3), SECONDS), (1.8, 1.4)),),
    ),
    "farther": (
        "a highway",
        (Thing("truck", "white", straight((-1, 5), (-3, 25), SECONDS), (2.5, 3)),),
    ),
    "still": ("a meadow", (Thing("cow", "black and white", still(-1.5, 4), (2.2, 1.5)),)),
    "two": (
        "a yard",
        (
            Thing("cat", "grey", still(-1.6, 3), (0.8, 0.7)),
            Thing("rooster", "red", still(1.6, 3), (0.7, 0.9)),
        ),
    ),
    "crossing": (
        "a street",
        (
            Thing("bus", "blue", _across(10), (9, 3)),
            Thing("horse", "brown", _across(5, -1), (2.2, 1.8)),
        ),
    ),
    "air": ("a blue sky", (Thing("bird", "white", _across(5), (1.2, 0.6), base_m=0.8),)),
}


@dataclass
class Result:
    """What came of one layout.

    Attributes
    ----------
    seconds
        by stage.
    peak_gib
        of the card, 0 without one.
    notices
        what the backend said.
    overlap
        0..1, of the boxes with what a detector sees (`metrics.obedience`); None without one.
    """

    name: str
    seconds: dict[str, float] = field(default_factory=dict)
    peak_gib: float = 0.0
    notices: list[str] = field(default_factory=list)
    overlap: float | None = None


def requests(backend: str, **options: Any) -> Iterator[tuple[str, RenderRequest]]:
    """The fixed layouts as requests to a backend; options: other fields of `RenderRequest`."""
    sounds = synthesised_sounds()
    for number, (name, (place, things)) in enumerate(SCENES.items()):
        sources = [
            Source(
                thing.name,
                sounds[thing.name](SECONDS + 1, np.random.default_rng(number)),
                thing.motion,
                *thing.size_m,
                thing.base_m,
                thing.appearance,
            )
            for thing in things
        ]
        who = " and ".join(f"a {thing.appearance} {thing.name}" for thing in things)
        layout = true_layout(sources, SECONDS, caption=f"{who}, {place}")
        yield name, RenderRequest(layout, mix(sources, SECONDS, RATE), backend, **options)


def check(backend: str, out: Path, say: Callable[[str], None], **options: Any) -> list[Result]:
    """Render the fixed layouts into a folder, with a sheet (check.jpg) and a report (check.json,
    check.md).

    options: other fields of `RenderRequest`.

    Raises
    ------
    Spa2vError
        the backend can't render.
    """
    out.mkdir(parents=True, exist_ok=True)
    there = open_detector.folder()
    detector = OpenDetector(there) if there else None
    results = []
    for name, request in requests(backend, **options):
        results.append(_one(name, request, out, detector))
        spent = (f"{stage} {value:.1f} s" for stage, value in results[-1].seconds.items())
        say(f"{name}: {', '.join(spent)}")
    with atomic(out / "check.jpg") as part:
        part.write_bytes(_sheet(out, [one.name for one in results]))
    said = {"backend": backend, **machine()}
    report = {**said, "results": [asdict(one) for one in results]}
    write_text(out / "check.json", json.dumps(report, indent=1))
    write_text(out / "check.md", table(said, results))
    return results


def _one(name: str, request: RenderRequest, out: Path, detector: OpenDetector | None) -> Result:
    result = Result(name)
    _reset_peak()
    for event in pipeline.render(request, out / f"{name}.mp4"):
        if isinstance(event, Notice):
            result.notices.append(event.text)
        elif isinstance(event, pipeline.Rendered):
            result.seconds = event.seconds
    result.peak_gib = round(_peak_gib(), 2)
    if detector:
        seen = detector(read_frames(out / f"{name}.mp4"), [t.name for t in request.layout.objects])
        judged = box_obedience(request.layout, seen)
        result.overlap = round(judged.iou, 3) if judged else None
    return result


def table(said: Mapping[str, Any], results: list[Result]) -> str:
    """The report for a page."""
    lines = [f"- {name}: {value}" for name, value in said.items()]
    head = "| layout | load | denoise | decode | peak GiB | overlap |"
    lines += ["", head, "|---|---|---|---|---|---|"]
    for one in results:
        spent = " | ".join(f"{one.seconds.get(s, 0):.1f}" for s in ("load", "denoise", "decode"))
        overlap = "no detector" if one.overlap is None else f"{one.overlap:.2f}"
        lines.append(f"| {one.name} | {spent} | {one.peak_gib:.1f} | {overlap} |")
    notices = dict.fromkeys(text for one in results for text in one.notices)
    return "\n".join([*lines, "", *(f"- {text}" for text in notices), ""])


def machine() -> dict[str, Any]:
    """Card and versions; nothing of whose machine it is."""
    import torch

    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    versions = {"python": platform.python_version(), "spa2v": __version__}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"card": card, "versions": versions}


def _sheet(folder: Path, names: list[str]) -> bytes:
    """A JPEG: a row for each layout, frames of the video with its boxes."""
    rows = []
    for name in names:
        frames = read_frames(folder / f"{name}.boxes.mp4", SHOWN)
        small = [cv2.resize(one, SHOWN_WH, interpolation=cv2.INTER_AREA) for one in frames]
        rows.append(np.concatenate(small, axis=1))
    sheet = cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


def _reset_peak() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _peak_gib() -> float:
    import torch

    return torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else 0.0
