"""Grounding, draft, schedule and loading of Wan, on tiny random weights in the real classes."""

import json
import math
from contextlib import contextmanager
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from diffusers import WanVideoToVideoPipeline
from huggingface_hub import constants
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from spa2v_core.audio.io import AudioClip
from spa2v_core.errors import BackendError, HubError, InputError
from spa2v_core.generation.backends import wan
from spa2v_core.generation.backends.wan import WanBackend, frame_count
from spa2v_core.generation.backends.wan_model import FlowGuess, WanModel, load_wan
from spa2v_core.generation.base import (
    Frames,
    Notice,
    Preview,
    Progress,
    RenderOptions,
    RenderRequest,
)
from spa2v_core.generation.catalog import BACKENDS, settle
from spa2v_core.generation.conditioning import FrameConditions, frame_conditions
from spa2v_core.generation.draft import PAINTS, fit_draft, paint_draft
from spa2v_core.generation.grounding import wan_boxes
from spa2v_core.generation.grounding.wan_boxes import (
    attention_bias,
    graft,
    ground_prompt,
    phrase_spans,
    token_masks,
)
from spa2v_core.generation.schedule import WanSchedule
from spa2v_core.layout import Box, Keyframe, ObjectTrack, VideoSceneLayout
from spa2v_core.vocabulary import COLOURS
from tests.generation.tiny_wan import (
    SIZE_WH,
    build_pipeline,
    build_scheduler,
    build_tokenizer,
    build_transformer,
    stock_pipeline,
    tiny_wan,
)

