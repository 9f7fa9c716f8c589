"""Pictures for the models that take them, uploaded in a real browser."""

import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from .pages import PLANNING, choose_backend

pytestmark = pytest.mark.e2e


def test_each_model_takes_its_own_pictures(open_page, tmp_path):
    for name in ("car.png", "police dog.png"):
        Image.new("RGB", (80, 50), "red").save(tmp_path / name)
    page = open_page()
    page.get_by_role("button", name="Settings").click()
    fields = page.locator("#spa2v-side .spa2v-upload:visible")
    expect(fields).to_have_count(0)
    choose_backend(page, "Wan VACE")
    expect(fields).to_have_count(2, timeout=PLANNING)
    first, objects = (fields.filter(has_text=text) for text in ("First frame", "Pictures of the"))
    first.locator("input[type=file]").set_input_files(tmp_path / "car.png")
    expect(first).to_contain_text(re.compile(r"car\s*\.png"), timeout=PLANNING)
    given = [tmp_path / "car.png", tmp_path / "police dog.png"]
    objects.locator("input[type=file]").set_input_files(given)
    expect(objects).to_contain_text(re.compile(r"police dog\s*\.png"), timeout=PLANNING)
    choose_backend(page, "LTX-2")
    expect(fields).to_have_count(1, timeout=PLANNING)
    expect(first).to_contain_text(re.compile(r"car\s*\.png"))
    page.get_by_role("button", name="Expert").click()
    expect(page.get_by_label("Control strength")).to_be_visible()
    expect(page.get_by_label("With control (share)")).to_be_hidden()
    choose_backend(page, "Mini")
    expect(fields).to_have_count(0, timeout=PLANNING)
