"""From a recording of one's own to takes that are compared, in a real browser."""

import io
import re
import zipfile

import pytest
from playwright.sync_api import expect

from .pages import (
    BOX,
    OBJECT,
    PLANNING,
    RENDERING,
    about,
    clip_file,
    drag,
    planning,
    saved,
    seek,
    settle,
    shortest,
    toast,
    upload,
)

pytestmark = pytest.mark.e2e

BAR = "#spa2v-render-bar span"
TAKES = "#spa2v-takes button.thumbnail-item"
OF_VIDEO = "document.querySelector('#spa2v-video video.{}')"


def test_an_own_clip_is_rendered_in_four_clicks_and_a_drag_and_its_takes_compared(
    open_page, tmp_path
):
    page = open_page()
    page.evaluate("() => { window.clicks = 0; }")
    page.evaluate("() => addEventListener('pointerdown', () => { window.clicks += 1; }, true)")
    with page.expect_file_chooser() as chooser:
        page.locator(".spa2v-intake").click()
    with planning(page):
        chooser.value.set_files(clip_file(tmp_path))
    expect(page.locator(OBJECT)).to_have_count(1)
    drag(page, BOX, 0, -30)
    page.get_by_role("button", name="Render", exact=True).click()
    expect(page.locator(BAR)).to_contain_text("Done in", timeout=RENDERING)
    assert page.evaluate("window.clicks") <= 4 + 1  # the drag is one pointer that goes down

    page.locator("#spa2v-compare").click()
    expect(toast(page)).to_contain_text("only one take")
    page.get_by_role("button", name="Another take").click()
    expect(page.locator(TAKES)).to_have_count(2, timeout=RENDERING)
    away = page.locator("#spa2v-files").get_by_role("button", name=re.compile("remove|clear", re.I))
    expect(away).to_have_count(0)
    wipe_over_two_videos(page)

    page.locator("#spa2v-star").click()
    captions = page.locator("#spa2v-takes .caption-label")
    expect(captions.first).to_contain_text("★ Take 1")
    with page.expect_download() as download:
        page.locator("#spa2v-all").click()
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as packed:
        assert {"take-1.mp4", "take-2.mp4"} <= set(packed.namelist())
    page.locator("#spa2v-delete").click()
    expect(page.locator(TAKES)).to_have_count(1, timeout=PLANNING)


def test_a_click_on_a_take_brings_back_its_layout_and_its_sound(open_page, tmp_path):
    page = open_page()
    shortest(page)

    def rendered(count):
        page.get_by_role("button", name="Render", exact=True).click()
        expect(page.locator(TAKES)).to_have_count(count, timeout=RENDERING)
        settle(page)
        return saved(page)["objects"]

    first = rendered(1)
    page.locator(".spa2v-editor .play").filter(has_text="Play").wait_for()  # the video is over
    seek(page, 8)
    drag(page, BOX, 60, -40)
    second = rendered(2)
    assert second != first

    def brought_back(nth, objects):
        page.locator(TAKES).nth(nth).click()
        expect(about(page)).to_have_value(re.compile("^6.02 s"), timeout=PLANNING)
        page.wait_for_timeout(1500)
        expect(page.locator(".spa2v-editor .veil")).to_be_hidden(timeout=PLANNING)
        assert saved(page)["objects"] == objects

    brought_back(0, first)
    with planning(page):
        upload(page, clip_file(tmp_path))
    expect(about(page)).to_have_value(re.compile("^3.00 s"))
    brought_back(1, second)


def wipe_over_two_videos(page):
    """The line parts two takes, by mouse and keys, and both play in time."""
    page.locator("#spa2v-compare").click()
    line = page.get_by_role("slider", name="Line between the two takes")
    expect(line).to_be_visible(timeout=PLANNING)
    expect(page.locator(".spa2v-editor .take-name.left")).to_have_text("Take 1")
    expect(page.locator(".spa2v-editor .take-name.right")).to_have_text("Take 2")
    drag(page, ".spa2v-editor .wipe", -120, 0)
    now = int(line.get_attribute("aria-valuenow"))
    assert now < 45
    line.press("ArrowRight")
    assert int(line.get_attribute("aria-valuenow")) == now + 5
    one, other = OF_VIDEO.format("behind:not(.beside)"), OF_VIDEO.format("beside")
    assert page.evaluate(f"{one}.currentSrc !== {other}.currentSrc")
    page.locator(".spa2v-editor .play").click()
    page.wait_for_function(f"{other}.currentTime > 0.3 && {one}.currentTime > 0.3")
    assert page.evaluate(f"Math.abs({one}.currentTime - {other}.currentTime)") < 0.25
    page.locator(".spa2v-editor .play").click()
    settle(page)
    page.locator("#spa2v-compare").click()
    expect(line).to_be_hidden(timeout=PLANNING)
