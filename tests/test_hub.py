"""Every failure of the hub gets its one message; the hub itself is never contacted."""

import errno
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import httpx
import huggingface_hub
import pytest
from huggingface_hub import constants, errors

from spa2v_core import cli, hub
from spa2v_core.errors import HubError, InputError

FILE = "unet/model.fp16.safetensors"
COMMIT = "a" * 40
GOOD = (2).to_bytes(8, "little") + b"{}"


@pytest.fixture
def model(monkeypatch, tmp_path):
    """A small pinned model, and an empty cache."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    made = hub.HubModel(
        "owner/name", COMMIT, "a test", "MIT", (hub.HubFile(FILE, len(GOOD)), hub.HubFile("a.json"))
    )
    monkeypatch.setitem(hub.MODELS, "test", made)
    return made


def snapshot(commit=COMMIT):
    return f"{constants.HF_HUB_CACHE}/models--owner--name/snapshots/{commit}"


def write(name, content, commit=COMMIT):
    path = Path(snapshot(commit)) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def response(status=404):
    return httpx.Response(status, request=httpx.Request("GET", "https://huggingface.co/x"))


def failing(monkeypatch, error):
    def download(*args, **kwargs):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)


def serving(monkeypatch, content=GOOD, size=1000, commit=COMMIT):
    """A hub that has the files; what it was asked for."""
    asked = []

    def download(dry_run=False, **given):
        asked.append(given)
        if dry_run:
            return [SimpleNamespace(file_size=size, will_download=True)]
        write(FILE, content, commit)
        write("a.json", b"{}", commit)
        return snapshot(commit)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    return asked


def test_what_is_not_here_says_how_to_get_it(model):
    with pytest.raises(HubError, match="not on this machine.*spa2v_core fetch test"):
        hub.locate("test")
    assert not hub.is_here("test")


def test_what_is_half_here_says_so(model):
    write("a.json", b"{}")
    with pytest.raises(HubError, match="half downloaded.*unet/model.fp16.*fetch test"):
        hub.locate("test")


@pytest.mark.parametrize(
    ("content", "message"),
    [(GOOD[:-1], "not downloaded whole"), (b"<!DOCTYPE ", "not a safetensors file")],
)
def test_damaged_files_are_refused(model, content, message):
    write(FILE, content)
    write("a.json", b"{}")
    with pytest.raises(HubError, match=message):
        hub.locate("test")


def test_a_whole_model_is_found(model):
    write(FILE, GOOD)
    write("a.json", b"{}")
    assert str(hub.locate("test")) == snapshot()
    assert hub.is_here("test")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            errors.GatedRepoError("x", response=response(403)),
            "accept its licence at .*hf auth login",
        ),
        (errors.RevisionNotFoundError("x", response=response()), "is gone from the hub: update"),
        (errors.RepositoryNotFoundError("x", response=response()), "from the hub, or private"),
        (errors.RemoteEntryNotFoundError("x", response=response()), "lacks a file"),
        (errors.LocalEntryNotFoundError("x"), "can't be reached.*check the network"),
        (httpx.ConnectError("x"), "can't be reached"),
        (httpx.ReadTimeout("x"), "can't be reached"),
        (errors.HfHubHTTPError("x", response=response(500)), "answered with an error"),
        (OSError(errno.ENOSPC, "No space left"), "the disk is full.*HF_HOME"),
    ],
)
def test_every_failure_has_its_message(model, monkeypatch, error, message):
    failing(monkeypatch, error)
    with pytest.raises(HubError, match=message) as caught:
        hub.fetch("test", lambda text: None)
    assert "\n" not in str(caught.value)


def test_other_errors_are_not_hidden(model, monkeypatch):
    failing(monkeypatch, KeyError("a bug"))
    with pytest.raises(KeyError):
        hub.fetch("test", lambda text: None)


def test_space_is_looked_at_before(model, monkeypatch):
    serving(monkeypatch, size=10**18)
    with pytest.raises(HubError, match="needs 1000000000.0 GB and .* are free: make room"):
        hub.fetch("test", lambda text: None)


def test_the_hub_switched_off(model, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE=0"):
        hub.fetch("test", lambda text: None)


def test_a_download_asks_for_the_pinned_files_only(model, monkeypatch):
    asked, said = serving(monkeypatch), []
    assert str(hub.fetch("test", said.append)) == snapshot()
    assert asked[0] == asked[1]
    assert asked[0]["revision"] == COMMIT
    assert asked[0]["allow_patterns"] == [FILE, "a.json"]
    assert "MIT" in said[0]


def test_checksums_and_commits_are_held(model, monkeypatch):
    serving(monkeypatch)
    bad = replace(model, files=(hub.HubFile(FILE, len(GOOD), "0" * 64),))
    monkeypatch.setitem(hub.MODELS, "test", bad)
    with pytest.raises(HubError, match="checksum differs"):
        hub.fetch("test", lambda text: None)
    monkeypatch.setitem(hub.MODELS, "test", replace(model, revision="refs/pr/2", commit="bbbb"))
    with pytest.raises(HubError, match="is now commit aaaa.*not used"):
        hub.fetch("test", lambda text: None)


def test_names_of_sets_and_models():
    assert hub.wanted(["animatediff", "gligen", "wan"]) == ["sd15", "motion", "gligen", "wan"]
    with pytest.raises(InputError, match="no model 'sdxl': choose animatediff"):
        hub.wanted(["sdxl"])


def test_everything_is_pinned_and_safetensors_only():
    for model in hub.MODELS.values():
        assert re.fullmatch("[0-9a-f]{40}", model.revision) or model.commit
        assert not [f.path for f in model.files if f.path.endswith((".bin", ".ckpt", ".pt"))]
        assert all(re.fullmatch("[0-9a-f]{64}", f.sha256) for f in model.files if f.sha256)
        assert model.licence


def test_the_command_fails_with_one_line(model, monkeypatch, capsys):
    failing(monkeypatch, httpx.ConnectError("x"))
    assert cli.main(["fetch", "test"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: the hub can't be reached")
    assert cli.main(["fetch", "nothing"]) == 2
