"""Small recordings to test with."""

from pathlib import Path

import av
import numpy as np
from scipy.signal import lfilter

from spa2v_core.audio.io import AudioClip, write_wav
from spa2v_core.simulation.acoustics import Source, mix, still
from spa2v_core.simulation.synthesis import RATE, SYNTHS

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


def binaural(azimuth_deg, seconds=1.0, rate=44_100, radius=0.0875):
    """White noise at a rigid sphere: Woodworth's delay and a first-order shadow (Brown and Duda,
    1998); azimuth to the right."""
    sound = np.random.default_rng(0).normal(size=round(seconds * rate)) * 0.05
    ears = []
    for side in (-1, 1):
        angle = np.radians(90 - side * azimuth_deg)  # from the ear's own direction
        delay = radius / 343 * (-np.cos(angle) if angle < np.pi / 2 else angle - np.pi / 2)
        alpha = 1.05 + 0.95 * np.cos(np.radians(np.degrees(angle) / 150 * 180))
        omega = 343 / radius
        head = [omega + alpha * rate, omega - alpha * rate], [omega + rate, omega - rate]
        spectrum = np.fft.rfft(lfilter(*head, sound))
        frequencies = np.fft.rfftfreq(len(sound), 1 / rate)
        turned = spectrum * np.exp(-2j * np.pi * frequencies * (delay + 5e-4))
        ears.append(np.fft.irfft(turned, len(sound)))
    return AudioClip(np.array(ears, np.float32), rate)


def crossed(azimuth_deg, pattern=0.5, seconds=4.0, rate=24_000, diffuse=0.0):
    """Noise at (n,) or one azimuth to the right, by two microphones (pattern 0.5 cardioid, 0 figure
    of eight) turned 45 degrees to either side, in the diffuse sound of a room of so much of its
    amplitude."""
    rng = np.random.default_rng(0)
    count = round(seconds * rate)
    turn, aside = np.radians(azimuth_deg), np.pi / 4
    sound = rng.normal(size=count) * (0.1 + np.abs(np.sin(3 * np.pi * np.arange(count) / rate)))
    gains = [pattern + (1 - pattern) * np.cos(turn - side * aside) for side in (-1, 1)]
    alike = 1 / (1 + (1 / pattern - 1) ** 2 / 3) if pattern else 0.0
    room = rng.normal(size=(2, count))
    room[1] = alike * room[0] + np.sqrt(1 - alike**2) * room[1]
    samples = np.array(gains).reshape(2, -1) * sound + diffuse * room
    return AudioClip((0.05 * samples).astype(np.float32), rate)


def panned(*places, names=("car", "telephone"), seconds=4.0):
    """Still sources at places (0..1 of the picture) 3 m ahead, panned."""
    sources = []
    for k, place in enumerate(places):
        sound = SYNTHS[names[k]](seconds + 0.5, np.random.default_rng(k))
        sound = sound / np.sqrt(np.mean(sound**2))
        sources.append(Source(names[k], sound, still(3 * (2 * place - 1), 3.0), 1, 1))
    return mix(sources, seconds, RATE)
