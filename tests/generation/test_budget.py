"""Renders that don't fit are refused with what would fit; memory does not grow with objects."""

import subprocess
import sys

import pytest

from spa2v_core import cli, pipeline
from spa2v_core.errors import InputError
from spa2v_core.generation import budget
from spa2v_core.generation.base import RenderRequest
from spa2v_core.generation.registry import settle
from spa2v_core.generation.spec import MemoryUse
from spa2v_core.layout import VideoSceneLayout, io
from tests.audio.sounds import noise, write_clip


def layout(objects):
    key = {"frame": 0, "box": [0.1, 0.1, 0.4, 0.4]}
    tracks = [
        {"id": k, "name": "car", "start": 0, "end": 15, "keyframes": [key]} for k in range(objects)
    ]
    return VideoSceneLayout(duration_s=1, caption="a road", objects=tracks)


def request(objects, frames=16, grounding="default"):
    return RenderRequest(layout(objects), noise(1), grounding=grounding, options={"frames": frames})


def check(asked, there):
    budget.check(asked, settle(asked), there)


def test_what_fits_passes():
    check(request(12), 1.0)
    check(request(200, 128), 2.0)


@pytest.mark.parametrize(
    ("asked", "there", "words"),
    [
        (request(200, 128, "energy"), 8.0, "200 objects in 128 frames need 82.2 GB: at most 6 "),
        (request(3, 128), 1.0, "3 objects in 128 frames need 1.6 GB: at most 46 frames here"),
        (request(3, 16), 0.5, "3 objects in 16 frames need 0.8 GB, and 0.5 GB are there: close"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(asked, there, words):
    with pytest.raises(InputError) as error:
        check(asked, there)
    assert words in str(error.value)
    if "at most 6 objects" in str(error.value):
        check(request(6, 128, "energy"), there)


def test_the_pipeline_and_the_command_line_refuse_before_they_start(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(budget, "memory_gb", lambda: 1.0)
    with pytest.raises(InputError, match="200 objects in 16 frames need"):
        next(pipeline.render(request(200, 16, "energy"), tmp_path / "v.mp4"))
    io.write(layout(200), tmp_path / "l.json")
    sound = write_clip(noise(1), tmp_path / "a.wav")
    arguments = ["render", tmp_path / "l.json", "--audio", sound, "--out", tmp_path / "v.mp4"]
    assert cli.main([*map(str, arguments), "--frames", "128"]) == 2
    assert "200 objects in 128 frames need 1.6 GB: at most" in capsys.readouterr().err
    assert not (tmp_path / "v.mp4").exists()


def test_memory_that_is_there_is_within_the_machines():
    import psutil

    assert 0.1 < budget.memory_gb() <= psutil.virtual_memory().total / 1e9 * 1.01


def test_use_is_the_sum_of_what_is_stated():
    use = MemoryUse(1.0, 0.1, {"a": (0.2, 0.01), "b": (0.0, 0.02)})
    assert use.gigabytes(10, 5, ()) == pytest.approx(2.0)
    assert use.gigabytes(10, 5, ("a", "b", "c")) == pytest.approx(1 + 10 * (0.3 + 5 * 0.03))


MAPS = """
import resource, sys, torch
from spa2v_core.generation.grounding.instance import GroundingInputs, InstanceGrounding
frames, count = 64, int(sys.argv[1])
grounding = InstanceGrounding({"block": 64}).requires_grad_(False)
corners = torch.rand(frames, count, 2, 2).sort(dim=2).values.flatten(2)
inputs = GroundingInputs(
    torch.randn(1, count, 128), corners, torch.ones(frames, count),
    torch.ones(1, count, grounding.config.pose),
)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
grounding.maps(inputs, (20, 32))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="kB are those of Linux")
def test_the_minis_grounding_takes_no_more_memory_for_more_objects():
    """In kB, of 64 frames; all objects at once were 12 GB."""
    few, many = (
        int(subprocess.run([sys.executable, "-c", MAPS, str(count)], capture_output=True,
                           text=True, check=True).stdout)
        for count in (4, 200)
    )  # fmt: skip
    assert many < few + 300_000
