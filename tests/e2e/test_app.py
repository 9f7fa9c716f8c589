"""A person's way through the app, in a real browser."""

import json
import re
import wave
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from spa2v_core.audio.io import AudioClip, read_audio, write_wav
from spa2v_core.generation.export import read_layout
from spa2v_core.layout import io as layout_io
from tests.audio.test_io import many_channels, nan_wav

from .pages import (
    OBJECT,
    PLANNING,
    RENDERING,
    about,
    clip_file,
    dismiss,
    drag,
    plan,
    planning,
    saved,
    seek,
    settle,
    shortest,
    shown,
    toast,
    touch,
    upload,
)

pytestmark = pytest.mark.e2e


def test_it_opens_with_an_example_planned(open_page):
    page = open_page()
    assert [o["name"] for o in shown(page)] == ["car"]
    assert page.locator(".spa2v-editor .diamond").count() == 2
    expect(page.get_by_role("button", name="Render", exact=True)).to_be_enabled()


def test_upload_plan_drag_render_watch(open_page, tmp_path):
    page = open_page()
    path = clip_file(tmp_path)
    with planning(page):
        upload(page, path)
    expect(about(page)).to_have_value("3.00 s, stereo, 32000 Hz.")
    page.get_by_label("What do you hear?").fill("dog")
    plan(page)
    expect(page.locator(".spa2v-editor .label text")).to_have_text("dog")
    left = shown(page)[0]["box"]
    assert left[0] > 0.5

    seek(page, 8)
    before = shown(page)[0]["box"]
    drag(page, ".spa2v-editor .object .box", -40, -30)
    after = shown(page)[0]["box"]
    assert after[0] < before[0] - 0.03
    assert after[1] < before[1] - 0.03
    received = saved(page)
    keys = {k["frame"]: k["box"] for k in received["objects"][0]["keyframes"]}
    assert keys[8] == pytest.approx(after, abs=1e-3)

    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Draft").check()
    page.get_by_role("button", name="Render", exact=True).click()
    expect(page.locator("#spa2v-render-bar span")).to_contain_text("Step", timeout=60_000)
    expect(page.locator("#spa2v-render-bar span")).to_contain_text("Done in", timeout=RENDERING)
    video = page.locator("#spa2v-video video")
    expect(video).to_be_visible()
    page.wait_for_function(
        "() => { const v = document.querySelector('#spa2v-video video');"
        " return v && v.readyState >= 2 && v.currentTime > 0.2; }",
        timeout=20_000,
    )
    assert video.evaluate("v => v.duration") == pytest.approx(3.0, abs=0.04)
    url = video.evaluate("v => v.currentSrc")
    file = tmp_path / "video.mp4"
    file.write_bytes(page.request.get(url).body())
    assert read_layout(file) == layout_io.from_dict(received)
    sound, own = read_audio(file), read_audio(path)
    count = min(sound.samples.shape[1], own.samples.shape[1])
    for a, b in zip(sound.samples[:, :count], own.samples[:, :count], strict=True):
        assert np.corrcoef(a, b)[0, 1] > 0.95

    page.get_by_role("button", name="Show the boxes (B)").click()
    expect(page.locator(OBJECT)).to_have_count(0)
    expect(video).to_be_visible()


def test_cancel_stops_and_the_next_render_works(open_page):
    page = open_page()
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Quality").check()
    page.get_by_role("button", name="Render", exact=True).click()
    expect(page.locator("#spa2v-render-bar span")).to_contain_text("Step 1", timeout=60_000)
    page.locator("#spa2v-cancel").click()
    expect(page.locator("#spa2v-render-bar span")).to_have_text("Cancelled", timeout=20_000)
    shortest(page)
    seed = page.get_by_label("Seed")
    addresses = []
    for _ in range(2):
        before = seed.input_value()
        page.get_by_role("button", name="Another take").click()
        expect(seed).not_to_have_value(before)
        expect(page.locator("#spa2v-render-bar span")).not_to_contain_text("Done")
        expect(page.locator("#spa2v-render-bar span")).to_contain_text("Done in", timeout=RENDERING)
        settle(page)
        addresses.append(page.locator("#spa2v-video video").evaluate("v => v.currentSrc"))
    takes = page.locator("#spa2v-takes button.thumbnail-item")
    expect(takes).to_have_count(2)
    takes.first.click()
    page.wait_for_function(
        "(first) => document.querySelector('#spa2v-video video')?.currentSrc === first",
        arg=addresses[0],
    )


def test_presets_fill_the_expert_fields_and_what_is_missing_is_said(open_page):
    page = open_page()
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Expert").click()
    steps, frames = page.get_by_label("Steps", exact=True), page.get_by_label("Frames generated")
    expect(steps).to_have_value("4")
    page.get_by_label("Quality").check()
    expect(steps).to_have_value("15")
    expect(frames).to_have_value("32")
    page.locator("#spa2v-backend input").click()
    page.get_by_role("option", name="AnimateDiff").click()
    expect(page.get_by_label("What is missing")).to_have_value(re.compile("fetch animatediff"))
    expect(steps).to_have_value("25")
    expect(page.get_by_label("Low memory")).to_be_visible()
    expect(page.get_by_label("LoRA")).to_be_visible()
    page.get_by_role("button", name="Render", exact=True).click()
    expect(page.get_by_text("can't be used yet").last).to_be_visible()
    page.locator("#spa2v-backend input").click()
    page.get_by_role("option", name="Mini").click()
    expect(page.get_by_label("What is missing")).to_be_hidden()
    expect(steps).to_have_value("4")
    expect(page.get_by_label("LoRA")).to_be_hidden()


