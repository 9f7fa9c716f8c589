"""Recordings of every kind, by the chooser and by a drop: planned and rendered in the page."""

import base64
import re
import struct

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.audio.sounds import encode, noise
from tests.audio.test_io import many_channels

from .pages import (
    RENDERING,
    about,
    dismiss,
    hears,
    plan,
    planning,
    shortest,
    toast,
    upload,
)

pytestmark = pytest.mark.e2e

SECONDS = 1.5


def latin1_mp3(path):
    """An ID3v2.3 tag whose text says that it is Latin-1, and is no UTF-8."""
    frame = b"TPE1" + struct.pack(">I", 6) + b"\0\0" + b"\0Bj\xf6rk"
    tag = b"ID3\x03\0\0" + bytes([0, 0, 0, len(frame)]) + frame
    sound = encode(noise(SECONDS, right=0.3), path.with_name("plain.mp3")).read_bytes()
    path.write_bytes(tag + sound[sound.find(b"\xff\xfb") :])
    return path


def surround_wav(path):
    """A 7.1 wav that says so (WAVE_FORMAT_EXTENSIBLE)."""
    samples = np.zeros((8, round(SECONDS * 44_100)))
    samples[0] = noise(SECONDS).samples[0]
    data = (samples.T * 32_767).astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 0xFFFE, 8, 44_100, 44_100 * 16, 16, 16)
    form += struct.pack("<HHI", 22, 16, 0x63F) + bytes.fromhex("0100000000001000800000aa00389b71")
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    body += b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def clip(path):
    return encode(noise(SECONDS, right=0.3), path)


MAKERS = {
    "clip.mp4": clip,
    "clip.mov": clip,
    "clip.webm": clip,
    "clip.m4a": clip,
    "surround 7.1.wav": surround_wav,
    "Bj\u00f6rk & <b>.mp3": latin1_mp3,
}


def drop(page, path):
    """Drop a file of the disk on the page."""
    data = page.evaluate_handle(
        """([text, name]) => {
          const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], name));
          return data;
        }""",
        [base64.b64encode(path.read_bytes()).decode(), path.name],
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("#spa2v-page", event, {"dataTransfer": data})


def planned_and_rendered(page):
    """Address of the video that is shown then."""
    page.get_by_label("What do you hear?").fill("dog")
    plan(page)
    expect(page.locator(".spa2v-editor .label text")).to_have_text("dog")
    takes = page.locator("#spa2v-takes button.thumbnail-item")
    before = takes.count()
    page.get_by_role("button", name="Render", exact=True).click()
    expect(takes).to_have_count(before + 1, timeout=RENDERING)
    expect(page.locator("#spa2v-render-bar span")).to_contain_text("Done in")
    video = page.locator("#spa2v-video video")
    expect(video).to_be_visible()
    page.wait_for_function(
        "() => document.querySelector('#spa2v-video video')?.readyState >= 2",
        timeout=20_000,
    )
    return page.evaluate("() => document.querySelector('#spa2v-video video').currentSrc")


@pytest.fixture(scope="module")
def quick_page(kept_page):
    """A page that these tests share, set up for the shortest render."""
    shortest(kept_page[0])
    return kept_page[0]


@pytest.mark.parametrize("name", MAKERS)
def test_what_the_reader_takes_the_page_takes(name, quick_page, tmp_path):
    path, page = MAKERS[name](tmp_path / name), quick_page
    with planning(page):
        upload(page, path)
    expect(about(page)).to_have_value(re.compile(r"^1\.5\d? s, stereo"))
    assert toast(page).count() == 0
    planned_and_rendered(page)


def test_an_exported_video_is_a_recording_too(open_page, tmp_path):
    page = open_page()
    shortest(page)
    with planning(page):
        drop(page, clip(tmp_path / "first.mp4"))
    expect(about(page)).to_have_value(re.compile(r"^1\.5\d? s"))
    url = planned_and_rendered(page)
    exported = tmp_path / "exported video.mp4"
    exported.write_bytes(page.request.get(url).body())
    again = open_page()
    shortest(again)
    with planning(again):
        drop(again, exported)
    expect(about(again)).to_have_value(re.compile(r"^1\.5\d? s, stereo, 44100 Hz"))
    planned_and_rendered(again)


def test_a_drop_on_a_loaded_recording_replaces_it(open_page, tmp_path):
    page = open_page()
    expect(about(page)).to_have_value(re.compile(r"^6\."))
    hears(page).fill("")
    for seconds, name in ((2.0, "two.webm"), (3.0, "three.wav"), (1.0, "one.mov")):
        drop(page, encode(noise(seconds), tmp_path / name))
        expect(about(page)).to_have_value(re.compile(rf"^{seconds:.0f}\.\d\d s"), timeout=20_000)
    assert toast(page).count() == 0


def test_the_button_takes_a_video_while_a_recording_is_there(open_page, tmp_path):
    page = open_page()
    upload(page, clip(tmp_path / "clip.mp4"))
    expect(about(page)).to_have_value(re.compile(r"^1\.5\d? s"), timeout=20_000)


def test_a_refusal_is_one_toast_with_the_name_as_it_is_and_nothing_changes(open_page, tmp_path):
    page = open_page()
    before = about(page).input_value()
    path = tmp_path / "Gr\u00f6\u00dfe & <i>co (1).pdf"
    path.write_bytes(b"%PDF-1.7 no sound" * 100)
    drop(page, path)
    expect(toast(page)).to_have_count(1)
    expect(toast(page)).to_contain_text(f"{path.name} can't be read as audio")
    assert about(page).input_value() == before


def test_channels_that_have_to_be_explained_are_asked_for_once(open_page, tmp_path):
    samples = np.random.default_rng(0).uniform(-0.3, 0.3, (8, 66_150))
    page = open_page()
    drop(page, many_channels(tmp_path / "eight.wav", samples))
    expect(toast(page)).to_have_count(1)
    expect(toast(page)).to_contain_text("eight.wav has 8 channels: say what they are")
    dismiss(page)
    page.get_by_role("button", name="How it is planned").click()
    page.get_by_label("The file holds").click()
    page.get_by_role("option", name="Surround").click()
    expect(about(page)).to_have_value(re.compile(r"^1\.50 s, stereo"), timeout=20_000)
    shortest(page)
    planned_and_rendered(page)
