"""Folders of layouts, flat or a folder for each clip, with the clips and videos beside them.

Flat: `name.layout.json`, `name.json` or `name.xml` (any form that is read), `name.mp4`, and a clip
`name.wav`. A folder for each clip, shaped as the SpA2V paper describes its AVLBench (a clip, a
video, a layout for every frame, captions): `name/layout.json` in the paper's dense form,
`name/video.mp4`, `name/audio.wav`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, LayoutError
from . import io as layout_io
from .schema import VideoSceneLayout

SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".aiff")
VIDEOS = (".mp4", ".mov", ".webm", ".mkv")
#: Files that batches and evaluations leave beside layouts.
OURS = ("evaluation.json", "batch.json")
LAYOUT, VIDEO, AUDIO = "layout.json", "video", "audio"


@dataclass(frozen=True)
class Entry:
    """A layout of a folder; `video` and `clip` are None where there is none beside it."""

    name: str
    layout: Path
    video: Path | None
    clip: Path | None

    def read(self) -> VideoSceneLayout:
        """LayoutError with the file's path if it is none."""
        try:
            return layout_io.read(self.layout)
        except LayoutError as error:
            raise LayoutError(f"{self.layout}: {error}") from error


def entries(folder: Path) -> dict[str, Entry]:
    """Name -> entry of every layout in a folder, by either shape, in order.

    Raises
    ------
    InputError
        it is no folder, holds no layouts, or two of one name.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder")
    found: dict[str, Entry] = {}
    for path in sorted([*folder.rglob("*.json"), *folder.rglob("*.xml")]):
        if path.name in OURS or any(p.startswith(".") for p in path.relative_to(folder).parts):
            continue
        own = path.name == LAYOUT and path.parent != folder
        stem = path.stem.removesuffix(".layout")
        name = (path.parent if own else path.parent / stem).relative_to(folder).as_posix()
        if name in found:
            raise InputError(f"{found[name].layout} and {path.name} have the same name: keep one")
        video, sound = (VIDEO, AUDIO) if own else (stem, stem)
        found[name] = Entry(
            name, path, _beside(path.parent / video, VIDEOS), _beside(path.parent / sound, SOUNDS)
        )
    if not found:
        raise InputError(f"{folder} holds no layouts (*.json, *.xml)")
    return found


def _beside(path: Path, suffixes: tuple[str, ...]) -> Path | None:
    named = (path.with_name(path.name + suffix) for suffix in suffixes)
    return next((one for one in named if one.is_file()), None)
