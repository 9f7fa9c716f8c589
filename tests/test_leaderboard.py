"""The leaderboard: sets that are the same whenever they are drawn, and rows that others add."""

import shutil

from spa2v_core import cli
from spa2v_core.evaluation.intervals import bootstrap, of_mean
from spa2v_core.evaluation.leaderboard import SETS, write_set


def test_a_set_is_known_by_its_checksum(tmp_path):
    first = write_set(SETS[1], 1, tmp_path / "a")
    assert first == write_set(SETS[1], 1, tmp_path / "b")
    assert first != write_set(SETS[1], 2, tmp_path / "c")


def test_a_row_of_others_is_added(tmp_path):
    write_set(SETS[1], 1, tmp_path / "mine" / "harder")  # the truth itself
    for path in (tmp_path / "mine" / "harder").glob("*.wav"):
        path.unlink()
    command = ["leaderboard", "--usual", "0", "--harder", "1", "--workers", "1"]
    command += ["--work", str(tmp_path / "work")]
    out = tmp_path / "board.md"
    row = ["--row", f"perfect={tmp_path / 'mine'}"]
    assert cli.main([*command, "--out", str(out), *row]) == 0
    text = out.read_text()
    assert "| perfect | 1.000 | 1.000 |" in text
    assert "| constant guess |" in text and "seed 2026" in text
    shutil.rmtree(tmp_path / "mine" / "harder")
    assert cli.main([*command, "--out", str(out), *row]) == 2
    assert cli.main([*command, "--out", str(out), "--row", "nameless"]) == 2


def test_intervals_hold_what_they_say():
    assert of_mean([0.5]) is None
    assert of_mean([0.5] * 10) == (0.5, 0.5)
    low, high = of_mean([0.0, 1.0] * 50)
    assert 0.35 < low < 0.45 and 0.55 < high < 0.65  # 0.5 -+ 1.96 * 0.05
    assert bootstrap([1, 2, 3], lambda drawn: None) is None
