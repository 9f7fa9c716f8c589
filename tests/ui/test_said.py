"""What the page says of recordings, files, names and time is so, and in words."""

import numpy as np
import pytest

from spa2v_core.audio.io import AudioClip, write_wav
from spa2v_core.errors import InputError
from spa2v_core.jobs.perform import stage
from spa2v_core.jobs.store import UNMEASURED_REST_S, JobStore
from spa2v_core.pipeline import Progress
from ui import scenes
from ui.editor.editor import drawn_as
from ui.handlers import described
from ui.renders import about
from ui.toasts import sentence
from ui.words import ENGLISH


def test_silence_is_not_called_mono(tmp_path):
    write_wav(AudioClip(np.zeros((2, 16_000), np.float32), 16_000), tmp_path / "a.wav")
    text = described(str(tmp_path / "a.wav")).text
    assert text == "1.00 s, stereo, 16000 Hz. It is silent."


def test_the_time_left_holds_what_comes_after_the_steps(tmp_path):
    """The frames between and the sound took longer than what was said to be left."""
    store = JobStore(tmp_path)
    assert store.rest_s("mini") == UNMEASURED_REST_S > 0
    store.close()
    assert stage(Progress("denoise", 2, 4, 5.0), 11.0)["remaining_s"] == 16.0
    assert stage(Progress("load", 0, 1), 11.0)["remaining_s"] is None
    assert about(4.1, ENGLISH) == "about 5 s"
    assert about(121, ENGLISH) == "about 3 min"


def test_a_file_that_is_no_layout_is_told_in_words(tmp_path):
    path = tmp_path / "Notes.json"
    path.write_text('{"version": 2, "objects": []}')
    with pytest.raises(InputError, match="holds no layout that can be read") as raised:
        scenes.open_layout(str(path), None)
    assert "_" not in str(raised.value)


def test_a_sentence_starts_with_a_capital_but_a_file_keeps_its_name():
    assert sentence("the sound is silent") == "The sound is silent"
    assert sentence("clip.wav can't be read") == "clip.wav can't be read"


@pytest.mark.parametrize(
    ("name", "drawn", "near"),
    [
        ("taxi", "taxi", ""),
        ("blue van", "van", ""),
        ("thunder", "thunder", ""),
        ("hovercraft", "loudspeaker", ""),
        ("Helicoptr", "loudspeaker", "helicopter"),
        ("loudspeaker", "loudspeaker", ""),
    ],
)
def test_what_a_name_is_drawn_as_is_known_beforehand(name, drawn, near):
    assert drawn_as(name) == {"drawn": drawn, "near": near}
