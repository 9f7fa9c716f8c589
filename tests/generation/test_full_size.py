"""vace and ltx from the command line to the file, with tiny weights in a folder."""

import json
import sys
from dataclasses import replace
from itertools import islice

import av
import cv2
import numpy as np
import pytest
import torch
from transformers import (
    CLIPTokenizer,
    Owlv2Config,
    Owlv2ForObjectDetection,
    Owlv2ImageProcessorPil,
    Owlv2Processor,
)

from spa2v_core import cli
from spa2v_core.audio.io import read_audio
from spa2v_core.evaluation import check, open_detector
from spa2v_core.evaluation.check import SCENES, requests
from spa2v_core.evaluation.open_detector import OpenDetector
from spa2v_core.generation.export import read_layout, read_settings
from spa2v_core.generation.registry import BACKENDS
from spa2v_core.layout import io as layout_io
from tests.audio.sounds import encode, noise
from tests.audio.test_decode import lag
from tests.generation import tiny_ltx, tiny_wan
from tests.generation.test_wan_backend import request
from tests.generation.tiny_full import write_tokenizer

SECONDS = 0.7


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Backend -> flags that name its weights."""
    path = tmp_path_factory.mktemp("weights")
    tiny_wan.stock_vace().save_pretrained(path / "vace")
    tiny_ltx.build_pipeline().save_pretrained(path / "ltx")
    return {
        "vace": ["--weights", str(path / "vace")],
        "ltx": ["--weights", str(path / "ltx"), "--accept-ltx-licence"],
    }


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """The presets "draft" at sizes that take no time."""
    for name, size in (("vace", tiny_wan.SIZE_WH), ("ltx", tiny_ltx.SIZE_WH)):
        presets = BACKENDS.get(name).presets
        schedule = replace(presets["draft"].schedule, size_wh=size)
        monkeypatch.setitem(presets, "draft", replace(presets["draft"], schedule=schedule))


@pytest.fixture
def inputs(tmp_path):
    """A layout and its sound, as files."""
    layout = request(SECONDS).layout
    layout_io.write(layout, tmp_path / "layout.json")
    encode(noise(SECONDS, rate=48_000, right=0.5), tmp_path / "clip.wav")
    return ["render", str(tmp_path / "layout.json"), "--audio", str(tmp_path / "clip.wav")]


def render(inputs, backend, folders, out, *more):
    given = ["--backend", backend, *folders[backend], "--preset", "draft", "--steps", "2"]
    return cli.main([*inputs, *given, "--out", str(out), *more])


@pytest.mark.parametrize(
    ("backend", "more", "frames"),
    [
        ("vace", ["--grounding", "outlines+boxes+time-to-move", "--fps", "0"], 13),
        ("ltx", [], 17),
    ],
)
def test_a_layout_becomes_a_video_with_its_sound(
    backend, more, frames, inputs, folders, tmp_path, capsys
):
    out = tmp_path / "video.mp4"
    picture = np.random.default_rng(0).integers(0, 255, (80, 128, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "first.png"), picture)
    first = ["--start-picture", str(tmp_path / "first.png")]
    assert render(inputs, backend, folders, out, *more, *first) == 0, capsys.readouterr().err
    with av.open(str(out)) as file:
        video = file.streams.video[0]
        assert float(video.duration * video.time_base) == pytest.approx(SECONDS, abs=0.04)
        assert len(list(file.decode(video))) == frames
    heard, clip = read_audio(out), read_audio(tmp_path / "clip.wav")
    assert heard.rate == clip.rate
    assert heard.duration_s == pytest.approx(SECONDS, abs=0.04)
    assert lag(heard.samples[0][: clip.samples.shape[1]], clip.samples[0]) == 0  # to the sample
    settings = read_settings(out)
    assert (settings["backend"], settings["steps"]) == (backend, 2)
    assert settings["start_picture"] == "first.png"
    assert len(read_layout(out).objects) == 2


@pytest.mark.parametrize("backend", ["vace", "ltx"])
def test_a_video_of_another_shape(backend, inputs, folders, tmp_path, capsys):
    """Drawn at a size of that shape, with a draft in the boxes and a first frame."""
    out, first = tmp_path / "video.mp4", tmp_path / "first.png"
    cv2.imwrite(str(first), np.full((90, 70, 3), 128, np.uint8))
    more = ["--aspect", "9:16", "--start-picture", str(first), "--fps", "0"]
    given = [*more, "--grounding", "time-to-move"]
    assert render(inputs, backend, folders, out, *given) == 0, capsys.readouterr().err
    with av.open(str(out)) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == (288, 512)
    assert read_settings(out)["aspect"] == "9:16"
    assert cv2.imread(str(out.with_suffix(".jpg"))).shape == (512, 288, 3)


def test_a_user_s_mistake_is_one_line(inputs, folders, tmp_path, capsys, monkeypatch):
    out = tmp_path / "video.mp4"
    (tmp_path / "weights").mkdir()
    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    for backend, more, code in (
        ("vace", ["--weights", str(tmp_path / "weights")], 1),
        ("vace", ["--grounding", "trails"], 2),
        ("vace", ["--weights-in", "int8"], 1),
        ("ltx", ["--weights-in", "int8"], 1),
        ("ltx", ["--gguf", str(tmp_path / "none.gguf")], 1),
        ("vace", ["--gguf", "a.gguf", "--weights-in", "fp8"], 2),
        ("vace", ["--control-strength", "3"], 2),
        ("ltx", ["--grounding", "trails"], 1),
        ("ltx", ["--start-picture", str(tmp_path / "none.png")], 2),
    ):
        assert render(inputs, backend, folders, out, *more) == code
        assert capsys.readouterr().err.count("\n") == 1
    assert not out.exists()


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    """A tiny OWLv2 with random weights."""
    path = tmp_path_factory.mktemp("detector") / "owl"
    vocabulary = write_tokenizer(path)
    torch.manual_seed(0)
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    small["num_attention_heads"] = 2
    config = Owlv2Config(
        text_config={**small, "vocab_size": vocabulary, "max_position_embeddings": 77},
        vision_config={**small, "image_size": 64, "patch_size": 16},
        projection_dim=16,
    )
    Owlv2ForObjectDetection(config).save_pretrained(path)
    pictures = Owlv2ImageProcessorPil(size={"height": 64, "width": 64})
    Owlv2Processor(pictures, CLIPTokenizer.from_pretrained(path)).save_pretrained(path)
    return path


def test_a_detector_sees_what_is_named(detector):
    frames = np.zeros((2, 80, 128, 3), np.uint8)
    seen = OpenDetector(detector)(frames, ["car", "dog"], seen=0.0)
    assert len(seen) == 2
    assert seen[0].xyxy.shape == (16, 4)
    assert set(seen[0].names) <= {"car", "dog"}
    assert OpenDetector(detector)(frames, ["car"], seen=1.0)[0].xyxy.shape == (0, 4)


def test_a_backend_is_checked(folders, tmp_path, monkeypatch, detector):
    monkeypatch.setattr(check, "SCENES", dict(islice(SCENES.items(), 2)))
    monkeypatch.setattr(open_detector, "folder", lambda: detector)
    given = ["--preset", "draft", "--steps", "1", "--frames", "9", "--fps", "0"]
    out = tmp_path / "seen"
    command = ["check", "--backend", "vace", *folders["vace"], *given, "--out", str(out)]
    assert cli.main(command) == 0
    report = json.loads((out / "check.json").read_text())
    assert [one["name"] for one in report["results"]] == list(SCENES)[:2]
    assert all(one["seconds"]["denoise"] > 0 for one in report["results"])
    assert all(0 <= one["overlap"] <= 1 for one in report["results"])
    assert {"torch", "diffusers"} <= set(report["versions"])
    assert str(tmp_path) not in (out / "check.md").read_text()
    assert cv2.imread(str(out / "check.jpg")).shape == (2 * 160, 6 * 256, 3)


def test_the_eight_fixed_layouts_are_the_same_everywhere():
    made = dict(requests("mini"))
    assert len(made) == 8
    for name, again in islice(requests("mini"), 2):
        assert made[name].layout == again.layout
        assert (made[name].clip.samples == again.clip.samples).all()
    assert all(one.clip.duration_s == one.layout.duration_s for one in made.values())
    assert len(made["crossing"].layout.objects) == 2
