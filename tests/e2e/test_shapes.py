"""Pictures of other shapes than 8:5, in a real browser."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from spa2v_core.audio.io import read_audio
from spa2v_core.generation.export import write_video
from spa2v_core.layout.picture import SHAPES
from ui.build import EXAMPLES

from .pages import (
    BOX,
    PLANNING,
    button,
    choose,
    choose_backend,
    drag,
    layout_file,
    saved,
    seek,
    settle,
    track,
    upload,
)

pytestmark = pytest.mark.e2e

CANVAS = ".spa2v-editor .canvas"
FRAME = f"{CANVAS} .frame"


def on_screen(page, selector):
    """(left, top, width, height) in pixels; what is drawn anew is not waited for twice."""
    return page.evaluate(
        """(selector) => { const r = document.querySelector(selector).getBoundingClientRect();
             return [r.left, r.top, r.width, r.height]; }""",
        selector,
    )


def ratio(page):
    """Width to height of the frame on the screen."""
    _, _, width, height = on_screen(page, FRAME)
    return width / height


def box_in_frame(page):
    """The first box, in widths and heights of the frame, as the screen has it."""
    left, top, width, height = on_screen(page, FRAME)
    x, y, wide, high = on_screen(page, BOX)
    corners = np.array([x - left, y - top, x - left + wide, y - top + high])
    return corners / [width, height, width, height]


@pytest.mark.parametrize("shape", ["9:16", "1:1", "16:9"])
def test_a_layout_of_another_shape_is_edited_in_its_own(open_page, tmp_path, shape):
    width, height = SHAPES[shape]
    path = layout_file(tmp_path / "l.json", track(0, "dog"), width=width, height=height)
    page = open_page()
    upload(page, path)
    expect(page.locator(".spa2v-editor .label text")).to_have_text("dog", timeout=PLANNING)
    button(page, "Show the scene that is edited").click()
    settle(page)
    assert ratio(page) == pytest.approx(width / height, rel=0.01)
    assert on_screen(page, CANVAS)[3] < 900
    before = np.array(saved(page)["objects"][0]["keyframes"][0]["box"])
    assert box_in_frame(page) == pytest.approx(before, abs=0.015)
    _, _, wide, high = on_screen(page, FRAME)
    drag(page, BOX, 0.2 * wide, 0.1 * high)
    now = saved(page)
    after = np.array(now["objects"][0]["keyframes"][0]["box"])
    assert after - before == pytest.approx([0.2, 0.1, 0.2, 0.1], abs=0.03)
    assert (now["width"], now["height"]) == (width, height)


def test_a_video_is_shown_in_its_own_shape(open_page, browser, tmp_path):
    """The example's finished video, as if it had been drawn upright."""
    clip = read_audio(EXAMPLES / "car_crossing.m4a")
    write_video(np.full((16, 512, 288, 3), 90, np.uint8), clip, tmp_path / "v.mp4")
    context = browser.new_context(reduced_motion="reduce", accept_downloads=True)
    context.route(re.compile(r"\.mp4"), lambda route: route.fulfill(path=tmp_path / "v.mp4"))
    page = open_page(context=context)
    page.wait_for_function(
        "() => document.querySelector('.spa2v-editor .stage').classList.contains('tall')"
    )
    assert ratio(page) == pytest.approx(9 / 16, rel=0.01)
    seek(page, 8)
    upright = box_in_frame(page)
    button(page, "Show the scene that is edited").click()
    settle(page)
    assert ratio(page) == pytest.approx(8 / 5, rel=0.01)
    assert box_in_frame(page) == pytest.approx(upright, abs=0.015)


def test_the_scene_has_the_shape_that_will_be_rendered(open_page):
    page = open_page()
    button(page, "Show the scene that is edited").click()
    page.get_by_role("button", name="Settings").click()
    choose_backend(page, "Wan VACE")
    page.get_by_role("button", name="Expert").click()
    page.get_by_label("Width to height").click()
    page.get_by_role("option", name="9:16").click()
    page.wait_for_selector(".spa2v-editor .stage.tall")
    assert ratio(page) == pytest.approx(9 / 16, rel=0.01)
    choose(page, "Show what the chosen model is given of the layout")
    image = page.locator(".spa2v-editor .sees img")
    expect(image).to_have_count(1, timeout=PLANNING)
    size = image.evaluate("(one) => one.decode().then(() => [one.naturalWidth, one.naturalHeight])")
    assert tuple(size) == SHAPES["9:16"]
    choose_backend(page, "Mini")
    expect(page.locator(".spa2v-editor .stage.tall")).to_have_count(0, timeout=PLANNING)
    assert (saved(page)["width"], saved(page)["height"]) == SHAPES["8:5"]
