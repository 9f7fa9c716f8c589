"""What the page's fields become, and what is said about what this machine lacks."""

import pytest
from huggingface_hub import constants

from spa2v_core.errors import InputError
from spa2v_core.generation import hardware
from spa2v_core.generation.catalog import BACKENDS, settle
from spa2v_core.layout import VideoSceneLayout
from tests.audio.sounds import noise
from ui import settings
from ui.settings import Settings


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """No GPU and no weights of the hub."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(hardware, "has_gpu", lambda: False)
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("SPA2V_WEIGHTS", raising=False)


def request(**fields):
    return Settings(**fields).request(VideoSceneLayout(duration_s=1), noise(1))


def test_untouched_fields_are_the_preset():
    for backend in ("mini",):
        for preset in BACKENDS[backend].presets:
            _, *numbers, shown_for = settings.choose_preset(backend, preset)
            steps, guidance, share, frames, fps = numbers
            assert shown_for == (backend, preset)
            shown = {"steps": steps, "guidance_scale": guidance, "grounding_share": share}
            made = request(backend=backend, preset=preset, frames=frames, fps=fps, **shown)
            assert settle(made) == settle(request(backend=backend, preset=preset))


def test_fields_change_the_request():
    made, kinds = settle(request(steps=7, fps=0, frames=24, grounding="none"))
    assert (made.schedule.steps, made.fps, made.frames, kinds) == (7, 0, 24, ())
    assert made.schedule.grounded_steps == 0
    assert settle(request(grounding_share=0.5))[0].schedule.grounded_steps == 2
    assert request(negative_prompt=" rain ").options.negative_prompt == "rain"


def test_numbers_of_another_preset_are_not_used():
    late = {"steps": 10, "shown_for": ("mini", "default")}
    assert settle(request(preset="draft", **late))[0].schedule.steps == 2
    assert settle(request(preset="default", **(late | {"steps": 9})))[0].schedule.steps == 9


def test_fields_that_were_never_shown_keep_their_defaults():
    values = ["mini", "draft", 3, "mix", "default", *[None] * 14]
    assert Settings.read(tuple(values)) == Settings(preset="draft", seed=3)


def test_what_is_missing_is_said_with_how_to_get_it(monkeypatch):
    assert settings.missing("mini") == ""
    text = settings.missing("animatediff")
    assert "needs a GPU" in text
    assert "python -m spa2v_core fetch animatediff" in text
    assert "CreativeML Open RAIL-M" in text
    with pytest.raises(InputError, match="can't be used yet"):
        request(backend="wan")
    labels = dict(settings.backend_choices())
    assert [name for label, name in labels.items() if "not here" in label] == [
        "animatediff",
        "wan",
    ]
    monkeypatch.setattr(hardware, "has_gpu", lambda: True)
    assert "GPU" not in settings.missing("wan")
    monkeypatch.setenv("SPA2V_WEIGHTS", "/somewhere")
    assert settings.missing("animatediff") == ""
    assert str(request(backend="animatediff").options.weights) == "/somewhere"


def test_every_choice_is_one_that_the_backend_takes(monkeypatch):
    for name, info in BACKENDS.items():
        monkeypatch.setattr(settings, "missing", lambda backend: "")
        for _, grounding in settings.grounding_choices(info):
            settle(request(backend=name, grounding=grounding))
        lacking, presets, groundings, full_size, *numbers = settings.choose_backend(name)
        assert len(numbers) == 7
        assert presets["choices"] == settings.preset_choices(info)
        assert full_size["visible"] == (name == "animatediff")
        assert settings.choose_preset(name, "nothing")[0] is not None


def test_on_a_space_no_file_of_the_machine_can_be_named(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "someone/studio")
    for field in ("base", "motion", "lora", "migc"):
        with pytest.raises(InputError, match="run the app yourself"):
            request(**{field: "/etc/passwd"})
