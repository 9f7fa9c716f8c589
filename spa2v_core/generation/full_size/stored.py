"""How the weights of a transformer are read: as they are, in 8 bits, or of a GGUF file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ...errors import BackendError
from .card import Keep
from .parts import Parts

MISSING = "need {}: pip install -r requirements-quantized.txt"


def check_stored(parts: Parts, folder: Path, gguf: Path | None) -> None:
    """BackendError that names each missing part; a GGUF file is in place of the transformer's."""
    check_gguf(gguf)
    parts.check(folder, ("transformer",) if gguf else ())


def check_gguf(path: Path | None) -> None:
    """BackendError if what is given is no GGUF file."""
    if path is None:
        return
    try:
        with path.open("rb") as file:
            begins = file.read(4)
    except OSError:
        begins = b""
    if begins != b"GGUF":
        raise BackendError(f"{path.name} is no GGUF file: give one of this model's transformer")


def read_transformer(cls: Any, folder: Path, dtype: torch.dtype, keep: Keep) -> Any:
    """A transformer of a class of diffusers, its configuration in `folder`, its weights there too
    or in the GGUF file; computed with in `dtype`.

    Raises
    ------
    BackendError
        a library is missing that these weights need, or a GGUF file is damaged or another model's.
    """
    if keep.gguf is not None:
        return _from_gguf(cls, folder, dtype, keep.gguf)
    more = {"quantization_config": _int8_config()} if keep.weights_in == "int8" else {}
    return cls.from_pretrained(
        folder, use_safetensors=True, local_files_only=True, torch_dtype=dtype, **more
    ).eval()


def _from_gguf(cls: Any, folder: Path, dtype: torch.dtype, path: Path) -> Any:
    config = _gguf_config(dtype)
    try:
        return cls.from_single_file(
            str(path),
            config=str(folder),
            quantization_config=config,
            torch_dtype=dtype,
            local_files_only=True,
        ).eval()
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise BackendError(
            f"{path.name} can't be loaded ({type(error).__name__}): give a GGUF file of this "
            "model's transformer"
        ) from error


def _int8_config() -> Any:
    try:
        from torchao.quantization import Int8WeightOnlyConfig
    except ImportError as error:
        said = MISSING.format("torchao")
        raise BackendError(f"weights in int8 {said}, or choose --weights-in fp8") from error
    from diffusers import TorchAoConfig

    return TorchAoConfig(Int8WeightOnlyConfig())


def _gguf_config(dtype: torch.dtype) -> Any:
    try:
        import accelerate  # noqa: F401 (diffusers reads the file with both)
        import gguf  # noqa: F401
    except ImportError as error:
        said = MISSING.format("gguf and accelerate")
        raise BackendError(f"weights of GGUF files {said}") from error
    from diffusers import GGUFQuantizationConfig

    return GGUFQuantizationConfig(compute_dtype=dtype)
