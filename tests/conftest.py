"""Which tests `make test-fast` and `make test` leave out."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
#: Folders and files that need browsers, models or other processes, or take seconds.
SLOW = ("e2e", "generation", "training", "jobs", "batch", "fuzz", "simulation")
SLOW += ("test_render.py", "test_packaging.py", "test_recipes.py", "test_leaderboard.py")
SLOW += ("test_evaluation_videos.py", "audio/test_io.py", "audio/test_decode.py")
SLOW += ("audio/test_signals.py", "audio/test_sources.py", "planning/test_local.py")
SLOW += ("planning/test_model_planner.py", "ui/test_zero.py")

#: What takes minutes: `make test-long`.
LONG = ("test_all_stages_run_and_export_a_model_that_renders", "test_ray_cluster.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        path = item.path.relative_to(ROOT)
        if path.parts[0] in SLOW or path.as_posix() in SLOW:
            item.add_marker("slow")
        if item.name in LONG or item.path.name in LONG:
            item.add_marker("long")
