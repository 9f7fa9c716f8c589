import numpy as np
import pytest

from spa2v_core.audio.taggers.naming import GUESSES, name_of
from tests.audio.taggers.fakes import tags

NAMES = ("car", "bus", "truck", "train", "dog")


def test_a_thing_that_is_sure_is_named_with_what_else_it_may_be():
    naming = name_of(tags([0.6, 0.2, 0.1, 0.05, 0.0], names=NAMES))
    assert (naming.name, naming.is_kind, naming.known) == ("car", False, True)
    assert naming.probability == pytest.approx(0.6)
    assert [name for name, _ in naming.guesses] == ["car", "bus", "truck"]


def test_where_only_the_kind_is_sure_the_kind_is_said_and_its_three_likeliest_offered():
    found = tags([0.2, 0.3, 0.1, 0.25, 0.32], names=NAMES, kinds={"vehicle": 0.9, "animal": 0.34})
    naming = name_of(found)
    assert (naming.name, naming.is_kind) == ("vehicle", True)
    assert naming.probability == pytest.approx(0.9)
    assert len(naming.guesses) == GUESSES == 3
    assert [name for name, _ in naming.guesses] == ["bus", "train", "car"], "a dog is no vehicle"


def test_a_tagger_that_knows_no_kinds_has_them_from_its_things():
    assert name_of(tags([0.3, 0.3, 0.0, 0.0, 0.0], names=NAMES)).name == "vehicle"
    assert name_of(tags([0.3, 0.0, 0.0, 0.0, 0.3], names=NAMES)).name == "", "of two kinds"


def test_what_is_not_likely_is_honestly_unknown_with_guesses():
    naming = name_of(
        tags([0.1, 0.0, 0.0, 0.0, 0.2], names=NAMES, kinds={"vehicle": 0.3, "animal": 0.1})
    )
    assert (naming.name, naming.known, naming.probability) == ("", False, 0.0)
    assert naming.guesses[0] == ("dog", pytest.approx(0.2))


@pytest.mark.parametrize(("p", "name"), [(0.351, "car"), (0.349, "")])
def test_the_threshold_decides(p, name):
    assert name_of(tags([p, 0.0], kinds={"vehicle": 0.0})).name == name


def test_what_else_is_known_counts():
    found = tags([0.5, 0.45], names=("piano", "car"), kinds={"vehicle": 0.5})
    assert name_of(found).name == "piano"
    assert name_of(found, {"piano": 0.3}).name == "car"


def test_windows_count_by_their_level():
    found = tags([0.9, 0.0], [0.0, 0.5], weight=[0.1, 1.0])
    assert found.mean() == pytest.approx([0.09 / 1.1, 0.5 / 1.1])
    assert name_of(found).name == "dog"


@pytest.mark.parametrize("between, spans", [(0.45, 1), (0.1, 2)])
def test_a_moment_of_doubt_does_not_cut_a_span(between, spans):
    found = tags([0.9, 0.0], [between, 0.0], [0.9, 0.0])
    assert len(found.spans("car")) == spans


def test_windows_that_overlap_share_their_time_and_spans_join():
    found = tags([0.9, 0.0], [0.8, 0.0], [0.1, 0.0], [0.7, 0.0], kinds={"vehicle": [0, 0.5, 0, 0]})
    assert found.spans("dog") == []
    assert np.ravel(found.spans("car")) == pytest.approx([0.0, 1.2, 1.68, 2.4])
    assert np.ravel(found.kind_spans("vehicle")) == pytest.approx([0.72, 1.2])


def test_a_window_that_is_too_quiet_is_in_no_span():
    assert tags([0.9, 0.0], weight=[0.0]).spans("car") == []
