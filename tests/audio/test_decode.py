"""Files that players play, whatever is odd about them."""

import struct
import time

import av
import numpy as np
import pytest

from spa2v_core import pipeline
from spa2v_core.audio.clip import AudioClip
from spa2v_core.audio.cues import measure
from spa2v_core.audio.io import level_db, read_audio, read_span, write_wav
from spa2v_core.audio.reading.choices import CHANNELS
from spa2v_core.errors import InputError
from spa2v_core.simulation.acoustics import constant_power
from tests.audio.sounds import encode, noise
from tests.audio.test_io import many_channels

RATE = 44_100


def panned(start=0.2, stop=0.8, seconds=2.0, rate=RATE, seed=0):
    sound = 0.1 * np.random.default_rng(seed).normal(size=round(seconds * rate))
    gains = np.stack(constant_power(np.linspace(start, stop, len(sound))))
    return AudioClip((gains * sound).astype(np.float32), rate)


def crosses(clip):
    x = measure(clip).x
    return x[0] < 0.35 and x[-1] > 0.65


def container(path, tracks, codec="aac", picture_s=0.0):
    """A file of sound tracks (clip, first second, default), after a picture track if wanted."""
    with av.open(str(path), "w") as out:
        if picture_s:
            video = out.add_stream("libx264", rate=5)
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        streams = []
        for clip, _, default in tracks:
            layout = "stereo" if clip.channels == 2 else "mono"
            stream = out.add_stream(codec, rate=clip.rate, layout=layout)
            stream.disposition = av.stream.Disposition.default if default else 0
            streams.append(stream)
        for _ in range(int(5 * picture_s)):
            picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")
            out.mux(video.encode(picture))
        if picture_s:
            out.mux(video.encode(None))
        for stream, (clip, first_s, _) in zip(streams, tracks, strict=True):
            layout = stream.codec_context.layout.name
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(clip.samples), "fltp", layout)
            frame.rate, frame.pts = clip.rate, round(first_s * clip.rate)
            resampler = av.AudioResampler(stream.codec_context.format, layout, clip.rate, 1024)
            for piece in [*resampler.resample(frame), *resampler.resample(None)]:
                out.mux(stream.encode(piece))
            out.mux(stream.encode(None))
    return path


def float_wav(path, samples, rate=RATE):
    """A 32-bit float wav of (channels, n) samples."""
    data = np.asarray(samples, "<f4").T.tobytes()
    count = len(samples)
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, count,
                       rate, rate * count * 4, count * 4, 32)  # fmt: skip
    path.write_bytes(head + struct.pack("<4sI", b"data", len(data)) + data)
    return path


def test_two_mono_tracks_are_left_and_right(tmp_path):
    clip = panned()
    sides = [AudioClip(clip.samples[k : k + 1], RATE) for k in (0, 1)]
    path = container(tmp_path / "two.mp4", [(side, 0, k == 0) for k, side in enumerate(sides)])
    read = read_audio(path)
    assert "two mono tracks are taken as left and right" in read.notes
    assert crosses(read)
    assert not crosses(read_audio(path, channels="swap"))
    for k, choice in enumerate(("left", "right")):
        only = read_audio(path, channels=choice)
        assert only.channels == 1
        assert only.samples[0] == pytest.approx(read.samples[k], abs=1e-6)


def test_a_silent_first_track_is_passed_over(tmp_path):
    silent = AudioClip(np.zeros((2, 2 * RATE), np.float32), RATE)
    soft = panned(0.5, 0.5, seed=2)
    path = container(
        tmp_path / "three.mkv", [(silent, 0, False), (soft, 0, False), (panned(), 0, True)]
    )
    read = read_audio(path)
    assert crosses(read)
    assert "of 3 tracks the default, 3, is taken" in read.notes
    path = container(tmp_path / "two.mkv", [(silent, 0, True), (panned(), 0, False)])
    assert "track 1 is silent: track 2 is taken" in read_audio(path).notes


