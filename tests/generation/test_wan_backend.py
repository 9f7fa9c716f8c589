"""The backend of Wan: requests, drafts, loading, events, failures."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from huggingface_hub import constants

from spa2v_core.audio.io import AudioClip
from spa2v_core.errors import BackendError, HubError, InputError
from spa2v_core.generation.backends.wan import film
from spa2v_core.generation.backends.wan.backend import WanBackend
from spa2v_core.generation.backends.wan.loading import load_wan
from spa2v_core.generation.base import (
    Frames,
    Notice,
    Preview,
    Progress,
    RenderOptions,
    RenderRequest,
)
from spa2v_core.generation.cache import MODELS, ModelCache
from spa2v_core.generation.conditioning import frame_conditions
from spa2v_core.generation.controls.drafts import PAINTS, fit_draft, paint_draft
from spa2v_core.generation.grounding import wan_boxes
from spa2v_core.generation.grounding.wan_boxes import (
    token_masks,
)
from spa2v_core.generation.registry import BACKENDS, settle
from spa2v_core.generation.schedule import WanSchedule
from spa2v_core.layout import Box, Keyframe, ObjectTrack, VideoSceneLayout
from spa2v_core.options import options_of
from spa2v_core.units import latent_frame_count
from spa2v_core.vocabulary import COLOURS
from tests.generation.tiny_wan import (
    FRAMES,
    GRID_HW,
    LATENT_FRAMES,
    SIZE_WH,
    build_tokenizer,
    conditions,
    run,
    stock_pipeline,
    tiny_wan,
)


def track(**changes):
    values = {
        "id": 0,
        "name": "car",
        "appearance": "red",
        "start": 0,
        "end": 7,
        "keyframes": (
            Keyframe(frame=0, box=Box(0.0, 0.4, 0.3, 0.8)),
            Keyframe(frame=7, box=Box(0.7, 0.4, 1.0, 0.8)),
        ),
    }
    return ObjectTrack(**{**values, **changes})


def request(duration_s=0.3, **changes):
    layout = VideoSceneLayout(
        frame_count=8,
        duration_s=duration_s,
        width=512,
        height=320,
        caption="a red car on the road",
        frame_captions=("rain",) * 4 + ("a street",) * 4,
        objects=(track(), track(id=1, name="dog", appearance="", start=4)),
    )
    clip = AudioClip(np.zeros((2, round(8000 * duration_s)), np.float32), 8000)
    names = {one.name for one in options_of(RenderOptions)} & set(changes)
    options = {name: changes.pop(name) for name in names}
    given = {"backend": "wan", "preset": "draft", "options": options, **changes}
    return RenderRequest(layout, clip, **given)


def prompt_of(captions):
    return film.prompt_for(request().layout, captions, build_tokenizer(), ("boxes",)).text


def test_captions_become_one_prompt():
    assert prompt_of("mix") == "a red car on the road. rain. a street. dog"
    assert prompt_of("global") == "a red car on the road. dog"
    assert prompt_of("frame") == "rain. a street. red car, dog"
    assert film.prompt_for(request().layout, "global", build_tokenizer(), ()).text == (
        "a red car on the road"
    )


def test_frame_counts_are_4k_plus_1():
    counts = [latent_frame_count(s, 16, 81, 4) for s in (0.01, 0.3, 1, 3, 5, 10)]
    assert counts == [5, 5, 17, 49, 81, 81]
    assert latent_frame_count(5, 24, 121, 4) == 121
    assert latent_frame_count(10, 16, 64, 4) == 61
    assert [latent_frame_count(s, 24, 241, 8) for s in (0.01, 1, 5, 6.1)] == [9, 25, 121, 145]


def test_the_page_sends_back_the_preset_s_frames_which_are_no_wish():
    for frames, most in ((None, 81), (121, 81), (97, 97), (9, 9)):
        asked = request(frames=frames) if frames else request()
        assert film.most_frames(asked, settle(asked), 81) == most


def test_the_painted_draft_has_each_object_where_it_is():
    draft = paint_draft(request())
    assert (draft == paint_draft(request())).all()
    assert draft.shape == (81, 160, 256, 3)
    red = draft[..., 0].astype(float) - draft[..., 2]
    middles = [red[k].max(0).argmax() / 256 for k in (0, 30, 80)]
    assert middles[0] < 0.25 < middles[1] < 0.6
    assert np.ptp(draft[:, :20].astype(int), axis=2).max() == 0  # nothing above the boxes
    assert set(PAINTS) == set(COLOURS)


def test_a_draft_of_any_size_is_fitted_evenly():
    coarse = np.zeros((2, 10, 16, 3), np.uint8)
    coarse[1] = 200
    fitted = fit_draft(coarse, 9, SIZE_WH)
    assert fitted.shape == (9, SIZE_WH[1], SIZE_WH[0], 3)
    levels = fitted[:, 0, 0, 0].astype(int)
    assert (np.diff(levels) >= 0).all()
    assert (levels[0], levels[4], levels[8]) == (0, 100, 200)
    with pytest.raises(BackendError, match="a draft must be"):
        fit_draft(coarse.astype(np.float32), 9, SIZE_WH)


@pytest.mark.parametrize(
    ("grounding", "kinds"),
    [
        ("default", ("boxes", "draft")),
        ("none", ()),
        ("draft", ("draft",)),
        ("draft + boxes", ("draft", "boxes")),
    ],
)
def test_requests_choose_what_grounds(grounding, kinds):
    settled = settle(request(grounding=grounding, steps=7))
    assert settled.kinds == kinds
    assert settled.preset.schedule.steps == 7


def test_requests_that_cannot_be_done_are_refused(monkeypatch, tmp_path):
    for bad in ({"grounding": "gligen"}, {"preset": "best"}, {"steps": 0}):
        with pytest.raises(InputError):
            settle(request(**bad))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(HubError, match="fetch wan"):
        WanBackend().render(request())
    for bad in ({"strength": 0.0}, {"strength": 1.1}, {"phrase_gain": 0.5}):
        with pytest.raises(InputError):
            WanSchedule(10, 4.0, **bad)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The tiny model in the format of a download, the transformer in shards."""
    path = tmp_path_factory.mktemp("wan")
    pipeline = stock_pipeline()
    pipeline.save_pretrained(path)
    (path / "transformer" / "diffusion_pytorch_model.safetensors").unlink()
    pipeline.transformer.save_pretrained(path / "transformer", max_shard_size="40KB")
    return path


