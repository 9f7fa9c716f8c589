"""Writing is whole or not at all; shipped files are as shipped."""

import errno
import os
import resource
import shutil
import subprocess
import sys
import threading

import pytest

from spa2v_core import assets
from spa2v_core.errors import AssetError, OutputError
from spa2v_core.files import atomic, write_text


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "a.json"
    with atomic(path) as part:
        part.write_text("half")
        assert not path.exists()
        assert part.suffix == ".json"
    assert path.read_text() == "half"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_ends_early_leaves_what_was_there(error, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), atomic(path) as part:
        part.write_text("new")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "a.txt can't be written: the disk is full"),
        (errno.EACCES, "a.txt can't be written: its folder may not be written to"),
        (errno.EIO, "a.txt can't be written: "),
    ],
)
def test_the_message_says_which_file_and_why(number, words, tmp_path):
    with pytest.raises(OutputError, match=words), atomic(tmp_path / "a.txt"):
        raise OSError(number, os.strerror(number))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="a.txt can't be written"):
        write_text(tmp_path / "file" / "a.txt", "x")


def test_two_writers_never_mix(tmp_path):
    path = tmp_path / "a.txt"
    texts = [str(k) * 50_000 for k in range(8)]

    def write(text):
        for _ in range(20):
            write_text(path, text)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    seen = {path.read_text() for _ in range(200) if path.exists()}
    for thread in threads:
        thread.join()
    assert seen | {path.read_text()} <= set(texts)
    assert list(tmp_path.iterdir()) == [path]


WRITER = """
import sys, time
from pathlib import Path
from spa2v_core import cli, files
from spa2v_core.commands import planning
def run(options):
    with files.atomic(Path(sys.argv[1])) as part:
        part.write_text("half")
        print("writing", flush=True)
        time.sleep(60)
planning._cues = run
cli.main(["cues", "x.wav", "--out", "x.json"])
"""


def test_sigterm_leaves_nothing_half_written(tmp_path):
    path = tmp_path / "a.txt"
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"writing\n"
    child.terminate()
    assert child.wait(30) == 143
    assert list(tmp_path.iterdir()) == []


FULL = """
import sys
from tests.audio.sounds import noise
from tests.generation.test_export import ramp
from spa2v_core.errors import OutputError
from spa2v_core.generation.export import write_video
from pathlib import Path
try:
    write_video(ramp(), noise(2), Path(sys.argv[1]))
except OutputError as error:
    print(error)
"""


def test_a_video_that_does_not_fit_is_said_and_leaves_nothing(tmp_path):
    """The limit on a file's size acts like a full disk."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "v.mp4")],
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("v.mp4 can't be written: "), done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_networks_are_as_listed():
    for network in assets.NETWORKS:
        assets.check(assets.ASSETS / network)


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The localiser, shipped somewhere where it can be damaged."""
    shutil.copytree(assets.ASSETS / "localiser", tmp_path / "localiser")
    shutil.copy(assets.SUMS, tmp_path)
    monkeypatch.setattr(assets, "ASSETS", tmp_path)
    monkeypatch.setattr(assets, "SUMS", tmp_path / assets.SUMS.name)
    assets._check.cache_clear()
    yield tmp_path
    assets._check.cache_clear()


def test_one_flipped_bit_is_told(copied):
    from spa2v_core.audio.localiser import Localiser

    path = copied / "localiser" / "localiser.onnx"
    assets.check(path.parent)
    assets._check.cache_clear()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(AssetError, match=r"localiser/localiser.onnx is damaged \(its checksum"):
        Localiser(copied / "localiser")
    path.unlink()
    with pytest.raises(AssetError, match=r"localiser/localiser.onnx is missing"):
        assets.check(path.parent)


def test_new_weights_are_listed_by_one_command(copied):
    (copied / "localiser" / "localiser.json").write_text("{}")
    with pytest.raises(AssetError, match="damaged"):
        assets.check(copied / "localiser")
    assets.refresh()
    assets.check(copied / "localiser")


@pytest.mark.parametrize("text", [None, "no checksums", "\xe9"])
def test_damaged_checksums_are_one_line(text, copied):
    (copied / assets.SUMS.name).unlink()
    if text:
        (copied / assets.SUMS.name).write_text(text)
    with pytest.raises(AssetError, match="SHA256SUMS is damaged or missing"):
        assets.check(copied / "localiser")


def test_folders_of_ones_own_are_not_looked_at(tmp_path):
    (tmp_path / "mini").mkdir()
    assets.check(tmp_path / "mini")
