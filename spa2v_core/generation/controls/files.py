"""Control videos as files, for programs that take them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ...errors import InputError
from ...files import atomic
from ...layout import VideoSceneLayout
from ...units import latent_frame_count
from ..conditioning import FrameConditions, frame_conditions
from ..export import as_os_errors
from ..full_size.sizes import size_for
from .depth import box_depth
from .outlines import outlines
from .trails import trails


@dataclass(frozen=True)
class Form:
    """How a model takes a layout: what draws it, pixels (width, height) for 8:5 and what its sides
    are multiples of, frames a second, frames of each of its latent frames but the first."""

    draw: Callable[[FrameConditions, tuple[int, int]], np.ndarray]
    size_wh: tuple[int, int]
    multiple: int
    rate: int
    per_latent: int


#: By name; sizes and rates of VACE, and of LTX-2's adapter, which takes half of 1024x640.
FORMS = {
    "outlines": Form(outlines, (768, 480), 16, 16, 4),
    "depth": Form(box_depth, (768, 480), 16, 16, 4),
    "trails": Form(trails, (512, 320), 32, 24, 8),
}
#: No model takes more at once.
MOST_FRAMES = 1024
#: Nothing is lost of what is drawn but the colours' resolution, which these files halve.
LOSSLESS = {"qp": "0", "preset": "veryfast"}


def write_control(layout: VideoSceneLayout, form: str, path: Path) -> None:
    """Write a layout as a silent control video, H.264 without loss; form: a key of `FORMS`.

    Raises
    ------
    InputError
        the layout is longer than any model takes; OutputError if it can't be written.
    """
    how = FORMS[form]
    if layout.duration_s * how.rate > MOST_FRAMES:
        raise InputError(
            f"a control video is of at most {MOST_FRAMES / how.rate:.0f} s, and the layout of "
            f"{layout.duration_s:.0f} s: plan a shorter span"
        )
    longest = round(layout.duration_s * how.rate) + how.per_latent
    count = latent_frame_count(layout.duration_s, how.rate, longest, how.per_latent)
    size = size_for(layout.shape, how.size_wh, how.multiple)
    frames = how.draw(frame_conditions(layout, count), size)
    rate = Fraction(count / layout.duration_s).limit_denominator(10_000)
    with atomic(path) as part, as_os_errors(), av.open(str(part), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=rate, options=LOSSLESS)
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(video.encode(None))
