import numpy as np
import pytest
from huggingface_hub import constants

from spa2v_core.audio.taggers.clap import ClapTagger
from spa2v_core.errors import HubError
from spa2v_core.vocabulary import THINGS


@pytest.fixture(scope="module")
def tiny_clap(tmp_path_factory):
    """A tiny CLAP with random weights, saved as the hub has it."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import (
        ClapConfig,
        ClapFeatureExtractor,
        ClapModel,
        ClapProcessor,
        RobertaTokenizerFast,
    )

    letters = {letter: k + 4 for k, letter in enumerate("abcdefghijklmnopqrstuvwxyzĠ ")}
    vocabulary = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, **letters, "<mask>": 40}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    folder = tmp_path_factory.mktemp("clap")
    config = ClapConfig(
        text_config={
            "vocab_size": 41, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 32, "max_position_embeddings": 80, "projection_dim": 16,
        },
        audio_config={
            "hidden_size": 16, "patch_embeds_hidden_size": 8, "depths": [1, 1],
            "num_attention_heads": [1, 2], "num_hidden_layers": 2, "spec_size": 256,
            "num_mel_bins": 64, "projection_dim": 16, "window_size": 8,
            "patch_embed_input_channels": 1,
        },
        projection_dim=16,
    )  # fmt: skip
    ClapModel(config).save_pretrained(folder)
    ClapProcessor(
        feature_extractor=ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad"),
        tokenizer=RobertaTokenizerFast(tokenizer_object=tokenizer),
    ).save_pretrained(folder)
    return folder


def test_it_takes_the_place_of_our_own_tagger(tiny_clap):
    sound = np.random.default_rng(0).normal(size=3 * 16_000).astype(np.float32)
    tags = ClapTagger(tiny_clap).listen(sound, 16_000)
    assert len(tags.ranked(3)) == 3
    assert set(tags.names) < {thing.name for thing in THINGS}
    assert tags.probability.sum(1) == pytest.approx(np.ones(len(tags.start_s)), abs=1e-4)


def test_missing_weights_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(HubError, match="fetch clap"):
        ClapTagger()


def test_its_embeddings_choose_examples_too(tiny_clap, tmp_path):
    from spa2v_core.planning import retrieval

    clap = ClapTagger(tiny_clap)
    rng = np.random.default_rng(0)
    hiss, hum = rng.normal(size=48_000), np.sin(np.arange(48_000) / 40)
    vectors = [clap.embed(sound.astype(np.float32), 48_000) for sound in (hiss, hum)]
    assert [float(np.linalg.norm(v)) for v in vectors] == pytest.approx([1, 1], abs=1e-5)
    one = retrieval.exemplars()[0]
    among = [
        retrieval.Exemplar(str(k), one.cues, one.layout, tuple(vector.tolist()))
        for k, vector in enumerate(vectors)
    ]
    path = tmp_path / "own.json"
    retrieval.write(path, [*among, one])
    again = retrieval.read(path)
    assert [len(e.embedding) for e in again] == [16, 16, 0]
    for k, vector in enumerate(vectors):
        found = retrieval.nearest(one.cues, 3, again, embedding=vector.tolist())
        assert found[-1].name == str(k)
    assert retrieval.nearest(one.cues, 1, again)[0].name == "0"
