import numpy as np
import pytest
from hypothesis import given, settings

from spa2v_core.errors import LayoutError
from spa2v_core.layout import io as layout_io
from spa2v_core.metrics.docsim import docsim
from spa2v_core.metrics.ltsim import ltsim
from spa2v_core.metrics.max_iou import max_iou
from spa2v_core.metrics.static import StaticLayout, canonical, frames, mean_over_frames
from tests.metrics.cases import at, track, video
from tests.strategies import layouts


def test_labels_are_compared_by_what_they_name():
    assert canonical("Automobile") == canonical("a car") == canonical("red car") == "car"
    assert canonical("loudspeaker") == "loudspeaker"
    assert canonical("The Zzzgrok!") == "zzzgrok"
    assert canonical("zzz") != canonical("yyy")
    assert canonical("?") != canonical("!")


@pytest.mark.parametrize(
    "boxes",
    [
        np.zeros((0, 4)),
        np.zeros(4),
        np.zeros((1, 5)),
        np.array([[0.1, 0.1, 0.1, 0.2]]),
        np.array([[0.3, 0.1, 0.1, 0.2]]),
        np.array([[0.3, 0.1, np.nan, 0.2]]),
    ],
)
def test_bad_boxes_are_refused(boxes):
    with pytest.raises(LayoutError, match="boxes"):
        StaticLayout(("car",), boxes)


def test_frames_hold_what_is_seen():
    layout = video(track("car", at(-0.3), at(0.4)), track("dog", at(0.5), start=2, end=3))
    seen = frames(layout, 8)
    assert [one.labels for one in seen[:4]] == [(), (), ("dog",), ("car", "dog")]
    assert seen[3].boxes[0] == pytest.approx([0, 0.4, 0.1, 0.6])
    assert all(one.boxes.shape == (len(one.labels), 4) for one in seen)


def test_frames_without_anything_do_not_count():
    late = video(track("car", at(0.5), start=4, end=7))
    later = video(track("car", at(0.5), start=6, end=7))
    assert mean_over_frames(max_iou, late, later) == pytest.approx(0.5)
    assert mean_over_frames(max_iou, video(), video()) == 1
    assert mean_over_frames(docsim, video(), video()) == 0


def test_other_frame_counts_are_compared_at_equal_times():
    # Inside the half frame at either end, where the finer layout goes on and the coarser one rests.
    coarse = video(track("car", at(0.15), at(0.85)))
    fine = video(track("car", at(0.15 - 0.025), at(0.85 + 0.025), end=15), frames=16)
    assert mean_over_frames(max_iou, fine, coarse) == pytest.approx(1, abs=1e-6)


@given(layouts())
@settings(max_examples=15, deadline=None)
def test_identical_videos_score_one(layout):
    assert mean_over_frames(max_iou, layout, layout) == pytest.approx(1)
    assert mean_over_frames(ltsim, layout, layout) == pytest.approx(1)


def test_the_papers_form_scores_as_ours():
    layout = video(track("car", at(-0.05), at(0.9)), track("dog", at(0.7, 0.3, 0.3)))
    again = layout_io.from_dict(layout_io.to_dense(layout))
    assert mean_over_frames(max_iou, again, layout) == pytest.approx(1, abs=0.02)
