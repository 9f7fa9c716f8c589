"""Values of the API: of their kind, or refused with their name (found by the fuzz harness)."""

import pytest

from spa2v_core.audio.io import read_audio
from spa2v_core.errors import InputError
from spa2v_core.planning.base import parse_objects
from tests.audio.sounds import noise, write_clip
from tests.generation.test_budget import layout
from ui.api.endpoints import render_request
from ui.planning import plan_layout
from ui.toasts import sentence

BAD = [
    ("audio", 3, "audio must be a text"),
    ("audio", ["a.wav"], "audio must be a text"),
    ("audio", "a" * 5000, "does not exist"),
    ("audio", "a\0b", "does not exist"),
    ("start", "1", "start must be a number"),
    ("start", float("nan"), "start must be a number that makes sense"),
    ("duration", 10**400, "duration must be a number that makes sense"),
    ("duration", [1], "duration must be a number"),
    ("seed", float("inf"), "seed must be a number that makes sense"),
    ("seed", {}, "seed must be a number"),
    ("channels", ["auto"], "channels must be a text"),
    ("preset", ["draft"], "preset must be a text"),
    ("backend", 0, "backend must be a text"),
    ("options", [1], "options must be an object"),
    ("layout", None, "layout: a JSON object is expected"),
]


@pytest.mark.parametrize(("name", "value", "words"), BAD)
def test_what_is_of_another_kind_is_refused_by_name(name, value, words, tmp_path):
    sound = str(write_clip(noise(1), tmp_path / "a.wav"))
    given = {"layout": {"duration_s": 1.0, "objects": []}, "audio": sound} | {name: value}
    with pytest.raises(InputError, match=words):
        render_request(**given)


@pytest.mark.parametrize("name", ["planner", "objects", "tagger", "change"])
def test_texts_of_a_plan_are_texts(name, tmp_path):
    sound = str(write_clip(noise(1), tmp_path / "a.wav"))
    with pytest.raises(InputError, match=f"{name} must be a text"):
        plan_layout.__wrapped__(None, sound, **{name: ["a"]})


def test_a_request_that_is_right_comes_through(tmp_path):
    sound = str(write_clip(noise(1), tmp_path / "a.wav"))
    value = layout(1).model_dump(mode="json")
    made = render_request(value, sound, seed=3.0, start=0.25, duration=0.75, rescale=True)
    assert (made.seed, made.clip.duration_s) == (3, 0.75)
    assert read_audio(tmp_path / "a.wav").duration_s == 1.0


def test_half_a_letter_in_a_name_is_no_traceback():
    assert parse_objects("\ud800car, d\udfffog") == ("?car", "d?og")


def test_names_stay_as_they_are():
    assert sentence("the clip is silent") == "The clip is silent"
    assert sentence("eight.wav has 8 channels") == "eight.wav has 8 channels"
