"""Small recordings to test with."""

from pathlib import Path

import av
import numpy as np

from spa2v_core.audio.io import AudioClip, write_wav

#: suffix -> codec
CODECS = {
    ".wav": "pcm_s16le",
    ".flac": "flac",
    ".mp3": "libmp3lame",
    ".ogg": "libopus",
    ".opus": "libopus",
    ".m4a": "aac",
    ".mp4": "aac",
    ".mov": "aac",
    ".webm": "libopus",
}


def noise(seconds=2.0, rate=44_100, channels=2, seed=0, left=1.0, right=1.0):
    """White noise that is the same in both channels but for the gains."""
    signal = np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate))
    gains = np.array([left, right][:channels])[:, None]
    return AudioClip((gains * signal).astype(np.float32), rate, "noise")


def encode(clip: AudioClip, path: Path) -> Path:
    """Write a clip with the codec of the path's suffix; .mp4 and .mov get a picture too."""
    rate = 48_000 if CODECS[path.suffix] == "libopus" else clip.rate
    layout = "stereo" if clip.channels == 2 else "mono"
    with av.open(str(path), "w") as container:
        if path.suffix in (".mp4", ".mov"):
            video = container.add_stream("libx264", rate=5)
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        stream = container.add_stream(CODECS[path.suffix], rate=rate, layout=layout)
        if path.suffix in (".mp4", ".mov"):
            for _ in range(int(clip.duration_s * 5)):
                picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")
                container.mux(video.encode(picture))
            container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(clip.samples), "fltp", layout)
        frame.rate, frame.pts = clip.rate, 0
        resampler = av.AudioResampler(stream.codec_context.format, layout, rate, 1024)
        if path.suffix in (".mp3", ".flac"):
            resampler = av.AudioResampler(stream.codec_context.format, layout, rate, 1152)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def write_clip(clip: AudioClip, path: Path) -> Path:
    """A 16-bit wav of the clip."""
    write_wav(clip, path)
    return path
