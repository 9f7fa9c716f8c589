"""The full-size backend end to end, on tiny random weights of its architecture."""

import json
import shutil

import av
import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, EulerDiscreteScheduler, LCMScheduler
from huggingface_hub import constants
from safetensors.torch import save_file

from spa2v_core import cli, hub, pipeline
from spa2v_core.audio.clip import AudioClip
from spa2v_core.audio.io import write_wav
from spa2v_core.errors import BackendError, HubError, InputError
from spa2v_core.generation import hardware
from spa2v_core.generation.backends.animatediff import backend as animatediff
from spa2v_core.generation.backends.animatediff.backend import AnimateDiffBackend, load, load_motion
from spa2v_core.generation.backends.animatediff.options import AnimateDiffOptions
from spa2v_core.generation.backends.animatediff.sources import find_sources
from spa2v_core.generation.base import Frames, Notice, Progress, RenderRequest
from spa2v_core.generation.cache import MODELS
from spa2v_core.generation.export import read_layout, read_settings
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.layout import io as layout_io
from tests.generation import tiny_full

CPU = hardware.Execution("cpu", "float32")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return tiny_full.write_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def copy(weights, tmp_path):
    """A copy of the weights that a test may damage."""
    shutil.copytree(weights, tmp_path / "w")
    return tmp_path / "w"


@pytest.fixture
def small(monkeypatch):
    """The backend at a size that takes no time."""
    monkeypatch.setattr(animatediff, "SIZE_WH", (128, 80))


def scene(**changes):
    keys = [{"frame": 0, "box": [0, 0.3, 0.3, 0.7]}, {"frame": 15, "box": [0.6, 0.3, 0.9, 0.7]}]
    track = {"id": 0, "name": "car", "start": 0, "end": 15, "keyframes": keys}
    return VideoSceneLayout(duration_s=1.0, caption="a car on a road", objects=[track], **changes)


def clip():
    rng = np.random.default_rng(0)
    return AudioClip(rng.normal(0, 0.1, (2, 16_000)).astype(np.float32), 16_000)


def request(weights, **changes):
    names = {"steps", "frames", "lora", "motion", "base", "negative_prompt", "migc"}
    names = (names | {"accept_noncommercial"}) & set(changes)
    options = {"steps": 2, "frames": 8} | {name: changes.pop(name) for name in names}
    return RenderRequest(
        scene(),
        clip(),
        backend="animatediff",
        options={"weights": weights, **options},
        **changes,
    )


def frames_of(asked):
    return next(e.frames for e in AnimateDiffBackend().render(asked) if isinstance(e, Frames))


def test_the_command_makes_a_video_of_a_folder_of_weights(weights, tmp_path):
    """At full size: 512x320, everything as the user's command line takes it."""
    layout_io.write(scene(), tmp_path / "l.json")
    write_wav(clip(), tmp_path / "c.wav")
    out = tmp_path / "v.mp4"
    arguments = ["render", str(tmp_path / "l.json"), "--audio", str(tmp_path / "c.wav")]
    arguments += ["--backend", "animatediff", "--weights", str(weights), "--out", str(out)]
    assert cli.main([*arguments, "--steps", "2", "--frames", "8", "--seed", "3"]) == 0
    with av.open(str(out)) as file:
        video = file.streams.video[0]
        assert (video.width, video.height, video.average_rate) == (512, 320, 24)
        assert sum(1 for _ in file.decode(video)) == 24
        assert file.streams.audio[0].channels == 2
    assert read_layout(out) == scene()
    said = read_settings(out)
    assert (said["backend"], said["grounding"], said["seed"]) == ("animatediff", "gligen", 3)
    assert (said["frames"], said["fps"], said["steps"]) == (8, 24.0, 2)
    assert out.with_suffix(".jpg").stat().st_size > 1000


@pytest.mark.usefixtures("small")
def test_events_name_the_hardware_and_every_step(weights):
    events = list(AnimateDiffBackend().render(request(weights, steps=3)))
    assert any("GPU" in e.text or "precision" in e.text for e in events if isinstance(e, Notice))
    steps = [e for e in events if isinstance(e, Progress) and e.stage == "denoise"]
    assert [e.done for e in steps] == [1, 2, 3]
    assert events[-1].frames.shape == (8, 80, 128, 3)


