"""The local provider with tiny models of random weights, built here."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from transformers import (
    AudioFlamingo3Config,
    AudioFlamingo3ForConditionalGeneration,
    AudioFlamingo3Processor,
    PreTrainedTokenizerFast,
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    Qwen2Config,
    Qwen2ForCausalLM,
    WhisperFeatureExtractor,
)

from spa2v_core.audio.io import AudioClip
from spa2v_core.errors import PlannerError
from spa2v_core.planning import prompt
from spa2v_core.planning.model_planner import reply_schema
from spa2v_core.planning.providers.local import LocalOptions, LocalProvider
from spa2v_core.planning.registry import get_planner
from spa2v_core.planning.reply import read_reply

FRAMES = 2
AUDIO = ("<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>", "<sound>", "<|end|>")
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] }}: {% if m['content'] is string %}{{ m['content'] }}"
    "{% else %}{% for p in m['content'] %}{% if p['type'] == 'audio' %}AUDIO_HERE"
    "{% else %}{{ p['text'] }}{% endif %}{% endfor %}{% endif %}\n{% endfor %}assistant: "
)


def tokenizer():
    """Byte-level BPE with no merges: every byte is a token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: index for index, letter in enumerate(letters)}
    plain = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=plain, eos_token="<|end|>", pad_token="<|end|>")
    made.add_special_tokens({"additional_special_tokens": list(AUDIO[:4])})
    return made


def small(audio_kind, words):
    audio = {
        "model_type": audio_kind,
        "num_mel_bins": 128,
        "d_model": 16,
        "encoder_layers": 1,
        "encoder_attention_heads": 2,
        "num_attention_heads": 2,
        "num_hidden_layers": 1,
        "hidden_size": 16,
        "intermediate_size": 32,
        "encoder_ffn_dim": 32,
        "max_source_positions": 1500,
    }
    text = {
        "model_type": "qwen2",
        "vocab_size": words,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 16384,
    }
    return audio, text


def qwen(folder):
    made = tokenizer()
    audio, text = small("qwen2_audio_encoder", len(made) + 8)
    config = Qwen2AudioConfig(
        audio_config=audio,
        text_config=text,
        audio_token_index=made.convert_tokens_to_ids("<|AUDIO|>"),
    )
    place = "<|audio_bos|><|AUDIO|><|audio_eos|>"
    processor = Qwen2AudioProcessor(
        WhisperFeatureExtractor(feature_size=128),
        made,
        chat_template=TEMPLATE.replace("AUDIO_HERE", place),
    )
    return Qwen2AudioForConditionalGeneration(config), processor


def flamingo(folder):
    made = tokenizer()
    audio, text = small("audioflamingo3_encoder", len(made) + 8)
    config = AudioFlamingo3Config(
        audio_config=audio,
        text_config=text,
        audio_token_id=made.convert_tokens_to_ids("<sound>"),
    )
    processor = AudioFlamingo3Processor(
        WhisperFeatureExtractor(feature_size=128),
        made,
        chat_template=TEMPLATE.replace("AUDIO_HERE", "<sound>"),
    )
    return AudioFlamingo3ForConditionalGeneration(config), processor


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Tiny layers are slower on several threads, by far so on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def reader(folder):
    """A model that takes nothing but text."""
    made = tokenizer()
    made.chat_template = (
        "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: "
    )
    _, text = small("none", len(made) + 8)
    text.pop("model_type")
    return Qwen2ForCausalLM(Qwen2Config(**text)), made


def downloaded(make, folder):
    """A tiny model of random weights, as it would be downloaded."""
    import torch

    torch.manual_seed(0)
    made, processor = make(folder)
    made.save_pretrained(folder)
    processor.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module", params=[qwen, flamingo], ids=lambda make: make.__name__)
def model(request, tmp_path_factory):
    return downloaded(request.param, tmp_path_factory.mktemp(request.param.__name__))


def conversation():
    sound = np.random.default_rng(0).normal(0, 0.1, (2, 16_000)).astype(np.float32)
    (part,) = prompt.sounds_of(AudioClip(sound, 16_000))
    return [prompt.system(FRAMES, 1.0), prompt.Message("user", ("Plan this.", part))]


def short(schema):
    """The reply's schema with texts and lists that a random model comes to the end of."""
    text = json.dumps(schema)
    for long, brief in ((2000, 12), (300, 12), (40, 8), (12, 2)):
        text = text.replace(f'"maxLength": {long}', f'"maxLength": {brief}')
        text = text.replace(f'"maxItems": {long}', f'"maxItems": {brief}')
    value = json.loads(text)
    value["properties"]["objects"]["minItems"] = 1
    return value


def silent():
    """What a model is told with `--no-sound`."""
    return [
        prompt.system(FRAMES, 1.0, hears=False),
        prompt.Message("user", ("Plan this: a car on the left.",)),
    ]


