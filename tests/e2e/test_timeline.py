"""The timeline of the layout editor, in a real browser: lanes, waveform, playback."""

import pytest
from playwright.sync_api import expect

from .pages import (
    BOX,
    LANE,
    OBJECT,
    box_of,
    drag,
    keyframes,
    saved,
    seek,
    settle,
    undo,
)

pytestmark = pytest.mark.e2e


def test_keyframes_are_dragged_copied_added_and_deleted_in_the_lane(planned):
    page = planned
    width = page.locator(f"{LANE} .strip").bounding_box()["width"] / 16
    drag(page, f"{LANE} .diamond >> nth=1", -3 * width, 0)
    assert keyframes(page) == [0, 12]
    drag(page, f"{LANE} .diamond >> nth=1", -4 * width, 0, keys=["Alt"])
    assert keyframes(page) == [0, 8, 12]
    strip = page.locator(f"{LANE} .strip").bounding_box()
    page.mouse.dblclick(strip["x"] + 3.5 * width, strip["y"] + 6)
    settle(page)
    assert keyframes(page) == [0, 3, 8, 12]
    page.locator(f"{LANE} .diamond").nth(1).focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    page.keyboard.press("Delete")
    settle(page)
    assert keyframes(page) == [0, 8, 12]
    page.locator(f"{LANE} .easing").first.click()
    settle(page)
    assert saved(page)["objects"][0]["keyframes"][0]["easing"] == "ease"
    for _ in range(6):
        undo(page)
    assert keyframes(page) == [0, 15]


def test_each_axis_has_a_curve_of_its_own_by_keyboard_too(planned):
    page = planned
    drag(page, BOX, 0, -60)  # so that it moves up and down as well
    before = saved(page)["objects"][0]
    axis, curve = (page.locator(".spa2v-editor .axes select").nth(k) for k in (0, 1))
    axis.select_option("y")
    expect(curve).to_have_value("linear")
    curve.focus()
    for easing in ("ease", "ease-in"):
        page.keyboard.press("ArrowDown")
        settle(page)
        expect(curve).to_have_value(easing)
        expect(curve).to_be_focused()
    after = saved(page)["objects"][0]
    assert len(after["keyframes"]) > len(before["keyframes"])
    seek(page, 7)
    x1, y1, x2, y2 = box_of(page)
    (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = (k["box"] for k in before["keyframes"])
    share = 7 / 15
    assert (x1 + x2) / 2 == pytest.approx(
        (ax1 + ax2 + share * (bx1 + bx2 - ax1 - ax2)) / 2, abs=0.01
    )
    assert (y1 + y2) / 2 == pytest.approx(
        (ay1 + ay2 + share**2 * (by1 + by2 - ay1 - ay2)) / 2, abs=0.01
    )
    axis.select_option("x")
    expect(curve).to_have_value("linear")
    undo(page)
    undo(page)
    assert saved(page)["objects"][0] == before
    page.locator(OBJECT).first.focus()
    page.keyboard.press("l")
    expect(curve).to_be_disabled()


def test_the_presence_span_is_dragged_and_stepped(planned):
    page = planned
    width = page.locator(f"{LANE} .strip").bounding_box()["width"] / 16
    drag(page, f"{LANE} .span-end.start", 4 * width, 0)
    assert saved(page)["objects"][0]["start"] == 4
    page.locator(f"{LANE} .span-end.end").focus()
    page.keyboard.press("ArrowLeft")
    settle(page)
    assert saved(page)["objects"][0]["end"] == 14
    seek(page, 1)
    assert page.locator(".spa2v-editor .object.absent").count() == 1


def test_the_timeline_zooms_and_the_waveform_seeks(open_page):
    page = open_page()
    page.wait_for_function(
        """() => { const c = document.querySelector('.spa2v-editor .wave');
          return c.width && c.getContext('2d').getImageData(0, 0, c.width, c.height).data
            .some((v, i) => i % 4 === 3 && v > 0); }"""
    )
    wave = page.locator(".spa2v-editor .wave").bounding_box()
    page.mouse.click(wave["x"] + 0.53 * wave["width"], wave["y"] + 5)
    settle(page)
    assert page.locator(".spa2v-editor input[type=range]").input_value() == "8"
    page.get_by_label("Zoom of the timeline").select_option("4")
    settle(page)
    wide = page.locator(".spa2v-editor .inner").bounding_box()["width"]
    assert wide > 3 * page.locator(".spa2v-editor .scroll").bounding_box()["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_the_playhead_follows_the_sound(open_page):
    page = open_page()
    page.locator(OBJECT).first.focus()
    page.keyboard.press("Space")
    expect(page.locator(".spa2v-editor .play")).to_have_text("Pause")
    at = "() => Number(document.querySelector('.spa2v-editor input[type=range]').value)"
    page.wait_for_function(f"{at} > 2")
    page.keyboard.press("Space")
    expect(page.locator(".spa2v-editor .play")).to_have_text("Play")
    frame = page.evaluate(at)
    page.wait_for_timeout(300)
    assert page.evaluate(at) == frame
    layout = saved(page)
    assert [k["frame"] for k in layout["objects"][0]["keyframes"]] == [0, 15]
