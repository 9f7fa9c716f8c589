"""`python -m tests.benchmarks.page`: how long the page takes to be of use, in each language.

Seconds from asking for the page until its boxes can be dragged and Render answers, in a fresh
browser profile each time.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.conftest import CHROMIUM, FLAGS, ROOT

READY = """() => {
  const render = document.querySelector("#spa2v-render");
  return document.querySelector(".spa2v-editor .object") && render && !render.disabled;
}"""


def opened(browser: Browser, url: str, locale: str) -> float:
    """Seconds until the page is of use."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale=locale)
    page = context.new_page()
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(READY, polling="raf")
    seconds = time.perf_counter() - start
    context.close()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="of each language")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        app = subprocess.Popen(
            [sys.executable, "-u", "app.py"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"SPA2V_HOME": home},
        )
        try:
            found = next(
                filter(None, (re.search(r"http://\S+:\d+", one) for one in app.stdout or ()))
            )
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            opened(browser, found[0], "en-US")  # the first visit warms the server
            for locale in ("en-US", "de-DE"):
                times = sorted(opened(browser, found[0], locale) for _ in range(runs))
                print(f"{locale}: {times[runs // 2]:.2f} s (worst {times[-1]:.2f})")
            browser.close()
        finally:
            app.terminate()
            app.wait()


if __name__ == "__main__":
    main()