def test_what_starts_late_starts_late(tmp_path):
    path = container(tmp_path / "late.mp4", [(panned(), 0.5, True)], picture_s=2.5)
    read = read_audio(path)
    assert read.duration_s == pytest.approx(2.5, abs=0.05)
    assert level_db(read.samples[:, : round(0.4 * RATE)]) < -100
    begins = np.flatnonzero(np.abs(read.samples[0]) > 0.01)[0] / RATE
    assert begins == pytest.approx(0.5, abs=0.03)


def test_stereo_and_then_mono_is_stereo_throughout(tmp_path):
    stereo = encode(panned(), tmp_path / "a.mp3").read_bytes()
    mono = encode(noise(1.5, channels=1), tmp_path / "b.mp3").read_bytes()
    (tmp_path / "both.mp3").write_bytes(stereo + mono)
    read = read_audio(tmp_path / "both.mp3")
    assert read.channels == 2
    assert read.duration_s == pytest.approx(3.5, abs=0.15)
    end = read.samples[:, -RATE:]
    assert np.abs(end[0] - end[1]).max() < 1e-6


def test_chained_ogg_is_read_to_its_end(tmp_path):
    parts = [container(tmp_path / f"{k}.ogg", [(panned(rate=rate), 0, True)], "flac")
             for k, rate in enumerate((48_000, 44_100))]  # fmt: skip
    (tmp_path / "chain.ogg").write_bytes(b"".join(part.read_bytes() for part in parts))
    read = read_audio(tmp_path / "chain.ogg")
    assert read.rate == 48_000
    assert read.duration_s == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize("suffix", [".flac", ".m4a"])