def test_resize_rename_add_delete_undo(planned):
    page = planned
    seek(page, 8)
    before = shown(page)[0]["box"]
    drag(page, ".spa2v-editor .handle.se .knob", 30, 25)
    after = shown(page)[0]["box"]
    assert after[:2] == pytest.approx(before[:2], abs=2e-5)
    assert after[2] > before[2]
    assert after[3] > before[3]
    page.locator(".spa2v-editor").get_by_label("Name").fill("taxi")
    page.keyboard.press("Tab")
    settle(page)
    assert shown(page)[0]["name"] == "taxi"
    page.get_by_role("button", name="Add an object").click()
    page.wait_for_function("() => document.querySelectorAll('.spa2v-editor .object').length === 2")
    page.locator(".spa2v-editor .object").nth(1).focus()
    page.keyboard.press("Delete")
    page.wait_for_function("() => document.querySelectorAll('.spa2v-editor .object').length === 1")
    for _ in range(4):
        page.get_by_role("button", name="Undo (Ctrl+Z)").click()
    settle(page)
    assert shown(page)[0]["box"] == pytest.approx(before, abs=2e-5)
    assert shown(page)[0]["name"] == "car"
    expect(page.get_by_role("button", name="Undo (Ctrl+Z)")).to_be_disabled()
    page.get_by_role("button", name="Redo (Ctrl+Y)").click()
    settle(page)
    assert shown(page)[0]["box"] == pytest.approx(after, abs=2e-5)


def test_keyboard_moves_steps_and_sets_keyframes(planned):
    page = planned
    page.locator(".spa2v-editor .object").first.focus()
    for key in ("Period", "Period", "ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    settle(page)
    layout = saved(page)
    frames = [k["frame"] for k in layout["objects"][0]["keyframes"]]
    assert frames == [0, 2, 15]
    page.locator(".spa2v-editor .object").first.focus()
    page.keyboard.press("k")
    settle(page)
    assert [k["frame"] for k in saved(page)["objects"][0]["keyframes"]] == [0, 15]


def test_touch_drags_a_box(open_page):
    page = open_page(width=390, height=844, touch=True)
    seek(page, 8)
    page.locator(".spa2v-editor .canvas").scroll_into_view_if_needed()
    before = shown(page)[0]["box"]
    box = page.locator(".spa2v-editor .object .box").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch(page, [(x, y), (x - 20, y), (x - 40, y)])
    assert shown(page)[0]["box"][0] < before[0] - 0.05


def test_examples_swap_and_two_tracks(open_page):
    page = open_page()
    with planning(page):
        page.get_by_role("button", name="Dog left, guitar right").click()
    expect(page.locator(".spa2v-editor .object")).to_have_count(2)
    place = {o["name"]: o["box"][0] for o in shown(page)}
    assert place["dog"] < place["guitar"]
    page.get_by_role("button", name="How it is planned").click()
    page.get_by_label("The file holds").click()
    page.get_by_role("option", name="Left and right exchanged").click()
    plan(page)
    place = {o["name"]: o["box"][0] for o in shown(page)}
    assert place["dog"] > place["guitar"]
    page.get_by_role("button", name="Why this plan").click()
    expect(page.get_by_label("Reasoning")).to_have_value(re.compile("of the energy"))
    expect(page.locator(".js-plotly-plot")).to_be_visible(timeout=PLANNING)


def silent_file(path):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(4 * 8_000))


def long_file(path):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(2_000)
        file.writeframes(bytes(3 * 3600 * 2_000))


