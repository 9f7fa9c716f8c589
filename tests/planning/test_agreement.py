import json
from pathlib import Path

import numpy as np
import pytest

from spa2v_core.audio.cues import measure
from spa2v_core.audio.hearing import Heard, hear
from spa2v_core.audio.sources import HeardSource
from spa2v_core.layout import Box, Keyframe, ObjectTrack, VideoSceneLayout
from spa2v_core.layout.keyframes import dense
from spa2v_core.planning.agreement import agreement, evidence_path, score
from spa2v_core.planning.base import PlanRequest
from spa2v_core.planning.registry import get_planner
from tests.planning.test_cue_planner import moving, still

GOLDEN = Path(__file__).parents[1] / "golden" / "agreement.json"


@pytest.mark.parametrize("case", json.loads(GOLDEN.read_text()))
def test_golden_cases_shared_with_javascript(case):
    boxes = dense(ObjectTrack(**case["track"]), 16)
    centres = np.array([np.nan if box is None else box.centre[0] for box in boxes])
    assert score(centres, np.array(case["path"]), np.array(case["trust"])) == case["score"]


def drifting(hump_db=8.0):
    """A sound that drifts by a twentieth of the width about the middle, and passes."""
    level = -20 - hump_db * np.linspace(-1, 1, 16) ** 2 * 2
    source = HeardSource(
        x=np.linspace(0.48, 0.53, 16),
        level_db=level,
        confidence=np.full(16, 0.9),
        share=1.0,
        weight=1.0,
        member=np.ones((1, 64)),
    )
    return Heard(source, None)


def test_evidence_of_travel_is_travel_and_agrees_with_the_plan():
    one = drifting()
    path = evidence_path(one, "car")
    assert path[-1] - path[0] > 0.5
    assert np.ptp(evidence_path(one, "piano")) < 0.05
    keys = (
        Keyframe(frame=0, box=Box(0.1, 0.4, 0.3, 0.7)),
        Keyframe(frame=15, box=Box(0.7, 0.4, 0.9, 0.7)),
    )
    track = ObjectTrack(id=0, name="car", start=0, end=15, keyframes=keys)
    (found,) = agreement(VideoSceneLayout(duration_s=4, objects=(track,)), (one,))
    assert found.score > 0.95


def test_the_planners_own_plan_agrees():
    clip = moving(still(-2.5, 4))
    cues = measure(clip)
    heard = hear(cues, None, 1)
    layout = get_planner("cues").plan(PlanRequest(clip, cues, heard, ("dog",))).layout
    (found,) = agreement(layout, heard)
    assert found.score > 0.95
