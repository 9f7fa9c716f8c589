"""Planning with a model in the app, against a scripted server."""

import pytest
from playwright.sync_api import expect

from tests.planning.servers import Script, chat, serving
from tests.planning.test_reply import plan, text

from .pages import (
    PLANNING,
    saved,
    settle,
    shown,
    toast,
)

pytestmark = pytest.mark.e2e


def choose_model(page, url):
    page.get_by_role("button", name="How it is planned").click()
    page.get_by_role("combobox", name="Planner").click()
    page.get_by_role("option", name="OpenAI").click()
    page.get_by_label("Server (OpenAI-compatible)").fill(f"{url}/v1")
    page.get_by_label("Your key").fill("sk-visitor")
    page.get_by_label("Use earlier replies").uncheck()


def test_the_recording_can_stay_here(open_page):
    script = Script(chat(text(plan(names=("tram",)))))
    page = open_page()
    with serving(script) as url:
        choose_model(page, url)
        page.get_by_label("Send the recording").uncheck()
        press_plan(page)
        labels = page.locator(".spa2v-editor .label text")
        expect(labels).to_have_text("tram", timeout=PLANNING)
        notes = page.locator(".spa2v-note textarea").nth(1).input_value()
    assert "the recording stayed here" in notes
    assert "input_audio" not in str(script.requests)


def press_plan(page):
    page.get_by_role("button", name="Plan", exact=True).click()


def test_a_model_plans_and_changes_in_words(open_page):
    def apart(_, index):
        return [0.6 * index, 0.1, 0.6 * index + 0.3, 0.5]

    changed = text(plan(names=("tram", "dog"), box=apart))
    script = Script(chat("hm"), chat(text(plan(names=("tram",)))), chat(changed))
    page = open_page()
    labels = page.locator(".spa2v-editor .label text")
    with serving(script) as url:
        choose_model(page, url)
        page.get_by_label("A hint for the model").fill("it is a tram")
        press_plan(page)
        expect(labels).to_have_text("tram", timeout=PLANNING)
        notes = page.locator(".spa2v-note textarea").nth(1).input_value()
        assert "2000 tokens in" in notes
        assert "asked again" in notes
        page.get_by_role("button", name="Why this plan").click()
        told = page.get_by_label("What the model was told").input_value()
        assert "video director" in told
        assert "it is a tram" in told
        assert "sk-visitor" not in told
        assert script.headers[0]["authorization"] == "Bearer sk-visitor"
        page.locator(".spa2v-editor .object").first.focus()
        page.keyboard.press("l")
        settle(page)
        before = saved(page)["objects"][0]
        page.get_by_label("Change it in words").fill("have a dog join the tram")
        page.keyboard.press("Enter")
        expect(labels).to_have_count(2, timeout=PLANNING)
        assert saved(page)["objects"][0] == before
        assert {one["name"] for one in shown(page)} == {"tram", "dog"}
    assert "have a dog join" in script.requests[-1]["messages"][-1]["content"]


def test_faults_are_toasts_and_planning_can_be_cancelled(open_page):
    page = open_page()
    before = saved(page)
    with serving(Script((401, {"error": {"message": "bad"}}, {}), "hang")) as url:
        choose_model(page, url)
        press_plan(page)
        expect(toast(page)).to_contain_text("refused the key", timeout=PLANNING)
        press_plan(page)
        page.wait_for_timeout(700)
        page.locator("#spa2v-stop-plan").click()
        expect(page.locator(".toast-body", has_text="cancelled")).to_be_visible(timeout=5000)
    assert saved(page) == before