@pytest.mark.usefixtures("small")
def test_requests_change_the_video(weights):
    base = frames_of(request(weights))
    assert (base == frames_of(request(weights))).all()
    for change in (
        {"seed": 1},
        {"grounding": "none"},
        {"grounding": "attention"},
        {"negative_prompt": "rain"},
        {"steps": 3},
    ):
        assert not (base == frames_of(request(weights, **change))).all(), change


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("preset", ["draft", "default", "fast", "lcm", "low_memory"])
def test_every_preset_renders_the_same_for_the_same_seed(preset, weights):
    first, again = (frames_of(request(weights, preset=preset, steps=3)) for _ in range(2))
    assert first.shape == (8, 80, 128, 3)
    assert (first == again).all()


@pytest.mark.usefixtures("small")
def test_closing_stops_at_the_step(weights):
    events = AnimateDiffBackend().render(request(weights, steps=50))
    for event in events:
        if isinstance(event, Progress) and event.stage == "denoise":
            break
    events.close()
    assert not MODELS._lock.locked()


def test_each_missing_part_is_named(copy):
    with pytest.raises(InputError, match="no folder"):
        find_sources(AnimateDiffOptions(weights=copy / "nowhere"), ("gligen",), "")
    for part in ("grounding", "motion", "base"):
        shutil.rmtree(copy / part)
        with pytest.raises(BackendError, match=f"no folder {part}/"):
            find_sources(AnimateDiffOptions(weights=copy), ("gligen",), "")
        if part == "grounding":  # is not needed by others
            find_sources(AnimateDiffOptions(weights=copy), ("attention",), "")


def test_without_weights_the_command_to_get_them_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(HubError, match="not on this machine: get it with `.*fetch sd15`"):
        AnimateDiffBackend().render(request(None))
    with pytest.raises(BackendError, match="hf download owner/name"):
        AnimateDiffBackend().render(request(None, base="owner/name"))
    with pytest.raises(InputError, match="a folder in diffusers' format, or a hub id"):
        AnimateDiffBackend().render(request(None, base="model.ckpt"))


def sources(folder, kinds=("gligen",), few_step="", **options):
    return find_sources(AnimateDiffOptions(weights=folder, **options), kinds, few_step)


def damage_unet_pickle(folder):
    path = folder / "base" / "unet" / "diffusion_pytorch_model.safetensors"
    path.rename(path.with_suffix(".bin"))


def damage_unet_html(folder):
    path = folder / "base" / "unet" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(b"<!DOCTYPE html><html>")


def damage_unet_cut(folder):
    path = folder / "base" / "unet" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def damage_config(folder):
    (folder / "base" / "vae" / "config.json").write_text("{")


def damage_tokenizer(folder):
    shutil.rmtree(folder / "base" / "tokenizer")


def damage_scheduler(folder):
    (folder / "base" / "scheduler" / "scheduler_config.json").unlink()


def damage_motion(folder):
    config = folder / "motion" / "config.json"
    values = json.loads(config.read_text()) | {"block_out_channels": [16, 16, 16, 16]}
    config.write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_unet_pickle, "base/unet has no safetensors .pickles are not read"),
        (damage_unet_html, "base/unet can't be loaded"),
        (damage_unet_cut, "base/unet can't be loaded"),
        (damage_config, "base/vae can't be loaded"),
        (damage_tokenizer, "base/tokenizer can't be read"),
        (damage_scheduler, "base/scheduler can't be read"),
        (damage_motion, "motion can't be loaded"),
    ],
)
def test_wrong_or_partial_weights_are_one_error(copy, damage, message):
    damage(copy)
    with pytest.raises(BackendError, match=message) as caught:
        load(sources(copy), CPU)
    assert "\n" not in str(caught.value)


def test_motion_modules_of_another_kind_of_model_are_refused(weights, tmp_path):
    tiny_full.build_motion((16, 16, 16, 16)).save_pretrained(tmp_path / "m")
    with pytest.raises(BackendError, match="do not fit this base"):
        load(sources(weights, motion=str(tmp_path / "m")), CPU)


def test_the_fast_preset_takes_a_distilled_motion_file(weights, tmp_path, monkeypatch):
    adapter = tiny_full.build_motion()
    save_file(adapter.state_dict(), tmp_path / "lightning.safetensors")
    monkeypatch.setattr(animatediff, "MotionAdapter", tiny_full.build_motion)
    given = sources(weights, few_step="lightning", motion=str(tmp_path / "lightning.safetensors"))
    model = load(given, CPU, "lightning")
    assert isinstance(model.pipeline.scheduler, EulerDiscreteScheduler)
    assert model.pipeline.scheduler.config.timestep_spacing == "trailing"
    loaded = model.pipeline.motion_adapter.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in adapter.state_dict().items())
    save_file({"a": torch.zeros(1)}, tmp_path / "bad.safetensors")
    with pytest.raises(BackendError, match="no motion adapter"):
        load_motion(tmp_path / "bad.safetensors", torch.float32)


