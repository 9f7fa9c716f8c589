"""What `pip install .` gives: the commands, outside the repository, with the weights they need."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import spa2v_core

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def requirements(name: str) -> set[str]:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return {line for line in lines if line and not line.startswith(("#", "-r"))}


def test_requirements_are_those_of_the_package():
    extras = PROJECT["optional-dependencies"]
    assert requirements("requirements.txt") == {*PROJECT["dependencies"], *extras.pop("app")}
    for name, wanted in extras.items():
        assert requirements(f"requirements-{name}.txt") == set(wanted)
    assert {path.stem.removeprefix("requirements-") for path in ROOT.glob("requirements-*")} == {
        *extras,
        "dev",
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the package installed from its wheel."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    wheel = [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT)]
    subprocess.run(wheel, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    assert spa2v_core.__version__ in made.name
    subprocess.run(
        [*pip, "install", "--no-deps", "--target", str(folder / "site"), str(made)],
        check=True,
        capture_output=True,
    )
    return folder / "site"


def run(installed: Path, command: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    env = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, str(installed / "bin" / command), *arguments],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
    )


def test_the_command_plans_and_renders_outside_the_repository(installed, tmp_path):
    clip = str(ROOT / "assets" / "examples" / "dog_and_guitar.m4a")
    short = ["--duration", "1", "--preset", "draft", "--frames", "8", "--fps", "0"]
    done = run(installed, "spa2v", "run", clip, "--out", "v.mp4", *short, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "v.mp4").stat().st_size > 1000
    assert not (installed / "spa2v_core" / "training").exists()
    assert not (installed / "ui").exists()


def test_the_page_is_served_from_where_it_is_installed(installed, tmp_path):
    code = (
        "import pathlib, urllib.request as u; from spa2v_ui.service.serve import launch;"
        "from spa2v_ui.service.served import address;"
        "demo, url, jobs = launch(None, None, False, block=False);"
        "found = u.urlopen(url.rstrip('/') + address('editor') + '/editor.mjs');"
        "assert 'immutable' in found.headers['Cache-Control'];"
        "assert jobs.keeper.process.poll() is None; jobs.close(); demo.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed), "SPA2V_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert run(installed, "spa2v-studio", "--help", cwd=tmp_path).returncode == 0
