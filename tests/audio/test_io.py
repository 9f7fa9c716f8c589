import struct
import wave

import numpy as np
import pytest

from spa2v_core import pipeline
from spa2v_core.audio.cues import measure
from spa2v_core.audio.io import (
    AudioClip,
    level_db,
    loudest_span,
    read_audio,
    select_span,
    write_wav,
)
from spa2v_core.errors import InputError
from spa2v_core.layout import motion_category
from tests.audio.sounds import CODECS, encode, noise


@pytest.mark.parametrize("suffix", CODECS)
def test_common_files_keep_channels_level_and_length(suffix, tmp_path):
    clip = noise(1.5, left=1.0, right=0.5)
    read = read_audio(encode(clip, tmp_path / f"clip{suffix}"))
    assert read.samples.dtype == np.float32
    assert read.channels == 2
    assert read.duration_s == pytest.approx(1.5, abs=0.06)
    difference = level_db(read.samples[1:]) - level_db(read.samples[:1])
    assert difference == pytest.approx(-6.02, abs=0.7)


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000, 96_000])
def test_the_rate_is_the_files_own(rate, tmp_path):
    path = encode(noise(0.5, rate=rate), tmp_path / "clip.wav")
    assert read_audio(path).rate == rate


def test_mono_stays_mono_and_wav_round_trips(tmp_path):
    clip = noise(0.5, channels=1)
    write_wav(clip, tmp_path / "mono.wav")
    read = read_audio(tmp_path / "mono.wav")
    assert read.channels == 1
    assert np.abs(read.samples - clip.samples).max() < 1e-4


def nan_wav(path):
    """A float wav that holds NaN."""
    data = np.full(44_100, np.nan, "<f4").tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, 1,
                       44_100, 176_400, 4, 32)  # fmt: skip
    path.write_bytes(head + struct.pack("<4sI", b"data", len(data)) + data)


def many_channels(path, samples):
    """A 16-bit wav of (channels, n) samples."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(samples))
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes((np.asarray(samples).T * 32_767).astype("<i2").tobytes())
    return path


def surround(path, count=6):
    many_channels(path, np.zeros((count, 44_100)))


def bad_files(folder):
    """Name -> (path, what the message says)."""
    good = encode(noise(1), folder / "good.flac").read_bytes()
    writers = {
        "empty.wav": lambda p: p.write_bytes(b""),
        "text.wav": lambda p: p.write_text("this is not sound " * 100),
        "binary.mp3": lambda p: p.write_bytes(bytes(range(256)) * 20),
        "cut.flac": lambda p: p.write_bytes(good[:60]),
        "short.wav": lambda p: write_wav(noise(0.05), p),
        "nan.wav": nan_wav,
        "one_sample.wav": lambda p: many_channels(p, np.ones((2, 1))),
        "surround.wav": surround,
        "array.wav": lambda p: surround(p, 32),
    }
    for name, write in writers.items():
        write(folder / name)
    words = {
        "empty.wav": "0 bytes",
        "text.wav": "can't be read",
        "binary.mp3": "can't be read",
        "cut.flac": "",
        "short.wav": "no more than",
        "nan.wav": "not numbers",
        "one_sample.wav": "no more than",
        "surround.wav": "6 channels",
        "array.wav": "front to take the first two",
        "none.wav": "does not exist",
    }
    return {name: (folder / name, text) for name, text in words.items()}


def test_bad_files_are_input_errors(tmp_path):
    for name, (path, words) in bad_files(tmp_path).items():
        with pytest.raises(InputError) as error:
            read_audio(path)
        assert words in str(error.value), name
        assert path.name in str(error.value)


@pytest.mark.parametrize(("azimuth", "x"), [(45, 0.0), (20, 0.32), (0, 0.5), (-30, 0.79)])
def test_ambisonics_are_heard_where_they_come_from(azimuth, x, tmp_path):
    """ACN order W, Y, Z, X; positive azimuth is to the left."""
    sound = 0.3 * np.random.default_rng(0).normal(size=44_100).clip(-2, 2)
    turn = np.radians(azimuth)
    foa = np.stack([sound, np.sin(turn) * sound, 0 * sound, np.cos(turn) * sound])
    path = many_channels(tmp_path / "foa.wav", foa)
    with pytest.raises(InputError, match="foa if they are first-order ambisonics"):
        read_audio(path)
    clip = read_audio(path, channels="foa")
    assert clip.channels == 2
    assert measure(clip).x == pytest.approx(np.full(16, x), abs=0.12)


def test_the_front_of_more_channels_can_be_taken(tmp_path):
    samples = np.zeros((6, 44_100))
    samples[0], samples[1] = 0.5, -0.25
    clip = read_audio(many_channels(tmp_path / "six.wav", samples), channels="front")
    assert clip.samples[:, 0] == pytest.approx([0.5, -0.25], abs=1e-3)
    with pytest.raises(InputError, match="ambisonics has 4"):
        read_audio(tmp_path / "six.wav", channels="foa")
    with pytest.raises(InputError, match="no channel choice"):
        read_audio(tmp_path / "six.wav", channels="quad")


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_101, 192_000])
def test_any_rate_is_planned(rate, tmp_path):
    path = tmp_path / "clip.wav"
    write_wav(noise(1.5, rate=rate, right=0.3), path)
    layout = pipeline.plan(pipeline.analyse(path, objects="dog")).layout
    assert motion_category(layout.objects[0], 16) == "stationary_left"


def test_limits_of_length_and_size(tmp_path):
    path = encode(noise(3, rate=8_000), tmp_path / "long.wav")
    with pytest.raises(InputError, match="over the limit"):
        read_audio(path, max_seconds=2)
    with pytest.raises(InputError, match="MB"):
        read_audio(path, max_bytes=1000)


def test_three_hours_are_refused_from_the_header(tmp_path):
    path = tmp_path / "three_hours.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8_000)
        file.writeframes(bytes(3 * 3600 * 8_000))
    with pytest.raises(InputError, match="180 minutes"):
        read_audio(path)


def test_the_loudest_ten_seconds_are_the_default():
    samples = 0.01 * np.random.default_rng(0).normal(size=(2, 30 * 8_000))
    samples[:, 12 * 8_000 : 20 * 8_000] *= 20
    clip = AudioClip(samples.astype(np.float32), 8_000)
    assert 10 <= loudest_span(clip) <= 12
    part, start, note = select_span(clip)
    assert part.duration_s == pytest.approx(10)
    assert f"{start:.1f}" in note
    assert "loudest" in note


@pytest.mark.parametrize(
    ("start", "duration"),
    [
        (40, 2),
        (-1, 2),
        (0, 11),
        (0, 0.1),
        (29.9, 2),
        (float("nan"), 2),
        (0, float("inf")),
    ],
)
def test_spans_outside_are_refused(start, duration):
    with pytest.raises(InputError):
        select_span(noise(30, rate=8_000), start, duration)


def test_silence_is_refused_and_swap_swaps():
    with pytest.raises(InputError, match="silent"):
        select_span(AudioClip(np.zeros((2, 44_100), np.float32), 44_100))
    clip = noise(1, right=0.2)
    assert (clip.swapped().samples[0] == clip.samples[1]).all()
