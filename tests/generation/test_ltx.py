"""LTX-2: the recording drives the picture, on tiny random weights in the real classes."""

from dataclasses import replace

import librosa
import numpy as np
import pytest
import torch
from peft import LoraConfig
from safetensors.torch import save_file

from spa2v_core.audio.clip import AudioClip
from spa2v_core.errors import BackendError
from spa2v_core.generation.backends.ltx.backend import LtxBackend, prompt_for
from spa2v_core.generation.backends.ltx.loading import load_ltx, reference_factor
from spa2v_core.generation.backends.ltx.model import distilled_sigmas, guidance
from spa2v_core.generation.backends.ltx.sound import mel, sound_latents
from spa2v_core.generation.base import Frames, Notice, Preview, Progress
from spa2v_core.generation.controls.trails import trails
from spa2v_core.generation.internals import ltx_audio_tokens
from spa2v_core.generation.registry import BACKENDS, settle
from spa2v_core.generation.schedule import LtxSchedule
from tests.generation.test_wan_backend import request
from tests.generation.tiny_ltx import (
    FRAMES,
    NEGATIVE,
    PROMPT,
    QUICK,
    RATE,
    SIZE_WH,
    build_pipeline,
    clip,
    conditions,
    run,
    tiny_ltx,
)
from tests.generation.watching import inputs_of

#: Three calls a step: with guidance by text, by perturbation and by what the sound changes.
GUIDED = LtxSchedule(2, 3.0, sound_scale=3.0, perturbed_scale=1.0, inside_share=0.0)
SOUND_LATENTS = round(FRAMES / RATE * 25)


@torch.no_grad()
def stock(schedule, **changes):
    """Latents of the pipeline of diffusers, called as its documentation has it."""
    return tiny_ltx().pipeline(
        prompt=PROMPT,
        negative_prompt=NEGATIVE,
        width=SIZE_WH[0],
        height=SIZE_WH[1],
        num_frames=FRAMES,
        frame_rate=RATE,
        num_inference_steps=schedule.steps,
        generator=torch.Generator().manual_seed(0),
        output_type="latent",
        return_dict=False,
        **{**guidance(schedule, False), **changes},
    )[0]


def calls():
    """What each call of the transformer gets, behind all hooks."""
    heard = tiny_ltx().pipeline.transformer.audio_proj_in
    return inputs_of(heard, lambda args, _: args[0].clone())


def test_no_sound_and_no_tracks_is_bit_identical_to_the_stock_pipeline():
    assert torch.equal(run(conditions(), GUIDED), stock(GUIDED))
    run(conditions(), clip=clip())
    assert torch.equal(run(conditions(), GUIDED), stock(GUIDED))  # nothing is left of it


def test_every_call_hears_the_recording_clean():
    with calls() as seen:
        run(conditions(), GUIDED, clip=clip())
    assert [len(sound) for sound in seen] == [2, 1, 1] * GUIDED.steps
    pipe = tiny_ltx().pipeline
    clean = ltx_audio_tokens(pipe, sound_latents(pipe, clip(), SOUND_LATENTS))
    for sound in seen:
        assert torch.equal(sound, clean.expand_as(sound))


def test_noise_in_the_sound_is_the_same_at_each_step():
    with calls() as seen:
        run(conditions(), clip=clip(), sound_noise=0.2)
    pipe = tiny_ltx().pipeline
    clean = ltx_audio_tokens(pipe, sound_latents(pipe, clip(), SOUND_LATENTS))
    assert all(torch.equal(sound, seen[0]) for sound in seen)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(seen[0], 0.8 * clean + 0.2 * noise, atol=1e-6)


def test_another_recording_swapped_sides_and_mono_each_change_the_video():
    one = clip()
    mono = AudioClip(one.samples.mean(0, keepdims=True), one.rate)
    videos = [run(conditions(), clip=c) for c in (one, clip(1), one.swapped(), mono)]
    for k, video in enumerate(videos):
        assert not any(torch.equal(video, other) for other in videos[:k])
    assert torch.equal(videos[0], run(conditions(), clip=one))
    assert not torch.equal(videos[0], run(conditions(), clip=one, seed=1))


def test_the_spectrogram_is_librosas():
    sound = np.random.default_rng(0).normal(0, 0.1, (2, 8000)).astype(np.float32)
    theirs = librosa.feature.melspectrogram(
        y=sound, sr=16000, n_fft=1024, hop_length=160, n_mels=64, power=1, pad_mode="reflect"
    )
    ours = mel(torch.from_numpy(sound), 16000, 160, 64)
    assert ours.shape == (1, 2, 51, 64)
    expected = np.log(np.maximum(theirs, 1e-5)).swapaxes(1, 2)
    assert np.allclose(ours[0].numpy(), expected, atol=1e-3)


@pytest.mark.parametrize("seconds", [0.2, 2.0])
def test_sound_of_any_length_and_rate_is_as_long_as_the_video(seconds):
    latents = sound_latents(tiny_ltx().pipeline, clip(seconds=seconds, rate=44100), SOUND_LATENTS)
    assert latents.shape == (1, 2, SOUND_LATENTS, 16)


def test_raising_in_a_step_stops_there_and_leaves_the_stock_model():
    seen = []

    def stop(done, decode):
        seen.append(decode(1).shape)
        if done == 2:
            raise KeyError("stop")

    with pytest.raises(KeyError):
        run(conditions(), clip=clip(), on_step=stop)
    assert seen == [(*SIZE_WH[::-1], 3)] * 2
    assert torch.equal(run(conditions(), GUIDED), stock(GUIDED))


