"""The command for other forms: convert."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path

from ..audio.cues import measure
from ..audio.span import Span
from ..errors import InputError
from ..files import atomic, write_text
from ..generation.base import DURATION_TOLERANCE
from ..layout import VideoSceneLayout, written
from ..layout import io as layout_io
from ..layout.folders import AUDIO, LAYOUT, VIDEO, Entry, entries
from . import Command
from .common import say

#: Form -> (suffix, what it is).
FORMS = {
    "layout": (".layout.json", "our own JSON"),
    "avlbench": ("", "a folder for each clip: clip, video, layout per frame, captions"),
    "coco": (".json", "COCO video, for detection tools"),
    "cvat": (".xml", "CVAT for video 1.1, to annotate further"),
    "positions": (".csv", "azimuth, level and presence over time, for panners and SELD tools"),
    "outlines": (".outlines.mp4", "control video for VACE"),
    "depth": (".depth.mp4", "control video for models that read depth"),
    "trails": (".trails.mp4", "control video for LTX-2's motion tracks"),
}


def _convert(options: argparse.Namespace) -> None:
    source: Path = options.source
    if source.is_dir():
        found = entries(source)
    else:
        found = {source.stem.removesuffix(".layout"): Entry(source.stem, source, None, None)}
    if not 0 < options.field_of_view < 180:
        raise InputError("--field-of-view is between 0 and 180 degrees")
    for name, entry in found.items():
        layout = entry.read()
        if options.to == "avlbench":
            _to_folder(entry, layout, options.out / name)
            continue
        suffix, _ = FORMS[options.to]
        if suffix.endswith(".mp4"):
            from ..generation.controls.files import write_control  # OpenCV is slow to load

            write_control(layout, options.to, options.out / f"{name}{suffix}")
            continue
        text = _writer(options, entry)(layout)
        write_text(options.out / f"{name}{suffix}", text)
    say(f"wrote {len(found)} to {options.out}")


def _writer(options: argparse.Namespace, entry: Entry) -> Callable[[VideoSceneLayout], str]:
    return {
        "layout": lambda layout: layout_io.dumps(layout) + "\n",
        "coco": lambda layout: written.to_coco(layout, entry.name),
        "cvat": written.to_cvat,
        "positions": lambda layout: written.to_positions(
            layout, _levels(entry, layout), options.field_of_view
        ),
    }[options.to]


def _levels(entry: Entry, layout: VideoSceneLayout) -> list[float] | None:
    """Level of the clip (or of the video's sound) at the layout's frames, if there is one."""
    sound = entry.clip or entry.video
    if sound is None:
        return None
    clip = Span(sound).read().clip
    if abs(clip.duration_s - layout.duration_s) > DURATION_TOLERANCE * layout.duration_s:
        say(f"{entry.name}: {sound.name} is of another length than the layout: no levels")
        return None
    levels = measure(clip).level_db
    count = layout.frame_count
    return [float(levels[int((k + 0.5) / count * len(levels))]) for k in range(count)]


def _to_folder(entry: Entry, layout: VideoSceneLayout, folder: Path) -> None:
    write_text(folder / LAYOUT, written.to_paper(layout))
    for path, name in ((entry.video, VIDEO), (entry.clip, AUDIO)):
        if path is not None:
            with atomic(folder / f"{name}{path.suffix.lower()}") as part:
                shutil.copyfile(path, part)


def add(command: Command) -> None:
    convert = command("convert", _convert, "Write layouts in the form of another tool.")
    convert.add_argument(
        "source", type=Path, metavar="FOLDER|LAYOUT", help="in any form that is read"
    )
    about = "; ".join(f"{name}: {what}" for name, (_, what) in FORMS.items())
    convert.add_argument("--to", choices=FORMS, required=True, help=about)
    convert.add_argument("--out", type=Path, required=True, metavar="DIR")
    convert.add_argument(
        "--field-of-view",
        type=float,
        default=written.FIELD_OF_VIEW,
        metavar="DEGREES",
        help="of the picture, for positions (default 90)",
    )
