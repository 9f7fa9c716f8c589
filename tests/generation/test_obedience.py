"""The published mini model obeys boxes, names, colours, presence and captions (default preset).

A few layouts each, to notice what breaks; how well it obeys is measured by `make bench-mini`.
"""

from dataclasses import replace

import numpy as np
import pytest

from spa2v_core.generation.backends.mini.backend import WEIGHTS, conditions_for, load_mini
from spa2v_core.generation.registry import BACKENDS
from spa2v_core.generation.schedule import Schedule
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.layout import io as layout_io
from spa2v_core.layout.picture import MINI_WH
from spa2v_core.metrics.boxes import iou
from spa2v_core.planning.caption_planner import place_mentioned
from spa2v_core.training.mini import detector as detectors
from spa2v_core.training.mini.detector import detect
from spa2v_core.vocabulary import drawn_things

NAMES = [thing.name for thing in drawn_things()]
FRAMES = 16


@pytest.fixture(scope="module")
def detector():
    return detectors.Detector.from_pretrained(detectors.WEIGHTS).float().eval()


def layout(caption, *objects):
    """Objects are (name, appearance, first box, last box[, start, end])."""
    tracks = []
    for k, (name, appearance, first, last, *span) in enumerate(objects):
        start, end = span or (0, FRAMES - 1)
        keyframes = [{"frame": start, "box": first}, {"frame": end, "box": last}]
        tracks.append(
            {"id": k, "name": name, "appearance": appearance, "start": start, "end": end}
            | {"keyframes": keyframes}
        )
    return layout_io.from_dict(
        {"version": 1, "frame_count": FRAMES, "duration_s": 4.0, "width": 512, "height": 320}
        | {"reasoning": "", "caption": caption, "frame_captions": [], "objects": tracks}
    )


def draw(made: VideoSceneLayout, seed=0, frames=FRAMES):
    """(frames, 160, 256, 3) uint8, as the app draws it."""
    model = load_mini(WEIGHTS)
    conditions = conditions_for(place_mentioned(made)[0], frames, "mix")
    schedule = BACKENDS.get("mini").presets["default"].schedule
    latents = model.denoise(conditions, schedule, seed=seed, size=MINI_WH, kinds=("instance",))
    return model.decode(latents)


def overlap(found, name, box):
    """Of the detection of `name` that fits the box best, 0 if there is none."""
    mine = [xyxy for xyxy, k in zip(found.xyxy, found.things, strict=True) if NAMES[k] == name]
    return max([iou(xyxy, np.array(box)) for xyxy in mine], default=0.0)


DOG = (0.08, 0.45, 0.36, 0.9)
GUITAR = (0.62, 0.35, 0.88, 0.88)


def test_each_thing_is_in_its_own_box_all_through(detector):
    still = layout(
        "a dog and a guitar in a room", ("dog", "", DOG, DOG), ("guitar", "", GUITAR, GUITAR)
    )
    found, _ = detect(detector, draw(still))
    assert np.mean([overlap(frame, "dog", DOG) for frame in found]) > 0.7
    assert np.mean([overlap(frame, "guitar", GUITAR) for frame in found]) > 0.7
    assert max(overlap(frame, "dog", GUITAR) for frame in found) < 0.2


def test_a_thing_is_there_only_while_it_is_present(detector):
    bell = (0.4, 0.2, 0.6, 0.6)
    found, _ = detect(detector, draw(layout("a bell in a field", ("bell", "", bell, bell, 5, 10))))
    seen = [overlap(frame, "bell", bell) > 0.5 for frame in found]
    assert sum(seen[5:11]) >= 5
    assert sum(seen[:5] + seen[11:]) <= 1


def test_a_thing_that_comes_closer_grows(detector):
    far, near = (0.42, 0.5, 0.54, 0.66), (0.25, 0.25, 0.85, 0.97)
    found, _ = detect(detector, draw(layout("a bus on a road", ("bus", "", far, near))))
    assert overlap(found[0], "bus", far) > 0.5
    assert overlap(found[-1], "bus", near) > 0.6


def coloured(part):
    """(3,) mean of the pixels (..., 3) that are of a colour rather than grey."""
    pixels = part.reshape(-1, 3).astype(float)
    return pixels[np.ptp(pixels, axis=1) > 60].mean(0)


def test_colours_scenes_and_lights_are_those_of_the_words():
    box = (0.35, 0.4, 0.65, 0.75)
    cars = (layout("a car on a road", ("car", colour, box, box)) for colour in ("red", "blue"))
    red, blue = (coloured(draw(car, frames=8)[4, 85:105, 100:156]) for car in cars)
    assert red[0] > red[2] + 40
    assert blue[2] > blue[0] + 40
    day, night = (draw(layout(f"in a field{light}"), frames=8) for light in ("", " at night"))
    assert night.mean() < 0.6 * day.mean()
    beside = day[4, 110:130, [*range(50), *range(-50, 0)]]  # a path may lead through the middle
    ground = beside.reshape(-1, 3).mean(0)
    assert ground[1] > ground[[0, 2]].max() + 20  # a field is green


def test_a_caption_alone_is_enough(detector):
    found, _ = detect(detector, draw(layout("a cat on the left in a room")))
    at = [NAMES[k] for frame in found for k in frame.things]
    assert at.count("cat") > FRAMES // 2
    cats = [
        xyxy
        for frame in found
        for xyxy, k in zip(frame.xyxy, frame.things, strict=True)
        if NAMES[k] == "cat"
    ]
    assert np.mean([(xyxy[0] + xyxy[2]) / 2 for xyxy in cats]) < 0.4


def test_the_background_stands_still():
    video = draw(layout("a dog and a guitar on a farm", ("dog", "", DOG, DOG)))
    change = np.abs(np.diff(video[:, :, 160:].astype(float), axis=0))
    assert change.mean() < 0.5


def test_half_precision_draws_the_same_picture():
    still = layout("a guitar in a room", ("guitar", "", GUITAR, GUITAR))
    given = conditions_for(still, FRAMES, "mix")
    pictures = []
    for bf16 in (False, True):
        model = replace(load_mini(WEIGHTS), bf16=bf16)
        latents = model.denoise(given, Schedule(2, 1.0), seed=0, size=MINI_WH, kinds=("instance",))
        pictures.append(model.decode(latents[:, :, :4], chunk=1).astype(float))
    error = np.square(pictures[0] - pictures[1]).mean()
    assert 0 < error < 255**2 / 10**4  # 40 dB