def test_animatelcm_brings_its_lora_and_scheduler(monkeypatch, tmp_path, weights):
    monkeypatch.setattr(hub, "locate", tmp_path.joinpath)
    given = find_sources(AnimateDiffOptions(), (), "lcm")
    assert given.motion == tmp_path / "animatelcm"
    lora = tmp_path / "animatelcm" / "AnimateLCM_sd15_t2v_lora.safetensors"
    assert given.loras == ((lora, 0.8),)
    scheduler = load(sources(weights), CPU, "lcm").pipeline.scheduler
    assert isinstance(scheduler, LCMScheduler)
    assert scheduler.config.beta_schedule == "linear"


@pytest.mark.usefixtures("small")
def test_low_memory_draws_the_same_with_the_parts_away_while_the_unet_works(weights, monkeypatch):
    plain = frames_of(request(weights))
    moved, to = [], torch.nn.Module.to

    def noted(module, *args, **kwargs):
        moved.append(type(module).__name__)
        return to(module, *args, **kwargs)

    monkeypatch.setattr(torch.nn.Module, "to", noted)
    offloading = hardware.Execution("cpu", "float32", offload=True, decode_chunk=1)
    monkeypatch.setattr(hardware, "choose", lambda *_: offloading)
    assert (frames_of(request(weights)) == plain).all()
    moved.clear()
    assert (frames_of(request(weights)) == plain).all()
    assert {"CLIPTextModel", "AutoencoderKL"} <= set(moved)
    assert "GroundedUNetMotionModel" not in moved


def test_the_scheduler_is_the_one_that_the_motion_was_trained_with(weights):
    scheduler = load(sources(weights), CPU).pipeline.scheduler
    assert isinstance(scheduler, DDIMScheduler)
    assert (scheduler.config.beta_schedule, scheduler.config.clip_sample) == ("linear", False)
    assert (scheduler.config.timestep_spacing, scheduler.config.steps_offset) == ("linspace", 1)


def test_a_lora_is_merged_into_the_base(weights, tmp_path):
    pytest.importorskip("peft")
    name = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
    generator = torch.Generator().manual_seed(0)
    tensors = {
        f"{name}.lora_A.weight": torch.randn(4, 16, generator=generator),
        f"{name}.lora_B.weight": torch.randn(16, 4, generator=generator),
    }
    save_file(tensors, tmp_path / "style.safetensors")
    plain, styled = (
        load(sources(weights, lora=lora), CPU).pipeline.unet
        for lora in ("", f"{tmp_path}/style.safetensors:0.5")
    )
    key = name.removeprefix("unet.") + ".weight"
    change = 0.5 * tensors[f"{name}.lora_B.weight"] @ tensors[f"{name}.lora_A.weight"]
    before, after = plain.state_dict(), styled.state_dict()
    assert before.keys() == after.keys()
    assert torch.allclose(after[key], before[key] + change, atol=1e-5)
    assert all(torch.equal(after[k], before[k]) for k in before if k != key)
    with pytest.raises(InputError, match="no LoRA"):
        sources(weights, lora="nothing.safetensors")


def test_migc_asks_for_its_file_and_licence(weights, tmp_path):
    for given in ({}, {"migc": tmp_path / "m.ckpt"}, {"accept_noncommercial": True}):
        with pytest.raises(BackendError, match="non-commercial research only.*--migc FILE"):
            sources(weights, ("migc",), **given)
    both = {"migc": tmp_path / "m.ckpt", "accept_noncommercial": True}
    model = load(sources(weights, ("migc",), **both), CPU)
    with pytest.raises(BackendError, match="no MIGC weights"):
        model.grounding("migc")


def test_the_mode_follows_the_memory(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "A card")
    for free, memory, offload in ((16, "auto", False), (5, "auto", True), (16, "low", True)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda free=free: (free * 2**30, 0))
        made = hardware.choose(memory, True)
        assert (made.device, made.dtype, made.offload) == ("cuda", "float16", offload)
        assert made.compile is not offload
        assert "A card" in made.reasons[0]


def test_running_out_of_memory_is_one_error(weights, monkeypatch):
    def nothing_left(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(animatediff, "render_composed", nothing_left)
    with pytest.raises(BackendError, match="too little memory.*low_memory"):
        list(AnimateDiffBackend().render(request(weights)))


def test_the_pipeline_passes_everything_on(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(animatediff, "SIZE_WH", (128, 80))
    out = tmp_path / "v.mp4"
    *_, done = pipeline.render(request(weights, grounding="gligen+attention"), out)
    assert done.path == out
    assert read_settings(out)["grounding"] == "gligen+attention"
