"""The numbers of `tagger.json`, and what becomes of the network's logits by them."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spa2v_core.audio.taggers import card as cards
from spa2v_core.audio.taggers.card import Card
from spa2v_core.audio.taggers.yamnet import WEIGHTS
from spa2v_core.audioset import KIND_CLASSES, RARE, SCENE_CLASSES, THING_CLASSES
from spa2v_core.errors import InputError
from spa2v_core.training.tagger.export import COUNTS, priors

CARD = Card.read(WEIGHTS / "tagger.json")


def heard(classes=None, head=None, others=-12.0):
    """(1, A) and (1, H) logits: what is not given is not heard."""
    one, two = (np.full((1, len(names)), others) for names in (CARD.classes, CARD.heads))
    for name, logit in (classes or {}).items():
        one[0, CARD.classes.index(name)] = logit
    for name, logit in (head or {}).items():
        two[0, CARD.heads.index(name)] = logit
    return one, two


def logit(name, **said):
    return float(CARD.logits(*heard(**said))[0, CARD.names.index(name)])


def test_the_shipped_card_fits_the_tables():
    tables = (THING_CLASSES, KIND_CLASSES, SCENE_CLASSES)
    used = {name for table in tables for classes in table.values() for name in classes}
    with COUNTS.open(encoding="utf-8", newline="") as file:
        published = {row["class"] for row in csv.DictReader(file, delimiter="\t")}
    assert used <= set(CARD.classes) <= published
    assert len(set(CARD.classes)) == len(CARD.classes)
    assert len(CARD.prior) == len(CARD.classes)
    assert set(CARD.heads) <= set(THING_CLASSES)
    assert len(set(CARD.heads)) == len(CARD.heads)
    assert CARD.names == tuple(THING_CLASSES)
    assert 0.1 < CARD.threshold < 0.9
    assert CARD.slope > 0
    assert CARD.kind_slope > 0


def test_its_priors_are_those_of_the_published_counts():
    assert CARD.prior == pytest.approx(priors(CARD.classes), abs=1e-4)
    with COUNTS.open(encoding="utf-8", newline="") as file:
        counts = {row["class"]: int(row["clips"]) for row in csv.DictReader(file, delimiter="\t")}
    by_count = sorted(CARD.classes, key=counts.get)
    prior = [CARD.prior[CARD.classes.index(name)] for name in (by_count[0], by_count[-1])]
    assert prior[0] < prior[1], "what is in more clips must be surer"


def test_both_opinions_count_and_neither_forbids_what_the_other_is_sure_of():
    said = {"classes": {"Bus": 3.0}}
    assert logit("bus", **said) > logit("bus")
    assert logit("bus", head={"bus": 3.0}) > logit("bus")
    assert logit("bus", head={"bus": 3.0}, **said) > logit("bus", **said)
    silent = [logit("bus", head={"bus": value}, **said) for value in (-4.0, -40.0)]
    assert silent[0] == pytest.approx(silent[1])
    silent = [
        logit("bus", classes={"Bus": v}, head={"bus": 3.0}, others=-60.0) for v in (-9.0, -40.0)
    ]
    assert silent[0] == pytest.approx(silent[1])


def test_what_sounds_rather_like_no_thing_of_ours_is_less_likely_any_of_them():
    with_cough = logit("bus", classes={"Bus": 3.0, "Cough": 9.0})
    assert CARD.other > 0
    assert with_cough < logit("bus", classes={"Bus": 3.0}) - 1
    assert logit("bus", classes={"Bus": 3.0, "Cough": -9.0}) == logit("bus", classes={"Bus": 3.0})


def test_what_the_head_does_not_know_is_named_by_its_classes():
    unknown = next(name for name in CARD.names if name not in CARD.heads)
    classes = {THING_CLASSES[unknown][0]: 9.0}
    likely = CARD.probability(*heard(classes))[0]
    assert CARD.names[int(likely.argmax())] == unknown


def test_the_classes_count_more_for_what_drives():
    assert CARD.vehicles > CARD.others
    gains = [
        logit(thing, classes={name: 5.0}) - logit(thing, classes={name: 4.0})
        for thing, name in (("bus", "Bus"), ("flute", "Flute"))
    ]
    assert gains == pytest.approx([CARD.vehicles, CARD.others])


def test_a_rare_thing_steps_back_behind_an_everyday_one_unless_it_is_much_surer():
    assert "bee" in RARE
    assert "bird" not in RARE
    alone = logit("bee", classes={"Bee, wasp, etc.": 6.0})
    beside = logit("bee", classes={"Bee, wasp, etc.": 6.0, "Bird": 6.0})
    assert beside == pytest.approx(alone - CARD.rare)
    names = CARD.names
    both = CARD.logits(*heard({"Bee, wasp, etc.": 6.0, "Bird": 6.0}))[0]
    assert both[names.index("bird")] > both[names.index("bee")]
    surer = CARD.logits(*heard({"Bee, wasp, etc.": 12.0, "Bird": 0.0}))[0]
    assert names[int(surer.argmax())] == "bee"


def test_a_general_class_raises_the_kind_and_no_single_thing():
    low, high = (heard({"Vehicle": value}) for value in (-12.0, 6.0))
    assert CARD.logits(*low) == pytest.approx(CARD.logits(*high))
    kinds = [dict(zip(KIND_CLASSES, CARD.kinds(*said)[0], strict=True)) for said in (low, high)]
    assert kinds[1]["vehicle"] > kinds[0]["vehicle"] + 0.3
    assert kinds[1]["animal"] == pytest.approx(kinds[0]["animal"])


def test_a_kind_is_at_least_as_likely_as_its_likeliest_thing():
    card = replace(CARD, slope=1.0, offset=0.0, kind_slope=1.0, kind_offset=0.0)
    said = heard({"Helicopter": 4.0}, {"helicopter": 3.0})
    likely = card.probability(*said)[0]
    kinds = dict(zip(KIND_CLASSES, card.kinds(*said)[0], strict=True))
    assert kinds["vehicle"] >= likely.max(), "what flies is of the kind that moves by engine"


def test_the_calibration_is_a_straight_line_in_logits():
    said = heard({"Dog": 3.0}, {"dog": 1.0})
    plain, other = (
        replace(CARD, slope=slope, offset=offset).probability(*said)[0]
        for slope, offset in ((1.0, 0.0), (0.5, 1.0))
    )
    assert np.log(other / (1 - other)) == pytest.approx(0.5 * np.log(plain / (1 - plain)) + 1)


def test_ambiences_are_as_likely_as_their_likeliest_class():
    said, _ = heard({"Raindrop": 1.0, "Ocean": -1.0})
    scenes = dict(zip(SCENE_CLASSES, CARD.scenes(said)[0], strict=True))
    assert scenes["rain"] == pytest.approx(1 / (1 + np.exp(-1)))
    assert scenes["waves"] == pytest.approx(1 / (1 + np.exp(1)))
    assert scenes["hall"] < 0.01


def test_it_is_read_as_it_is_written(tmp_path):
    path = tmp_path / "tagger.json"
    path.write_text(json.dumps(CARD.to_dict()))
    assert Card.read(path) == CARD


GOOD = json.loads((WEIGHTS / "tagger.json").read_text())
DAMAGED = {
    "cut off": json.dumps(GOOD)[:5000],
    "a list": "[]",
    "empty": "{}",
    "without a threshold": json.dumps({k: v for k, v in GOOD.items() if k != "threshold"}),
    "threshold in words": json.dumps(GOOD | {"threshold": "high"}),
    "threshold over 1": json.dumps(GOOD | {"threshold": 35}),
    "a class is missing": json.dumps(GOOD | {"classes": GOOD["classes"][1:]}),
    "priors are missing": json.dumps(GOOD | {"prior": GOOD["prior"][1:]}),
    "an unknown thing": json.dumps(GOOD | {"heads": [*GOOD["heads"][1:], "unicorn"]}),
    "one floor": json.dumps(GOOD | {"floors": [-5.0]}),
    "no number": json.dumps(GOOD | {"slope": float("nan")}),
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_card_is_one_clear_error(tmp_path, text):
    path = Path(tmp_path) / "tagger.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"tagger\.json is damaged or missing: install") as error:
        Card.read(path)
    assert "\n" not in str(error.value)


def test_so_is_a_missing_one(tmp_path):
    with pytest.raises(InputError, match="damaged or missing"):
        Card.read(tmp_path / "tagger.json")


def test_no_head_is_below_what_an_unsure_one_says():
    assert CARD.floors[1] >= cards.NO_HEAD
