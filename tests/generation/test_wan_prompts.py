"""What Wan is told: one prompt that names every object, and which of its words are whose."""

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from spa2v_core.generation.grounding.wan_boxes import (
    ground_prompt,
    phrase_spans,
)
from tests.generation.tiny_wan import (
    CAPTION,
    OBJECTS,
    build_tokenizer,
)

PROMPT = ground_prompt(CAPTION, [], OBJECTS, build_tokenizer())


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
