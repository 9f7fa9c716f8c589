"""What the browser tests share: reading the editor and acting on it as a person does."""

import json
from contextlib import contextmanager

import numpy as np
import pytest
from playwright.sync_api import expect

from spa2v_core.audio.io import write_wav
from spa2v_core.simulation.acoustics import Source, mix, straight

PLANNING, RENDERING = 40_000, 240_000
#: The frame's width of the canvas's.
FRAME = 512 / 592
BOX, OBJECT = ".spa2v-editor .object .box", ".spa2v-editor .object"
LANE = ".spa2v-editor .lanes .lane"
#: More than a field should show.
LONG = "x" * 10_000


def clip_file(folder, path=None, name="clip.wav"):
    """A recording of a source that crosses from right to left in 3 s."""
    signal = np.random.default_rng(0).normal(size=32_000 * 4)
    path = path or straight((6, 7), (-6, 7), 3)
    clip = mix([Source("a", signal, path, 1, 1)], 3, 32_000)
    write_wav(clip, folder / name)
    return folder / name


def shown(page):
    """The layout as the screen shows it: names and boxes at the current frame, in frame widths."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.spa2v-editor .object')].map((g) => {
          const r = g.querySelector('.box');
          const n = (a) => Number(r.getAttribute(a));
          return {name: g.querySelector('text').textContent,
            box: [n('x') / 512, n('y') / 320,
                  (n('x') + n('width')) / 512, (n('y') + n('height')) / 320]};
        })"""
    )


def saved(page):
    """The layout as the editor saves it."""
    with page.expect_download() as download:
        save = page.locator(".spa2v-editor button[aria-label='Save the layout as a file']")
        save.dispatch_event("click")
    return json.loads(download.value.path().read_text())


def upload(page, path):
    """A recording, a video, or a layout: the page has one way in."""
    page.locator("#spa2v-file").set_input_files(str(path))


def plan(page):
    """Press Plan and wait for what comes of it."""
    with planning(page):
        page.get_by_role("button", name="Plan", exact=True).click()


def shortest(page):
    """Set up the shortest render: how it looks is not what is tested."""
    unfold(page, "Settings", "Draft")
    page.get_by_label("Draft").check()
    unfold(page, "Expert", "Steps")
    expect(page.get_by_label("Steps", exact=True)).to_have_value("2")  # the preset's has come
    for label, value in (("Steps", 1), ("Frames generated", 8), ("Frames a second", 0)):
        page.get_by_label(label, exact=True).fill(str(value))
        page.keyboard.press("Tab")


def unfold(page, fold, field):
    """Open a fold of the settings, unless its field is seen."""
    if not page.get_by_label(field, exact=True).is_visible():
        page.get_by_role("button", name=fold).click()


def choose(page, name, part="picture"):
    """Of the menu of the picture, or of the selected object ("actions")."""
    menu = ".spa2v-editor .toolbar" if part == "picture" else ".spa2v-editor .actions"
    page.locator(f"{menu} summary").click()
    button(page, name).click()
    settle(page)


def choose_backend(page, name):
    page.locator("#spa2v-backend input").click()
    page.get_by_role("option", name=name).click()


@contextmanager
def planning(page):
    """Wait until what is done within is planned, well or not, and drawn."""
    ended = "document.querySelector('.spa2v-editor [data-answers]')?.dataset.answers"
    page.wait_for_function(f"() => {ended}")
    before = page.evaluate(ended)
    yield
    page.wait_for_function(f"(n) => {ended} > n", arg=int(before), timeout=PLANNING)
    expect(page.locator("#spa2v-plan-bar progress")).to_be_hidden(timeout=PLANNING)
    expect(page.locator(".spa2v-editor .veil")).to_be_hidden(timeout=PLANNING)
    page.wait_for_timeout(250)  # the other fields get what was planned a little later


