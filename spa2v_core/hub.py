"""Pinned models of the hub: what is used, at which revision, under which licence.

Nothing is downloaded on the side: `fetch` (the command of that name) does it, `locate` only looks
into the hub's cache on this machine. Each failure has one message that says what and what to do.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import HubError, InputError


@dataclass(frozen=True)
class HubFile:
    """A file of a repository; bytes 0 and sha256 "" where they are not known beforehand."""

    path: str
    bytes: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class HubModel:
    """A pinned model.

    Attributes
    ----------
    revision
        full commit, or a reference whose commit must start with `commit`.
    purpose
        what it is for, one line.
    licence
        as its page says.
    """

    repo: str
    revision: str
    purpose: str
    licence: str
    files: tuple[HubFile, ...]
    commit: str = ""

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    @property
    def url(self) -> str:
        return f"https://huggingface.co/{self.repo}"


def _plain(*paths: str) -> tuple[HubFile, ...]:
    return tuple(HubFile(path) for path in paths)


_OPENRAIL = "CreativeML Open RAIL-M"
_SD15 = HubModel(
    "stable-diffusion-v1-5/stable-diffusion-v1-5",
    "451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
    "base: Stable Diffusion 1.5",
    _OPENRAIL,
    (
        HubFile(
            "unet/diffusion_pytorch_model.fp16.safetensors",
            1_719_125_304,
            "c83908253f9a64d08c25fc90874c9c8aef9a329ce1ca5fb909d73b0c83d1ea21",
        ),
        HubFile(
            "text_encoder/model.fp16.safetensors",
            246_144_864,
            "77795e2023adcf39bc29a884661950380bd093cf0750a966d473d1718dc9ef4e",
        ),
        HubFile(
            "vae/diffusion_pytorch_model.fp16.safetensors",
            167_335_342,
            "4fbcf0ebe55a0984f5a5e00d8c4521d52359af7229bb4d81890039d2aa16dd7c",
        ),
        *_plain(
            "unet/config.json",
            "text_encoder/config.json",
            "vae/config.json",
            "scheduler/scheduler_config.json",
            "tokenizer/vocab.json",
            "tokenizer/merges.txt",
            "tokenizer/special_tokens_map.json",
            "tokenizer/tokenizer_config.json",
            "model_index.json",
        ),
    ),
)
_MOTION = HubModel(
    "guoyww/animatediff-motion-adapter-v1-5-3",
    "2e8139b1d1269fd8a21deb96ad19455e187692eb",
    "motion: AnimateDiff v3",
    "not stated on its page (the authors' repository is Apache-2.0)",
    (
        HubFile(
            "diffusion_pytorch_model.safetensors",
            0,
            "aafc03722c0c50000d83852bd308d23743bfa36abd408eda4d66b9d67fa94db2",
        ),
        *_plain("config.json"),
    ),
)
# `main` of this repository holds pickles only, and an earlier commit's "safetensors" lack the gated
# layers; the conversion in this pull request holds them.
_GLIGEN = HubModel(
    "masterful/gligen-1-4-generation-text-box",
    "refs/pr/2",
    "grounding: GLIGEN",
    _OPENRAIL,
    _plain("unet/diffusion_pytorch_model.fp16.safetensors", "unet/config.json"),
    commit="29be6c8",
)
_LIGHTNING = HubModel(
    "ByteDance/AnimateDiff-Lightning",
    "027c893eec01df7330f5d4b733bc9485ee02e8b2",
    "motion in 4 steps: AnimateDiff-Lightning",
    _OPENRAIL,
    (
        HubFile(
            "animatediff_lightning_4step_diffusers.safetensors",
            907_702_248,
            "8f3330914edd8fc2ee5659e6944323858feb0ec21cc913789202d043f69b5e17",
        ),
    ),
)
_LCM = HubModel(
    "wangfuyun/AnimateLCM",
    "3d4d00fc113225e1040f4d3bec504b6ec750c10c",
    "motion in few steps: AnimateLCM",
    "not stated on its page",
    (
        HubFile(
            "diffusion_pytorch_model.fp16.safetensors",
            0,
            "1997997a982432f5fb79d1d002259ef37ac3212db9f0361f00b104153e68cd6a",
        ),
        HubFile(
            "AnimateLCM_sd15_t2v_lora.safetensors",
            134_621_556,
            "8f90d840e075ff588a58e22c6586e2ae9a6f7922996ee6649a7f01072333afe4",
        ),
        *_plain("config.json"),
    ),
)
_WAN = HubModel(
    "Wan-AI/Wan2.1-T2V-1.3B-Diffusers",
    "0fad780a534b6463e45facd96134c9f345acfa5b",
    "Wan 2.1, 1.3 B",
    "Apache-2.0",
    (
        *(
            HubFile(f"text_encoder/model-0000{k}-of-00005.safetensors", size)
            for k, size in enumerate(
                (4972389712, 4899225672, 4966309504, 4999880704, 2885866152), start=1
            )
        ),
        HubFile("transformer/diffusion_pytorch_model-00001-of-00002.safetensors", 4998781576),
        HubFile("transformer/diffusion_pytorch_model-00002-of-00002.safetensors", 677289072),
        HubFile(
            "vae/diffusion_pytorch_model.safetensors",
            507591892,
            "d6e524b3fffede1787a74e81b30976dce5400c4439ba64222168e607ed19e793",
        ),
        *_plain(
            "model_index.json",
            "scheduler/scheduler_config.json",
            "text_encoder/config.json",
            "text_encoder/model.safetensors.index.json",
            "transformer/config.json",
            "transformer/diffusion_pytorch_model.safetensors.index.json",
            "vae/config.json",
            "tokenizer/special_tokens_map.json",
            "tokenizer/spiece.model",
            "tokenizer/tokenizer.json",
            "tokenizer/tokenizer_config.json",
        ),
    ),
)
# `main` holds a pickle; this commit is its conversion.
_CLAP = HubModel(
    "laion/clap-htsat-unfused",
    "79b58ed25fc00386262a2bea4b19fd21dc4310a0",
    "names sounds: CLAP",
    "Apache-2.0",
    _plain(
        "model.safetensors",
        "config.json",
        "merges.txt",
        "preprocessor_config.json",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.json",
    ),
)

MODELS: dict[str, HubModel] = {
    "sd15": _SD15,
    "motion": _MOTION,
    "gligen": _GLIGEN,
    "lightning": _LIGHTNING,
    "animatelcm": _LCM,
    "wan": _WAN,
    "clap": _CLAP,
}
#: What one fetches together: name -> keys of `MODELS`.
SETS: dict[str, tuple[str, ...]] = {
    "animatediff": ("sd15", "motion", "gligen"),
    "animatediff-fast": ("sd15", "lightning", "gligen"),
    "animatediff-lcm": ("sd15", "animatelcm", "gligen"),
}


def wanted(names: list[str]) -> list[str]:
    """Keys of `MODELS` for names of models and sets; InputError for another name."""
    keys: list[str] = []
    for name in names:
        if name not in MODELS and name not in SETS:
            raise InputError(f"there is no model '{name}': choose {', '.join([*SETS, *MODELS])}")
        keys += SETS.get(name, (name,))
    return list(dict.fromkeys(keys))


def command(key: str) -> str:
    return f"python -m spa2v_core fetch {key}"


def locate(key: str) -> Path:
    """Folder of a pinned model in the hub's cache; HubError if it is not whole there."""
    model = MODELS[key]
    found = {file.path: cached(model.repo, file.path, model.revision) for file in model.files}
    missing = [path for path, there in found.items() if there is None]
    if len(missing) == len(found):
        raise HubError(
            f"{model.repo} ({model.purpose}{_size(model.bytes)}) is not on this machine: get it "
            f"with `{command(key)}`"
        )
    if missing:
        raise HubError(
            f"{model.repo} is only half downloaded ({missing[0]} is missing): go on with "
            f"`{command(key)}`"
        )
    for file in model.files:
        check_file(found[file.path], file, command(key))  # type: ignore[arg-type]
    first = model.files[0].path
    return Path(str(found[first])[: -len(first)])