BAD = {
    "text": lambda path: path.write_text("no sound"),
    "empty": lambda path: path.write_bytes(b""),
    "not numbers": nan_wav,
    "three hours": long_file,
    "silent": silent_file,
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_a_toast_and_nothing_is_lost(open_page, tmp_path, kind):
    page = open_page()
    path = tmp_path / "<img src=x onerror=alert(1)>.wav"
    BAD[kind](path)
    page.on("dialog", lambda dialog: pytest.fail("text was run as code"))
    upload(page, path)
    expect(toast(page)).to_be_visible(timeout=PLANNING)
    assert "Traceback" not in toast(page).inner_text()
    assert [o["name"] for o in shown(page)] == ["car"]


def test_what_was_heard_is_shown_and_can_be_corrected(open_page):
    page = open_page()
    page.get_by_role("button", name="Dog left, guitar right").click()
    labels = page.locator(".spa2v-editor .label text")
    expect(labels).to_have_count(2, timeout=PLANNING)
    expect(page.get_by_label("Sound 1")).to_have_value(re.compile("dog"), timeout=PLANNING)
    expect(page.get_by_label("Sound 2")).to_have_value(re.compile("guitar"))
    expect(page.get_by_label("Sound 3")).to_be_hidden()
    page.get_by_role("button", name="Why this plan").click()
    reasoning = page.get_by_label("Reasoning").input_value()
    assert "sounds like it" in reasoning
    assert "% of the energy" in reasoning
    expect(page.locator(".js-plotly-plot")).to_be_visible(timeout=PLANNING)

    page.get_by_label("Sound 2").click()
    guess = page.get_by_role("option").nth(1)
    name = guess.inner_text().split(" · ")[0].strip("✓ \n")
    guess.click()
    expect(labels.filter(has_text=name)).to_be_visible(timeout=PLANNING)
    assert {o["name"] for o in shown(page)} == {"dog", name}

    page.get_by_label("Sound 1").fill("blue van")
    page.keyboard.press("Enter")
    expect(labels.filter(has_text="blue van")).to_be_visible(timeout=PLANNING)
    expect(page.get_by_label("What do you hear?")).to_have_value(f"blue van, {name}")


def test_ambisonics_need_a_word(open_page, tmp_path):
    page = open_page()
    path = tmp_path / "foa.wav"
    sound = 0.3 * np.random.default_rng(0).normal(size=44_100).clip(-2, 2)
    many_channels(path, np.stack([sound, 0.7 * sound, 0 * sound, 0.7 * sound]))
    upload(page, path)
    expect(toast(page)).to_contain_text("4 channels", timeout=PLANNING)
    dismiss(page)
    page.get_by_role("button", name="How it is planned").click()
    page.get_by_label("The file holds").click()
    page.get_by_role("option", name="ambiX").click()
    page.get_by_label("What do you hear?").fill("dog")
    plan(page)
    expect(page.locator(".spa2v-editor .label text")).to_have_text("dog")
    assert shown(page)[0]["box"][0] < 0.2


def test_mono_is_said_and_placed_in_the_middle(open_page, tmp_path):
    page = open_page()
    signal = np.random.default_rng(0).normal(0, 0.1, (1, 32_000)).astype(np.float32)
    write_wav(AudioClip(signal, 16_000), tmp_path / "mono.wav")
    with planning(page):
        upload(page, tmp_path / "mono.wav")
    expect(about(page)).to_have_value(re.compile("mono.*position is not audible", re.IGNORECASE))
    x1, _, x2, _ = shown(page)[0]["box"]
    assert (x1 + x2) / 2 == pytest.approx(0.5, abs=0.01)


def test_a_layout_of_another_span_is_refused_with_the_way_out(open_page):
    page = open_page()
    page.get_by_role("button", name="How it is planned").click()
    page.get_by_label("Length (s").fill("3")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Render", exact=True).click()
    expect(toast(page)).to_contain_text("plan again", timeout=PLANNING)


def test_hostile_names_are_text(planned):
    page = planned
    page.on("dialog", lambda dialog: pytest.fail("text was run as code"))
    name = "<img src=x onerror=alert(1)>${alert(2)}{{alert(3)}}"
    page.locator(".spa2v-editor").get_by_label("Name").fill(name)
    page.keyboard.press("Tab")
    page.locator(".spa2v-editor").get_by_role("textbox", name="Caption").fill(name)
    page.keyboard.press("Tab")
    page.wait_for_timeout(400)
    layout = saved(page)
    assert layout["objects"][0]["name"] == name
    assert layout["caption"] == name
    assert page.locator(".spa2v-editor img:not(.behind)").count() == 0


def test_a_layout_file_comes_back(planned, tmp_path):
    page = planned
    layout = saved(page)
    layout["objects"][0]["name"] = "bus"
    path = tmp_path / "layout.json"
    path.write_text(json.dumps(layout))
    upload(page, path)
    expect(page.locator(".spa2v-editor .label text")).to_have_text("bus", timeout=PLANNING)
    path = tmp_path / "bad.json"
    path.write_text('{"version": 1, "objects": [{"id": "x"}]}')
    upload(page, path)
    expect(toast(page)).to_be_visible(timeout=PLANNING)
    assert [o["name"] for o in shown(page)] == ["bus"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_is_wider_than_the_screen(open_page, width, theme):
    page = open_page(width=width, theme=theme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    canvas = page.locator(".spa2v-editor .canvas").bounding_box()
    assert canvas["width"] > 0.5 * min(width, 600)
    dark = page.evaluate("document.body.classList.contains('dark')")
    assert dark == (theme == "dark")


def test_the_api_plans_and_renders(app_url, tmp_path):
    from gradio_client import Client, handle_file

    client = Client(app_url, verbose=False)
    clip = handle_file(str(clip_file(tmp_path)))
    layout = client.predict(clip, "cues", "car", 0, 0, 0, api_name="/plan")
    assert layout["objects"][0]["name"] == "car"
    video = client.predict(layout, clip, "mini", "draft", 1, api_name="/render")
    path = Path(video["video"] if isinstance(video, dict) else video)
    assert read_layout(path).objects[0].name == "car"
