"""The running app and a headless Chromium. No request may leave the machine."""

import importlib.util
import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.serving import served

from .pages import OBJECT, dismiss, saved, seek, undo_all

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
        self.free, self.lent = {False: [], True: []}, {}

    def lend(self, touch):
        """One that nobody has now."""
        unused = self.free[touch]
        profile = unused.pop() if unused else self._new(touch)
        everything = {"origin": self.url, "storageTypes": "cookies,local_storage,indexeddb"}
        profile.new_cdp_session(profile.pages[0]).send("Storage.clearDataForOrigin", everything)
        profile.clear_cookies()
        self.lent[profile] = touch
        return profile

    def _new(self, touch):
        profile = self.browser.new_context(
            has_touch=touch,
            accept_downloads=True,
            reduced_motion="reduce",  # nothing plays of itself
        )
        profile.new_page().goto(f"{self.url}/gradio_api/info")
        return profile

    def take_back(self, profile):
        for page in profile.pages[1:]:
            page.close()
        self.free[self.lent.pop(profile)].append(profile)


@pytest.fixture(scope="session")
def profiles(browser, app_url):
    return Profiles(browser, app_url)


@pytest.fixture
def open_page(profiles, app_url):
    """Function (touch, a context to open it in, and as `opened_in`) -> the app's page; checks
    requests and errors."""
    opened, lent = [], []

    def open_one(touch=False, context=None, **how):
        profile = context
        if profile is None:
            lent.append(profile := profiles.lend(touch))
        page = opened_in(profile, app_url, **how)
        opened.append(page)
        return page

    yield open_one
    for profile in lent:
        profiles.take_back(profile)
    for page in opened:
        _nothing_went_wrong(page)


@pytest.fixture(scope="module")
def kept_page(profiles, app_url):
    """A page that the tests of a file share, and what it held when it was opened."""
    profile = profiles.lend(touch=False)
    page = opened_in(profile, app_url)
    yield page, saved(page)
    profiles.take_back(profile)


@pytest.fixture
def planned(kept_page):
    """The page with the first example as it was planned, its first frame and object chosen: for
    tests that do nothing but edit, which is undone."""
    page, as_planned = kept_page
    page.outside.clear()  # of a test before that failed
    page.faults.clear()
    dismiss(page)
    undo_all(page)
    seek(page, 0)
    page.locator(OBJECT).first.focus()
    assert saved(page) == as_planned
    yield page
    _nothing_went_wrong(page)


def opened_in(profile, url, width=1440, height=900, theme="light", query="", locale=""):
    """The app's page in a profile, once its plan is there; notes requests and errors. `query` is
    more of its address, `locale` the language of the browser."""
    page = profile.new_page()
    if locale:
        agent = {"userAgent": page.evaluate("navigator.userAgent"), "acceptLanguage": locale}
        page.context.new_cdp_session(page).send("Emulation.setUserAgentOverride", agent)
    page.set_viewport_size({"width": width, "height": height})
    page.outside, page.faults = [], []
    page.on("request", lambda r: _note_outside(page, r.url, url))
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(f"{url}/?__theme={theme}{query}")
    page.wait_for_selector(".spa2v-editor [data-answers]")  # the plan has been taken
    page.wait_for_selector(OBJECT)
    return page


def _nothing_went_wrong(page):
    assert page.outside == []
    assert page.faults == []


def _note_outside(page, url, app_url):
    if not url.startswith((app_url, "data:", "blob:")):
        page.outside.append(url)
