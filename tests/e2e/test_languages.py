"""The page in the languages that it speaks, by the browser's own, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from ui.words import LANGUAGES, TABLE

from .pages import OBJECT, PLANNING, planning, settle

pytestmark = pytest.mark.e2e

#: Everything that is read out or seen: texts, names, titles, what stands in empty fields.
SEEN = """() => {
  const texts = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const { parentElement: on, textContent } = walk.currentNode;
    if (!on.closest("script, style, footer, .toast-wrap, svg:not(.canvas)")) texts.add(textContent);
  }
  for (const one of document.querySelectorAll(".gradio-container *")) {
    if (one.closest("footer, .modebar-container")) continue;
    for (const name of ["aria-label", "title", "placeholder"])
      if (one.getAttribute(name)) texts.add(one.getAttribute(name));
  }
  return [...texts].map((text) => text.trim()).filter(Boolean);
}"""
#: What has no other name, or is what a person or the planner calls things.
NAMES = r"SpA2V Studio|GPU|LoRA|MIGC|SD 1\.5|OpenAI|CLAP|YAMNet|Gemini|Claude|AnimateDiff|Wan 2\.1"
NAMES += r"|GLIGEN|LCM|Mini|ambiX|FuMa|ACN|SN3D|N3D|Lo/Ro|Ambisonics|Instance|Tab|Alt|Shift|Ctrl"
NAMES += r"|Home|End|Page(Up|Down)|Delete|Enter|Hz|dB|MODEL|FILE\[:SCALE\]|FILE|ID|http\S+"
NAMES += (
    r"|pause|Select input device|(number input|range slider) for|Reset to default value"  # Gradio's
)
NAMES += r"|car\.png|car faster, dog to the left at 2 s, add a bird top right|car|crosses.*|A car.*"


@pytest.mark.parametrize("locale", ["de-DE", "zh-CN", "es-ES"])
def test_the_page_speaks_the_browsers_language(open_page, locale):
    page = open_page(locale=locale)
    column = LANGUAGES.index(locale[:2])
    expect(page.locator("#spa2v-plan")).to_have_text(TABLE["Plan"][column])
    assert page.evaluate("document.documentElement.lang") == locale[:2]
    about = page.locator(".spa2v-note textarea").first
    expect(about).to_have_value(re.compile(re.escape(TABLE["stereo"][column])))
    for name in ("How it is planned", "Settings", "Expert", "Why this plan"):
        page.locator("button.label-wrap").filter(has_text=TABLE[name][column]).click()
    expect(page.locator(".js-plotly-plot")).to_be_visible(timeout=PLANNING)
    page.locator(".spa2v-editor .toolbar summary").click()
    page.locator("#spa2v-backend input").click()
    page.locator(OBJECT).first.focus()
    settle(page)
    english = {text for text, row in TABLE.items() if row[column] != text}
    seen = page.evaluate(SEEN)
    assert [text for text in seen if text in english] == []
    if locale == "zh-CN":  # where every letter of ours stands out
        rest = {text: re.sub(NAMES, "", text) for text in seen}
        assert {text for text, left in rest.items() if re.search("[A-Za-z]{3}", left)} == set()


@pytest.mark.parametrize("locale", ["zh", "zh-HK", "es-MX"])
def test_a_language_is_spoken_wherever_it_is(open_page, locale):
    page = open_page(locale=locale)
    column = LANGUAGES.index(locale[:2])
    expect(page.locator("#spa2v-plan")).to_have_text(TABLE["Plan"][column])
    expect(page.locator(".spa2v-editor .timeline .play")).to_have_text(TABLE["Play"][column])
    about = page.locator(".spa2v-note textarea").first
    expect(about).to_have_value(re.compile(re.escape(TABLE["stereo"][column])))


def test_what_happens_is_said_in_the_language_too(open_page):
    page = open_page(locale="de-DE")
    with planning(page):
        page.get_by_role("button", name="Hund links, Gitarre rechts").click()
    expect(page.locator(OBJECT)).to_have_count(2)
    expect(page.get_by_label(re.compile("^Klang 1 · .*der Energie"))).to_be_visible()
    page.get_by_role("button", name="Wie geplant wird").click()
    page.get_by_label("Beginn (s)").fill("1")
    page.keyboard.press("Tab")
    page.locator("#spa2v-render").click()
    expect(page.locator(".toast-body").first).to_contain_text("noch nicht geplant")


#: The bar and the picture as they are while a video is rendered; the height of the picture's badge,
#: which the editor takes away again.
RENDERING = """(text) => {
  document.querySelector("#spa2v-cancel").disabled = false;
  const line = document.querySelector("#spa2v-render-bar .spa2v-progress");
  line.style.display = "grid";
  line.querySelector("progress").setAttribute("aria-label", text);
  line.querySelector("span").textContent = text;
  const badge = document.querySelector(".spa2v-editor .badge");
  Object.assign(badge, { hidden: false, textContent: text });
  return badge.getBoundingClientRect().height;
}"""


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1024, 768)])
def test_the_longest_words_leave_the_page_in_shape(open_page, width, height):
    page = open_page(width=width, height=height, locale="es-ES")
    assert 0 < page.evaluate(RENDERING, "Avance del renderizado en curso") < 30
    bar = page.locator("#spa2v-bar button:visible")
    rows = {round(bar.nth(k).bounding_box()["y"]) for k in range(bar.count())}
    assert (len(rows), bar.count()) == (1, 3 if width < 900 else 4)
    assert page.locator(".spa2v-title h1").bounding_box()["height"] < 50
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Cómo se planifica").click()
    ends = [page.get_by_label(name).bounding_box()["y"] for name in ("Inicio (s)", "Duración (s")]
    assert ends[0] == pytest.approx(ends[1], abs=1)
    cut = page.locator("#spa2v-sound .secondary-wrap input").last
    assert cut.evaluate("(e) => getComputedStyle(e).textOverflow") == "ellipsis"
