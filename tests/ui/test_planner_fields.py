"""The page shows of every planner's options what it takes, and gives it no other's."""

import pytest

from spa2v_core.planning.registry import planners
from ui import planning
from ui.fields import planner_fields


def shown(planner):
    """Labels of the fields that are visible for a planner, and whether it can be stopped."""
    _, stop, *updates = planning.choose_planner(planner)
    return {one["label"] for one in updates if one["visible"]}, stop["visible"]


def test_fields_are_those_of_the_planners_own_options():
    assert shown("cues") == (set(), False)
    labels = {name: shown(name)[0] for name in planners() if planners()[name].asks_a_model}
    assert set(labels) == {"gemini", "openai", "claude", "local"}
    for name, found in labels.items():
        assert {"Model", "A hint for the model"} <= found
        sends = any(label.startswith("Send the recording") for label in found)
        assert sends == (name != "claude")  # it takes no sound
        assert ("Server (OpenAI-compatible)" in found) == (name == "openai")


def test_every_field_stands_for_an_option():
    fields, options = planner_fields(), planning.page_options()
    assert len(fields) == len(options)
    for field, one in zip(fields, options.values(), strict=True):
        assert not field.visible
        assert field.label == one.label
        if one.secret:
            assert field.type == "password"


@pytest.mark.parametrize("sound", [True, False])
def test_values_of_the_page_become_the_planners_options(sound):
    values = {"sound": sound, "hint": " a tram ", "model": "", "reuse": True, "fall_back": None}
    assert planning.chosen("openai", values).sends == ("mix" if sound else "nothing")
    assert planning.chosen("openai", values).hint == "a tram"
    assert planning.chosen("claude", values).sends == "nothing"
    assert planning.chosen("cues", values) == planners()["cues"].options()