def test_a_saved_folder_loads_to_the_same_model(folder):
    model = load_wan(folder, "cpu")
    assert list((folder / "transformer").glob("*-of-*.safetensors"))
    for name in ("transformer", "vae", "text_encoder"):
        saved, loaded = (getattr(m.pipeline, name).state_dict() for m in (tiny_wan(), model))
        assert all(torch.equal(saved[key], loaded[key]) for key in saved)
    assert torch.allclose(run(conditions(), model=model), run(conditions()), atol=1e-4)
    half = load_wan(folder, "cpu", torch.bfloat16).pipeline
    assert half.transformer.patch_embedding.weight.dtype == torch.bfloat16
    assert half.vae.dtype == torch.float32


@pytest.fixture
def small(monkeypatch):
    """The preset "draft" at a size that takes no time."""
    presets = BACKENDS.get("wan").presets
    schedule = replace(presets["draft"].schedule, size_wh=SIZE_WH)
    monkeypatch.setitem(presets, "draft", replace(presets["draft"], schedule=schedule))


@pytest.mark.usefixtures("small")
def test_a_render_emits_events_and_the_frames(folder):
    events = list(WanBackend().render(request(steps=6, weights=folder)))
    frames = events[-1]
    assert isinstance(frames, Frames)
    assert frames.frames.shape == (5, 80, 128, 3)
    assert frames.frames.dtype == np.uint8
    denoised = [e for e in events if isinstance(e, Progress) and e.stage == "denoise"]
    assert [e.done for e in denoised] == [1, 2, 3, 4, 5, 6]
    assert all(e.remaining_s > 0 for e in denoised)
    (preview,) = [e for e in events if isinstance(e, Preview)]
    assert (preview.step, preview.picture.shape) == (5, (80, 128, 3))
    assert any("hours on a CPU" in e.text for e in events if isinstance(e, Notice))


def last(backend, folder, **changes):
    return list(backend.render(request(steps=2, weights=folder, **changes)))[-1].frames


