"""The authors' MIGC checkpoint: read without running its pickle, checked, renamed.

MIGC_SD14.ckpt numbers layers as the original Stable Diffusion does. The name of a tensor within
its layer is the same there and in `migc_layers`.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from ...errors import BackendError

LICENCE = (
    "The MIGC weights may be used for non-commercial research only; "
    "they do not come with this program: you supply the file under its authors' terms."
)
HOW = "Give it with --migc FILE and accept its terms with --accept-noncommercial."
SOURCE = "https://github.com/limuloo/MIGC"
#: The layers by their name in a diffusers UNet, with the checkpoint's block that holds them.
LAYERS = {
    "mid_block.attentions.0.transformer_blocks.0.attn2": "middle_block.1",
    "up_blocks.1.attentions.0.transformer_blocks.0.attn2": "output_blocks.3.1",
    "up_blocks.1.attentions.1.transformer_blocks.0.attn2": "output_blocks.4.1",
    "up_blocks.1.attentions.2.transformer_blocks.0.attn2": "output_blocks.5.1",
}
_KEY = re.compile(r"(?:^|\.)(middle_block|output_blocks\.\d+)\.(?:.*?\.)?migc\.(.+)$")


def load_checked(path: Path, expected: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors of a checkpoint by their name in `MigcGrounding`: exactly the `expected` ones.

    Anything else is a BackendError that says what is off.
    """
    given = dict(migc_tensors(read_tensors(path)))
    check(given, expected, path)
    return given


def read_tensors(path: Path) -> Mapping[str, Any]:
    """Contents of a checkpoint by key, without running any code that a pickle may carry."""
    if not path.is_file():
        raise BackendError(f"no MIGC weights at {path}: get MIGC_SD14.ckpt (219 MB) from {SOURCE}")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        data = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        wants = re.search(r"GLOBAL (\S+)", str(error))
        if isinstance(error, pickle.UnpicklingError) and wants:
            message = f"{path} is not loaded: its pickle may run code ({wants[1]})"
        else:
            message = f"{path} is not a checkpoint or is damaged"
        raise BackendError(f"{message}; get MIGC_SD14.ckpt from {SOURCE}") from error
    data = data.get("state_dict", data) if isinstance(data, Mapping) else data
    if not isinstance(data, Mapping):
        raise BackendError(f"{path} is not a checkpoint: it holds no tensors by name")
    return {str(key): value for key, value in data.items()}


def migc_tensors(tensors: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """MIGC's tensors of a checkpoint, by their name in `MigcGrounding`.

    Of a key only the number of the block and what follows "migc" count, as in the authors' own
    loader. A tensor of MIGC that has no place here keeps its key.
    """
    layers = {block.rpartition(".")[0]: name for name, block in LAYERS.items()}
    for key, tensor in tensors.items():
        found = _KEY.search(key)
        if found and found[1] in layers:
            yield parameter_name(layers[found[1]], found[2]), tensor
        elif "migc" in key.split("."):
            yield key, tensor


def parameter_name(layer: str, tail: str) -> str:
    """Name in `MigcGrounding` of a tensor of a layer."""
    return f"layers.{layer.replace('.', '-')}.{tail}"


def checkpoint_key(name: str) -> str:
    """The authors' key of a parameter of `MigcGrounding`."""
    _, layer, tail = name.split(".", 2)
    block = LAYERS[layer.replace("-", ".")]
    return f"model.diffusion_model.{block}.transformer_blocks.0.attn2.migc.{tail}"


def check(given: Mapping[str, Any], expected: Mapping[str, torch.Tensor], path: Path) -> None:
    """Every expected tensor at its shape and no other, else a BackendError."""
    missing = [name for name in expected if not isinstance(given.get(name), torch.Tensor)]
    if missing:
        raise BackendError(
            f"{path} is not a whole MIGC checkpoint: {len(missing)} of {len(expected)} tensors "
            f"are missing, such as {checkpoint_key(missing[0])}"
        )
    unknown = [name for name in given if name not in expected]
    if unknown:
        raise BackendError(
            f"{path} is of another version of MIGC: {len(unknown)} of its tensors have no place, "
            f"such as {unknown[0]}"
        )
    wrong = [name for name in expected if given[name].shape != expected[name].shape]
    if wrong:
        name = wrong[0]
        raise BackendError(
            f"{path} does not fit: {len(wrong)} of {len(expected)} tensors have another shape, "
            f"such as {checkpoint_key(name)}: {tuple(given[name].shape)}, "
            f"not {tuple(expected[name].shape)}"
        )
