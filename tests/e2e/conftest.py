"""The running app and a headless Chromium. No request may leave the machine."""

import importlib.util
import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.serving import served

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
    "--process-per-site",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture(scope="session")
def app(tmp_path_factory):
    """(address, process) of the app, served as a user serves it."""
    with served(tmp_path_factory.mktemp("home"), "app.py", *TOOLS) as (url, process, lines):
        yield url, process
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


class Profiles:
    """Browser profiles, used again by later tests with nothing of the earlier ones in them.

    Each has a page that stays, and with it its process: what that has compiled of the page's
    scripts saves each test a second.
    """

    def __init__(self, browser, url):
        self.browser, self.url = browser, url
        self.free, self.lent = {False: [], True: []}, []

    def lend(self, touch):
        """One that nobody has now."""
        unused = self.free[touch]
        profile = unused.pop() if unused else self._new(touch)
        self.lent.append((profile, touch))
        return profile

    def _new(self, touch):
        profile = self.browser.new_context(
            has_touch=touch,
            accept_downloads=True,
            reduced_motion="reduce",  # nothing plays of itself
        )
        profile.new_page().goto(f"{self.url}/gradio_api/info")
        return profile

    def take_back(self):
        for profile, touch in self.lent:
            for page in profile.pages[1:]:
                page.close()
            self.free[touch].append(profile)
        self.lent = []


@pytest.fixture(scope="session")
def profiles(browser, app_url):
    return Profiles(browser, app_url)


@pytest.fixture
def open_page(profiles, app_url):
    """Function (width, height, theme, touch, a context to open it in, more of its address) -> the
    app's page; checks requests and errors."""
    opened = []

    def open_one(width=1440, height=900, theme="light", touch=False, context=None, query=""):
        page = (context or profiles.lend(touch)).new_page()
        if context is None:
            everything = {"origin": app_url, "storageTypes": "cookies,local_storage,indexeddb"}
            page.context.new_cdp_session(page).send("Storage.clearDataForOrigin", everything)
            page.context.clear_cookies()
        page.set_viewport_size({"width": width, "height": height})
        page.outside, page.faults = [], []
        page.on("request", lambda r: _note_outside(page, r.url, app_url))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.goto(f"{app_url}/?__theme={theme}{query}")
        page.wait_for_selector(".spa2v-editor [data-answers]")  # the plan has been taken
        page.wait_for_selector(".spa2v-editor .object")
        opened.append(page)
        return page

    yield open_one
    profiles.take_back()
    for page in opened:
        assert page.outside == []
        assert page.faults == []


def _note_outside(page, url, app_url):
    if not url.startswith((app_url, "data:", "blob:")):
        page.outside.append(url)
