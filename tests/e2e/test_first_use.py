"""What a new user meets: each of these once went wrong without a word, or was in the way."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from spa2v_core.audio.io import AudioClip, write_wav
from tests.audio.sounds import encode, noise

from .pages import (
    BOX,
    FRAME,
    OBJECT,
    PLANNING,
    about,
    box_of,
    button,
    clip_file,
    drag,
    hears,
    middle_of,
    planning,
    saved,
    seek,
    settle,
    shown,
    toast,
    touch,
    undo,
    upload,
    veiled,
)

pytestmark = pytest.mark.e2e


def test_a_new_sound_is_a_new_scene(open_page, tmp_path):
    """It is planned at once, no name or step of undo of the last one leads into it, and its file
    can be dropped while another is there."""
    page = open_page()
    drag(page, BOX, 40, 0)
    with planning(page):
        page.get_by_label("Sound 1").fill("blue van")
        page.keyboard.press("Enter")
    expect(hears(page)).to_have_value("blue van")
    with planning(page), veiled(page) as said:
        upload(page, clip_file(tmp_path))
    assert said() == ["Listening to clip.wav"]
    expect(about(page)).to_have_value(re.compile("^3.00 s"))
    expect(hears(page)).to_have_value("")
    assert saved(page)["duration_s"] == pytest.approx(3, abs=0.01)
    expect(button(page, "Undo (Ctrl+Z)")).to_be_disabled()
    assert all(one["name"] != "blue van" for one in shown(page))


def test_opening_the_names_and_leaving_them_plans_nothing(open_page):
    page = open_page()
    drag(page, BOX, 40, 0)
    before = saved(page)
    page.get_by_label("Sound 1").click()
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="SpA2V Studio").click()
    page.wait_for_timeout(600)
    expect(hears(page)).to_have_value("")
    assert saved(page) == before


def test_another_span_can_not_be_rendered_before_it_is_planned(open_page):
    page = open_page()
    page.get_by_role("button", name="How it is planned").click()
    page.get_by_label("Start (s)").fill("1")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Render", exact=True).click()
    expect(toast(page)).to_contain_text("plan again", timeout=PLANNING)


def test_a_failed_plan_leaves_a_message_and_a_usable_page(open_page, tmp_path):
    page = open_page()
    silent = tmp_path / "silent.wav"
    write_wav(AudioClip(np.zeros((2, 32_000), np.float32), 16_000), silent)
    with planning(page):
        upload(page, silent)
    expect(page.get_by_label("Notes on the plan")).to_have_value(
        re.compile("^Not planned: .*silent"), timeout=PLANNING
    )
    before = box_of(page)
    drag(page, BOX, 40, 0)
    assert box_of(page) != before


def test_the_page_stays_as_wide_as_the_screen_for_a_long_recording(open_page, tmp_path):
    page = open_page()
    long = tmp_path / "long.mp3"
    encode(noise(60), long)
    with planning(page):
        upload(page, long)
    expect(about(page)).to_have_value(re.compile("loudest 10 s"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    strip = page.locator(".spa2v-editor .whole").bounding_box()
    y = strip["y"] + strip["height"] / 2
    with planning(page), veiled(page) as said:
        page.mouse.move(strip["x"] + 0.95 * strip["width"], y)
        page.mouse.down()
        page.mouse.move(strip["x"] + 0.9 * strip["width"], y, steps=3)
        page.mouse.up()
    assert said() == ["Listening to another span"]
    assert saved(page)["duration_s"] == pytest.approx(3, abs=0.1)


def test_the_path_is_edited_in_the_picture(planned):
    page = planned
    before = saved(page)["objects"][0]["keyframes"]
    drag(page, ".spa2v-editor .point[data-point='15'] .tick", -60, -50, keys=["Control"])
    after = saved(page)["objects"][0]["keyframes"]
    assert len(saved(page)["objects"]) == 1
    assert [key["frame"] for key in after] == [0, 15]
    assert after[1]["box"][1] < before[1]["box"][1] - 0.04
    assert after[0] == before[0]
    undo(page)
    x1, y1, x2, y2 = page.evaluate(
        """() => { const r = document.querySelector('.spa2v-editor .trail')
             .getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; }"""
    )
    page.mouse.move(x1 + 0.6 * (x2 - x1), y1 + 0.6 * (y2 - y1))
    page.mouse.down()
    page.mouse.move(x1 + 0.6 * (x2 - x1), y1 - 60, steps=4)
    page.mouse.up()
    settle(page)
    bent = saved(page)["objects"][0]["keyframes"]
    assert len(bent) == 3
    assert bent[1]["box"][1] < before[0]["box"][1] - 0.05


def test_the_handle_below_brings_nearer_on_the_same_ground(planned):
    page = planned
    seek(page, 8)
    x1, y1, x2, y2 = box_of(page)
    drag(page, ".spa2v-editor .distance .knob", 0, 40)
    a, b, c, d = box_of(page)
    assert c - a > x2 - x1 + 0.03
    assert d > y2
    assert (d - 0.5) / (d - b) == pytest.approx((y2 - 0.5) / (y2 - y1), abs=0.02)


def test_a_finger_moves_a_box_up_and_down_without_scrolling(open_page):
    page = open_page(width=390, height=844, touch=True)
    seek(page, 8)
    before, top = box_of(page), page.evaluate("scrollY")
    x, y = middle_of(page, BOX)
    touch(page, [(x, y), (x, y + 12), (x, y + 30)])
    assert box_of(page)[1] > before[1] + 0.05
    assert page.evaluate("scrollY") == top


def test_keys_work_without_a_focus_in_the_editor(open_page):
    page = open_page()
    page.keyboard.press("Shift+?")
    expect(page.get_by_role("dialog", name="Keys and gestures")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("body").click(position={"x": 3, "y": 3})
    before = box_of(page)
    page.keyboard.press("ArrowDown")
    settle(page)
    assert box_of(page)[1] > before[1]
    page.keyboard.press("Alt+ArrowRight")
    settle(page)
    after = box_of(page)
    assert after[2] - after[0] > before[2] - before[0]
    page.keyboard.press("Space")
    expect(page.locator(".spa2v-editor .play")).to_contain_text("Pause")
    page.keyboard.press("Space")
    page.get_by_label("What do you hear?").fill("r ? 1")
    expect(page.locator("#spa2v-render-bar")).not_to_contain_text("Step")


def test_captions_follow_unless_a_person_wrote_them(planned):
    page = planned
    caption = page.locator(".spa2v-editor").get_by_role("textbox", name="Caption")
    button(page, "Add an object (N)").click()
    name = page.locator(".spa2v-editor").get_by_label("Name", exact=True)
    name.fill("dog")
    page.keyboard.press("Tab")
    expect(caption).to_have_value(re.compile("car.*dog|dog.*car"), timeout=PLANNING)
    for _ in range(2):
        undo(page)
    expect(caption).not_to_have_value(re.compile("dog"))
    caption.fill("mine")
    page.keyboard.press("Tab")
    drag(page, BOX, 60, -30)
    page.wait_for_timeout(700)
    expect(caption).to_have_value("mine")


def test_a_change_in_words_is_shown_first_and_is_one_step(planned):
    page = planned
    before = saved(page)
    words = page.get_by_label("Change it in words")
    words.fill("car twice as fast")
    expect(page.locator(".spa2v-editor .would")).to_have_text("car: 2 times faster", timeout=9000)
    assert saved(page) == before
    page.keyboard.press("Enter")
    expect(words).to_have_value("")
    assert [key["frame"] for key in saved(page)["objects"][0]["keyframes"]] == [0, 8]
    undo(page)
    assert saved(page)["objects"] == before["objects"]
    words.fill("sing a song")
    expect(page.locator(".spa2v-editor .would")).to_contain_text("say for example", timeout=9000)


def test_what_is_planned_is_not_complained_of(open_page):
    page = open_page()
    for name in ("Bus comes closer", "Airplane, right to left"):
        with planning(page):
            page.get_by_role("button", name=name).click()
        expect(page.locator(OBJECT)).to_have_count(1)
        heard = page.locator(".spa2v-editor .warnings li").filter(has_text="heard")
        expect(heard).to_have_count(0)


SIZES = [(390, 844), (820, 1180), (1024, 768), (1440, 900)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_first_view_shows_the_picture_plan_and_render(open_page, width, height):
    page = open_page(width=width, height=height, touch=width < 900)
    canvas = page.locator(".spa2v-editor .canvas").bounding_box()
    least = 0.55 if width == 1440 else 0.6 if width > 900 else 0.9
    assert canvas["width"] >= least * width
    assert canvas["y"] + FRAME * canvas["height"] < height
    for name in ("Plan", "Render"):
        at = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert at["y"] + at["height"] <= height
        assert at["x"] + at["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    video = page.locator("#spa2v-video video")
    expect(video).to_be_visible()
    page.wait_for_function("() => document.querySelector('#spa2v-video video').readyState >= 2")
