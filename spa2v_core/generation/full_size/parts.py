"""Models as diffusers saves them, a folder a part: where they are, whether they are whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from ... import hub
from ...errors import BackendError
from ..registry import Settled


@dataclass(frozen=True)
class Parts:
    """What a folder of a model holds.

    Attributes
    ----------
    who
        what they are called in messages ("Wan").
    repo
        an example of where they come from.
    weights
        folders with a configuration and safetensors.
    others
        folders without weights.
    """

    who: str
    repo: str
    weights: tuple[str, ...]
    others: tuple[str, ...] = ("tokenizer", "scheduler")

    def check(self, folder: Path, elsewhere: tuple[str, ...] = ()) -> None:
        """BackendError that names each missing part; of those whose weights are elsewhere only the
        configuration is needed."""
        missing = [f"{p}/" for p in (*self.weights, *self.others) if not (folder / p).is_dir()]
        for part in self.weights:
            if (folder / part).is_dir():
                missing += _missing_weights(folder / part, part in elsewhere)
        if missing:
            raise BackendError(
                f"{self.who}'s weights are not complete in {folder}: {', '.join(missing)} missing. "
                f"Give the folder of a whole download, such as {self.repo}"
            )

    @contextmanager
    def loading(self, folder: Path) -> Iterator[None]:
        """BackendError, in one line, for whatever the libraries say of broken weights."""
        try:
            yield
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
            raise BackendError(
                f"{self.who}'s weights in {folder} can't be loaded ({type(error).__name__}): "
                "download them again"
            ) from error


def weights_folder(settled: Settled) -> Path:
    """Where the weights of a request are: what it names, else the pinned ones.

    Raises
    ------
    BackendError
        they must be named; HubError if the pinned ones are not here.
    """
    if settled.options.weights:
        return settled.options.weights
    spec = settled.spec
    if not spec.weights:
        raise BackendError(
            f"{spec.label} needs a folder of weights: get one with `{spec.download}` and give it "
            "as --weights DIR"
        )
    return hub.locate(spec.weights[0])


def read_json(path: Path) -> dict[str, Any]:
    """A configuration; BackendError if it is broken."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BackendError(f"{path} is broken: download it again") from error


def _missing_weights(part: Path, elsewhere: bool) -> list[str]:
    """Files that a part lacks: its configuration, or any of its safetensors."""
    needed = ["config.json"]
    if elsewhere:
        return [f"{part.name}/{name}" for name in needed if not (part / name).is_file()]
    for index in part.glob("*.safetensors.index.json"):
        try:
            needed += sorted(set(read_json(index)["weight_map"].values()))
        except (KeyError, AttributeError, TypeError) as error:
            raise BackendError(f"{index} is broken: download it again") from error
    missing = [f"{part.name}/{name}" for name in needed if not (part / name).is_file()]
    if len(needed) == 1 and not any(part.glob("*.safetensors")):
        missing.append(f"{part.name}/*.safetensors")
    return missing