@pytest.mark.usefixtures("small")
def test_the_draft_is_used_only_when_asked_for(folder):
    asked = []

    def draft(given):
        asked.append(given)
        return np.zeros((3, 40, 64, 3), np.uint8)

    given, painted = WanBackend(draft=draft), WanBackend()
    plain = [last(backend, folder, grounding="none") for backend in (given, painted)]
    assert (plain[0] == plain[1]).all()
    assert not asked
    assert not (last(given, folder) == last(painted, folder)).all()
    assert len(asked) == 1


@pytest.mark.usefixtures("small")
def test_a_long_clip_gets_the_most_frames(folder):
    events = list(WanBackend().render(request(2.0, steps=1, frames=9, weights=folder)))
    assert len(events[-1].frames) == 9
    assert any("at most 9 frames" in e.text for e in events if isinstance(e, Notice))


@pytest.mark.usefixtures("small")
def test_closing_a_render_stops_at_the_step(folder, monkeypatch):
    calls = []
    forward = wan_boxes.BoxAttention.enter
    monkeypatch.setattr(
        wan_boxes.BoxAttention,
        "enter",
        lambda *args: (calls.append(1), forward(*args))[1],
    )
    MODELS.drop()  # the hook is bound while loading
    events = WanBackend().render(request(steps=50, weights=folder))
    while not (isinstance(event := next(events), Progress) and event.stage == "denoise"):
        pass
    events.close()
    MODELS.drop()
    assert len(calls) < 20  # of about 80


def test_missing_parts_are_named_in_one_error(folder, tmp_path):
    with pytest.raises(BackendError, match="transformer/, vae/, text_encoder/, tokenizer/, sched"):
        WanBackend().render(request(weights=tmp_path))
    for part in ("transformer", "vae", "text_encoder", "tokenizer", "scheduler"):
        (tmp_path / part).symlink_to(folder / part)
    (tmp_path / "vae").unlink()
    (tmp_path / "vae").mkdir()
    with pytest.raises(BackendError, match=r"vae/config.json, vae/\*.safetensors missing"):
        load_wan(tmp_path, "cpu")
    (tmp_path / "transformer").unlink()
    (tmp_path / "transformer").mkdir()
    index = "diffusion_pytorch_model.safetensors.index.json"
    shards = json.loads((folder / "transformer" / index).read_text("utf-8"))
    (tmp_path / "transformer" / index).write_text(json.dumps(shards), "utf-8")
    with pytest.raises(BackendError, match="transformer/diffusion_pytorch_model-00001-of"):
        load_wan(tmp_path, "cpu")


def test_broken_weights_are_one_error(folder, tmp_path):
    for part in ("transformer", "vae", "tokenizer", "scheduler"):
        (tmp_path / part).symlink_to(folder / part)
    (tmp_path / "text_encoder").mkdir()
    config = (folder / "text_encoder" / "config.json").read_text("utf-8")
    (tmp_path / "text_encoder" / "config.json").write_text(config, "utf-8")
    (tmp_path / "text_encoder" / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(BackendError, match="can't be loaded"):
        load_wan(tmp_path, "cpu")


def test_a_model_of_two_transformers_is_refused(folder, tmp_path):
    for part in folder.iterdir():
        (tmp_path / part.name).symlink_to(part)
    (tmp_path / "transformer_2").mkdir()
    with pytest.raises(BackendError, match="two transformers"):
        load_wan(tmp_path, "cpu")


def test_conditions_of_a_layout_fit_the_masks():
    given = frame_conditions(request().layout, FRAMES)
    masks = token_masks(given, GRID_HW)
    assert masks.shape == (LATENT_FRAMES, 2, math.prod(GRID_HW))
    assert not masks[0, 1].any()
    assert masks[2].any(-1).all()


def test_one_model_is_kept_and_gone_before_the_next_is_loaded():
    cache, alive = ModelCache(), []

    class Model:
        def __init__(self):
            assert not alive
            alive.append(1)

        def __del__(self):
            alive.pop()

    with cache.using("a", Model) as first, pytest.raises(ZeroDivisionError):
        1 / 0  # noqa: B018 (a render that fails keeps its model)
    with cache.using("a", Model) as again:
        assert again is first
    del first, again
    with cache.using("b", Model):
        assert alive == [1]
    cache.drop()
    assert not alive
