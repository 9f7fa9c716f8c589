"""Layouts that outlive a page: undo, reload, planning again, files, in a real browser."""

import json
import re

import pytest
from playwright.sync_api import expect

from .pages import (
    BOX,
    LANE,
    LONG,
    OBJECT,
    PLANNING,
    button,
    choose,
    clip_file,
    drag,
    layout_file,
    opened,
    plan,
    planning,
    saved,
    seek,
    settle,
    toast,
    track,
    undo,
    upload,
)

pytestmark = pytest.mark.e2e


def test_edits_survive_a_reload_and_can_be_given_up(open_page):
    page = open_page()
    plan = saved(page)
    drag(page, BOX, 50, -40)
    edited = saved(page)
    page.reload()
    expect(page.locator(".spa2v-editor .notice")).to_be_visible(timeout=PLANNING)
    assert saved(page) == edited
    page.get_by_role("button", name="Start over from the plan").click()
    settle(page)
    assert saved(page) == plan
    expect(page.locator(".spa2v-editor .notice")).to_be_hidden()
    page.reload()
    page.wait_for_selector(OBJECT)
    page.wait_for_timeout(600)
    assert saved(page) == plan


def test_an_uploaded_recording_is_there_again_after_a_reload(open_page, tmp_path):
    page = open_page()
    with planning(page):
        upload(page, clip_file(tmp_path))
    page.get_by_label("What do you hear?").fill("dog")
    plan(page)
    expect(page.locator(".spa2v-editor .label text")).to_have_text("dog")
    drag(page, BOX, 0, -40)
    edited = saved(page)
    page.reload()
    expect(page.locator(".spa2v-editor .notice")).to_be_visible(timeout=PLANNING)
    assert saved(page) == edited
    expect(page.locator(".spa2v-note textarea").first).to_have_value(
        re.compile("^3.00 s"), timeout=PLANNING
    )


def test_planning_again_keeps_what_is_locked_or_changed(open_page):
    page = open_page()
    with planning(page):
        page.get_by_role("button", name="Dog left, guitar right").click()
    expect(page.locator(OBJECT)).to_have_count(2)
    names = [t["name"] for t in saved(page)["objects"]]
    page.locator(OBJECT).nth(names.index("dog")).focus()
    page.keyboard.press("l")
    page.locator(OBJECT).nth(names.index("guitar")).focus()
    page.keyboard.press("ArrowUp")
    button(page, "Add an object").click()
    settle(page)
    before = {t["id"]: t for t in saved(page)["objects"]}
    page.get_by_label("What do you hear?").fill("dog, guitar, bird")
    plan(page)
    after = {t["id"]: t for t in saved(page)["objects"]}
    assert {k: after[k] for k in before} == before
    undo(page)
    assert len(saved(page)["objects"]) == 3


def test_a_hundred_steps_of_undo(planned):
    page = planned
    before = saved(page)
    page.locator(OBJECT).first.focus()
    for _ in range(100):
        page.keyboard.press("ArrowUp")
    settle(page)
    assert saved(page) != before
    page.locator(OBJECT).first.focus()
    for _ in range(100):
        page.keyboard.press("Control+z")
    settle(page)
    assert saved(page) == before


def test_a_warning_is_remedied_in_one_click(planned):
    page = planned
    warnings = page.locator(".spa2v-editor .warnings li")
    expect(warnings).to_have_count(0)
    drag(page, f"{LANE} .diamond >> nth=1", -400, 0)
    seek(page, 15)
    drag(page, BOX, 150, 0)
    expect(warnings.filter(has_text="from where it is heard")).to_have_count(1)
    warnings.filter(has_text="heard").get_by_role("button").click()
    expect(warnings).to_have_count(0)
    keys = saved(page)["objects"][0]["keyframes"]
    assert keys[-1]["box"][0] - keys[0]["box"][0] > 0.5
    page.locator(".spa2v-editor").get_by_role("textbox", name="Caption").fill("nothing")
    page.keyboard.press("Tab")
    warnings.filter(has_text="caption").get_by_role("button").click()
    expect(warnings).to_have_count(0, timeout=PLANNING)
    assert "car crosses from left to right" in saved(page)["caption"]


def test_the_background_is_a_picture_or_the_last_video(open_page, tmp_path):
    import cv2
    import numpy as np

    page = open_page()
    picture = tmp_path / "still.png"
    cv2.imwrite(str(picture), np.full((40, 64, 3), 200, np.uint8))
    page.locator(".spa2v-editor input[type=file]").set_input_files(str(picture))
    expect(page.locator(".spa2v-editor img.behind")).to_be_visible()
    behind = page.locator(".spa2v-editor img.behind").bounding_box()
    frame = page.locator(".spa2v-editor .frame").bounding_box()
    for side in ("x", "y", "width", "height"):
        assert behind[side] == pytest.approx(frame[side], abs=3)


def test_files_of_both_forms_are_handed_over(planned, tmp_path):
    page = planned
    with page.expect_download() as download:
        choose(page, "Save in the paper's form")
    dense = json.loads(download.value.path().read_text())
    assert len(dense["frames"]) == 16
    assert dense["frames"][3]["layout"][0]["name"] == "car"
    path = tmp_path / "dense.json"
    path.write_text(json.dumps(dense))
    upload(page, path)
    page.wait_for_timeout(800)
    layout = saved(page)
    assert layout["objects"][0]["name"] == "car"
    assert layout["caption"] == dense["video_caption"]


HOSTILE = {
    "markup": "<img src=x onerror=alert(1)><script>alert(2)</script>",
    "template": "${alert(1)} {{alert(2)}} #{alert(3)}",
    "emoji": "🚗👨‍👩‍👧‍👦\u202eevil",
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_in_a_file_is_text(planned, tmp_path, kind):
    page = planned
    page.on("dialog", lambda dialog: pytest.fail("text was run as code"))
    text = HOSTILE[kind]
    path = layout_file(tmp_path / "l.json", track(0, text), track(1, "b"), caption=text)
    opened(page, path, 2)
    page.locator(f"{LANE} .who").last.click()
    settle(page)
    assert saved(page)["objects"][0]["name"] == text
    assert page.locator(".spa2v-editor :is(img:not(.behind), script)").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


BROKEN = {
    "not a number": '{"version":1,"duration_s":NaN,"objects":[]}',
    "huge": '{"version":1,"duration_s":1e308,"frame_count":99999999,"objects":[]}',
    "negative": '{"version":1,"duration_s":-2,"objects":[]}',
    "missing": '{"version":1,"duration_s":2,"objects":[{"id":0}]}',
    "too long a name": json.dumps(
        {"version": 1, "duration_s": 2, "objects": [track(0, LONG)]}, separators=(",", ":")
    ),
    "a box of text": '{"version":1,"duration_s":2,"objects":[{"id":0,"name":"a","start":0,"end":1,'
    '"keyframes":[{"frame":0,"box":["a",0,1,1]}]}]}',
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_layouts_are_refused_with_a_message(planned, tmp_path, kind):
    page = planned
    before = saved(page)
    path = tmp_path / "broken.json"
    path.write_text(BROKEN[kind])
    upload(page, path)
    expect(toast(page)).to_be_visible(timeout=PLANNING)
    assert "Traceback" not in toast(page).inner_text()
    assert saved(page) == before