def cached(repo: str, path: str, revision: str) -> Path | None:
    """Where the hub's cache holds a file, None if it doesn't."""
    from huggingface_hub import try_to_load_from_cache

    there = try_to_load_from_cache(repo, path, revision=revision)
    return Path(there) if isinstance(there, str) else None


def is_here(key: str) -> bool:
    """Whether every file of a model is in the cache (their content is not looked at)."""
    model = MODELS[key]
    return all(cached(model.repo, file.path, model.revision) for file in model.files)


def check_file(path: Path, file: HubFile, remedy: str) -> None:
    """HubError if a file is not of the size or kind that it should be."""
    size = path.stat().st_size
    if file.bytes and size != file.bytes:
        raise HubError(
            f"{path.name} has {size:,} bytes, not {file.bytes:,}: it was not downloaded whole. "
            f"Delete it and run `{remedy}`"
        )
    if path.suffix == ".safetensors" and not looks_like_safetensors(path):
        raise HubError(
            f"{path.name} is not a safetensors file (a web page or a pickle, perhaps): delete it "
            f"and run `{remedy}`"
        )


def looks_like_safetensors(path: Path) -> bool:
    """By its header: 8 bytes of length, then as many of JSON."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return 2 <= length <= path.stat().st_size - 8 and file.read(1) == b"{"


def fetch(key: str, say: Callable[[str], None]) -> Path:
    """Download a pinned model into the hub's cache, or what is missing of it; its folder."""
    from huggingface_hub import constants, snapshot_download

    model = MODELS[key]
    say(f"{model.repo}: {model.purpose}, licence: {model.licence} ({model.url})")
    if constants.HF_HUB_OFFLINE:
        raise HubError("the hub is switched off (HF_HUB_OFFLINE): set HF_HUB_OFFLINE=0 and repeat")
    given: dict[str, Any] = {
        "repo_id": model.repo,
        "revision": model.revision,
        "allow_patterns": [file.path for file in model.files],
    }
    with _hub_errors(model):
        todo = snapshot_download(**given, dry_run=True)
    needed = sum(info.file_size or 0 for info in todo if info.will_download)
    _check_space(Path(constants.HF_HUB_CACHE), needed, model)
    say(f"downloading {needed / 1e9:.2f} GB" if needed else "everything is here")
    with _hub_errors(model):
        folder = Path(snapshot_download(**given))
    if model.commit and not folder.name.startswith(model.commit):
        raise HubError(
            f"{model.repo} {model.revision} is now commit {folder.name[:12]}, not {model.commit}: "
            "it was changed and is not used. Please report it"
        )
    for file in model.files:
        check_file(folder / file.path, file, command(key))
        if file.sha256 and _sha256(folder / file.path) != file.sha256:
            raise HubError(
                f"{file.path} is damaged (its checksum differs): delete it and run `{command(key)}`"
            )
    return folder


