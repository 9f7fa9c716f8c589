"""Many clips: the same files by a loop, a pool and Ray; what exists stays; an error is a row."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spa2v_core import cli
from spa2v_core.batch.report import Rate, summary
from spa2v_core.batch.rows import Row, read_rows
from spa2v_core.batch.run import in_a_pool
from spa2v_core.batch.work import Outcome, Settings
from spa2v_core.errors import InputError
from spa2v_core.layout import io as layout_io
from tests.audio.sounds import encode, noise

ROOT = Path(__file__).parents[2]
DEFAULTS = Row(name="", clip="")
RENDER = ["--preset", "draft", "--steps", "1", "--frames", "8", "--fps", "0"]


@pytest.fixture
def clips(tmp_path):
    """Three clips, and two files that are none."""
    folder = tmp_path / "clips"
    (folder / "street").mkdir(parents=True)
    for k, name in enumerate(("a.wav", "b.flac", "street/c.wav")):
        encode(noise(0.4, left=0.2 * k + 0.1, right=0.5 - 0.2 * k), folder / name)
    (folder / "notes.txt").write_text("no clip")
    (folder / "broken.wav").write_bytes(b"RIFFnothing")
    return folder


def batch(*arguments, capsys=None):
    code = cli.main(["batch", *map(str, arguments)])
    return (code, capsys.readouterr()) if capsys else code


def lines(out):
    return {
        line["name"]: line
        for line in map(json.loads, (out / "report.jsonl").read_text().splitlines())
    }


def files(out):
    """Name -> checksum of everything but the report of how it went."""
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in ("report.jsonl", "summary.md")
    }


def test_every_clip_is_a_row_and_an_error_stops_no_other(clips, tmp_path, capsys):
    out = tmp_path / "out"
    code, said = batch(clips, "--out", out, "--plan-only", capsys=capsys)
    assert code == 1
    assert "1 of 4 rows failed" in said.err.splitlines()[-1]
    found = lines(out)
    assert {name: line["status"] for name, line in found.items()} == {
        "a": "done", "b": "done", "broken": "failed", "street/c": "done"}  # fmt: skip
    assert found["broken"]["stage"] == "plan"
    assert "broken.wav can't be read as audio" in found["broken"]["error"]
    assert layout_io.read(out / "street" / "c.layout.json").duration_s == pytest.approx(0.4)
    assert "| cues | mini | 4 | 3 | 1 |" in said.out
    assert (out / "summary.md").read_text() == said.out


#: Ray takes half a minute to start.
WAYS = [["--workers", "2"], pytest.param(["--ray"], marks=pytest.mark.long)]


@pytest.mark.parametrize("flags", WAYS, ids=["pool", "ray"])
def test_every_way_makes_the_same_files_as_the_loop(flags, clips, tmp_path):
    if flags == ["--ray"]:
        pytest.importorskip("ray")
    (clips / "broken.wav").unlink()
    (clips / "b.flac").unlink()
    made = {}
    for way, own in (("loop", []), ("other", flags)):
        assert batch(clips, "--out", tmp_path / way, *RENDER, *own) == 0
        made[way] = files(tmp_path / way)
    assert made["loop"] == made["other"]
    assert {"a.layout.json", "a.mp4", "a.boxes.mp4", "a.jpg", "street/c.mp4"} < made["loop"].keys()


def test_what_is_done_is_not_done_again_and_what_failed_is(clips, tmp_path, capsys):
    out = tmp_path / "out"
    assert batch(clips, "--out", out, "--plan-only") == 1
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.layout.json")}
    report = lines(out)
    encode(noise(0.4), clips / "broken.wav")  # mended
    (out / "report.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in report.values() if line["name"] != "b")
        + '{"name": "street/c", "sta'  # what a kill leaves
    )
    code, said = batch(clips, "--out", out, "--plan-only", capsys=capsys)
    assert code == 0
    assert "2 of 4 rows are done already" in said.err
    after = lines(out)
    assert len((out / "report.jsonl").read_text().splitlines()) == len(after) == 4
    assert after["a"] == report["a"]
    assert after["b"]["found"] == ["plan"]  # its file was there, its line was not
    assert after["broken"]["found"] == []
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())


def test_files_of_other_settings_are_not_taken_for_these(clips, tmp_path, capsys):
    (clips / "broken.wav").unlink()
    out = tmp_path / "out"
    assert batch(clips, "--out", out, "--plan-only") == 0
    code, said = batch(clips, "--out", out, "--plan-only", "--width", "2", capsys=capsys)
    assert code == 2
    assert "other settings" in said.err
    code, said = batch(clips, "--out", out, "--plan-only", "--seed", "4", capsys=capsys)
    assert code == 2
    assert "of another clip, span, seed or planner" in said.err


def test_a_table_says_what_each_row_is(clips, tmp_path):
    (clips / "rows.csv").write_text(
        "clip,name,objects,start,duration,seed\n"
        "a.wav,first,dog,0,0.3,7\n"
        "a.wav,,,,,\n"
        "a.wav,,,,,\n"
        "b.flac,,,soon,,\n"
        "b.flac,../b,,,,\n"
        "none.wav,,,,,\n"
    )
    rows = read_rows(str(clips / "rows.csv"), DEFAULTS)
    assert [row.name for row in rows] == ["first", "a", "a-2", "b", "../b", "none"]
    assert rows[0] == Row("first", str(clips / "a.wav"), "dog", 0.0, 0.3, seed=7)
    assert "start must be a number, not 'soon'" in rows[3].problem
    assert "inside the output folder" in rows[4].problem
    out = tmp_path / "out"
    assert batch(clips / "rows.csv", "--out", out, "--plan-only") == 1
    assert {name for name, line in lines(out).items() if line["status"] == "failed"} == {
        "b", "../b", "none"}  # fmt: skip
    assert layout_io.read(out / "first.layout.json").objects[0].name == "dog"
    assert "does not exist" in lines(out)["none"]["error"]
    assert not (tmp_path / "b.layout.json").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [("clip,colour\na.wav,red\n", "column 'colour' is not known"), ("name\na\n", "no column")],
)
def test_tables_that_are_none(text, words, tmp_path):
    (tmp_path / "rows.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        read_rows(str(tmp_path / "rows.csv"), DEFAULTS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "neither a folder nor a table"),
        (["nowhere.csv"], "does not exist"),
        (["."], "holds no clips"),
        ([".", "--gpus", "1"], "are for --ray"),
        (["nothing://here/"], "install fsspec's package"),
    ],
)
def test_bad_calls_are_refused(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, said = batch(*arguments, "--out", "out", capsys=capsys)
    assert code == 2
    assert words in said.err
    assert len(said.err.splitlines()) == 1


def test_clips_and_outputs_may_be_urls(clips, tmp_path):
    fsspec = pytest.importorskip("fsspec")
    (clips / "broken.wav").unlink()
    (clips / "street" / "c.wav").unlink()
    bucket = fsspec.filesystem("memory")
    bucket.put(str(clips) + "/", "/bucket/clips/", recursive=True)
    assert batch("memory://bucket/clips", "--out", "memory://bucket/out", *RENDER) == 0
    assert batch(clips, "--out", tmp_path / "out", *RENDER) == 0
    here = files(tmp_path / "out")
    here.pop("batch.json")  # it names the clips
    there = {name: hashlib.sha256(bucket.cat(f"/bucket/out/{name}")).hexdigest() for name in here}
    assert there == here
    left = {path.removeprefix("/bucket/out/") for path in bucket.find("/bucket/out")}
    assert left == {*here, "batch.json", "report.jsonl", "summary.md"}
    assert batch("memory://bucket/clips", "--out", "memory://bucket/out", *RENDER) == 0


@pytest.mark.parametrize("way", [[], ["--workers", "2"]], ids=["loop", "pool"])
def test_killed_in_the_middle_nothing_is_lost_and_nothing_twice(way, tmp_path):
    clips, out = tmp_path / "clips", tmp_path / "out"
    clips.mkdir()
    for k in range(12):
        encode(noise(0.4, left=0.1 + 0.05 * k), clips / f"{k:02d}.wav")
    command = [sys.executable, "-m", "spa2v_core", "batch", str(clips), "--out", str(out)]
    command += ["--plan-only", *way]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    report = out / "report.jsonl"
    while not report.exists() or len(report.read_text().splitlines()) < 3:
        time.sleep(0.02)
        assert child.poll() is None
    child.send_signal(signal.SIGKILL)
    child.wait()
    time.sleep(1)  # its pool ends by itself
    at_kill = {path: path.stat().st_mtime_ns for path in out.glob("*.layout.json")}
    assert 3 <= len(at_kill) < 12
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    assert all(path.stat().st_mtime_ns == when for path, when in at_kill.items())
    assert len(report.read_text().splitlines()) == len(lines(out)) == 12
    assert len(list(out.glob("*.layout.json"))) == 12


class Deadly(Settings):
    """Settings whose worker dies of one row."""


def _deadly(settings):
    def work(row):
        if row.name == "deadly":
            os._exit(9)
        time.sleep(0.2)  # so that it is at work whenever the deadly one dies
        return Outcome(row, "done")

    return work


def _begin_deadly(settings):
    from spa2v_core.batch import run

    run._both = _deadly(settings)


def test_a_row_that_kills_its_process_is_a_row(monkeypatch):
    from spa2v_core.batch import run

    monkeypatch.setattr(run, "_begin", _begin_deadly)
    rows = [Row(name, "") for name in ("a", "deadly", *"bcdefgh")]
    ended = {one.row.name: one for one in in_a_pool(rows, Settings("out"), 2)}
    assert {name for name, one in ended.items() if one.status == "failed"} == {"deadly"}
    assert "its process died" in ended["deadly"].error
    assert len(ended) == len(rows)


def test_rate_and_time_left():
    said = []
    rate = Rate(4, said.append, every_s=0)
    rate._ends = [time.monotonic() - 10]
    rate.note(Outcome(Row("a", "")))
    rate.note(Outcome(Row("b", ""), "failed"))
    assert said[1].startswith("2/4, 1 failed, 12.0 clips/min, 10 s left")


def test_the_summary_counts_what_was_made():
    done = Outcome(Row("a", ""), "done", seconds={"plan": 2.0}).to_dict()
    found = Outcome(Row("b", ""), "done", found=("plan",), seconds={"plan": 0.1}).to_dict()
    failed = Outcome(Row("c", ""), "failed", "plan", "it | is silent").to_dict()
    text = summary([done, found, failed])
    assert "| cues | mini | 3 | 2 | 1 | 2.00 | - |" in text
    assert "| plan: it / is silent | 1 |" in text