@contextmanager
def veiled(page):
    """What is said over the picture meanwhile, however shortly: a function that tells it."""
    page.evaluate(
        """() => { const veil = document.querySelector('.spa2v-editor .veil');
             window.said = [];
             new MutationObserver(() => { const text = veil.textContent;
               if (!veil.hidden && window.said.at(-1) !== text) window.said.push(text); })
               .observe(veil, {childList: true, attributes: true}); }"""
    )
    yield lambda: page.evaluate("() => window.said")


def settle(page):
    """Wait until what was changed is drawn and sent, and captions have followed."""
    page.wait_for_timeout(150)
    expect(page.locator(".spa2v-editor[data-writing]")).to_have_count(0, timeout=PLANNING)


def middle_of(page, selector):
    """The middle of an element on the screen, brought into view, once it stands still there. The
    editor draws its elements anew at any change, so each time it is looked up again."""
    expect(page.locator(selector).first).to_be_attached()
    last = None
    for _ in range(100):
        now = page.locator(selector).first.evaluate(
            """(e) => { e.scrollIntoViewIfNeeded(); const r = e.getBoundingClientRect();
                 return [r.left + r.width / 2, r.top + r.height / 2]; }"""
        )
        if now == last:
            return now
        last = now
        page.wait_for_timeout(60)
    pytest.fail(f"{selector} does not stand still")


def drag(page, selector, dx, dy, steps=6, keys=()):
    """Drag the middle of an element by pixels with the mouse, with keys held."""
    settle(page)
    x, y = middle_of(page, selector)
    page.mouse.move(x, y)
    page.mouse.down()
    for key in keys:
        page.keyboard.down(key)
    page.mouse.move(x + dx, y + dy, steps=steps)
    page.mouse.up()
    for key in keys:
        page.keyboard.up(key)
    settle(page)


def touch(page, points):
    """One finger along points of the screen."""
    session = page.context.new_cdp_session(page)
    kinds = ["touchStart", *["touchMove"] * (len(points) - 1), "touchEnd"]
    for kind, point in zip(kinds, [*points, None], strict=True):
        where = [{"x": point[0], "y": point[1]}] if point else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})
    settle(page)


def seek(page, frame):
    page.locator(".spa2v-editor input[type=range]").evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input')); }", frame
    )
    settle(page)


def keyframes(page, index=0):
    return [key["frame"] for key in saved(page)["objects"][index]["keyframes"]]


def undo(page):
    page.get_by_role("button", name="Undo (Ctrl+Z)").click()
    settle(page)


def undo_all(page):
    """Back to where the history begins, of the layout and of the screen."""
    back = page.get_by_role("button", name="Undo (Ctrl+Z)")
    while back.is_enabled():
        back.evaluate("(e) => { for (let k = 0; k < 50 && !e.disabled; k += 1) e.click(); }")
        settle(page)


def dismiss(page):
    """Close every toast: one covers what is below it for 12 s."""
    page.evaluate("document.querySelectorAll('.toast-close').forEach((e) => e.click())")
    expect(page.locator(".toast-body")).to_have_count(0)


def toast(page):
    return page.locator(".toast-body").first


def box_of(page, index=0):
    return shown(page)[index]["box"]


def button(page, name):
    return page.locator(".spa2v-editor").get_by_role("button", name=name)


def track(number, name, frames=(0,), **fields):
    """A track with a box at each of the frames, a little further right at each."""
    x = 0.05 + 0.07 * (number % 12)
    keys = [
        {"frame": f, "box": [x + 0.01 * k, 0.3, x + 0.2 + 0.01 * k, 0.7], "easing": "linear"}
        for k, f in enumerate(frames)
    ]
    return {"id": number, "name": name, "start": 0, "end": 15, "keyframes": keys} | fields


def layout_file(path, *tracks, frame_count=16, **fields):
    value = {"version": 1, "frame_count": frame_count, "duration_s": 6.016, "objects": tracks}
    path.write_text(json.dumps(value | fields))
    return path


def opened(page, path, count):
    upload(page, path)
    expect(page.locator(OBJECT)).to_have_count(count, timeout=PLANNING)
    return page


def hears(page):
    return page.get_by_label("What do you hear?")


def about(page):
    return page.locator(".spa2v-note textarea").first
