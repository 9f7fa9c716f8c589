"""Pictures that a user gives: the first frame, and what an object looks like."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from ...errors import InputError
from ...layout import ObjectTrack, VideoSceneLayout

MOST_PIXELS = 50_000_000
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def read_picture(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a picture file, upright, what is transparent white; InputError if it
    can't be read."""
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise InputError(
                    f"{path.name} has more than {MOST_PIXELS // 1_000_000} million pixels: make it "
                    "smaller"
                )
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except FileNotFoundError as error:
        raise InputError(f"there is no picture {path.name}") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{path.name} is no picture that can be read: give a PNG, JPEG or WebP"
        ) from error
    white = Image.new("RGBA", upright.size, "white")
    return np.asarray(Image.alpha_composite(white, upright).convert("RGB")).copy()


def fill(picture: np.ndarray, size_wh: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 of that size: a picture (h, w, 3) scaled to cover it, its middle kept."""
    (width, height), (high, wide) = size_wh, picture.shape[:2]
    scale = max(width / wide, height / high)
    new_wh = max(width, round(wide * scale)), max(height, round(high * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    large = cv2.resize(picture, new_wh, interpolation=how)
    left, top = (new_wh[0] - width) // 2, (new_wh[1] - height) // 2
    return large[top : top + height, left : left + width]


def references(folder: Path, objects: Iterable[ObjectTrack]) -> dict[str, np.ndarray]:
    """File name -> picture (H, W, 3) uint8, for the objects that a folder has one of: that which
    their `reference` names, else one that is named after them ("car.png").

    Raises
    ------
    InputError
        it is no folder, holds a picture of none of them, or lacks one that is named.
    """
    if not folder.is_dir():
        raise InputError(f"{folder.name} is no folder of reference pictures")
    there = {path.name: path for path in sorted(folder.iterdir())}
    after = {
        path.stem.lower(): name for name, path in there.items() if path.suffix.lower() in SUFFIXES
    }
    tracks = tuple(objects)
    wanted = [track.reference or after.get(track.name.lower(), "") for track in tracks]
    for name in filter(None, wanted):
        if name not in there:  # looked for among the folder's own: no path leads out of it
            raise InputError(f"the layout names a picture {name}, which {folder.name} lacks")
    if not any(wanted):
        raise InputError(
            f"no reference picture in {folder.name} is named after an object: call one "
            f"{tracks[0].name if tracks else 'object'}.png"
        )
    return {name: read_picture(there[name]) for name in dict.fromkeys(filter(None, wanted))}


def unused(layout: VideoSceneLayout) -> str:
    """What is said of pictures that a layout names and were not given, "" if there are none."""
    named = list(dict.fromkeys(track.reference for track in layout.objects if track.reference))
    return f"pictures that the layout names are not used: {', '.join(named)}" if named else ""
