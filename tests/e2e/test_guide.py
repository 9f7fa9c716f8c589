"""Finding one's way: the tour, skip links, lists that stay shut, names said at once; and what an
accessibility checker says of the whole page."""

import pytest
from playwright.sync_api import expect

from .pages import BOX, OBJECT, PLANNING, button, drag, settle

pytestmark = pytest.mark.e2e

FOCUSED = "document.activeElement.matches('{}')"


def test_links_a_tour_and_lists_that_do_not_open_by_themselves(open_page):
    page = open_page()
    for k, place in enumerate((".canvas", "input[type=range]", "#spa2v-render")):
        link = page.locator(".spa2v-skip a").nth(k)
        link.focus()
        expect(link).to_be_in_viewport()
        link.press("Enter")
        assert page.evaluate(FOCUSED.format(place))

    start = page.get_by_role("button", name="Take the tour")
    start.click()
    tour = page.get_by_role("dialog", name="Tour")
    for step in range(1, 5):
        expect(tour).to_contain_text(f"{step}/4")
        expect(page.locator(".spa2v-here")).to_have_count(1)
        tour.locator(".next").click()
    expect(tour).to_be_hidden()
    start.click()
    page.keyboard.press("Escape")
    expect(tour).to_be_hidden()
    expect(page.locator(".spa2v-here")).to_have_count(0)
    assert page.evaluate(FOCUSED.format(".spa2v-tour-start"))

    page.get_by_label("What do you hear?").focus()
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED.format("input[role=combobox]"))
    page.wait_for_timeout(300)
    choices = page.locator("ul[role=listbox]")
    expect(choices).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(choices).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_label("What do you hear?")).to_have_value("")


def test_what_a_name_will_be_drawn_as_is_said_while_it_is_typed(open_page):
    page = open_page()
    name = page.locator(".spa2v-editor").get_by_label("Name", exact=True)
    drawn = page.locator(".spa2v-editor .drawn")
    name.fill("hovercraft")
    expect(drawn).to_contain_text('draw "hovercraft" as: loudspeaker')
    name.fill("helicoptr")
    drawn.get_by_role("button").click()
    settle(page)
    expect(page.locator(".spa2v-editor .label text")).to_have_text("helicopter")
    expect(drawn).to_be_hidden()
    button(page, "Undo (Ctrl+Z)").click()
    page.locator(".spa2v-editor").get_by_label("Motion").select_option("ease-out")
    expect(page.locator(".spa2v-editor .easing")).to_have_text("/¯")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_accessibility_checker_finds_nothing_serious_on_the_whole_page(open_page, theme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(theme=theme)
    page.locator(OBJECT).first.focus()
    drag(page, BOX, 200, -100)
    for name in ("How it is planned", "Settings", "Expert", "Why this plan"):
        page.locator("button.label-wrap").filter(has_text=name).click()
    expect(page.locator(".js-plotly-plot")).to_be_visible(timeout=PLANNING)
    page.get_by_role("button", name="Take the tour").click()
    settle(page)
    found = Axe().run(page).response["violations"]
    serious = [
        (v["id"], [n["html"][:160] for n in v["nodes"]])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert serious == []
