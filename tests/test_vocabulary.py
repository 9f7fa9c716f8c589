import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa2v_core.vocabulary import BY_NAME, THINGS, UNKNOWN, article, resolve


@pytest.mark.parametrize(
    ("name", "drawn", "exact"),
    [
        ("car", "car", True),
        ("Car", "car", True),
        ("a dog", "dog", True),
        ("dogs", "dog", False),
        ("lorry", "truck", False),
        ("harp", "guitar", False),
        ("old steam train", "train", False),
        ("church bell", "bell", False),
        ("string quartet", "violin", False),
        ("minivan", "van", False),
        ("hovering quadcopter", "helicopter", False),
        ("zzzgrok", UNKNOWN, False),
        ("<b>", UNKNOWN, False),
        ("", UNKNOWN, False),
    ],
)
def test_free_names_go_through_aliases_and_hypernyms(name, drawn, exact):
    found = resolve(name)
    assert found.drawn.name == drawn
    assert (found.note == "") == exact


def test_every_name_and_alias_is_unique_and_resolves_to_itself():
    names = [n for thing in THINGS for n in (thing.name, *thing.aliases)]
    assert len(set(names)) == len(names)
    for thing in THINGS:
        for name in (thing.name, *thing.aliases):
            assert resolve(name).thing is thing
        assert resolve(thing.name).drawn.drawn_as == ""


@given(st.text(max_size=40))
def test_any_text_is_drawn_as_something(name):
    assert resolve(name).drawn.name in BY_NAME


def test_articles():
    assert article("car") == "a car"
    assert article("airplane") == "an airplane"
