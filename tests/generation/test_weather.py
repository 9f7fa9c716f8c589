"""What falls over the mini's videos."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from spa2v_core import pipeline
from spa2v_core.evaluation.videos import read_video
from spa2v_core.generation.backends.mini.weather import RAIN, SNOW, layers, weather_of, with_weather
from spa2v_core.generation.base import Frames, RenderRequest
from spa2v_core.layout import VideoSceneLayout
from tests.audio.sounds import noise

GREY = np.full((24, 160, 256, 3), 90, np.uint8)


def request(caption, seed=0):
    return RenderRequest(VideoSceneLayout(duration_s=1, caption=caption), noise(1), seed=seed)


@pytest.mark.parametrize(
    ("caption", "falls"),
    [
        ("A car crosses a city street in the rain at night", RAIN),
        ("In a thunderstorm on the sea", RAIN),
        ("A dog in a park, it is snowing", SNOW),
        ("A white cat in the snow", None),  # which lies
        ("A train on a rainbow bridge", None),
        ("Rain is on the left of a dog", None),  # a thing with a box
        ("A piano plays in a room in the rain", None),
        ("", None),
    ],
)
def test_captions_tell_what_falls(caption, falls):
    assert weather_of(caption) == falls


def test_without_weather_nothing_changes():
    assert with_weather(GREY, request("a car on a road")) is GREY


@pytest.mark.parametrize("kind", [RAIN, SNOW])
def test_it_falls_everywhere_and_evenly(kind):
    """Down, by its speed, over all of the picture, as much in each moment."""
    made = np.array(list(layers(kind, np.arange(48) / 24, (256, 160), 0)), float)
    covered = (made > 127).mean((1, 2))
    assert 0.002 < covered.min() <= covered.max() < 0.08
    assert covered.max() < 2 * covered.min()
    over_time = (made > 127).any(0)
    assert all(part.any() for half in np.split(over_time, 4) for part in np.split(half, 4, 1))
    down = round(160 * kind.speed / 24)
    shifts = range(down + 8)
    alike = [np.mean(made[1:, shift:] * made[:-1, : 160 - shift]) for shift in shifts]
    assert 0 < np.argmax(alike) <= down + 3


def test_it_is_the_same_for_a_seed_and_lightens_what_is_dark():
    rainy = with_weather(GREY, request("a car in the rain"))
    assert rainy.shape == GREY.shape
    assert rainy.dtype == np.uint8
    assert (rainy == with_weather(GREY, request("a car in the rain"))).all()
    assert not (rainy == with_weather(GREY, request("a car in the rain", seed=1))).all()
    assert rainy.max() > 120
    assert np.median(rainy) == round(90 * RAIN.light)


def test_a_video_of_rain_shows_it(tmp_path):
    def added(caption):
        asked = replace(request(caption), options={"steps": 1, "frames": 8, "fps": 0})
        drawn = next(e for e in pipeline.frames(asked) if isinstance(e, Frames)).frames
        *_, done = pipeline.render(asked, tmp_path / "v.mp4")
        seen, _ = read_video(done.path)
        plain = [cv2.resize(frame, seen.shape[2:0:-1]) for frame in drawn]
        return np.abs(seen.astype(float) - plain).mean()

    assert added("a road in the rain") > 2 * added("a road")
