"""Which tests `make test-fast` and `make test` leave out."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
#: Folders and files that need browsers, models or other processes.
SLOW = ("e2e", "generation", "training", "jobs", "batch")
SLOW += ("test_render.py", "test_packaging.py", "test_recipes.py")

#: What takes minutes: `make test-long`.
LONG = ("test_all_stages_run_and_export_a_model_that_renders", "test_ray_cluster.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(ROOT).parts[0] in SLOW:
            item.add_marker("slow")
        if item.name in LONG or item.path.name in LONG:
            item.add_marker("long")
