"""The command line, above all with bad input: exit code 2, one helpful line, no traceback."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from spa2v_core import cli
from spa2v_core.layout import io as layout_io
from tests.audio.sounds import encode, noise
from tests.audio.test_io import bad_files

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "assets" / "examples"
CAR = str(EXAMPLES / "car_crossing.m4a")
CAR_LAYOUT = EXAMPLES / "car_crossing.layout.json"


def run(*arguments, capsys):
    """(exit code, lines on stderr)."""
    try:
        code = cli.main([str(a) for a in arguments])
    except SystemExit as stop:
        code = stop.code
    return code, capsys.readouterr().err.strip().splitlines()


def refused(*arguments, capsys, words):
    code, lines = run(*arguments, capsys=capsys)
    assert code == 2, lines
    errors = [line for line in lines if line.startswith(("error:", "spa2v_core"))]
    assert len(errors) == 1, lines
    assert words in errors[0]
    assert "Traceback" not in "".join(lines)


def test_every_bad_file_is_refused_by_every_command(tmp_path, capsys):
    for path, words in bad_files(tmp_path).values():
        for command in ("plan", "cues"):
            out = tmp_path / "out.json"
            refused(command, path, "--out", out, capsys=capsys, words=words)
            assert not out.exists()
        video = tmp_path / "v.mp4"
        refused("run", path, "--out", video, capsys=capsys, words=words)
        refused("render", CAR_LAYOUT, "--audio", path, "--out", video, capsys=capsys, words=words)
        assert not video.exists()


def test_silence_and_bad_spans(tmp_path, capsys):
    silent = encode(noise(1, left=0, right=0), tmp_path / "silent.wav")
    out = tmp_path / "out.json"
    refused("plan", silent, "--out", out, capsys=capsys, words="silent")
    refused("plan", CAR, "--start", 99, "--out", out, capsys=capsys, words="outside")
    refused("plan", CAR, "--duration", 60, "--out", out, capsys=capsys, words="span")
    refused("plan", CAR, "--out", tmp_path / "x.txt", capsys=capsys, words="must end in .json")
    refused("plan", CAR, "--objects", "a,b,c,d,e", "--out", out, capsys=capsys, words="at most 4")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 9}, "version"),
        ({"objects": "car"}, "objects"),
        ({"duration_s": -1}, "duration_s"),
        ({"frame_captions": ["one"]}, "frame_captions"),
        ({"colour": "red"}, "colour: unknown field"),
        ({"width": 320, "height": 320}, "only 8:5"),
        ({"duration_s": 9.0}, "rescale"),
    ],
)
def test_bad_layouts(change, words, tmp_path, capsys):
    value = json.loads(CAR_LAYOUT.read_text()) | change
    path = tmp_path / "layout.json"
    path.write_text(json.dumps(value))
    out = tmp_path / "v.mp4"
    refused("render", path, "--audio", CAR, "--out", out, capsys=capsys, words=words)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"duration_s": NaN}', "\x00"])
def test_layout_files_that_are_none(text, tmp_path, capsys):
    path = tmp_path / "layout.json"
    path.write_text(text)
    out = tmp_path / "v.mp4"
    refused("render", path, "--audio", CAR, "--out", out, capsys=capsys, words="layout")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--steps", "0"], "steps"),
        (["--preset", "best"], "draft, default, quality"),
        (["--seed", "-4"], "seed"),
        (["--backend", "oracle"], "invalid choice"),
        (["--captions", "none"], "invalid choice"),
    ],
)
def test_bad_render_options(options, words, tmp_path, capsys):
    out = tmp_path / "v.mp4"
    refused("run", CAR, "--out", out, *options, capsys=capsys, words=words)


def test_missing_weights_are_exit_code_1_with_the_way_out(tmp_path, capsys):
    code, lines = run("run", CAR, "--weights", tmp_path, "--out", tmp_path / "v.mp4", capsys=capsys)
    assert code == 1
    assert "make train-mini" in lines[-1]


def test_damaged_weights_are_refused(tmp_path, capsys):
    for part in (ROOT / "assets" / "mini").iterdir():
        if part.is_dir():
            (tmp_path / part.name).mkdir()
            for file in part.iterdir():
                data = file.read_bytes()
                keep = len(data) // 2 if file.suffix == ".safetensors" else len(data)
                (tmp_path / part.name / file.name).write_bytes(data[:keep])
    code, lines = run("run", CAR, "--weights", tmp_path, "--out", tmp_path / "v.mp4", capsys=capsys)
    assert code == 1
    assert "can't be loaded" in lines[-1]
    assert not (tmp_path / "v.mp4").exists()


def test_plan_then_cues_write_what_they_say(tmp_path, capsys):
    code, lines = run(
        "plan", CAR, "--objects", "red car", "--out", tmp_path / "l.json", capsys=capsys
    )
    assert code == 0
    assert any("red car: crossing right" in line for line in lines)
    assert layout_io.read(tmp_path / "l.json").objects[0].phrase == "red car"
    assert run("cues", CAR, "--out", tmp_path / "c.json", capsys=capsys)[0] == 0
    assert json.loads((tmp_path / "c.json").read_text())["channels"] == 2


def test_the_module_runs_and_help_is_quick_to_import():
    done = subprocess.run(
        [sys.executable, "-m", "spa2v_core", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0
    for command in ("plan", "render", "run", "cues"):
        assert command in done.stdout
