"""The running app and a headless Chromium. No request may leave the machine."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)
#: The app offers tools where what they need is installed.
TOOLS = ["--mcp"] if importlib.util.find_spec("mcp") else []
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture(scope="session")
def app(tmp_path_factory):
    """(address, process) of the app, served as a user serves it."""
    home = tmp_path_factory.mktemp("home")
    process = subprocess.Popen(
        [sys.executable, "-u", "app.py", *TOOLS],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1", "SPA2V_HOME": str(home)},
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            break
    else:
        pytest.fail("the app did not start:\n" + "".join(lines))
    threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True).start()
    yield found[0], process
    process.terminate()
    process.wait(30)
    assert "Traceback" not in "".join(lines), "".join(lines)


@pytest.fixture(scope="session")
def app_url(app):
    return app[0]


@pytest.fixture(scope="session")
def browser():
    assert CHROMIUM, "Chromium is missing: run tests/install_chromium.sh"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, app_url):
    """Function (width, height, theme, touch, a context to open it in, more of its address) -> the
    app's page; checks requests and errors."""
    opened = []

    def open_one(width=1440, height=900, theme="light", touch=False, context=None, query=""):
        context = context or browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=touch,
            accept_downloads=True,
            reduced_motion="reduce",  # nothing plays of itself
        )
        page = context.new_page()
        page.outside, page.faults = [], []
        page.on("request", lambda r: _note_outside(page, r.url, app_url))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(f"{app_url}/?__theme={theme}{query}")
        page.wait_for_selector(".spa2v-editor .object")
        opened.append((context, page))
        return page

    yield open_one
    for context, page in opened:
        assert page.outside == []
        assert page.faults == []
        context.close()


def _note_outside(page, url, app_url):
    if not url.startswith((app_url, "data:", "blob:")):
        page.outside.append(url)
