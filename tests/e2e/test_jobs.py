"""Renders as jobs, as people meet them: reloads, tabs, queues, links, and a renderer that dies."""

import os
import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .pages import (
    PLANNING,
    RENDERING,
    about,
    clip_file,
    plan,
    planning,
    settle,
    shortest,
    shown,
    unfold,
    upload,
)

pytestmark = pytest.mark.e2e

BAR, ROW = "#spa2v-render-bar span", ".spa2v-renders li"


def choose(page, preset, seed=None):
    unfold(page, "Settings", "Draft")
    page.get_by_label(preset).check()
    if seed is not None:
        page.get_by_label("Seed").fill(str(seed))
        page.keyboard.press("Tab")
    settle(page)


def render(page, preset=None, seed=None):
    """With a preset, or the shortest."""
    if preset is None:
        shortest(page)
    else:
        choose(page, preset, seed)
    page.get_by_role("button", name="Render", exact=True).click()


def done(page):
    expect(page.locator(BAR)).to_contain_text("Done in", timeout=RENDERING)
    expect(page.locator("#spa2v-video video")).to_be_visible()


def stepping(page):
    expect(page.locator(BAR)).to_contain_text("Step", timeout=60_000)


def renderer_of(app):
    """Process id of the app's worker."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode().split("\0")
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError):
            continue
        if "spa2v_core.jobs.worker" in command and parent == app[1].pid:
            return int(folder.name)
    pytest.fail("no worker runs")


def test_a_reload_and_a_closed_tab_lose_nothing(open_page):
    page = open_page()
    render(page, "Quality")
    stepping(page)
    page.reload()
    stepping(page)
    expect(page.locator(ROW)).to_have_count(1)
    context = page.context
    page.close()
    page = open_page(context=context)
    stepping(page)
    page.locator("#spa2v-cancel").click()
    expect(page.locator(BAR)).to_have_text("Cancelled", timeout=20_000)

    render(page)
    done(page)
    page.close()
    page = open_page(context=context)
    expect(page.locator("#spa2v-video video")).to_be_visible(timeout=PLANNING)
    page.locator("#spa2v-delete").click()
    expect(page.locator("#spa2v-video video")).to_be_hidden()
    page.reload()
    page.wait_for_selector(".spa2v-editor .object")
    expect(page.locator(BAR)).to_be_hidden()
    video = page.locator("#spa2v-video video")
    assert "car_crossing" in video.get_attribute("src")  # the example's, as at first


def test_a_double_click_is_one_job_and_the_queue_can_be_ordered_and_left(open_page):
    page = open_page()
    choose(page, "Quality")
    page.get_by_role("button", name="Expert").click()
    steps = page.get_by_label("Steps", exact=True)
    expect(steps).to_have_value("15")  # the preset's has come
    steps.fill("50")  # so that it does not end while the queue is looked at
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Render", exact=True).dblclick()
    stepping(page)
    expect(page.locator(ROW)).to_have_count(1, timeout=PLANNING)
    render(page, "Draft", 1)
    expect(page.locator(ROW)).to_have_count(2, timeout=PLANNING)
    render(page, "Draft", 2)
    expect(page.locator(ROW)).to_have_count(3, timeout=PLANNING)
    titles = page.locator(f"{ROW} strong")
    expect(titles.nth(1)).to_contain_text("seed 1")
    expect(page.locator(f"{ROW} span").nth(2)).to_contain_text("2 before this")
    page.locator(ROW).nth(2).get_by_role("button", name="Earlier").click()
    expect(titles.nth(1)).to_contain_text("seed 2")
    expect(page.locator(ROW).nth(1).get_by_role("button", name="Earlier")).to_be_disabled()
    page.locator(ROW).nth(2).get_by_role("button", name="Leave the queue").click()
    expect(page.locator(ROW)).to_have_count(2, timeout=PLANNING)
    name = page.locator(".spa2v-editor").get_by_label("Name")
    name.fill("taxi")  # one goes on editing meanwhile
    page.keyboard.press("Tab")
    settle(page)
    assert shown(page)[0]["name"] == "taxi"
    page.locator(ROW).first.get_by_role("button", name="Stop").click()
    done(page)
    expect(page.locator(ROW)).to_have_count(0, timeout=PLANNING)


def test_two_tabs_share_renders_and_keep_apart_what_they_work_on(open_page, tmp_path):
    page = open_page()
    other = open_page(context=page.context)
    with planning(page):
        page.get_by_role("button", name="Dog left, guitar right").click()
    expect(page.locator(".spa2v-editor .object")).to_have_count(2)
    with planning(other):
        upload(other, clip_file(tmp_path))
    expect(about(other)).to_have_value(re.compile("^3.00 s"))
    other.get_by_label("What do you hear?").fill("dog")
    plan(other)
    expect(other.locator(".spa2v-editor .label text")).to_have_text("dog")
    other.wait_for_timeout(500)  # what is remembered is written after it is drawn
    other.reload()
    expect(other.locator(".spa2v-editor .label text")).to_have_text("dog", timeout=PLANNING)
    expect(other.locator(".spa2v-note textarea").first).to_have_value(
        re.compile("^3.00 s"), timeout=PLANNING
    )
    page.reload()
    page.wait_for_selector(".spa2v-editor .object")
    page.wait_for_timeout(1500)
    assert "3.00 s" not in page.locator(".spa2v-note textarea").first.input_value()


def test_a_link_shows_a_render_to_another_browser_until_it_is_ended(open_page, app_url):
    page = open_page()
    render(page)
    done(page)
    page.locator("#spa2v-share").click()
    link = page.locator("#spa2v-link textarea, #spa2v-link input")
    expect(link).to_have_value(re.compile(rf"^{app_url}/\?render=[\w-]{{22}}$"))
    query = "&" + link.input_value().split("?")[1]
    guest = open_page(query=query)
    expect(guest.get_by_label("About the shared render")).to_have_value(re.compile("shared"))
    expect(guest.locator("#spa2v-video video")).to_be_visible(timeout=PLANNING)
    for own in ("#spa2v-share", "#spa2v-delete", ROW):
        expect(guest.locator(own)).to_have_count(0)
    page.locator("#spa2v-share").click()
    expect(page.locator("#spa2v-link")).to_be_hidden()
    late = open_page(query=query)
    expect(late.get_by_label("About the shared render")).to_have_value(re.compile("not good"))
    expect(late.locator("#spa2v-video video")).to_be_hidden()


def test_a_renderer_that_is_killed_is_started_again_then_says_why(open_page, app):
    page = open_page()
    render(page, "Quality")
    stepping(page)
    os.kill(renderer_of(app), signal.SIGKILL)
    expect(page.locator(BAR)).not_to_contain_text("Step", timeout=10_000)
    stepping(page)  # tried once more
    os.kill(renderer_of(app), signal.SIGKILL)
    expect(page.locator(BAR)).to_have_text("Stopped by an error", timeout=20_000)
    expect(page.locator(f"{ROW} span")).to_contain_text("killed twice")
    page.locator(ROW).get_by_role("button", name="Dismiss").click()
    expect(page.locator(ROW)).to_have_count(0)
    render(page)
    done(page)