def valid(text):
    """Whether a reply has the form, with every bound kept."""
    value = json.loads(text)
    fields = ["reasoning", "video_caption", "objects", "frame_captions"]
    return (
        list(value) == fields
        and 1 <= len(value["objects"]) <= 2
        and len(value["frame_captions"]) <= FRAMES
        and all(
            list(one) == ["id", "name", "start", "end", "keyframes"]
            and 0 <= one["start"] < FRAMES
            and 1 <= len(one["keyframes"]) <= FRAMES
            and all(
                0 <= key["frame"] < FRAMES
                and len(key["box"]) == 4
                and all(-1 <= v <= 2 for v in key["box"])
                for key in one["keyframes"]
            )
            for one in value["objects"]
        )
    )


def replies_of(model, messages, count=20):
    schema = short(reply_schema(FRAMES))
    provider = LocalProvider(LocalOptions(model=model, temperature=1.0, max_tokens=3000))
    return [provider.complete(messages, schema, seed=seed) for seed in range(count)]


def test_every_reply_fits_the_schema(model):
    said = replies_of(model, conversation())
    assert all(valid(one.text) for one in said)
    assert all(one.tokens_out > 0 for one in said)
    assert len({one.text for one in said}) == 20


def test_every_reply_to_a_request_without_sound_fits_the_schema(tmp_path):
    said = replies_of(downloaded(reader, tmp_path), silent())
    assert sum(valid(one.text) for one in said) == 20
    assert len({one.text for one in said}) == 20


def test_a_model_that_hears_plans_without_sound_too(model):
    assert all(valid(one.text) for one in replies_of(model, silent(), 3))


def test_a_reply_without_end_and_a_missing_model_are_errors(model):
    settings = LocalOptions(model=model, max_tokens=5)
    with pytest.raises(PlannerError, match="did not come to an end in 5"):
        LocalProvider(settings).complete(conversation(), reply_schema(FRAMES))
    with pytest.raises(PlannerError, match="can't be loaded"):
        LocalProvider(LocalOptions(model="/no/such/model")).complete(
            conversation(), reply_schema(FRAMES)
        )


def test_the_planner_reads_what_the_model_says(model):
    settings = LocalOptions(model=model, temperature=1.0, max_tokens=3000)
    schema = short(reply_schema(FRAMES))
    said = LocalProvider(settings).complete(conversation(), schema, seed=3)
    try:
        layout = read_reply(said.text, frame_count=FRAMES, duration_s=1.0).layout
    except PlannerError as error:
        # a random model may leave a name empty, or give boxes of nothing
        assert "name" in str(error) or "boxes" in str(error)
    else:
        assert layout.objects


def test_a_real_server_takes_the_conversation_and_the_sound(tmp_path, monkeypatch):
    """`transformers serve`, a server program of others, with a tiny model of random weights."""
    import torch

    from spa2v_core.planning.providers.openai import OpenAIOptions, OpenAIProvider

    torch.manual_seed(0)
    made, processor = qwen(tmp_path)
    # a letter ends its reply, as random weights would hardly come to an end
    letters = processor.tokenizer.convert_tokens_to_ids(list("abcdefghijklmnopqrstuvwxyz"))
    made.generation_config.eos_token_id = letters
    made.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    with serving(tmp_path) as url:
        settings = OpenAIOptions(model=str(tmp_path), endpoint=url, reply_mode="text", retries=0)
        said = OpenAIProvider(settings).complete(conversation(), {})
        brief = replace(settings, max_tokens=1)
        with pytest.raises(PlannerError, match="length limit"):
            OpenAIProvider(brief).complete(conversation(), {})
        silent = [message for message in conversation() if message.role == "system"]
        less = OpenAIProvider(settings).complete([*silent, prompt.Message("user", ("Plan.",))], {})
    assert said.text
    assert said.tokens_out < 2000
    # a second of sound is 25 tokens
    assert said.tokens_in > less.tokens_in + 20


def test_a_real_server_plans_without_sound(tmp_path, recording):
    """Any text model behind an OpenAI-compatible server: `transformers serve` with a tiny one."""
    import torch

    from .asking import request_for

    torch.manual_seed(0)
    made, words = reader(tmp_path)
    made.generation_config.eos_token_id = words.convert_tokens_to_ids(list("abcdefghijklm"))
    made.save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    with serving(tmp_path) as url:
        asked = {"model": str(tmp_path), "sound": False, "reply_mode": "text", "shots": 1}
        request = request_for(recording, **asked, endpoint=url, fall_back=True, timeout=60)
        plan = get_planner("openai").plan(request)
    report = plan.report
    assert plan.layout.objects  # random weights plan nothing: the offline plan stands in
    assert any("even when told why" in note for note in report.notes)
    assert report.model == str(tmp_path)
    letters = sum(len(text.encode()) for _, text in report.conversation[:-1])
    assert report.tokens_in > letters  # every byte is a token to it: all of it arrived, twice
    assert "WAV" not in "".join(text for _, text in report.conversation)


@contextmanager
def serving(folder):
    """Address of the server, up and with the model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = Path(sys.executable).with_name("transformers")
    process = subprocess.Popen(
        [command, "serve", "--device", "cpu", "--port", str(port), str(folder)],
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for _ in range(120):
            if process.poll() is not None:
                pytest.fail(f"the server did not start: {process.stderr.read()[-2000:]}")
            with suppress(OSError), socket.create_connection(("localhost", port), 1):
                break
            time.sleep(0.5)
        yield f"http://localhost:{port}/v1"
    finally:
        process.terminate()
        process.wait(20)
