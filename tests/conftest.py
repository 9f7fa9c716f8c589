"""How tests are shared out: what takes long starts first, what shares a server stays together."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
#: Folders and files that `make test-fast` leaves out: browsers, models, processes.
SLOW = ("e2e", "generation", "training", "jobs")
SLOW += ("test_render.py", "test_packaging.py", "test_recipes.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers a file stays on one, and all tests of the browser too; they come first,
    being the longest."""
    for item in items:
        place = item.path.relative_to(ROOT)
        browser = place.parts[0] == "e2e"
        item.add_marker(pytest.mark.xdist_group("browser" if browser else str(place)))
        if place.parts[0] in SLOW:
            item.add_marker("slow")
    items.sort(key=lambda item: item.path.relative_to(ROOT).parts[0] != "e2e")