def _check_space(cache: Path, needed: int, model: HubModel) -> None:
    place = next(parent for parent in (cache, *cache.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    if needed > free * 0.98:
        raise HubError(
            f"{model.repo} needs {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free: make "
            "room, or set HF_HOME to a larger disk"
        )


@contextmanager
def _hub_errors(model: HubModel) -> Iterator[None]:
    """Turns the hub's errors into one message each."""
    try:
        yield
    except Exception as error:
        text = _explain(error, model)
        if not text:
            raise
        raise HubError(text) from error


def _explain(error: Exception, model: HubModel) -> str:
    """The message for an error of the hub's client, "" if it is none of its."""
    from huggingface_hub import errors as hub

    where = f"{model.repo} at {model.revision[:12]}"
    retry = "try again later"
    if isinstance(error, hub.GatedRepoError):
        return (
            f"{model.repo} asks for consent: accept its licence at {model.url}, then "
            "`hf auth login`, and repeat"
        )
    if isinstance(error, hub.RevisionNotFoundError):
        return f"{where} is gone from the hub: update this program, or give a folder (--weights)"
    if isinstance(error, hub.RepositoryNotFoundError):
        return f"{model.repo} is gone from the hub, or private: give a folder (--weights)"
    if isinstance(error, hub.EntryNotFoundError) and not isinstance(
        error, hub.LocalEntryNotFoundError
    ):
        return f"{where} lacks a file that is needed: update this program"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "the disk is full: make room, or set HF_HOME to a larger disk, and repeat"
    if isinstance(error, hub.HfHubHTTPError):
        return f"the hub answered with an error for {where}: {retry}"
    if isinstance(error, (hub.LocalEntryNotFoundError, ConnectionError, TimeoutError)) or (
        type(error).__module__.split(".")[0] in ("httpx", "httpcore", "requests")
    ):
        return f"the hub can't be reached for {where}: check the network, or {retry}"
    return ""


def _size(count: int) -> str:
    return f", {count / 1e9:.1f} GB" if count else ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
