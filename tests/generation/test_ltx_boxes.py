"""Words of LTX-2's prompt that are seen only in their boxes, on a tiny model."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from spa2v_core.generation.backends.ltx.backend import LtxBackend, notices, prompt_for
from spa2v_core.generation.backends.ltx.model import TEXT_TOKENS
from spa2v_core.generation.base import Frames
from spa2v_core.generation.grounding.ltx_boxes import PADDING, TextMask, where_read
from spa2v_core.generation.grounding.wan_boxes import ground_prompt, token_masks
from spa2v_core.generation.schedule import LtxSchedule
from tests.generation.test_wan_backend import request, track
from tests.generation.tiny_ltx import (
    GRID,
    PROMPT,
    QUICK,
    build_pipeline,
    clip,
    conditions,
    run,
    tiny_ltx,
)
from tests.generation.watching import inputs_of

OBJECTS = [("red car", "car"), ("road", "road")]
TOKENS = int(np.prod(GRID))
#: Three calls a step: with guidance by text, by perturbation and by what the sound changes.
GUIDED = LtxSchedule(2, 3.0, 1.0, 0.5, sound_scale=3.0, perturbed_scale=1.0, inside_share=0.0)


def words(objects=OBJECTS):
    prompt = ground_prompt(PROMPT, [], objects, tiny_ltx().pipeline.tokenizer, (), TEXT_TOKENS)
    assert prompt.text == PROMPT
    return prompt.words


def masks():
    """What is added to the attention to the text, call by call."""
    attention = tiny_ltx().pipeline.transformer.transformer_blocks[0].attn2
    return inputs_of(attention, lambda _, given: given["attention_mask"].clone())


def test_every_call_with_the_prompt_sees_words_in_their_boxes_only():
    given, named = conditions(), words()
    with masks() as seen:
        run(given, GUIDED, words=named)
    assert [len(mask) for mask in seen] == [4, 2, 2] + [2, 1, 1]  # two heads
    with masks() as stock:
        run(given, GUIDED)
    where = where_read(tiny_ltx().pipeline, PROMPT, named)
    inside = token_masks(given, GRID[1:], tiny_ltx().per_latent).transpose(1, 2).flatten(0, 1)
    for heads, plain in zip(seen[:3], stock[:3], strict=True):
        heads = heads.view(len(plain), -1, TOKENS, TEXT_TOKENS)
        mask = heads[:, 0]
        assert (heads == heads[:, :1]).all()
        assert (mask[:-1] == plain[:-1]).all()  # without the prompt
        for k in range(2):
            assert (mask[-1][~inside[:, k]][:, where[k]] == -torch.inf).all()
            assert (mask[-1][inside[:, k]][:, where[k]] > 0).all()
        others = ~where.any(0)
        assert (mask[-1][:, others] == plain[-1][:, others]).all()
    assert all(
        torch.equal(a, b) for a, b in zip(seen[3:], stock[3:], strict=True)
    )  # half the steps


@pytest.mark.parametrize("registers", [None, 128])
def test_words_are_where_the_connectors_leave_them(registers):
    pipe = build_pipeline()
    ids = pipe.tokenizer(PROMPT).input_ids
    pipe.connectors.video_connector.learnable_registers = (
        None if registers is None else torch.nn.Parameter(torch.zeros(registers, 32))
    )
    where = where_read(pipe, PROMPT, words())
    padding = TEXT_TOKENS - len(ids)
    read = ids + [None] * padding if registers else [None] * padding + ids
    for row, (phrase, _) in zip(where, OBJECTS, strict=True):
        found = [token for token, named in zip(read, row, strict=True) if named]
        assert pipe.tokenizer.decode(found).strip() == phrase


def test_off_or_everywhere_is_bit_identical_to_the_stock_pipeline():
    plain, given = run(conditions(), clip=clip()), {"clip": clip(), "words": words()}
    assert not torch.equal(run(conditions(), **given), plain)
    assert torch.equal(run(conditions(), replace(QUICK, grounding_share=0.0), **given), plain)
    everywhere = replace(conditions(), boxes=np.tile(np.float32([0, 0, 1, 1]), (17, 2, 1)))
    assert torch.equal(run(everywhere, replace(QUICK, phrase_gain=1.0), **given), plain)
    assert torch.equal(run(conditions(), clip=clip(), words=words([])), plain)


def test_a_changed_box_changes_the_video_and_an_absent_object_has_none():
    named, moved = words(), conditions()
    moved.boxes[:, 0] = [0.0, 0.0, 0.5, 0.5]
    absent = replace(conditions(), present=np.array([[True, False]] * 17))
    elsewhere = replace(absent, boxes=moved.boxes[:, ::-1].copy())
    elsewhere.boxes[:, 0] = absent.boxes[:, 0]
    videos = [run(given, words=named) for given in (conditions(), moved, absent, elsewhere)]
    assert not torch.equal(videos[0], videos[1])
    assert not torch.equal(videos[0], videos[2])
    assert torch.equal(videos[2], videos[3])


def test_stopping_leaves_the_stock_model():
    def stop(done, decode):
        raise KeyError("stop")

    plain = run(conditions())
    with pytest.raises(KeyError):
        run(conditions(), words=words(), on_step=stop)
    assert torch.equal(run(conditions()), plain)


def test_tokens_of_references_read_everything():
    mask = TextMask(torch.nn.Identity())
    video, text = torch.zeros(2, 5, 4), torch.tensor([[0, 1, 1], [1, 1, 1]])
    with mask.grounded(torch.full((3, 3), 0.5)):
        given = {"hidden_states": video, "encoder_attention_mask": text}
        two = SimpleNamespace(config=SimpleNamespace(num_attention_heads=2))
        _, changed = mask.enter(two, (), given)
    seen = changed["encoder_attention_mask"].view(2, 2, 5, 3)
    assert torch.equal(seen[:, 0], seen[:, 1])
    seen = seen[:, 0]
    assert seen[0].tolist() == [[PADDING, 0.0, 0.0]] * 5
    assert seen[1].tolist() == [[0.5] * 3] * 3 + [[0.0] * 3] * 2
    assert mask.enter(two, (), given) is None


def test_a_render_with_boxes(tmp_path):
    build_pipeline().save_pretrained(tmp_path)
    made = {}
    for kinds in ("none", "boxes"):
        options = {"weights": tmp_path, "accept_ltx_licence": True, "steps": 2, "frames": 9}
        asked = replace(
            request(0.7), backend="ltx", preset="draft", grounding=kinds, options=options
        )
        *_, last = LtxBackend().render(asked)
        assert isinstance(last, Frames)
        made[kinds] = last.frames
    assert (made["none"] != made["boxes"]).any()


def test_what_has_no_place_in_the_prompt_is_told():
    layout = request().layout.model_copy(
        update={"caption": "rain " * 2000, "frame_captions": (), "objects": (track(),)}
    )
    prompt = prompt_for(layout, "mix", tiny_ltx().pipeline.tokenizer, ("boxes",))
    told = list(notices(layout, "mix", prompt, 241))
    assert any("red car can't be placed by attention" in text for text in told)