FRAMES, LATENT_FRAMES = 9, 3
GRID_HW = (SIZE_WH[1] // 16, SIZE_WH[0] // 16)
CAPTION = "a red car on the road and a dog"
NEGATIVE = "blue rain"
OBJECTS = [("red car", "car"), ("dog", "dog")]
GROUNDED = WanSchedule(3, 4.0)
OFF = replace(GROUNDED, grounding_share=0.0)
PROMPT = ground_prompt(CAPTION, [], OBJECTS, build_tokenizer())


def conditions(**changes):
    box = np.array([[0.0, 0.4, 0.5, 1.0], [0.625, 0.2, 1.0, 0.6]], np.float32)
    shape = (FRAMES, 2)
    base = FrameConditions(
        CAPTION,
        [CAPTION] * FRAMES,
        ["red car", "dog"],
        np.tile(box, (FRAMES, 1, 1)),
        np.ones(shape, bool),
        np.ones(shape, np.float32),
    )
    return replace(base, **changes)


def run(given, schedule=GROUNDED, seed=0, prompt=PROMPT, model=None, **options):
    return (model or tiny_wan()).denoise(
        prompt, given, schedule, seed=seed, size=SIZE_WH, negative_prompt=NEGATIVE, **options
    )


def stock(schedule=GROUNDED, seed=0):
    """Latents of the stock pipeline that nothing of ours has touched."""
    return stock_pipeline()(
        prompt=CAPTION,
        negative_prompt=NEGATIVE,
        num_frames=FRAMES,
        width=SIZE_WH[0],
        height=SIZE_WH[1],
        num_inference_steps=schedule.steps,
        guidance_scale=schedule.guidance_scale,
        generator=torch.Generator().manual_seed(seed),
        output_type="latent",
    ).frames


@contextmanager
def recorded(function):
    """Calls `function(output)` for the first cross-attention of each transformer call."""
    attention = tiny_wan().pipeline.transformer.blocks[0].attn2
    hook = attention.register_forward_hook(lambda _module, _inputs, output: function(output))
    try:
        yield
    finally:
        hook.remove()


def first_attention(given, **options):
    """Output (J, N, c) of the first cross-attention in the first conditional call."""
    outputs = []
    with recorded(outputs.append):
        run(given, replace(GROUNDED, steps=1), **options)
    return outputs[0][0].unflatten(0, (LATENT_FRAMES, -1))


def activity(schedule, **options):
    """Whether each transformer call of a render was grounded."""
    seen = []
    with recorded(lambda _: seen.append(tiny_wan().boxes.active)):
        run(conditions(), schedule, **options)
    return seen


def test_grounding_off_is_bit_identical_to_the_stock_pipeline():
    assert torch.equal(run(conditions(), OFF), stock())
    assert not torch.equal(run(conditions()), stock())


def test_no_objects_is_bit_identical_to_the_stock_pipeline():
    nothing = ground_prompt(CAPTION, [], [], build_tokenizer())
    none = np.zeros((FRAMES, 0), np.float32)
    empty = conditions(boxes=np.zeros((FRAMES, 0, 4), np.float32), present=none > 0, facing=none)
    assert torch.equal(run(empty, prompt=nothing), stock())


def test_same_seed_same_video():
    assert torch.equal(run(conditions(), seed=3), run(conditions(), seed=3))
    assert not torch.equal(run(conditions(), seed=3), run(conditions(), seed=4))


def test_a_changed_box_changes_the_attention_only_inside_the_boxes():
    boxes = conditions().boxes.copy()
    boxes[5:, 0] = [0.25, 0.4, 0.75, 1.0]  # latent frame 2 is frames 5..8
    moved = conditions(boxes=boxes)
    changed = (first_attention(conditions()) != first_attention(moved)).any(-1)
    before, after = (token_masks(given, GRID_HW)[:, 0] for given in (conditions(), moved))
    assert torch.equal(changed, before != after)
    assert changed[2].any()
    assert not changed[:2].any()
    assert not torch.equal(run(conditions()), run(moved))


def test_words_of_an_object_are_seen_only_inside_its_box(monkeypatch):
    """Outside its box, the first attention does not depend on what the object's words say."""
    usual = first_attention(conditions())
    embedder = tiny_wan().pipeline.transformer.condition_embedder.text_embedder
    forward = type(embedder).forward

    def other_words(this, text):
        embedded = forward(this, text)
        embedded[:, PROMPT.words[1]] += 1.0
        return embedded

    monkeypatch.setattr(type(embedder), "forward", other_words)
    changed = (usual != first_attention(conditions())).any(-1)
    assert torch.equal(changed, token_masks(conditions(), GRID_HW)[:, 1])


def test_an_absent_object_has_no_influence_there():
    present = np.ones((FRAMES, 2), bool)
    present[1:5, 1] = False  # latent frame 1
    boxes = conditions().boxes.copy()
    boxes[1:5, 1] = [0.0, 0.0, 1.0, 1.0]
    away = conditions(present=present)
    assert torch.equal(run(away), run(replace(away, boxes=boxes)))
    masks = token_masks(away, GRID_HW)
    assert not masks[1, 1].any()
    bias = attention_bias(masks, PROMPT.words, 2.0)[0, 0].unflatten(0, (LATENT_FRAMES, -1))
    assert (bias[1][:, PROMPT.words[1]] == -math.inf).all()
    alone = attention_bias(masks[:, :1], PROMPT.words[:1], 2.0)[0, 0]
    others = ~PROMPT.words[1]
    assert torch.equal(bias[1][:, others], alone.unflatten(0, (LATENT_FRAMES, -1))[1][:, others])


def test_the_box_of_a_latent_frame_is_the_union_over_its_frames():
    boxes = np.zeros((FRAMES, 1, 4), np.float32)
    present = np.zeros((FRAMES, 1), bool)
    boxes[:, 0] = [0.0, 0.0, 0.125, 0.2]  # one token
    boxes[4, 0] = [0.5, 0.4, 0.625, 0.6]
    present[1:6] = True
    masks = token_masks(conditions(boxes=boxes, present=present), GRID_HW)[:, 0]
    rows, columns = GRID_HW
    assert [mask.nonzero().flatten().tolist() for mask in masks] == [
        [],
        [0, 2 * columns + columns // 2],
        [0],
    ]
    assert rows * columns == masks.shape[1]


def test_a_small_box_still_has_a_token():
    boxes = np.tile(np.array([0.49, 0.49, 0.52, 0.52], np.float32), (FRAMES, 2, 1))
    assert token_masks(conditions(boxes=boxes), GRID_HW).any(-1).all()
    outside = np.tile(np.array([1.1, 0.2, 1.4, 0.6], np.float32), (FRAMES, 2, 1))
    assert not token_masks(conditions(boxes=outside), GRID_HW).any()


def test_the_object_in_front_gains_where_boxes_overlap():
    masks = torch.tensor([[[True, True, False], [False, True, False]]])
    words = torch.tensor([[True, False, False], [False, True, False]])
    gain = math.log(3.0)
    expected = [[gain, -math.inf, 0], [0, gain, 0], [-math.inf, -math.inf, 0]]
    assert torch.allclose(attention_bias(masks, words, 3.0)[0, 0], torch.tensor(expected))
    shared = torch.tensor([[True, False, False]] * 2)
    bias = attention_bias(masks, shared, 3.0)[0, 0]
    assert torch.allclose(bias[:, 0], torch.tensor([gain, gain, -math.inf]))


def test_only_the_conditional_calls_of_the_first_steps_are_grounded():
    schedule = WanSchedule(5, 4.0, guidance_share=0.6, grounding_share=0.4)
    assert activity(schedule) == [True, False] * 2 + [False] * 4
    assert activity(WanSchedule(2, 1.0, grounding_share=0.5)) == [True, False]
    draft = np.zeros((FRAMES, *SIZE_WH[::-1], 3), np.uint8)
    assert activity(schedule, draft=draft) == [True, False] * 2 + [False] * 4


def test_truncated_guidance_is_full_guidance_until_it_ends():
    seen = {}
    for share in (0.5, 1.0):
        steps = []
        run(
            conditions(),
            WanSchedule(4, 4.0, guidance_share=share),
            on_step=lambda done, decode, steps=steps: steps.append(decode(1)),
        )
        seen[share] = steps
    assert (seen[0.5][1] == seen[1.0][1]).all()
    assert not (seen[0.5][3] == seen[1.0][3]).all()


@pytest.mark.parametrize("draft", [None, np.zeros((FRAMES, *SIZE_WH[::-1], 3), np.uint8)])
def test_raising_in_a_step_stops_there_and_leaves_the_stock_model(draft):
    done_steps = []

    def stop(done, decode):
        done_steps.append(done)
        if done == 2:
            raise KeyError("stop")

    with pytest.raises(KeyError):
        run(conditions(), WanSchedule(6, 4.0), on_step=stop, draft=draft)
    assert done_steps == [1, 2]
    assert tiny_wan().boxes.bias is None
    assert torch.equal(run(conditions(), OFF), stock())


@pytest.mark.parametrize("name", ["euler", "unipc"])
@pytest.mark.parametrize("draft", [None, np.zeros((FRAMES, *SIZE_WH[::-1], 3), np.uint8)])
def test_a_model_in_bf16_is_grounded_under_both_schedulers(name, draft):
    pipeline = build_pipeline()
    pipeline.scheduler = build_scheduler(name)
    pipeline.transformer.to(torch.bfloat16)
    pipeline.text_encoder.to(torch.bfloat16)
    model = WanModel(pipeline, graft(pipeline.transformer))
    grounded, free = (
        run(conditions(), schedule, model=model, draft=draft) for schedule in (GROUNDED, OFF)
    )
    assert torch.isfinite(grounded).all()
    assert not torch.equal(grounded, free)


def half_bright():
    """A draft whose left half is bright, (F, H, W, 3)."""
    draft = np.full((FRAMES, *SIZE_WH[::-1], 3), 40, np.uint8)
    draft[:, :, : SIZE_WH[0] // 2] = 220
    return draft


def likeness(latents, draft):
    """Correlation with the draft's latents, each channel about its mean."""
    pair = [value - value.mean((2, 3, 4), keepdim=True) for value in (latents, draft)]
    return float(torch.corrcoef(torch.stack([value.flatten() for value in pair]))[0, 1])


def test_a_draft_keeps_its_layout_the_more_the_lower_the_strength():
    encoded = tiny_wan().encode(half_bright())
    kept = [
        likeness(
            run(conditions(), replace(GROUNDED, strength=strength), draft=half_bright()), encoded
        )
        for strength in (0.1, 0.5)
    ]
    free = likeness(run(conditions()), encoded)
    assert kept[0] > 0.8
    assert kept[0] > kept[1] > free + 0.1


@pytest.mark.parametrize("name", ["euler", "unipc"])
def test_a_draft_starts_as_in_the_stock_video_to_video_pipeline(name):
    model, schedule = tiny_wan(), WanSchedule(4, 1.0, grounding_share=0.0, strength=0.5)
    kept = model.pipeline.scheduler
    model.pipeline.scheduler = build_scheduler(name)
    parts = ("tokenizer", "text_encoder", "transformer", "vae", "scheduler")
    other = WanVideoToVideoPipeline(**{part: getattr(model.pipeline, part) for part in parts})
    other.set_progress_bar_config(disable=True)
    try:
        ours = run(conditions(), schedule, draft=half_bright())
        theirs = other(
            video=half_bright()[None].astype(np.float32) / 255,
            prompt_embeds=model.pipeline.encode_prompt(
                CAPTION, None, False, max_sequence_length=512
            )[0],
            width=SIZE_WH[0],
            height=SIZE_WH[1],
            num_inference_steps=8,
            strength=0.5,
            guidance_scale=1.0,
            generator=torch.Generator().manual_seed(0),
            output_type="latent",
        ).frames
    finally:
        model.pipeline.scheduler = kept
    assert torch.allclose(ours, theirs, atol=1e-3)


def test_the_vae_of_wan_22_fits_with_and_without_a_draft():
    model = tiny_wan(16)
    assert model.native.size_wh == (1280, 800)
    draft = np.zeros((FRAMES, 128, 256, 3), np.uint8)
    for given in (None, draft):
        latents = model.denoise(
            PROMPT, conditions(), GROUNDED, seed=0, size=(256, 128), draft=given
        )
        assert latents.shape == (1, 4, LATENT_FRAMES, 8, 16)
        assert model.decode(latents).shape == draft.shape


def test_native_sizes_fit_the_models():
    for factor in (8, 16):
        width, height = tiny_wan(factor).native.size_wh
        assert width * 5 == height * 8
        assert width % (2 * factor) == 0 == height % (2 * factor)
        assert tiny_wan(factor).native.frames % 4 == 1
    draft = BACKENDS["wan"].presets["draft"].schedule
    assert all(side % 32 == 0 for side in draft.size_wh)


def test_decoding_is_what_the_stock_pipeline_decodes():
    frames = stock_pipeline()(
        prompt=CAPTION,
        num_frames=FRAMES,
        width=SIZE_WH[0],
        height=SIZE_WH[1],
        num_inference_steps=1,
        guidance_scale=1.0,
        generator=torch.Generator().manual_seed(0),
        output_type="np",
    ).frames[0]
    latents = run(conditions(), WanSchedule(1, 1.0, grounding_share=0.0))
    assert np.abs(tiny_wan().decode(latents) - frames * 255.0).max() <= 1.0  # rounded


def test_the_clean_guess_finds_the_clean_latents():
    scheduler = build_scheduler()
    scheduler.set_timesteps(8)
    clean, noise = torch.randn(2, 1, 4, 3, 2, 2).unbind()
    guess = FlowGuess(scheduler, 4)
    for done, sigma in enumerate(scheduler.sigmas[-4:], start=1):
        guess.update((1 - sigma) * clean + sigma * noise, done)
        if done > 1:
            assert torch.allclose(guess.latents(), clean, atol=1e-4)


def test_phrases_are_found_as_whole_words_the_longest_first():
    text = "A Red Car and two cars; the carpet, a red car."
    spans = phrase_spans(text, ["car", "red car", "dog"])
    assert [text[slice(*span)] for span in spans["red car"]] == ["Red Car", "red car"]
    assert [text[slice(*span)] for span in spans["car"]] == ["cars"]
    assert spans["dog"] == []


def named(prompt, k):
    tokens = build_tokenizer()(prompt.text, padding="max_length", max_length=512).input_ids
    return build_tokenizer().decode([tokens[index] for index in prompt.words[k].nonzero()])


def test_a_prompt_names_every_object():
    assert PROMPT.text == CAPTION
    assert [named(PROMPT, k) for k in (0, 1)] == ["red car", "dog"]
    lacking = ground_prompt("the car drives.", ["rain", "a dog."], OBJECTS, build_tokenizer())
    assert lacking.text == "the car drives. rain. a dog. red car"
    assert named(lacking, 0) == "car red car"
    assert lacking.words.shape == (2, 512)
    assert ground_prompt("", [], OBJECTS, build_tokenizer()).text == "red car, dog"
    assert ground_prompt("A Car.", [], [], build_tokenizer()).text == "A Car"


def test_words_of_several_pieces_are_found_by_a_tokenizer_such_as_wans():
    pieces = ["<pad>", "</s>", "<unk>", "▁", "▁re", "d", "▁c", "ar", "▁a", "▁do", "g", "s", "."]
    tokenizer = Tokenizer(models.Unigram([(piece, -1.0) for piece in pieces], unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>")
    prompt = ground_prompt("Dogs. a red  car", [], OBJECTS, wrapped)
    assert prompt.text == "Dogs. a red car"
    tokens = wrapped.convert_ids_to_tokens(wrapped(prompt.text).input_ids)
    car, dog = ([tokens[k] for k in row.nonzero()] for row in prompt.words)
    assert car == ["▁re", "d", "▁c", "ar"]
    assert "".join(dog).endswith("gs")


def test_frame_captions_are_thinned_out_until_the_prompt_fits():
    captions = ["rain on the road " * 8] * 32
    prompt = ground_prompt("a street", captions, OBJECTS, build_tokenizer())
    assert prompt.frame_captions == 8
    assert named(prompt, 0) == "red car"
    endless = ground_prompt("rain " * 600, captions, OBJECTS, build_tokenizer())
    assert endless.frame_captions == 0
    assert not endless.words.any()


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
    names = {field.name for field in fields(RenderOptions)} & set(changes)
    options = RenderOptions(**{name: changes.pop(name) for name in names})
    given = {"backend": "wan", "preset": "draft", "options": options, **changes}
    return RenderRequest(layout, clip, **given)


def prompt_of(captions):
    return wan.prompt_for(request().layout, captions, build_tokenizer(), True).text


def test_captions_become_one_prompt():
    assert prompt_of("mix") == "a red car on the road. rain. a street. dog"
    assert prompt_of("global") == "a red car on the road. dog"
    assert prompt_of("frame") == "rain. a street. red car, dog"
    assert wan.prompt_for(request().layout, "global", build_tokenizer(), False).text == (
        "a red car on the road"
    )


def test_frame_counts_are_4k_plus_1():
    assert [frame_count(s, 16, 81) for s in (0.01, 0.3, 1, 3, 5, 10)] == [5, 5, 17, 49, 81, 81]
    assert frame_count(5, 24, 121) == 121
    assert frame_count(10, 16, 64) == 61


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
    preset, chosen = settle(request(grounding=grounding, steps=7))
    assert chosen == kinds
    assert preset.schedule.steps == 7


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
    presets = BACKENDS["wan"].presets
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
    load_wan.cache_clear()  # the hook is bound while loading
    events = WanBackend().render(request(steps=50, weights=folder))
    while not (isinstance(event := next(events), Progress) and event.stage == "denoise"):
        pass
    events.close()
    load_wan.cache_clear()
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


def test_only_the_cross_attentions_are_grafted():
    names = {
        name: type(processor).__name__
        for name, processor in tiny_wan().pipeline.transformer.attn_processors.items()
    }
    assert {kind for name, kind in names.items() if ".attn2." in name} == {"BoxAttnProcessor"}
    assert {kind for name, kind in names.items() if ".attn1." in name} == {"WanAttnProcessor"}
    transformer = build_transformer()
    assert transformer.state_dict().keys() == tiny_wan().pipeline.transformer.state_dict().keys()


def test_conditions_of_a_layout_fit_the_masks():
    given = frame_conditions(request().layout, FRAMES)
    masks = token_masks(given, GRID_HW)
    assert masks.shape == (LATENT_FRAMES, 2, math.prod(GRID_HW))
    assert not masks[0, 1].any()
    assert masks[2].any(-1).all()
