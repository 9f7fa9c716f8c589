import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa2v_core.errors import LayoutError
from spa2v_core.layout import Box, Keyframe, ObjectTrack, VideoSceneLayout, edit
from spa2v_core.layout.keyframes import box_at
from tests.strategies import boxes, layouts, tracks


@given(layouts(), tracks(2))
def test_add_then_remove_is_the_same_layout(layout, track):
    added = edit.add_track(layout, track)
    new = added.objects[-1]
    assert len({t.id for t in added.objects}) == len(added.objects)
    assert edit.remove_track(added, new.id) == layout


@given(layouts(), boxes(), st.data())
def test_set_box_is_hit_and_leaves_other_keyframes(layout, box, data):
    if not layout.objects:
        return
    track = data.draw(st.sampled_from(layout.objects))
    frame = data.draw(st.integers(0, layout.frame_count - 1))
    changed = edit.set_box(layout, track.id, frame, box).track(track.id)
    assert box_at(changed, frame) == box
    others = {k.frame: k for k in track.keyframes if k.frame != frame}
    assert {k.frame: k for k in changed.keyframes if k.frame != frame} == others


@given(layouts())
def test_locked_tracks_refuse_changes_until_unlocked(layout):
    if not layout.objects:
        return
    first = layout.objects[0].id
    locked = edit.update_track(layout, first, locked=True)
    for attempt in (
        lambda: edit.remove_track(locked, first),
        lambda: edit.set_box(locked, first, 0, Box(0, 0, 1, 1)),
        lambda: edit.update_track(locked, first, name="dog"),
    ):
        with pytest.raises(LayoutError, match="locked"):
            attempt()
    assert edit.update_track(locked, first, locked=False) == layout


@given(tracks())
def test_the_last_keyframe_stays(track):
    layout = edit.add_track(edit.rescale(_empty(), 3.0), track)
    for key in track.keyframes[:-1]:
        layout = edit.delete_keyframe(layout, track.id, key.frame)
    with pytest.raises(LayoutError, match="only keyframe"):
        edit.delete_keyframe(layout, track.id, track.keyframes[-1].frame)


def test_bad_changes_are_layout_errors():
    with pytest.raises(LayoutError):
        edit.rescale(_empty(), -1)
    with pytest.raises(LayoutError, match="no object with id 7"):
        edit.remove_track(_empty(), 7)


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
            current = edit.update_track(current, track.id, locked=True)
    layout, proposal = edit.replan(current, before, plan)
    kept = [t for t in current.objects if t.locked or t not in before.objects]
    assert all(track in layout.objects for track in kept)
    assert len(layout.objects) >= len(plan.objects)
    assert [t.name for t in proposal.objects] == [t.name for t in plan.objects]
    assert {t.id for t in proposal.objects} <= {t.id for t in layout.objects}


def test_a_kept_track_stands_for_the_new_one_of_its_name(layout_of):
    before = layout_of("car", "dog")
    current = edit.update_track(before, 0, appearance="red")
    current = edit.add_track(current, edit.revise(before.track(0), id=7, name="bird"))
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