def test_a_first_frame_is_kept_at_every_step():
    picture = np.random.default_rng(0).integers(0, 255, (*SIZE_WH[::-1], 3), np.uint8)
    given = {"clip": clip(), "start": picture}
    held = np.zeros((FRAMES, *SIZE_WH[::-1], 3), np.uint8)
    free = run(conditions(), **given)
    other = run(conditions(), replace(QUICK, inside_share=1.0), held=held, **given)
    assert torch.allclose(free[:, :, 0], other[:, :, 0], atol=1e-5)
    assert not torch.allclose(free[:, :, 1:], other[:, :, 1:], atol=1e-2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("ltx")
    build_pipeline().save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    """A LoRA with random weights, as the motion-track adapter is named."""
    transformer = build_pipeline().transformer
    transformer.add_adapter(
        LoraConfig(r=2, target_modules=["attn1.to_q", "attn1.to_v"], init_lora_weights=False)
    )
    weights = {
        f"transformer.{name.replace('.default', '')}": value.contiguous()
        for name, value in transformer.state_dict().items()
        if "lora_" in name
    }
    path = tmp_path_factory.mktemp("adapter") / "tracks-ref0.5.safetensors"
    save_file(weights, path)
    return path


def test_trails_are_read_by_the_adapter(folder, adapter):
    model = load_ltx(folder, "cpu", tracks=adapter)
    small = (SIZE_WH[0] // 2, SIZE_WH[1] // 2)
    moved = conditions()
    moved.boxes[:, 0] += 0.25

    def shown(given, strength=1.0):
        schedule = replace(QUICK, steps=2, control_strength=strength)
        what = {"clip": clip(), "trails": trails(given, small), "factor": 2}
        return run(conditions(), schedule, model=model, **what)

    assert reference_factor(adapter) == 2
    assert shown(conditions()).shape == run(conditions(), clip=clip()).shape
    assert torch.equal(shown(conditions()), shown(conditions()))
    assert not torch.equal(shown(conditions()), shown(moved))
    assert not torch.equal(shown(conditions()), shown(conditions(), 0.5))


def test_the_distilled_models_noise_levels():
    assert distilled_sigmas(8)[-1] == 0.421875
    assert distilled_sigmas(8)[0] == 1.0
    assert len(distilled_sigmas(4)) == 4
    assert (np.diff(distilled_sigmas(20)) <= 0).all()


@pytest.fixture
def small(monkeypatch):
    """The preset "draft" at a size that takes no time."""
    presets = BACKENDS.get("ltx").presets
    schedule = replace(presets["draft"].schedule, size_wh=SIZE_WH)
    monkeypatch.setitem(presets, "draft", replace(presets["draft"], schedule=schedule))


def asked(folder, **options):
    given = request(FRAMES / RATE, backend="ltx")
    grounding = options.pop("grounding", "default")
    options = {"weights": folder, "accept_ltx_licence": True, "steps": 3, **options}
    return replace(given, grounding=grounding, options=options)


@pytest.mark.usefixtures("small")
def test_a_render_emits_events_and_the_frames(folder, adapter):
    given = asked(folder, grounding="trails+time-to-move", motion_tracks=adapter)
    events = list(LtxBackend().render(given))
    assert isinstance(events[-1], Frames)
    assert events[-1].frames.shape == (FRAMES, *SIZE_WH[::-1], 3)
    assert [e.done for e in events if isinstance(e, Progress) and e.stage == "denoise"] == [1, 2, 3]
    assert [e.step for e in events if isinstance(e, Preview)] == []
    said = [e.text for e in events if isinstance(e, Notice)]
    assert any("Community License" in text for text in said)
    assert any("one prompt for the video: 2 of 2" in text for text in said)


def test_what_cannot_be_rendered_is_one_line(folder, adapter, tmp_path):
    for changes, words in (
        ({"accept_ltx_licence": False}, "--accept-ltx-licence"),
        ({"weights": None}, "hf download"),
        ({"weights": tmp_path}, "transformer/, vae/, audio_vae/"),
        ({"grounding": "trails"}, "--motion-tracks FILE"),
        ({"grounding": "trails", "motion_tracks": folder / "model_index.json"}, "is no adapter"),
    ):
        with pytest.raises(BackendError, match=words) as told:
            LtxBackend().render(asked(folder, **changes))
        assert "\n" not in str(told.value)
    other = tmp_path / "other.safetensors"
    save_file({"unet.lora_A.weight": torch.zeros(2, 2)}, other)
    with pytest.raises(BackendError, match=r"other.safetensors does not fit"):
        load_ltx(folder, "cpu", tracks=other)


def test_a_prompt_says_what_each_object_does():
    layout = request().layout
    tokenizer = tiny_ltx().pipeline.tokenizer
    prompt = prompt_for(layout, "global", tokenizer, ("trails",))
    assert prompt.text == (
        "a red car on the road. the red car moves from the left to the right. "
        "the dog moves from the left to the right"
    )
    assert (prompt.frame_captions, len(prompt.words)) == (0, 0)
    plain = prompt_for(layout, "mix", tokenizer, ())
    assert (plain.text, plain.frame_captions) == ("a red car on the road. rain. a street", 2)


def test_a_request_settles_to_the_schedule():
    settled = settle(asked(None, sound_scale=5.0, control_strength=0.5))
    schedule = settled.preset.schedule
    assert (schedule.sound_scale, schedule.control_strength, schedule.steps) == (5.0, 0.5, 3)
    assert settled.kinds == ("time-to-move",)
