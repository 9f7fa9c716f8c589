import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa2v_core.layout import Box, ObjectTrack
from spa2v_core.layout.keyframes import box_at, dense, sparse
from tests.strategies import boxes, tracks

GOLDEN = Path(__file__).parents[1] / "golden" / "interpolation.json"


@given(tracks(), st.floats(-3, 20))
def test_interpolation_stays_between_its_keyframes(track, frame):
    box = box_at(track, frame)
    for i in range(4):
        values = [key.box[i] for key in track.keyframes]
        assert min(values) - 1e-9 <= box[i] <= max(values) + 1e-9


@given(tracks())
def test_keyframes_are_hit_exactly(track):
    for key in track.keyframes:
        assert box_at(track, key.frame) == key.box


@given(tracks(), st.integers(1, 64))
def test_dense_has_none_exactly_where_absent(track, count):
    for index, box in enumerate(dense(track, 16, count)):
        frame = min(max((index + 0.5) / count * 16 - 0.5, 0), 15)
        assert (box is not None) == (track.start - 0.5 <= frame <= track.end + 0.5)


@given(st.lists(boxes(), min_size=1, max_size=20), st.floats(0.001, 0.2))
def test_sparse_keyframes_stay_within_tolerance(path, tolerance):
    keyframes = sparse(path, 0, tolerance)
    track = ObjectTrack(id=0, name="a", start=0, end=len(path) - 1, keyframes=keyframes)
    for index, box in enumerate(path):
        for a, b in zip(box_at(track, index), box, strict=True):
            assert abs(a - b) <= tolerance + 1e-9


def test_sparse_finds_the_fewest():
    def there(k):
        return Box(0.05 * k, 0.4, 0.05 * k + 0.2, 0.6)

    straight = [there(k) for k in range(16)]
    bent = straight[:8] + [there(15 - k) for k in range(8, 16)]
    assert [k.frame for k in sparse(straight)] == [0, 15]
    assert [k.frame for k in sparse(bent)] == [0, 7, 8, 15]
    assert [k.frame for k in sparse([there(3)] * 16)] == [0]


@pytest.mark.parametrize("case", json.loads(GOLDEN.read_text()))
def test_golden_cases_shared_with_javascript(case):
    track = ObjectTrack(**case["track"])
    for frame, box in case["boxes"]:
        assert box_at(track, frame) == pytest.approx(box, abs=1e-9)
