"""What is no object but the scene, and the sound of a video, in a real browser."""

import re

import av
import numpy as np
import pytest
from playwright.sync_api import expect

from spa2v_core.audio.io import AudioClip, write_wav
from spa2v_core.simulation.synthesis import RATE, rain
from tests.audio.sounds import encode, noise

from .pages import (
    OBJECT,
    PLANNING,
    RENDERING,
    about,
    button,
    hears,
    layout_file,
    opened,
    plan,
    planning,
    saved,
    settle,
    shortest,
    toast,
    undo,
    upload,
)

pytestmark = pytest.mark.e2e


def choose(page, option):
    """Choose what the first sound is."""
    page.get_by_label("Sound 1").click()
    page.get_by_role("option").filter(has_text=option).first.click()


def caption(page):
    return page.locator(".spa2v-editor textarea").first


def rain_plan(page, folder):
    """A layout without objects: of drops that a person says to be the scene."""
    drops = rain(3, np.random.default_rng(2))
    samples = np.tile(0.1 * drops / drops.std(), (2, 1)).clip(-1, 1).astype(np.float32)
    write_wav(AudioClip(samples, RATE), folder / "rain.wav")
    with planning(page):
        upload(page, folder / "rain.wav")
    expect(about(page)).to_have_value(re.compile("^3.00 s"))
    hears(page).fill("scene")
    plan(page)
    expect(page.locator(OBJECT)).to_have_count(0)


def test_a_sound_is_made_the_scene_and_an_object_again_by_one_choice_each(open_page):
    page = open_page()
    with planning(page):
        choose(page, "no object: the scene")
    expect(page.locator(OBJECT)).to_have_count(0)
    expect(hears(page)).to_have_value("scene")
    expect(page.get_by_label("Sound 1")).to_have_value("no object: the scene")
    page.get_by_role("button", name="Why this plan").click()
    assert "taken for the scene, as you say" in page.get_by_label("Reasoning").input_value()
    expect(page.locator(".js-plotly-plot")).to_be_visible(timeout=PLANNING)
    with planning(page):
        choose(page, "car")
    expect(page.locator(OBJECT)).to_have_count(1)
    expect(hears(page)).to_have_value("car")
    assert [track["name"] for track in saved(page)["objects"]] == ["car"]


def test_a_plan_without_objects_is_edited_and_rendered(open_page, tmp_path):
    page = open_page()
    rain_plan(page, tmp_path)
    layout = saved(page)
    assert layout["objects"] == []
    assert caption(page).input_value() == layout["caption"] != ""
    button(page, "Add").click()
    expect(page.locator(OBJECT)).to_have_count(1)
    assert saved(page)["scene"] == layout["scene"]
    undo(page)
    expect(page.locator(OBJECT)).to_have_count(0)
    assert saved(page) == layout
    shortest(page)
    page.get_by_role("button", name="Render", exact=True).click()
    bar = page.locator("#spa2v-render-bar span")
    expect(bar).to_contain_text("Done in", timeout=RENDERING)
    expect(page.locator("#spa2v-video video")).to_be_visible()


def test_captions_are_written_from_the_scene_of_a_file_without_objects(open_page, tmp_path):
    notes = [{"words": "waves", "evidence": "waves, surf heard at 0.80", "p": 0.8}]
    page = open_page()
    opened(page, layout_file(tmp_path / "l.json", version=2, scene=notes), 0)
    button(page, "Write the captions").click()
    expect(caption(page)).to_have_value("On a beach")
    assert saved(page)["scene"] == notes


def test_without_objects_and_words_there_is_nothing_to_draw(open_page, tmp_path):
    page = open_page()
    rain_plan(page, tmp_path)
    caption(page).fill("")
    caption(page).blur()
    settle(page)
    page.get_by_role("button", name="Render", exact=True).click()
    expect(toast(page)).to_contain_text("nothing to draw: plan first, add an object or write")


def test_the_sound_of_a_video_is_taken(open_page, tmp_path):
    page = open_page()
    with planning(page):
        choose(page, "boat")
    expect(hears(page)).to_have_value("boat")
    video = encode(noise(3), tmp_path / "clip.mp4")
    with planning(page):
        upload(page, video)
    expect(about(page)).to_have_value(re.compile("^3.0"))
    assert "stereo, 44100 Hz" in about(page).input_value()
    expect(hears(page)).to_have_value("")  # what was heard in another recording
    hears(page).fill("rain")
    plan(page)
    expect(page.locator(".spa2v-editor .label text")).to_have_text("rain")
    assert saved(page)["duration_s"] == pytest.approx(3, abs=0.05)


def test_a_video_without_sound_is_refused_and_nothing_changes(open_page, tmp_path):
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(5):
            picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    page = open_page()
    before = about(page).input_value()
    upload(page, path)
    expect(toast(page)).to_contain_text("no sound")
    assert about(page).input_value() == before
