"""A render's request on disk: plain JSON values, and its sound as an array beside them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from ..audio.clip import AudioClip
from ..errors import Spa2vError
from ..generation.base import RenderRequest
from ..generation.registry import settle
from ..layout import io as layout_io
from .job import Submission

SOUND = "sound.npy"
_FIELDS = ("backend", "preset", "seed", "captions", "grounding")


def submission(request: RenderRequest) -> Submission:
    """The request as the store keeps it, without its sound.

    Its pace is that of renders with the same backend and groundings, for a step of a frame.

    Raises
    ------
    InputError
        no such preset or grounding.
    """
    settled = settle(request)
    schedule, frames = settled.preset.schedule, settled.preset.frames
    clip = request.clip
    value = {
        "layout": layout_io.to_dict(request.layout),
        "options": {name: _plain(value) for name, value in request.options.items()},
        "clip": {
            "rate": clip.rate,
            "name": clip.name,
            "notes": list(clip.notes),
            "silent_db": clip.silent_db,
        },
        **{name: getattr(request, name) for name in _FIELDS},
    }
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(clip.samples).tobytes())
    kind = "+".join((request.backend, *settled.kinds))
    return Submission(value, digest.hexdigest(), kind, float(schedule.steps * frames))


def _plain(value: Any) -> Any:
    """As JSON takes it; options read a path from a text."""
    return str(value) if isinstance(value, Path) else value


def write_sound(clip: AudioClip, folder: Path) -> None:
    """(channels, n) float32, exactly as it was."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / SOUND, clip.samples, allow_pickle=False)


def read_request(value: dict[str, Any], folder: Path) -> RenderRequest:
    """The request of a job, for rendering."""
    try:
        samples = np.load(folder / SOUND, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise Spa2vError("the sound of this render is gone: start it again") from error
    about = value["clip"]
    clip = AudioClip(
        samples, about["rate"], about["name"], tuple(about["notes"]), about["silent_db"]
    )
    return RenderRequest(
        layout_io.from_dict(value["layout"]),
        clip,
        options=value["options"],
        **{name: value[name] for name in _FIELDS},
    )
