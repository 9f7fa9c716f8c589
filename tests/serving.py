"""The app in a process of its own, as a user or a host starts it."""

import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@contextmanager
def served(home, *arguments, **environment):
    """(address, process, what it prints) of `python -u` with these arguments, its renders kept in
    `home`, ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-u", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"SPA2V_HOME": str(home)} | environment,
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if found := re.search(r"http://(?:127\.0\.0\.1|0\.0\.0\.0):\d+", line):
            break
    else:
        pytest.fail("the app did not start:\n" + "".join(lines))
    threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True).start()
    try:
        yield found[0].replace("0.0.0.0", "127.0.0.1"), process, lines
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:  # a forked call of a package may hold it
            process.kill()
            process.wait()
