import json
import time
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


def fits(path, start, stop, tolerance):
    for index in range(start + 1, stop):
        t = (index - start) / (stop - start)
        for a, b, c in zip(path[start], path[stop], path[index], strict=True):
            if abs(a + (b - a) * t - c) > tolerance:
                return False
    return True


def all_subsets(path, tolerance):
    """The frames of `sparse` by trying every segment: right, and cubic."""
    count = len(path)
    fewest, previous = [0] + [count] * (count - 1), [0] * count
    for stop in range(1, count):
        for start in range(stop):
            if fewest[start] + 1 < fewest[stop] and fits(path, start, stop, tolerance):
                fewest[stop], previous[stop] = fewest[start] + 1, start
    chosen = [count - 1]
    while chosen[0] != 0:
        chosen.insert(0, previous[chosen[0]])
    still = all(abs(a - b) <= tolerance for a, b in zip(path[0], path[-1], strict=True))
    return chosen[:1] if len(chosen) == 2 and still else chosen


#: Steps that are whole tolerances, so that boxes lie exactly on the limit too.
walks = st.lists(st.sampled_from([-0.02, -0.01, 0.0, 0.01, 0.02, 0.05]), max_size=40).map(
    lambda steps: [
        Box(round(x, 4), 0.1, round(x + 0.2, 4), 0.5)
        for x in (sum(steps[:k]) for k in range(len(steps) + 1))
    ]
)


@given(
    st.lists(boxes(), min_size=1, max_size=20) | walks, st.sampled_from([0.005, 0.01, 0.05, 0.2])
)
def test_sparse_is_what_trying_every_segment_gives(path, tolerance):
    assert [k.frame for k in sparse(path, 0, tolerance)] == all_subsets(path, tolerance)


@pytest.mark.parametrize("offset", [0.0, 0.011])
def test_sparse_is_quick(offset):
    """As many boxes as a layout holds; `offset` lets no segment reach the end."""
    path = [Box(0.001 * k, offset * (k % 97 == 0), 0.001 * k + 0.2, 0.5) for k in range(512)]
    started = time.process_time()
    sparse(path)
    assert time.process_time() - started < 1


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
