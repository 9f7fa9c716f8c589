"""Compressed sound files."""

from __future__ import annotations

from typing import IO

import av
import av.audio
import numpy as np

from ...audio.io import AudioClip

#: Samples that an encoder takes at once.
_BLOCK = {"aac": 1024, "libmp3lame": 1152}


def encode(clip: AudioClip, target: str | IO[bytes], codec: str, bit_rate: int, form: str) -> None:
    """Write a clip with `codec` ("aac", "libmp3lame") in a container `form` (ffmpeg's name)."""
    layout = "stereo" if clip.channels == 2 else "mono"
    with av.open(target, "w", format=form) as container:
        stream = container.add_stream(codec, rate=clip.rate)
        if not isinstance(stream, av.audio.AudioStream):
            raise TypeError(f"{codec} is no audio codec")
        stream.layout, stream.bit_rate = layout, bit_rate
        size = _BLOCK[codec]
        for first in range(0, clip.samples.shape[1], size):
            part = np.ascontiguousarray(clip.samples[:, first : first + size])
            frame = av.AudioFrame.from_ndarray(part, "fltp", layout)
            frame.rate, frame.pts = clip.rate, first
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
