"""One table of AudioSet's classes beside the vocabulary."""

import csv

import pytest

from spa2v_core.audio.scene import AMBIENCES
from spa2v_core.audioset import (
    KIND_CLASSES,
    MEMBERS,
    RARE,
    SCENE_CLASSES,
    SPEAKERS,
    THING_CLASSES,
    WIDER,
)
from spa2v_core.planning.setting import FITTING
from spa2v_core.training.tagger.export import COUNTS
from spa2v_core.vocabulary import BY_NAME, LIGHTS, SCENES, THE_SCENE, UNKNOWN, resolve


@pytest.fixture(scope="module")
def published():
    """Name of each of AudioSet's classes -> clips that have it."""
    with COUNTS.open(encoding="utf-8", newline="") as file:
        return {row["class"]: int(row["clips"]) for row in csv.DictReader(file, delimiter="\t")}


def test_the_published_list_is_whole(published):
    assert len(published) == 521
    assert min(published.values()) > 0


@pytest.mark.parametrize("table", [THING_CLASSES, KIND_CLASSES, SCENE_CLASSES])
def test_every_class_is_published(table, published):
    for name, classes in table.items():
        assert classes, name
        assert len(set(classes)) == len(classes), name
        assert set(classes) <= set(published), name


def test_every_thing_is_in_the_vocabulary():
    assert set(THING_CLASSES) <= set(BY_NAME)
    assert UNKNOWN not in THING_CLASSES


def test_all_that_audioset_knows_can_be_named(published):
    for name in ("lion", "frog", "bee", "thunder", "wave", "telephone", "goat", "owl", "wolf"):
        assert name in THING_CLASSES
    unnamed = [name for name in BY_NAME if name not in THING_CLASSES]
    assert not {name.capitalize() for name in unnamed} & set(published)


def test_a_class_of_a_kind_raises_no_single_thing_but_speech():
    things = {c for name, classes in THING_CLASSES.items() if name not in SPEAKERS for c in classes}
    for kind, classes in KIND_CLASSES.items():
        assert not things & set(classes), kind


def test_kinds_have_members_of_the_vocabulary():
    assert set(MEMBERS) == set(KIND_CLASSES)
    kinds = {thing.kind for thing in BY_NAME.values()}
    for kind, members in MEMBERS.items():
        assert set(members) <= kinds
        assert BY_NAME[resolve(kind).thing.name].kind in members, "what is drawn for a kind is one"
        assert any(BY_NAME[name].kind in members for name in THING_CLASSES)


def test_rare_and_wider_things_can_be_named():
    assert set(RARE) <= set(THING_CLASSES)
    assert set(WIDER) | set(WIDER.values()) <= set(THING_CLASSES)
    assert set(SPEAKERS) <= set(THING_CLASSES)


def test_ambiences_are_those_of_the_table_and_say_what_captions_know():
    assert [one.name for one in AMBIENCES] == list(SCENE_CLASSES)
    for one in AMBIENCES:
        assert one.place in ("", *SCENES)
        assert one.light in ("", *LIGHTS)
        assert set(one.things) <= {*THING_CLASSES, *KIND_CLASSES}
        assert one.place or one.weather or one.light


def test_places_that_fit_are_places():
    for kind, places in FITTING.items():
        assert set(places) <= set(SCENES)
        assert kind in {thing.kind for thing in BY_NAME.values()}


def test_the_scene_is_no_thing():
    assert THE_SCENE not in BY_NAME
    assert not any(THE_SCENE in thing.aliases for thing in BY_NAME.values())
