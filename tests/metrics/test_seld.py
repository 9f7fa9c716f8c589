"""SELD and Spatial AV-Align beside their reference implementations (tests/golden/seld.json)."""

import json
from pathlib import Path

import numpy as np
import pytest

from spa2v_core.metrics.seld import Event, events_of, seld_scores, to_dcase
from spa2v_core.metrics.spatial_av_align import (
    SpatialAlignment,
    boxes_of,
    sounds_of,
    spatial_av_align,
)
from tests.metrics.cases import at, track, video

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "seld.json").read_text())


def events(rows):
    return [Event(frame, str(label), azimuth, distance) for frame, label, azimuth, distance in rows]


@pytest.mark.parametrize("case", GOLDEN["seld"], ids=lambda case: case["name"])
def test_seld_scores_are_those_of_the_baselines_code(case):
    clips = [(events(clip["predicted"]), events(clip["true"])) for clip in case["clips"]]
    found = seld_scores(clips, [str(k) for k in range(case["classes"])])
    assert found.f_score == pytest.approx(case["f_score"])
    assert found.doa_error_deg == (case["doa_error_deg"] and pytest.approx(case["doa_error_deg"]))
    assert found.distance_error == (
        case["distance_error"] and pytest.approx(case["distance_error"])
    )


@pytest.mark.parametrize("case", GOLDEN["spatial"], ids=lambda case: case["name"])
def test_recall_is_that_of_savgbench(case):
    sounds = np.array(case["sounds"], float) / [1, 256]
    boxes = np.array(case["boxes"], float).reshape(-1, 3) / [1, 256, 256]
    assert spatial_av_align(sounds, boxes).recall == pytest.approx(case["recall"])


def test_a_box_over_all_has_recall_1_and_the_precision_tells():
    wide = np.array([[k, 0.0, 1.0] for k in range(8)])
    one = np.array([[0, 0.5]])
    found = spatial_av_align(one, wide)
    assert (found.recall, found.precision) == (1, 0.25)
    assert found + found == SpatialAlignment(2, 2, 16, 4)
    assert SpatialAlignment(0, 0, 0, 0).recall is None


def test_layouts_against_themselves_and_mirrored():
    left, right = (video(track("car", at(x))) for x in (0.1, 0.9))
    same = spatial_av_align(sounds_of(left), boxes_of(left))
    assert (same.recall, same.precision) == (1, 1)
    assert spatial_av_align(sounds_of(left), boxes_of(right)).recall == 0
    heights = {"car": 1.5}
    ours, theirs = events_of(left, heights), events_of(right, heights)
    assert len(ours) == 20  # 2 s
    assert ours[0].azimuth_deg == pytest.approx(38.66, abs=0.01)
    # 1.5 m over 0.2 of the height, at 90 degrees over 1.6 times that
    assert ours[0].distance_m * np.cos(np.radians(38.66)) == pytest.approx(6.0, rel=1e-3)
    assert seld_scores([(ours, ours)]).f_score == 1
    apart = seld_scores([(theirs, ours)])
    assert apart.f_score == 0
    assert apart.doa_error_deg == pytest.approx(77.32, abs=0.01)
    assert apart.matched == 1
    assert seld_scores([]).doa_error_deg is None


def test_the_tasks_table():
    text = to_dcase(events_of(video(track("car", at(0.1))), {"car": 1.5}), {"car": 7})
    lines = text.splitlines()
    assert lines[:2] == ["frame,class,source,azimuth,distance,onscreen", "0,7,0,39,768,1"]
    assert len(lines) == 21