def test_what_is_damaged_or_cut_short_is_read_as_far_as_it_goes(suffix, tmp_path):
    whole = encode(panned(seconds=3.0), tmp_path / f"whole{suffix}").read_bytes()
    if suffix == ".flac":
        (tmp_path / "cut.flac").write_bytes(whole[: len(whole) // 2])
        read = read_audio(tmp_path / "cut.flac")
        assert 1 < read.duration_s < 2
        assert "cut short" in read.notes[0]
    middle = len(whole) // 2
    broken = whole[:middle] + bytes(1500) + whole[middle + 1500 :]
    (tmp_path / f"broken{suffix}").write_bytes(broken)
    read = read_audio(tmp_path / f"broken{suffix}")
    assert 2.5 < read.duration_s <= 3.1
    assert "damaged" in read.notes[0]


def test_float_over_full_scale_is_turned_down_and_said(tmp_path):
    clip = panned()
    read = read_audio(float_wav(tmp_path / "loud.wav", clip.samples * 40))
    assert np.abs(read.samples).max() == pytest.approx(1)
    assert "dB over full scale" in read.notes[0]
    scale = np.abs(clip.samples).max()
    assert read.samples == pytest.approx(clip.samples / scale, abs=1e-5)


@pytest.mark.parametrize("level", [-72, -90])
def test_quiet_float_is_no_silence(level, tmp_path):
    samples = panned().samples * 10 ** ((level + 20) / 20)
    assert crosses(read_span(float_wav(tmp_path / "quiet.wav", samples))[0])
    write_wav(AudioClip(samples, RATE), tmp_path / "sixteen.wav")
    with pytest.raises(InputError, match="silent"):
        read_span(tmp_path / "sixteen.wav")


def test_dc_alone_is_silence(tmp_path):
    path = float_wav(tmp_path / "dc.wav", np.full((2, 2 * RATE), 0.3))
    with pytest.raises(InputError, match="silent"):
        pipeline.analyse(path)


def ambisonics(azimuth_deg, kind):
    """(4, n) of noise from the left by so many degrees, in the order and norm of `kind`."""
    sound = 0.1 * np.random.default_rng(0).normal(size=RATE)
    turn = np.radians(azimuth_deg)
    left, front, up = np.sin(turn) * sound, np.cos(turn) * sound, 0 * sound
    if kind == "fuma":
        return np.stack([sound / 2**0.5, front, left, up])
    norm = 3**0.5 if kind == "n3d" else 1
    return np.stack([sound, norm * left, norm * up, norm * front])


@pytest.mark.parametrize("kind", ["foa", "fuma", "n3d"])
def test_ambisonics_of_each_kind_are_the_same_and_another_choice_is_refused(kind, tmp_path):
    path = many_channels(tmp_path / "b.wav", ambisonics(30, kind))
    reference = read_audio(
        many_channels(tmp_path / "foa.wav", ambisonics(30, "foa")), channels="foa"
    )
    assert read_audio(path, channels=kind).samples == pytest.approx(reference.samples, abs=1e-3)
    for other in {"foa", "fuma", "n3d"} - {kind}:
        with pytest.raises(InputError, match=f"choose {kind}"):
            read_audio(path, channels=other)


def test_front_of_surround_keeps_the_centre(tmp_path):
    """A sound that goes left, centre, right in 5.1 (FL FR FC LFE BL BR)."""
    third, sound = RATE, 0.2 * np.random.default_rng(0).normal(size=3 * RATE)
    samples = np.zeros((6, 3 * RATE), np.float32)
    for k, channel in enumerate((0, 2, 1)):
        samples[channel, k * third : (k + 1) * third] = sound[k * third : (k + 1) * third]
    path = tmp_path / "surround.flac"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("flac", rate=RATE, layout="5.1")
        frame = av.AudioFrame.from_ndarray(
            (samples.T * 32_767).astype("<i2").reshape(1, -1), "s16", "5.1"
        )
        frame.rate, frame.pts = RATE, 0
        for piece in av.AudioResampler("s16", "5.1", RATE, 4096).resample(frame):
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    cues = measure(read_audio(path, channels="front"))
    assert cues.x[[1, 8, 14]] == pytest.approx([0, 0.5, 1], abs=0.05)


@pytest.mark.parametrize("count", [8, 12])
def test_many_channels_are_read_without_a_crash(count, tmp_path):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (count, RATE // 2))
    path = many_channels(tmp_path / "many.wav", samples)
    read = read_audio(path, channels="front")
    assert read.samples == pytest.approx(samples[:2], abs=1e-3)
    assert read_audio(path, channels="right").samples[0] == pytest.approx(samples[1], abs=1e-3)


def test_choices_of_stereo(tmp_path):
    clip = panned()
    write_wav(clip, tmp_path / "clip.wav")
    left, right = read_audio(tmp_path / "clip.wav").samples
    expected = {
        "auto": [left, right],
        "plain": [left, right],
        "swap": [right, left],
        "left": [left],
        "right": [right],
        "inverted": [left, -right],
        "mid-side": [left + right, left - right],
        "front": [left, right],
    }
    for choice in CHANNELS:
        if choice in expected:
            read = read_audio(tmp_path / "clip.wav", channels=choice)
            wanted = np.array(expected[choice])
            assert read.samples * max(1, np.abs(wanted).max()) == pytest.approx(wanted, abs=1e-4)
        else:
            with pytest.raises(InputError, match="ambisonics has 4"):
                read_audio(tmp_path / "clip.wav", channels=choice)
    write_wav(noise(1, channels=1), tmp_path / "mono.wav")
    with pytest.raises(InputError, match="middle and side are 2"):
        read_audio(tmp_path / "mono.wav", channels="mid-side")


def test_middle_and_side_are_planned_when_said(tmp_path):
    left, right = panned().samples
    path = float_wav(tmp_path / "ms.wav", np.stack([left + right, left - right]) / 2)
    assert crosses(read_audio(path, channels="mid-side"))


def test_tags_that_are_not_utf8_are_no_reason_to_refuse(tmp_path):
    frame = b"TIT2" + struct.pack(">I", 4) + b"\0\0" + b"\x03\xe9\xff\xe8"
    tag = b"ID3\x03\0\0" + bytes([0, 0, 0, len(frame)]) + frame
    sound = encode(panned(), tmp_path / "plain.mp3").read_bytes()
    (tmp_path / "latin.mp3").write_bytes(tag + sound[sound.find(b"\xff\xfb") :])
    assert crosses(read_audio(tmp_path / "latin.mp3"))


def test_an_unknown_codec_is_one_clear_line(tmp_path):
    path = tmp_path / "odd.wav"
    write_wav(noise(1), path)
    data = bytearray(path.read_bytes())
    data[20:22] = struct.pack("<H", 0x4321)
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="can't be decoded here: export it as wav or flac"):
        read_audio(path)


def test_high_rates_are_lowered_and_too_many_samples_refused(tmp_path, monkeypatch):
    write_wav(panned(seconds=1.0, rate=192_000), tmp_path / "high.wav")
    read = read_audio(tmp_path / "high.wav")
    assert read.rate == 48_000
    assert crosses(read)
    monkeypatch.setattr("spa2v_core.audio.reading.container.MAX_DECODED", 100_000)
    with pytest.raises(InputError, match="million samples"):
        read_audio(tmp_path / "high.wav")


def lag(part, reference):
    """Samples that a part is later than a reference, by their correlation."""
    spectrum = np.fft.rfft(part, 2 * len(part)) * np.conj(np.fft.rfft(reference, 2 * len(part)))
    found = int(np.abs(np.fft.irfft(spectrum)).argmax())
    return found if found < len(part) else found - 2 * len(part)


@pytest.mark.parametrize("suffix", [".flac", ".mp3", ".m4a", ".mp4", ".ogg", ".webm"])
def test_what_comes_after_damage_comes_when_it_did(suffix, tmp_path):
    path = encode(noise(16.0), tmp_path / f"whole{suffix}")
    whole, data = read_audio(path), path.read_bytes()
    middle = len(data) // 2
    path.write_bytes(data[:middle] + bytes(5000) + data[middle + 5000 :])
    read = read_audio(path)
    assert read.duration_s == pytest.approx(whole.duration_s, abs=0.03)
    at = slice(round(14 * read.rate), round(15 * read.rate))
    # the times of webm are in milliseconds
    assert abs(lag(read.samples[0, at], whole.samples[0, at])) <= (48 if suffix == ".webm" else 0)
    assert "the file is damaged at" in read.notes[0]
    assert "are lost and silent" in read.notes[0]
    part = read_audio(path, start_s=14.0, duration_s=1.0)
    assert abs(lag(part.samples[0], whole.samples[0, at])) <= (48 if suffix == ".webm" else 0)
    assert part.notes == ()


@pytest.mark.parametrize("suffix", [".flac", ".mp3", ".wav", ".ogg", ".webm"])
def test_a_file_that_is_cut_gives_what_it_holds(suffix, tmp_path):
    path = encode(noise(16.0), tmp_path / f"whole{suffix}")
    whole, data = read_audio(path), path.read_bytes()
    path.write_bytes(data[: len(data) * 5 // 8])
    read = read_audio(path)
    assert 7 < read.duration_s < 11
    count = min(read.samples.shape[1], 7 * read.rate)
    assert np.abs(read.samples[:, :count] - whole.samples[:, :count]).max() < 1e-3
    if suffix in (".flac", ".webm"):  # the others say no length, or none that differs
        assert "cut short" in read.notes[-1]


def test_a_cut_mp4_has_no_index_and_is_told_so(tmp_path):
    path = encode(noise(4.0), tmp_path / "whole.m4a")
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(InputError, match="is cut off: its index"):
        read_audio(path)


def test_one_wrong_timestamp_is_no_gap(tmp_path):
    """Its block is taken for what it is: the next to the one before."""
    path = encode(noise(16.0), tmp_path / "clip.webm")
    whole, data = read_audio(path), bytearray(path.read_bytes())
    with av.open(str(path)) as file:
        packet = next(p for p in file.demux(audio=0) if p.pts and p.pts > 6000)
    # a block: track, 16 bits of time in its cluster, flags
    data[packet.pos + data[packet.pos :].index(b"\x81") + 1] ^= 0x04
    path.write_bytes(bytes(data))
    read = read_audio(path)
    assert read.duration_s == pytest.approx(whole.duration_s, abs=0.03)
    at = slice(14 * read.rate, 15 * read.rate)
    assert abs(lag(read.samples[0, at], whole.samples[0, at])) <= 48


def test_variable_bit_rate_without_a_header_is_measured(tmp_path):
    """Silence first: the bit rate there says far more than an hour."""
    quiet = encode(AudioClip(np.zeros((2, 3 * RATE), np.float32), RATE), tmp_path / "a.mp3")
    loud = encode(noise(3.0), tmp_path / "b.mp3").read_bytes()
    (tmp_path / "both.mp3").write_bytes(quiet.read_bytes()[420:] + loud[420:])
    assert read_audio(tmp_path / "both.mp3").duration_s == pytest.approx(6, abs=0.2)


def test_rates_that_change_within_a_file_are_one_in_the_end(tmp_path):
    parts = []
    for k, (rate, channels) in enumerate([(44_100, 2), (48_000, 2), (22_050, 1)]):
        clip = noise(3.0, rate=rate, channels=channels)
        parts.append(encode(clip, tmp_path / f"{k}.mp3").read_bytes())
    (tmp_path / "joined.mp3").write_bytes(b"".join(parts))
    read = read_audio(tmp_path / "joined.mp3")
    assert (read.rate, read.channels) == (44_100, 2)
    assert read.duration_s == pytest.approx(9, abs=0.3)
    assert level_db(read.samples[:, -2 * RATE : -RATE]) == pytest.approx(-20, abs=1)


@pytest.mark.parametrize("links", [2, 5])
def test_a_span_of_a_chain_is_what_the_whole_holds_there(links, tmp_path):
    rates = (48_000, 44_100, 32_000, 44_100, 48_000)
    parts = [
        container(tmp_path / f"{k}.ogg", [(panned(rate=rates[k], seed=k), 0, True)], "flac")
        for k in range(links)
    ]
    path = tmp_path / "chain.ogg"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    whole, part = read_audio(path), read_audio(path, start_s=2.5, duration_s=1.0)
    expected = whole.samples[:, 120_000:168_000]
    assert np.abs(part.samples - expected).max() < 0.02


def test_four_mono_tracks_are_two_pairs(tmp_path):
    clip = panned()
    silent = AudioClip(np.zeros((1, 2 * RATE), np.float32), RATE)
    sides = [AudioClip(clip.samples[k : k + 1], RATE) for k in (0, 1)]
    tracks = [(side, 0, False) for side in (silent, silent, *sides)]
    read = read_audio(container(tmp_path / "camera.mov", tracks, "pcm_s16le"))
    assert crosses(read)
    assert "left and right (tracks 3 and 4)" in read.notes[0]


def test_a_block_of_hours_is_refused(tmp_path):
    """One Ogg link at 48 kHz, then one at 1 Hz whose few samples would be hours."""
    first = container(tmp_path / "a.ogg", [(panned(rate=48_000), 0, True)], "flac").read_bytes()
    second = container(tmp_path / "b.ogg", [(panned(rate=8_000), 0, True)], "flac").read_bytes()
    at = second.index(b"fLaC") + 4 + 4 + 10  # the rate: the 20 bits after the sizes
    bits = int.from_bytes(second[at : at + 3], "big")
    slow = (bits & 0xF | 1 << 4).to_bytes(3, "big")
    (tmp_path / "bomb.ogg").write_bytes(first + second[:at] + slow + second[at + 3 :])
    started = time.process_time()
    try:
        assert read_audio(tmp_path / "bomb.ogg").duration_s < 900
    except InputError as error:
        assert "cut out the part" in str(error) or "can't be read" in str(error)
    assert time.process_time() - started < 5
