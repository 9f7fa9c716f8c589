import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa2v_core.errors import LayoutError
from spa2v_core.layout import Box, Keyframe, ObjectTrack, VideoSceneLayout, edit
from tests.strategies import layouts, with_track


def test_bad_changes_are_layout_errors():
    with pytest.raises(LayoutError):
        edit.rescale(_empty(), -1)
    with pytest.raises(LayoutError, match="frame_count"):
        edit.revise(_empty(), frame_count=0)


def _empty():
    from spa2v_core.layout import VideoSceneLayout

    return VideoSceneLayout(duration_s=6)


@given(layouts(), st.randoms())
def test_a_new_plan_keeps_what_is_locked_changed_or_added(before, random):
    found = [t for t in before.objects if random.random() < 0.7]
    random.shuffle(found)
    named = (edit.revise(t, id=i, name=random.choice([t.name, "new"])) for i, t in enumerate(found))
    plan = edit.revise(before, objects=tuple(named))
    current = before
    for index, track in enumerate(before.objects):
        if index % 2:
            current = with_track(current, track.id, locked=True)
    layout, proposal = edit.replan(current, before, plan)
    kept = [t for t in current.objects if t.locked or t not in before.objects]
    assert all(track in layout.objects for track in kept)
    assert len(layout.objects) >= len(plan.objects)
    assert [t.name for t in proposal.objects] == [t.name for t in plan.objects]
    assert {t.id for t in proposal.objects} <= {t.id for t in layout.objects}


def test_a_kept_track_stands_for_the_new_one_of_its_name(layout_of):
    before = layout_of("car", "dog")
    current = with_track(before, 0, appearance="red")
    current = edit.revise(
        current, objects=(*current.objects, edit.revise(before.track(0), id=7, name="bird"))
    )
    current = edit.revise(current, caption="mine")
    layout, proposal = edit.replan(current, before, layout_of("dog", "car", "horn"))
    assert [(t.id, t.name) for t in layout.objects] == [
        (8, "dog"),
        (0, "car"),
        (2, "horn"),
        (7, "bird"),
    ]
    assert layout.track(0).appearance == "red"
    assert [(t.id, t.name) for t in proposal.objects] == [(8, "dog"), (0, "car"), (2, "horn")]
    assert layout.caption == "mine"


def test_an_untouched_layout_is_replaced(layout_of):
    before, plan = layout_of("car", "dog"), layout_of("bird")
    assert edit.replan(before, before, plan) == (plan, plan)


@pytest.fixture
def layout_of():
    def make(*names):
        key = Keyframe(frame=0, box=Box(0.1, 0.1, 0.4, 0.4))
        return VideoSceneLayout(
            duration_s=2,
            objects=tuple(
                ObjectTrack(id=i, name=name, start=0, end=15, keyframes=(key,))
                for i, name in enumerate(names)
            ),
        )

    return make
