"""Where the parts of the full-size model come from: a folder of the user's, or the hub's cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .... import hub
from ....errors import BackendError, InputError
from ...grounding import migc_checkpoint
from ...spec import FewStep
from .options import AnimateDiffOptions


@dataclass(frozen=True)
class Sources:
    """Folders (or files) of the parts.

    Attributes
    ----------
    base
        folder in diffusers' format.
    motion
        folder, or a .safetensors file.
    loras
        files and their scales, merged into the base.
    gligen
        folder with its weights.
    migc
        its checkpoint, accepted: as its licence asks. What is not used may be missing.
    """

    base: Path
    motion: Path
    gligen: Path = Path()
    migc: Path = Path()
    accepted: bool = False
    loras: tuple[tuple[Path, float], ...] = ()


def find_sources(options: AnimateDiffOptions, kinds: tuple[str, ...], few_step: FewStep) -> Sources:
    """Sources for a render; an error says which part is missing and how to get it."""
    weights = options.weights
    if weights is not None and not weights.is_dir():
        raise InputError(f"there is no folder {weights}")
    if "migc" in kinds and not (options.migc and options.accept_noncommercial):
        raise BackendError(f"{migc_checkpoint.LICENCE} {migc_checkpoint.HOW}")
    return Sources(
        _base(options),
        _motion(options, few_step),
        _gligen(weights) if "gligen" in kinds else Path(),
        options.migc or Path(),
        options.accept_noncommercial,
        (*_few_step_lora(options, few_step), *_lora(options.lora)),
    )


def _base(options: AnimateDiffOptions) -> Path:
    if options.base:
        return _folder_or_hub(options.base, "base")
    if options.weights is not None:
        return _inside(options.weights, "base")
    return hub.locate("sd15")


def _motion(options: AnimateDiffOptions, few_step: FewStep) -> Path:
    if options.motion:
        path = Path(options.motion)
        return path if path.is_file() else _folder_or_hub(options.motion, "motion")
    if options.weights is not None:
        return _inside(options.weights, "motion")
    if few_step == "lightning":
        return hub.locate("lightning") / hub.MODELS["lightning"].files[0].path
    if few_step == "lcm":
        return hub.locate("animatelcm")
    return hub.locate("motion")


def _gligen(weights: Path | None) -> Path:
    return hub.locate("gligen") if weights is None else _inside(weights, "grounding")


def _inside(weights: Path, part: str) -> Path:
    folder = weights / part
    if not folder.is_dir():
        raise BackendError(
            f"{weights}/ has no folder {part}/: it must hold base/, motion/ and grounding/ (the "
            "last is not needed with another grounding than gligen)"
        )
    return folder


def _folder_or_hub(name: str, what: str) -> Path:
    """A folder, or a hub id whose snapshot is in the cache."""
    if Path(name).is_dir():
        return Path(name)
    if Path(name).suffix or name.count("/") != 1:
        raise InputError(
            f"--{what} {name}: give a folder in diffusers' format, or a hub id such as owner/name"
        )
    from huggingface_hub import errors, snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (errors.LocalEntryNotFoundError, errors.IncompleteSnapshotError, ValueError) as error:
        raise BackendError(
            f"{name} is not on this machine: get it with `hf download {name}`"
        ) from error


def _few_step_lora(options: AnimateDiffOptions, few_step: FewStep) -> list[tuple[Path, float]]:
    """AnimateLCM's motion modules come with a LoRA for the base (0.8 by its authors)."""
    if few_step != "lcm" or options.weights is not None or options.motion:
        return []
    return [(hub.locate("animatelcm") / hub.MODELS["animatelcm"].files[1].path, 0.8)]


def _lora(text: str) -> list[tuple[Path, float]]:
    """A LoRA's file and scale from "FILE" or "FILE:SCALE"."""
    if not text:
        return []
    name, _, scale = text.rpartition(":")
    try:
        path, value = (Path(name), float(scale)) if name else (Path(text), 1.0)
    except ValueError:  # a colon that belongs to the name
        path, value = Path(text), 1.0
    if path.suffix != ".safetensors" or not path.is_file():
        raise InputError(f"there is no LoRA {path}: give a .safetensors file")
    return [(path, value)]
