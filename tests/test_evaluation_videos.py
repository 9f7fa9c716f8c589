"""Videos beside layouts, by a detector."""

import json

import cv2
import numpy as np
import pytest

from spa2v_core import cli
from spa2v_core.audio.clip import AudioClip
from spa2v_core.errors import InputError
from spa2v_core.evaluation.videos import evaluate_videos, read_frames
from spa2v_core.generation.export import write_video
from spa2v_core.layout import io
from spa2v_core.metrics.obedience import Detections
from tests.audio.sounds import noise
from tests.metrics.cases import at, track, video

CAR = video(track("car", at(0.25, size=0.4)))


def bright(frames):
    """Finds what is white, calls it a car."""
    found = []
    for frame in frames:
        rows, columns = np.nonzero(frame.mean(-1) > 128)
        edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        height, width = frame.shape[:2]
        found.append(Detections(np.array([edges]) / [width, height, width, height], ("car",)))
    return found, frames.reshape(len(frames), -1)[:, ::5000].astype(float)


@pytest.fixture
def made(tmp_path):
    """Two videos of a white box: one where its layout says, one elsewhere."""
    for name, x in (("a", 0.25), ("b", 0.75)):
        frames = np.zeros((8, 320, 512, 3), np.uint8)
        frames[:, 96:224, round((x - 0.2) * 512) : round((x + 0.2) * 512)] = 255
        io.write(CAR, tmp_path / f"{name}.layout.json")
        write_video(frames, noise(2.0), tmp_path / f"{name}.mp4")
    return tmp_path


def test_a_detector_tells_which_video_obeys(made):
    figures = evaluate_videos(made, made, bright)
    assert figures["obedience_found"].value == 0.5
    assert figures["obedience_named"].value == 0.5
    assert 0.45 < figures["obedience_iou"].value < 0.55
    assert figures["video_recall"].value == 0.5
    assert figures["video_precision"].value == 0.5
    assert figures["frechet_ours"].value == pytest.approx(0, abs=1e-6)
    assert "fvd" not in figures


@pytest.mark.parametrize("clicks, score", [((0.55, 1.35), 1.0), ((0.95, 1.75), 0.0)])
def test_motion_is_held_against_the_video_s_own_sound(tmp_path, clicks, score):
    frames = np.zeros((20, 320, 512, 3), np.uint8)
    for k, x in enumerate(np.repeat([100, 130, 160], [5, 8, 7])):
        cv2.circle(frames[k], (int(x), 160), 60, (255, 255, 255), -1)
    sound = np.zeros(2 * 16000, np.float32)
    for click in clicks:
        sound[round(click * 16000) :][:400] = 0.5 * np.hanning(400)
    io.write(CAR, tmp_path / "a.layout.json")
    write_video(frames, AudioClip(np.stack([sound, sound]), 16000), tmp_path / "a.mp4")
    assert evaluate_videos(tmp_path, tmp_path, bright)["av_align"].value == score


def test_the_command_adds_them_to_the_table(made, capsys):
    code = cli.main(["evaluate", "--pred", str(made), "--ref", str(made), "--videos"])
    assert code == 0
    assert "box obedience, overlap" in capsys.readouterr().out
    assert "frechet_ours" in json.loads((made / "evaluation.json").read_text())["figures"]


def test_frames_are_read_at_equal_times_and_at_the_video_s_size(tmp_path):
    values = np.arange(10, 250, 5, dtype=np.uint8)
    frames = np.broadcast_to(values[:, None, None, None], (48, 480, 768, 3))
    write_video(frames, noise(2.0), tmp_path / "v.mp4")
    seen = read_frames(tmp_path / "v.mp4", 4)
    assert seen.shape == (4, 480, 768, 3)
    assert seen.mean((1, 2, 3)) == pytest.approx(values[[6, 18, 30, 42]], abs=3)


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(InputError, match="can't be read as a video"):
        read_frames(tmp_path / "a.mp4")
    io.write(CAR, tmp_path / "b.json")
    with pytest.raises(InputError, match="holds no videos"):
        evaluate_videos(tmp_path, tmp_path, bright)
