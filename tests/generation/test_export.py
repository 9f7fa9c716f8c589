import av
import cv2
import numpy as np
import pytest

from spa2v_core.audio.io import level_db, read_audio, read_span
from spa2v_core.errors import InputError
from spa2v_core.generation.export import (
    draw_boxes,
    enlarged,
    poster,
    read_layout,
    read_settings,
    write_video,
)
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.layout.io import dumps
from tests.audio.sounds import encode, noise
from tests.audio.test_decode import lag


def layout(name="car"):
    return VideoSceneLayout(
        duration_s=2,
        caption='said "hä" & <b>;\n=',
        objects=[
            {"id": 0, "name": name, "start": 0, "end": 7,
             "keyframes": [{"frame": 0, "box": [0.25, 0.25, 0.75, 0.75]}]}
        ],
    )  # fmt: skip


def ramp(count=16):
    """Frames that brighten."""
    values = np.linspace(20, 230, count).astype(np.uint8)
    return np.broadcast_to(values[:, None, None, None], (count, 160, 256, 3)).copy()


@pytest.mark.parametrize(
    ("seconds", "rate", "channels"),
    [(2.0, 44_100, 2), (6.013, 44_100, 2), (0.7, 8_000, 1), (9.999, 48_000, 2), (1.0, 37_800, 2)],
)
def test_picture_and_sound_end_together(seconds, rate, channels, tmp_path):
    clip = noise(seconds, rate=rate, channels=channels, right=0.5)
    write_video(ramp(), clip, tmp_path / "v.mp4", layout())
    with av.open(str(tmp_path / "v.mp4")) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (video.width, video.height) == (512, 320)
        assert file.duration / 1e6 == pytest.approx(clip.duration_s, abs=0.04)
        assert float(video.duration * video.time_base) == pytest.approx(clip.duration_s, abs=0.04)
        times = [frame.pts * video.time_base for frame in file.decode(video)]
    assert len(times) == 16
    gaps = np.diff([float(t) for t in times])
    assert gaps.max() - gaps.min() < 2e-3


def test_the_sound_is_the_clips_and_in_place(tmp_path):
    clip = noise(2, right=0.5)
    clip.samples[:, : clip.rate] *= 0.01
    write_video(ramp(), clip, tmp_path / "v.mp4")
    heard = read_audio(tmp_path / "v.mp4")
    assert heard.channels == 2
    envelope = np.abs(heard.samples[0])
    jump = int(np.argmax(envelope > 0.1 * envelope.max()))
    assert jump / heard.rate == pytest.approx(1.0, abs=0.005)
    assert level_db(heard.samples[1]) - level_db(heard.samples[0]) == pytest.approx(-6, abs=0.7)


def test_the_sound_is_in_place_to_the_millisecond(tmp_path):
    clip = noise(2)
    clip.samples[:] = 0
    clip.samples[:, round(1.25 * clip.rate)] = 1.0
    write_video(ramp(48), clip, tmp_path / "v.mp4", fps=24)
    heard = read_audio(tmp_path / "v.mp4")
    click = int(np.argmax(np.abs(heard.samples[0])))
    assert click / heard.rate == pytest.approx(1.25, abs=0.001)


@pytest.mark.parametrize("seconds", [0.7, 2.0, 6.013, 9.99])
def test_a_fixed_rate_ends_with_the_sound_too(seconds, tmp_path):
    write_video(ramp(round(24 * seconds)), noise(seconds), tmp_path / "v.mp4", fps=24)
    with av.open(str(tmp_path / "v.mp4")) as file:
        video = file.streams.video[0]
        assert video.average_rate == 24
        assert float(video.duration * video.time_base) == pytest.approx(seconds, abs=0.04)


def test_settings_travel_in_the_file_and_the_poster_is_the_middle(tmp_path):
    said = {"backend": "mini", "seed": 7, "negative_prompt": 'a "b" <c>; d=e\n#'}
    write_video(ramp(), noise(2), tmp_path / "v.mp4", layout(), settings=said)
    assert read_settings(tmp_path / "v.mp4") == said
    write_video(ramp(), noise(2), tmp_path / "w.mp4")
    assert read_settings(tmp_path / "w.mp4") == {}
    (tmp_path / "v.jpg").write_bytes(poster(ramp()))
    picture = cv2.imread(str(tmp_path / "v.jpg"))
    assert picture.shape == (320, 512, 3)
    assert picture.mean() == pytest.approx(ramp()[8].mean(), abs=2)


