"""What the chosen model is given of the layout, under the picture, in a real browser."""

import base64

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from .pages import (
    BOX,
    PLANNING,
    button,
    choose,
    choose_backend,
    drag,
    layout_file,
    opened,
    saved,
    seek,
    settle,
    track,
)

pytestmark = pytest.mark.e2e

SEES = ".spa2v-editor .sees"
NAME = "Show what the chosen model is given of the layout"


def pictures(page, *names):
    """(H, W, 3) uint8 BGR of each picture that is shown, once they have these names."""
    expect(page.locator(f"{SEES} figcaption")).to_have_text(list(names), timeout=PLANNING)
    read = []
    for image in page.locator(f"{SEES} img").all():
        url = image.get_attribute("src").partition(",")[2]
        pixels = np.frombuffer(base64.b64decode(url), np.uint8)
        read.append(cv2.imdecode(pixels, cv2.IMREAD_COLOR))
    return read


def other_outlines(page, before):
    """The outlines once they are not as before."""
    page.wait_for_function(
        "([image, url]) => document.querySelector(image).src !== url",
        arg=[f"{SEES} img", before],
        timeout=PLANNING,
    )
    return pictures(page, "Outlines")[0]


def test_what_the_model_sees_is_shown_for_models_that_are_shown_anything(open_page, tmp_path):
    ways = {0: [0.05, 0.3, 0.25, 0.7], 15: [0.6, 0.3, 0.8, 0.7]}
    keys = [{"frame": frame, "box": box, "easing": "linear"} for frame, box in ways.items()]
    car = track(0, "car", keyframes=keys)
    page = opened(open_page(), layout_file(tmp_path / "l.json", car), 1)
    page.get_by_role("button", name="Settings").click()
    expect(button(page, NAME)).to_have_count(0)

    choose_backend(page, "Wan VACE")
    expect(page.locator(f"{SEES}")).to_be_hidden()
    page.locator(".spa2v-editor .toolbar summary").click()
    expect(button(page, NAME)).to_be_visible(timeout=PLANNING)
    page.locator(".spa2v-editor .toolbar summary").click()
    own = page.get_by_label("Its picture")
    own.fill("<b>my car</b>.png")
    own.press("Enter")
    settle(page)
    assert saved(page)["objects"][0]["reference"] == "<b>my car</b>.png"
    choose(page, NAME)
    [outlines] = pictures(page, "Outlines")
    columns = np.flatnonzero(outlines[160, :, 0] == 0)
    assert columns[0] / 512 == pytest.approx(0.05, abs=0.01)
    assert columns[-1] / 512 == pytest.approx(0.25, abs=0.01)

    first = page.locator(f"{SEES} img").get_attribute("src")
    drag(page, BOX, 80, 0)
    moved = other_outlines(page, first)
    assert np.flatnonzero(moved[160, :, 0] == 0)[0] > columns[0] + 30
    settle(page)
    before = page.locator(f"{SEES} img").get_attribute("src")
    seek(page, 15)
    assert (other_outlines(page, before) != moved).any()

    choose_backend(page, "LTX-2")
    expect(own).to_be_hidden(timeout=PLANNING)
    pictures(page, "Draft, roughly")
    page.get_by_role("button", name="Expert").click()
    page.get_by_label("What puts things into boxes").click()
    page.get_by_role("option", name="Trails of points as control video and").click()
    assert all(one.std() > 5 for one in pictures(page, "Trails", "Draft, roughly"))
    choose_backend(page, "Mini")
    expect(page.locator(SEES)).to_be_hidden(timeout=PLANNING)
