"""Layouts for other tools: what is written is read back as the same boxes."""

import csv
import io as text_io
import json
from xml.etree import ElementTree

import pytest
from hypothesis import assume, given, settings

from spa2v_core import cli
from spa2v_core.layout import edit, io, written
from spa2v_core.layout.folders import entries
from spa2v_core.layout.keyframes import dense
from tests.audio.sounds import encode, noise
from tests.metrics.cases import at, track, video
from tests.strategies import layouts

CAR = video(track("car", at(0.2), at(0.8)), track("dog", at(0.5), start=2, end=5))


def boxes(layout):
    """(name, frame) -> sorted boxes, all that a reader can know of a layout."""
    found = {}
    for one in layout.objects:
        for frame, box in enumerate(dense(one, layout.frame_count)):
            if box is not None:
                found.setdefault((one.name, frame), []).append(box)
    return {key: sorted(value) for key, value in found.items()}


def alike(read, layout, tolerance):
    ours, theirs = boxes(layout), boxes(read)
    assert ours.keys() == theirs.keys()
    for key, wanted in ours.items():
        for got, box in zip(theirs[key], wanted, strict=True):
            assert got == pytest.approx(box, abs=tolerance)


@given(layouts())
@settings(max_examples=30, deadline=None)
def test_tools_read_back_what_is_written(layout):
    assume(layout.objects)
    named = [edit.revise(t, name=f"<thing & {k}>") for k, t in enumerate(layout.objects)]
    layout = edit.revise(layout, objects=tuple(named))
    for text in (written.to_cvat(layout), written.to_coco(layout)):
        read = io.loads(text)
        assert read.frame_count == layout.frame_count
        assert (read.width, read.height) == (layout.width, layout.height)
        alike(read, layout, 0.0101)  # the tolerance of fewest keyframes
    assert io.loads(written.to_coco(layout)).duration_s == pytest.approx(layout.duration_s)


def test_cvat_takes_a_thing_away_where_it_is_absent():
    text = written.to_cvat(CAR)
    assert text.count('outside="1"') == 1  # the dog's; the car stays to the end
    gone = ElementTree.fromstring(text).find("track[@label='dog']/box[@outside='1']")
    assert gone.get("frame") == "6"


def test_the_papers_form_keeps_length_and_size():
    read = io.loads(written.to_paper(CAR))
    assert (read.duration_s, read.width, read.height) == (2.0, 512, 320)
    alike(read, CAR, 0.011)


def test_positions_are_azimuths_counter_clockwise():
    rows = list(csv.DictReader(text_io.StringIO(written.to_positions(CAR, [-20.0] * 8))))
    car, dog = ([row for row in rows if row["name"] == name] for name in ("car", "dog"))
    assert float(car[0]["azimuth_deg"]) == pytest.approx(30.96, abs=0.01)  # atan(0.6), left
    assert float(car[-1]["azimuth_deg"]) == pytest.approx(-30.96, abs=0.01)
    assert [row["present"] for row in dog] == list("00111100")
    assert {row["azimuth_deg"] for row in dog} <= {"0.0", "-0.0"}
    assert float(rows[0]["time_s"]) == pytest.approx(0.125)
    assert car[0]["level_db"] == "-20.0"
    narrow = csv.DictReader(text_io.StringIO(written.to_positions(CAR, field_of_view=60)))
    assert float(next(narrow)["azimuth_deg"]) == pytest.approx(19.11, abs=0.01)


def test_folders_of_either_shape_are_found(tmp_path):
    io.write(CAR, tmp_path / "flat" / "a.layout.json")
    (tmp_path / "flat" / "a.mp4").write_bytes(b"video")
    (tmp_path / "flat" / "a.wav").write_bytes(b"clip")
    (tmp_path / "flat" / "b.xml").write_text(written.to_cvat(CAR))
    flat = tmp_path / "flat"
    shaped = tmp_path / "shaped"
    assert cli.main(["convert", str(flat), "--to", "avlbench", "--out", str(shaped)]) == 0
    assert (shaped / "a" / "video.mp4").read_bytes() == b"video"
    assert (shaped / "a" / "audio.wav").read_bytes() == b"clip"
    assert "frames" in json.loads((shaped / "a" / "layout.json").read_text())
    found = entries(shaped)
    assert list(found) == ["a", "b"]
    assert found["a"].video == shaped / "a" / "video.mp4"
    assert found["b"].clip is None
    alike(found["b"].read(), CAR, 0.021)


@pytest.mark.parametrize("form", ["layout", "coco", "cvat", "positions"])
def test_the_command_writes_each_form(form, tmp_path, capsys):
    io.write(CAR, tmp_path / "in" / "street" / "a.json")
    encode(noise(2.0), tmp_path / "in" / "street" / "a.wav")
    out = tmp_path / "out"
    assert cli.main(["convert", str(tmp_path / "in"), "--to", form, "--out", str(out)]) == 0
    (made,) = [path for path in out.rglob("*") if path.is_file()]
    if form == "positions":
        row = next(csv.DictReader(made.open()))
        assert float(row["level_db"]) == pytest.approx(-20, abs=3)
    else:
        alike(io.read(made), CAR, 0.021)


def test_bad_sources_are_refused(tmp_path, capsys):
    out = ["--out", str(tmp_path / "out")]
    (tmp_path / "empty").mkdir()
    io.write(CAR, tmp_path / "a.json")
    for arguments, words in (
        ([str(tmp_path / "no"), "--to", "coco"], "does not exist"),
        ([str(tmp_path / "empty"), "--to", "coco"], "holds no layouts"),
        ([str(tmp_path / "a.json"), "--to", "positions", "--field-of-view", "180"], "degrees"),
    ):
        assert cli.main(["convert", *arguments, *out]) == 2
        assert words in capsys.readouterr().err
