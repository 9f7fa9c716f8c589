"""Pictures of other shapes than 8:5."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa2v_core.errors import InputError
from spa2v_core.generation.backends.ltx.models import LARGE_WH, SIDES
from spa2v_core.generation.backends.wan.models import NATIVE
from spa2v_core.generation.controls.drafts import mini_draft
from spa2v_core.generation.export import draw_boxes, export_wh
from spa2v_core.generation.full_size.sizes import size_for
from spa2v_core.generation.registry import BACKENDS, settle
from spa2v_core.layout import Box, Keyframe, VideoSceneLayout
from spa2v_core.layout.picture import SHAPES, SIZE_WH, shape_of
from tests.generation.test_wan_backend import request, track

#: The sizes for 8:5, with what the sides are multiples of.
SIZES = [(NATIVE[8].size_wh, 16), (NATIVE[16].size_wh, 32), (LARGE_WH, SIDES), (SIZE_WH, SIDES)]


def of_shape(shape, **changes):
    """A request whose layout has that shape."""
    asked = request(**changes)
    width, height = SHAPES[shape]
    return replace(asked, layout=asked.layout.model_copy(update={"width": width, "height": height}))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("standard", "multiple"), SIZES)
def test_a_model_draws_every_shape_at_about_its_own_area(shape, standard, multiple):
    size = size_for(shape, standard, multiple)
    assert not any(side % multiple for side in size)
    assert math.prod(size) == pytest.approx(math.prod(standard), rel=0.15)
    assert shape_of(size) == shape
    wide, high = SHAPES[shape]
    assert size[0] / size[1] == pytest.approx(wide / high, rel=0.02)
    assert size_for("8:5", standard, multiple) == standard


@given(st.integers(16, 2000), st.integers(16, 2000))
def test_a_picture_is_exported_as_large_as_it_is_or_in_the_nearest_shape(width, height):
    size = export_wh(np.zeros((height, width, 1)))
    least = SHAPES[shape_of((width, height))]
    assert not any(side % 2 for side in size)
    assert size[0] >= least[0]
    assert size[1] >= least[1]
    if width < least[0] or height < least[1]:
        assert size == least
    else:
        assert size == (width - width % 2, height - height % 2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("standard", "multiple"), SIZES)
def test_what_a_model_draws_is_exported_as_it_is(shape, standard, multiple):
    width, height = size_for(shape, standard, multiple)
    assert export_wh(np.zeros((height, width, 1))) == (width, height)


def test_boxes_keep_their_places_in_another_shape():
    frames = np.zeros((2, 1024, 576, 3), np.uint8)
    box = Keyframe(frame=0, box=Box(0.25, 0.5, 0.75, 0.75))
    layout = VideoSceneLayout(duration_s=1, objects=(track(start=0, end=15, keyframes=(box,)),))
    drawn = next(draw_boxes(frames, layout)).max(-1)
    assert drawn.shape == (1024, 576)
    assert np.flatnonzero(drawn[640]).take([0, -1]) == pytest.approx([144, 432], abs=5)
    assert np.flatnonzero(drawn[:, 400]).take([0, -1]) == pytest.approx([512, 768], abs=5)


@pytest.mark.parametrize(
    ("backend", "layout", "asked", "shape"),
    [
        ("vace", "8:5", None, "8:5"),
        ("vace", "8:5", "9:16", "9:16"),
        ("ltx", "16:9", None, "16:9"),
        ("wan", "16:9", "1:1", "1:1"),
        ("wan", "1:1", "layout", "1:1"),
    ],
)
def test_the_shape_is_the_asked_one_else_the_layout_s(backend, layout, asked, shape):
    options = {"aspect": asked} if asked else {}
    assert settle(of_shape(layout, backend=backend, options=options)).shape == shape


def test_what_cannot_be_drawn_is_said():
    for backend in ("mini", "animatediff"):
        with pytest.raises(InputError, match="only 8:5 .* choose wan, vace, ltx"):
            settle(of_shape("9:16", backend=backend))
        with pytest.raises(InputError, match="takes no --aspect"):
            settle(request(backend=backend, options={"aspect": "1:1"}))
    with pytest.raises(InputError, match="aspect must be"):
        settle(request(backend="vace", options={"aspect": "4:3"}))
    asked = request()
    with pytest.raises(InputError, match="only 8:5, 16:9, 9:16, 1:1 can be rendered"):
        replace(asked, layout=asked.layout.model_copy(update={"width": 400, "height": 100}))


def test_the_draft_is_of_any_shape(monkeypatch):
    """The mini model draws 8:5, which is fitted."""
    seen = []

    class Mini:
        def render(self, asked):
            seen.append(settle(asked).shape)
            return iter(())

    mini = replace(BACKENDS.get("mini"), make=Mini)
    monkeypatch.setitem(BACKENDS._loaded, "mini", mini)
    with pytest.raises(StopIteration):
        mini_draft(of_shape("9:16", backend="vace"))
    assert seen == ["8:5"]
