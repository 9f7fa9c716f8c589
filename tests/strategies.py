"""Hypothesis strategies for layouts."""

from hypothesis import strategies as st

from spa2v_core.layout import Box, Keyframe, ObjectTrack, SceneNote, VideoSceneLayout, edit

coordinate = st.floats(-0.5, 1.2, allow_nan=False).map(lambda v: round(v, 4))
size = st.floats(0.02, 0.9).map(lambda v: round(v, 4))
easings = st.sampled_from(["linear", "ease", "ease-in", "ease-out", "hold"])
words = st.text(min_size=1, max_size=20)


@st.composite
def boxes(draw):
    x, y = draw(coordinate), draw(coordinate)
    return Box(x, y, round(x + draw(size), 4), round(y + draw(size), 4))


turns = st.one_of(st.just("auto"), st.integers(-180, 180).map(float))


@st.composite
def tracks(draw, frame_count=16, track_id=0):
    start = draw(st.integers(0, frame_count - 1))
    end = draw(st.integers(start, frame_count - 1))
    frames = draw(st.sets(st.integers(0, frame_count - 1), min_size=1, max_size=5))
    keyframes = tuple(
        Keyframe(frame=frame, box=draw(boxes()), easing=draw(easings), heading=draw(turns))
        for frame in sorted(frames)
    )
    return ObjectTrack(
        id=track_id,
        name=draw(words),
        appearance=draw(st.text(max_size=10)),
        start=start,
        end=end,
        facing=draw(st.sampled_from(["auto", "left", "right"])),
        confidence=draw(st.floats(0, 1)),
        reference=draw(st.sampled_from(["", "car.png", "../<b>.png"])),
        keyframes=keyframes,
    )


scene_notes = st.builds(
    SceneNote, words=words, evidence=st.text(max_size=40), p=st.floats(0, 1, allow_nan=False)
)


@st.composite
def layouts(draw):
    frame_count = draw(st.integers(2, 40))
    count = draw(st.integers(0, 4))
    return VideoSceneLayout(
        frame_count=frame_count,
        duration_s=draw(st.floats(0.3, 20)),
        reasoning=draw(st.text(max_size=60)),
        caption=draw(st.text(max_size=60)),
        frame_captions=draw(
            st.just(()) | st.lists(words, min_size=frame_count, max_size=frame_count).map(tuple)
        ),
        scene=tuple(draw(st.lists(scene_notes, max_size=3))),
        objects=tuple(draw(tracks(frame_count, index)) for index in range(count)),
    )


def with_track(layout, track_id, **changes):
    """The layout with one of its tracks changed."""
    tracks = [edit.revise(t, **changes) if t.id == track_id else t for t in layout.objects]
    return edit.revise(layout, objects=tuple(tracks))
