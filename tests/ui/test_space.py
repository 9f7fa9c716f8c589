"""The folder for a Space: what is in it, and that each hardware's lists are kept to."""

import re
import subprocess
import sys

import pytest
import yaml
from packaging.requirements import Requirement

from spa2v_core.errors import InputError
from ui.service import space

#: What ZeroGPU offers.
ZERO_TORCH, ZERO_PYTHON = ("2.8.0", "2.9.1", "2.10.0", "2.11.0"), ("3.10.13", "3.12.12")


def header(folder):
    return yaml.safe_load((folder / "README.md").read_text("utf-8").split("---")[1])


def torch_of(folder):
    lines = (folder / "requirements.txt").read_text("utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    names = [one.name for one in wanted]
    assert len(names) == len(set(names))
    return names, next(one.specifier for one in wanted if one.name == "torch")


def test_a_cpu_space_is_the_app_alone(tmp_path):
    space.build(tmp_path / "s", "cpu")
    for name in ("app.py", "ui/service/serve.py", "assets/examples/car_crossing.m4a"):
        assert (tmp_path / "s" / name).is_file()
    for name in ("tests", "spa2v_core/training", "assets/detector"):
        assert not (tmp_path / "s" / name).exists()
    assert header(tmp_path / "s")["suggested_hardware"] == "cpu-basic"
    assert "spaces" not in torch_of(tmp_path / "s")[0]
    large = {
        str(path.relative_to(tmp_path / "s"))
        for path in (tmp_path / "s").rglob("*")
        if path.is_file() and path.stat().st_size >= space.LARGE_BYTES
    }
    stored = (tmp_path / "s" / ".gitattributes").read_text("utf-8").splitlines()
    assert {line.split(" ")[0] for line in stored} == large
    done = subprocess.run(
        [sys.executable, "app.py", "--help"], cwd=tmp_path / "s", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_zero_space_keeps_to_what_zerogpu_offers(tmp_path):
    space.build(tmp_path / "s", "zero")
    said = header(tmp_path / "s")
    assert said["suggested_hardware"].startswith("zero")
    assert said["python_version"] in ZERO_PYTHON
    assert said["app_file"] == "app.py"
    for line in said["preload_from_hub"]:
        repo, files, revision = line.split(" ")
        assert "/" in repo
        assert files
        assert re.fullmatch(r"[0-9a-f]{40}|refs/pr/\d+", revision)
    names, torch = torch_of(tmp_path / "s")
    assert {"spaces", "accelerate", "gradio"} <= set(names)
    assert [v for v in ZERO_TORCH if v in torch] == list(ZERO_TORCH)
    assert "2.12.0" not in torch


def test_nothing_else_is_overwritten(tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(InputError, match="another folder"):
        space.build(tmp_path, "cpu")
