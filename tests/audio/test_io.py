import struct
import wave

import av
import numpy as np
import pytest

from spa2v_core import pipeline
from spa2v_core.audio.cues import measure
from spa2v_core.audio.io import (
    AudioClip,
    level_db,
    loudest,
    read_audio,
    read_span,
    survey_audio,
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


def test_the_loudest_ten_seconds_are_the_default(tmp_path):
    samples = 0.01 * np.random.default_rng(0).normal(size=(2, 30 * 8_000))
    samples[:, 12 * 8_000 : 20 * 8_000] *= 20
    write_wav(AudioClip(samples.astype(np.float32), 8_000), tmp_path / "long.wav")
    assert 10 <= loudest(survey_audio(tmp_path / "long.wav")) <= 12
    part, start, note = read_span(tmp_path / "long.wav")
    assert part.duration_s == pytest.approx(10)
    assert f"{start:.1f}" in note
    assert "loudest" in note


@pytest.fixture(scope="module")
def thirty_seconds(tmp_path_factory):
    path = tmp_path_factory.mktemp("spans") / "thirty.wav"
    write_wav(noise(30, rate=8_000), path)
    return path


@pytest.mark.parametrize(
    ("start", "duration"),
    [
        (40, 2),
        (-1, 2),
        (0, 11),
        (0, 0.1),
        (29.9, 2),
        (float("nan"), 2),
        (float("inf"), 2),
        (0, float("inf")),
        (0, float("nan")),
    ],
)
def test_spans_outside_are_refused(start, duration, thirty_seconds):
    with pytest.raises(InputError):
        read_span(thirty_seconds, start, duration)


def test_silence_is_refused_and_swap_swaps(tmp_path):
    write_wav(AudioClip(np.zeros((2, 44_100), np.float32), 44_100), tmp_path / "silent.wav")
    with pytest.raises(InputError, match="silent"):
        read_span(tmp_path / "silent.wav")
    clip = noise(1, right=0.2)
    assert (clip.swapped().samples[0] == clip.samples[1]).all()


@pytest.mark.parametrize("suffix", CODECS)
@pytest.mark.parametrize("rate", [44_100, 192_000])
def test_a_span_is_to_the_sample_what_the_whole_file_holds_there(suffix, rate, tmp_path):
    if rate > 96_000 and suffix not in (".wav", ".flac"):
        pytest.skip("no such rate")
    path = encode(noise(9.0, rate=rate, right=0.5), tmp_path / f"clip{suffix}")
    whole = read_audio(path)
    for start, duration in ((0.0, 2.0), (0.5, 1.0), (4.7, 2.3), (6.123, 2.0), (8.5, 3.0)):
        part = read_audio(path, start_s=start, duration_s=duration)
        first = round(start * whole.rate)
        expected = whole.samples[:, first : first + round(duration * whole.rate)]
        assert part.samples.shape == expected.shape
        assert np.abs(part.samples - expected).max() < 2e-3, (start, duration)


def test_a_span_of_a_long_file_decodes_that_span_only(tmp_path, monkeypatch):
    """And a recording that is too long to be looked through is looked through as far as allowed."""
    clip = noise(300, rate=8_000)
    path = encode(AudioClip(clip.samples * np.linspace(0.2, 1, 300 * 8_000, dtype=np.float32),
                            8_000), tmp_path / "long.flac")  # fmt: skip
    monkeypatch.setattr("spa2v_core.audio.reading.container.MAX_DECODED", 30 * 8_000 * 2)
    part, start, _ = read_span(path, 250.0, 5.0)
    assert start == 250.0
    expected = read_audio_of(clip, 250.0, 5.0) * np.linspace(250, 255, 40_000) * 0.8 / 300
    assert np.corrcoef(part.samples[0], expected[0])[0, 1] > 0.999
    part, start, note = read_span(path)
    assert 15 < start < 20
    assert "only 0.5 minutes were looked through" in note


def read_audio_of(clip, start, duration):
    first = round(start * clip.rate)
    return clip.samples[:, first : first + round(duration * clip.rate)]


def test_a_few_samples_that_are_no_numbers_are_silent(tmp_path):
    samples = noise(1).samples.copy()
    samples[:, 100:120] = np.nan
    data = samples.T.astype("<f4").tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, 2,
                       44_100, 352_800, 8, 32)  # fmt: skip
    (tmp_path / "nan.wav").write_bytes(head + struct.pack("<4sI", b"data", len(data)) + data)
    assert (read_audio(tmp_path / "nan.wav").samples[:, 100:120] == 0).all()


@pytest.mark.parametrize("count", range(1, 33))
def test_any_number_of_channels_is_read_or_refused_clearly(count, tmp_path):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (count, 22_050))
    path = many_channels(tmp_path / "many.wav", samples)
    if count > 2:
        with pytest.raises(InputError, match=f"{count} channels: say what they are"):
            read_span(path)
    clip, *_ = read_span(path, channels="front")
    assert clip.samples == pytest.approx(samples[:2], abs=1e-3)


@pytest.mark.parametrize(
    ("layout", "count"), [("3.0", 3), ("5.0", 5), ("5.1", 6), ("6.1", 7), ("7.1", 8)]
)
def test_surround_by_the_files_own_words_is_heard_in_stereo(layout, count, tmp_path):
    with av.open(str(tmp_path / "surround.flac"), "w") as out:
        stream = out.add_stream("flac", rate=44_100, layout=layout)
        samples = np.zeros((count, 44_100), "<i2")
        samples[0] = (noise(1).samples[0] * 10_000).astype("<i2")
        frame = av.AudioFrame.from_ndarray(samples.T.reshape(1, -1).copy(), "s16", layout)
        frame.rate, frame.pts = 44_100, 0
        for piece in av.AudioResampler("s16", layout, 44_100, 4096).resample(frame):
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    clip, *_ = read_span(tmp_path / "surround.flac")
    assert level_db(clip.samples[:1]) > -40
    assert level_db(clip.samples[1:]) < -100
    assert "heard in stereo (Lo/Ro)" in clip.notes[0]
