import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa2v_core.errors import InputError
from spa2v_core.generation.backends.mini.backend import in_known_words
from spa2v_core.generation.conditioning import facing_of, frame_conditions, frame_text
from spa2v_core.layout import Box, Keyframe, ObjectTrack, VideoSceneLayout
from spa2v_core.layout.keyframes import box_at
from tests.strategies import layouts


@given(layouts(), st.integers(1, 40))
def test_conditions_sample_the_layout_by_time(layout, count):
    made = frame_conditions(layout, count)
    assert made.boxes.shape == (count, len(layout.objects), 4)
    assert len(made.frame_texts) == count
    for j in range(count):
        frame = min(max((j + 0.5) / count * layout.frame_count - 0.5, 0), layout.frame_count - 1)
        for k, track in enumerate(layout.objects):
            assert made.boxes[j, k] == pytest.approx(box_at(track, frame), abs=1e-5)
            assert made.present[j, k] == (track.start - 0.5 <= frame <= track.end + 0.5)
    assert set(np.unique(made.facing)) <= {-1.0, 1.0}


def layout(**changes):
    values = {"frame_count": 2, "duration_s": 1, "caption": "A car.", "frame_captions": ["x", ""]}
    return VideoSceneLayout(**(values | changes))


@pytest.mark.parametrize(
    ("mode", "frame", "text"),
    [
        ("mix", 0, "A car. x"),
        ("mix", 1, "A car."),
        ("global", 0, "A car."),
        ("frame", 0, "x"),
        ("frame", 1, "A car."),
    ],
)
def test_text_of_a_frame(mode, frame, text):
    assert frame_text(layout(), frame, mode) == text


def test_unknown_caption_mode():
    with pytest.raises(InputError, match="mix, global or frame"):
        frame_conditions(layout(), 4, "all")  # type: ignore[arg-type]


def track(first, last, **changes):
    keys = [Keyframe(frame=0, box=Box.from_centre(first, 0.5, 0.2, 0.2))]
    keys.append(Keyframe(frame=15, box=Box.from_centre(last, 0.5, 0.2, 0.2)))
    values = {"id": 0, "name": "lorry", "start": 0, "end": 15, "keyframes": keys} | changes
    return ObjectTrack(**values)


@pytest.mark.parametrize(
    ("made", "facing"),
    [
        (track(0.2, 0.8), 1),
        (track(0.8, 0.2), -1),
        (track(0.2, 0.2), 1),
        (track(0.8, 0.8), -1),
        (track(0.2, 0.8, facing="left"), -1),
        (track(0.8, 0.8, facing="right"), 1),
    ],
)
def test_facing(made, facing):
    assert facing_of(made, 16) == facing


def test_names_become_what_the_mini_draws():
    given_layout = VideoSceneLayout(
        duration_s=1, caption="A lorry on a road", objects=[track(0.2, 0.8)]
    )
    known = in_known_words(given_layout)
    assert known.caption == "A truck on a road"
    assert known.objects[0].name == "truck"