@pytest.mark.parametrize("size", [(768, 480), (1024, 640), (432, 768), (832, 832)])
def test_a_large_picture_is_exported_pixel_for_pixel(size, tmp_path):
    """Every second row is white: made smaller, or smaller and larger again, they would be grey."""
    frames = np.zeros((8, size[1], size[0], 3), np.uint8)
    frames[:, ::2] = 255
    write_video(frames, noise(2), tmp_path / "v.mp4", layout())
    with av.open(str(tmp_path / "v.mp4")) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == size
        seen = next(file.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(seen.astype(int) - frames[0]).max() < 30
    (tmp_path / "v.jpg").write_bytes(poster(frames))
    assert np.abs(cv2.imread(str(tmp_path / "v.jpg")).astype(int) - frames[0]).max() < 30
    assert (enlarged(frames[0]) == frames[0]).all()
    assert read_layout(tmp_path / "v.mp4") == layout()


@pytest.mark.parametrize("size", [(256, 160), (512, 320)])
def test_a_small_picture_is_enlarged_to_the_least_size(size):
    picture = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    large = cv2.resize(picture, (512, 320), interpolation=cv2.INTER_CUBIC)
    assert (enlarged(picture) == large).all()
    assert large.shape == (320, 512, 3)


def test_frames_keep_their_order_and_look(tmp_path):
    write_video(ramp(), noise(2), tmp_path / "v.mp4")
    with av.open(str(tmp_path / "v.mp4")) as file:
        means = [f.to_ndarray(format="rgb24").mean() for f in file.decode(video=0)]
    assert means == pytest.approx(ramp().mean((1, 2, 3)), abs=6)


def test_the_layout_travels_in_the_file(tmp_path):
    write_video(ramp(), noise(2), tmp_path / "v.mp4", layout())
    assert read_layout(tmp_path / "v.mp4") == layout()


def test_files_without_a_layout_are_refused(tmp_path):
    write_video(ramp(), noise(2), tmp_path / "v.mp4")
    with pytest.raises(InputError, match="no layout in this video"):
        read_layout(tmp_path / "v.mp4")
    (tmp_path / "x.mp4").write_text("no video")
    with pytest.raises(InputError, match="can't be read"):
        read_layout(tmp_path / "x.mp4")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"version": 1', "\udce9".encode("utf-8", "surrogateescape"), "1" * 5000]
)
def test_a_damaged_layout_is_no_layout_in_this_video(text, tmp_path):
    write_video(ramp(), noise(2), tmp_path / "v.mp4", layout(), settings={"backend": "mini"})
    data = (tmp_path / "v.mp4").read_bytes()
    written = dumps(layout()).encode()
    damaged = text if isinstance(text, bytes) else text.encode()
    assert written in data
    damaged = damaged[: len(written)].ljust(len(written))
    data = data.replace(written, damaged).replace(b'{"backend": "mini"', b'{"backend": \xe9mini"')
    (tmp_path / "v.mp4").write_bytes(data)
    with pytest.raises(InputError, match="no layout in this video"):
        read_layout(tmp_path / "v.mp4")
    assert read_settings(tmp_path / "v.mp4") == {}


def test_boxes_are_drawn_only_where_present():
    frames = ramp()
    drawn = np.stack(list(draw_boxes(frames, layout("<b>\N{GUITAR}" * 30))))
    assert drawn.shape == (16, 320, 512, 3)
    spread = drawn.reshape(16, -1).std(1)
    assert (spread[:8] > 5).all()
    assert (spread[8:] < 1).all()


def test_boxes_look_alike_at_every_size():
    """Lines and letters are of one share of the picture, seen from afar."""
    shown = []
    for factor in (1, 2, 3):
        frames = np.zeros((1, 320 * factor, 512 * factor, 3), np.uint8)
        (drawn,) = draw_boxes(frames, layout())
        assert drawn.shape == frames[0].shape
        shown.append(cv2.resize(drawn, (128, 80), interpolation=cv2.INTER_AREA).astype(int))
    for one in shown[1:]:
        assert np.abs(one - shown[0]).mean() < 0.3 * shown[0].mean()
        assert one.mean() == pytest.approx(shown[0].mean(), rel=0.25)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a", ".ogg", ".webm", ".mov"])
def test_the_sound_of_any_span_is_in_the_video_to_the_sample(suffix, tmp_path):
    path = encode(noise(8.0, right=0.5), tmp_path / f"clip{suffix}")
    whole = read_audio(path)
    for start, duration in ((0.0, 2.0), (3.217, 2.0), (6.5, 1.5)):
        clip, *_ = read_span(path, start, duration)
        write_video(ramp(), clip, tmp_path / "v.mp4")
        sound = read_audio(tmp_path / "v.mp4").samples
        first, count = round(start * whole.rate), round(1.2 * whole.rate)
        for heard, meant in zip(sound, whole.samples[:, first:], strict=True):
            assert lag(heard[:count], meant[:count]) == 0, start
