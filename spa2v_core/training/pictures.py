"""The pictures of the README and the page's first video: the examples as the app makes them.

    python -m spa2v_core.training.pictures

Each example is planned by ear and rendered at the default preset, seed 0: nothing is picked.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import av
import cv2
import numpy as np

from .. import cli
from ..assets import ASSETS
from ..errors import Spa2vError
from ..evaluation.videos import read_video
from ..files import atomic

EXAMPLES = (
    "car_crossing",
    "bus_approaching",
    "boat_receding",
    "dog_and_guitar",
    "piano_left",
    "airplane_crossing",
)
SHOWN, TILE_WH, QUALITY = 4, (320, 200), 80
#: The page's first video is silent (the page has the recording) and small.
FIRST, FIRST_CRF = EXAMPLES[0], "27"


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in EXAMPLES:
            video = Path(folder) / f"{name}.mp4"
            clip = ASSETS / "examples" / f"{name}.m4a"
            if cli.main(["run", str(clip), "--out", str(video)]):
                raise Spa2vError(f"{name} was not rendered")
            frames = read_video(video.with_suffix(".boxes.mp4"))[0]
            at = np.linspace(0, len(frames) - 1, SHOWN).round().astype(int)
            rows.append(np.concatenate([_tile(frames[k]) for k in at], axis=1))
            if name == FIRST:
                _silent(read_video(video)[0], ASSETS / "examples" / f"{name}.mp4")
    sheet = cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR)
    with atomic(ASSETS / "pictures" / "examples.webp") as part:
        cv2.imwrite(str(part), sheet, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])


def _tile(frame: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.resize(frame, TILE_WH, interpolation=cv2.INTER_AREA))


def _silent(frames: np.ndarray, path: Path, fps: int = 24) -> None:
    """The pictures alone as a small mp4."""
    height, width = frames[0].shape[:2]
    with atomic(path) as part, av.open(str(part), "w", format="mp4") as container:
        options = {"crf": FIRST_CRF, "preset": "veryslow"}
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
