"""Folders of layouts against each other, from Python and on the command line."""

import json
from pathlib import Path

import pytest

from spa2v_core import cli
from spa2v_core.errors import InputError, LayoutError
from spa2v_core.evaluation.layouts import evaluate
from spa2v_core.layout import io as layout_io
from tests.metrics.cases import at, track, video

EXAMPLES = Path(__file__).parents[1] / "assets" / "examples"
KEYS = {"max_iou", "max_iou_sets", "ltsim", "docsim", "track_iou", "motion_accuracy"}
ERRORS = {"seld_doa", "seld_distance"}
HEARD = {"seld_f", *ERRORS, "spatial_recall", "spatial_precision"}
CAR = video(track("car", at(0.2), at(0.8)))
DOG = video(track("dog", at(0.2)))


def folder(path, **layouts):
    path.mkdir()
    for name, layout in layouts.items():
        layout_io.write(layout, path / f"{name}.json")
    return path


def run(*arguments, capsys):
    """(exit code, stdout, stderr)."""
    code = cli.main(["evaluate", *map(str, arguments)])
    return code, *capsys.readouterr()


def values(report):
    return {key: figure.value for key, figure in report.figures.items()}


def test_the_examples_against_themselves():
    report = evaluate(EXAMPLES, EXAMPLES)
    found = values(report)
    assert 0 < found.pop("docsim") < 1
    wanted = dict.fromkeys((KEYS | HEARD) - {"docsim"}, 1.0) | dict.fromkeys(ERRORS, 0.0)
    assert found == pytest.approx(wanted)
    assert all(figure.coverage == 1 for figure in report.figures.values())
    assert "car_crossing" in report.layouts
    assert report.missing == report.extra == ()


def test_figures_are_means_and_what_is_left_out_is_listed(tmp_path):
    pred = folder(tmp_path / "pred", a=CAR, b=CAR, more=DOG)
    ref = folder(tmp_path / "ref", a=CAR, b=DOG, lacking=DOG)
    report = evaluate(pred, ref)
    assert report.missing == ("lacking",)
    assert report.extra == ("more",)
    assert [report.layouts[stem]["max_iou"] for stem in ("a", "b")] == [1, 0]
    assert report.figures["max_iou"].value == pytest.approx(0.5)
    assert report.figures["max_iou"].coverage == pytest.approx(0.5)
    assert report.figures["max_iou_sets"].coverage == pytest.approx(0.5)
    assert report.figures["ltsim"].coverage == pytest.approx(2 / 3)
    assert report.figures["motion_accuracy"].value == pytest.approx(0.5)
    low, high = report.figures["max_iou"].interval
    assert (low, high) == (0, 1)  # of two layouts, 1 and 0
    assert report.figures["max_iou_sets"].interval is None
    assert "| MaxIoU | 0.5000 | 0.0000 to 1.0000 |" in report.markdown()


def test_every_spelling_of_a_file_and_the_papers_form_are_read(tmp_path):
    ref = folder(tmp_path / "ref", a=CAR)
    (tmp_path / "pred").mkdir()
    (tmp_path / "pred" / "a.layout.json").write_text(json.dumps(layout_io.to_dense(CAR)))
    report = evaluate(tmp_path / "pred", ref)
    assert report.figures["track_iou"].value == pytest.approx(1, abs=0.01)


def test_layouts_without_objects(tmp_path):
    nothing = folder(tmp_path / "nothing", a=video())
    found = evaluate(nothing, nothing)
    assert found.figures["motion_accuracy"].value is None
    assert found.figures["max_iou"].value == 1
    assert "motion category" in found.table()


def test_the_command_prints_a_table_and_writes_json(tmp_path, capsys):
    pred, ref = folder(tmp_path / "pred", a=CAR, b=CAR), folder(tmp_path / "ref", a=CAR, b=DOG)
    code, table, notes = run("--pred", pred, "--ref", ref, capsys=capsys)
    assert code == 0
    assert str(pred / "evaluation.json") in notes
    for name in ("MaxIoU", "LTSim", "DocSim", "track mIoU", "motion category"):
        assert name in table
    report = json.loads((pred / "evaluation.json").read_text())
    assert set(report["figures"]) == KEYS | HEARD
    assert set(report["layouts"]) == {"a", "b"}
    # The report lies among the predictions, and yet is no prediction.
    out = tmp_path / "new" / "report.json"
    assert run("--pred", pred, "--ref", pred, "--out", out, capsys=capsys)[:1] == (0,)
    assert json.loads(out.read_text())["extra"] == []


def test_bad_folders_are_refused(tmp_path, capsys):
    car, dog = folder(tmp_path / "car", car=CAR), folder(tmp_path / "dog", dog=DOG)
    empty = folder(tmp_path / "empty")
    twice = folder(tmp_path / "twice", **{"car": CAR, "car.layout": CAR})
    broken = folder(tmp_path / "broken")
    (broken / "car.json").write_text('{"objects": "car"}')
    for pred, ref, words in (
        (tmp_path / "no", car, "no is not a folder"),
        (car, tmp_path / "no", "no is not a folder"),
        (car / "car.json", car, "is not a folder"),
        (car, empty, "holds no layouts"),
        (car, dog, "name them alike"),
        (twice, car, "keep one"),
        (broken, car, f"{broken / 'car.json'}: "),
    ):
        code, table, notes = run("--pred", pred, "--ref", ref, capsys=capsys)
        assert code == 2
        assert table == ""
        assert len(notes.splitlines()) == 1
        assert words in notes
        assert not (pred / "evaluation.json").exists()


def test_errors_are_ones_a_user_can_act_on(tmp_path):
    with pytest.raises(InputError):
        evaluate(tmp_path, tmp_path)
    broken = folder(tmp_path / "broken")
    (broken / "a.json").write_text("{")
    with pytest.raises(LayoutError, match=r"a\.json: layout: not JSON"):
        evaluate(broken, broken)


def test_out_must_be_json(tmp_path, capsys):
    car = folder(tmp_path / "car", car=CAR)
    code, _, notes = run("--pred", car, "--ref", car, "--out", tmp_path / "x.txt", capsys=capsys)
    assert code == 2
    assert "must end in .json" in notes
