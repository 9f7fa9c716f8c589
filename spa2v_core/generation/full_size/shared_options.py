"""Options that several backends of large models take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ...layout.picture import SHAPES
from ...options import option
from ..base import RenderOptions
from ..hardware import Memory, WeightsIn


def memory_option() -> Any:
    """The field `memory`, a `hardware.Memory`."""
    return option(
        "auto",
        help="how the graphics memory is used",
        label="Graphics memory",
        choices={"auto": "Automatic", "full": "All on the card", "low": "Low"},
    )


def compile_option() -> Any:
    """The field `compile`, a switch."""
    return option(
        False,
        help="compile the model: slow to start, then faster",
        label="Compile (the first render takes minutes more)",
    )


@dataclass(frozen=True)
class FlowOptions(RenderOptions):
    """Of a model of rectified flow: Time-to-Move's clocks, the picture's shape, the card."""

    inside_share: float | None = option(
        None,
        low=0,
        high=1,
        help="share of the steps that a draft is held inside the boxes (time-to-move)",
        label="Draft held inside the boxes (share)",
    )
    outside_share: float | None = option(
        None,
        low=0,
        high=1,
        help="share of the steps that a draft is held outside the boxes (time-to-move)",
        label="Draft held outside (share)",
    )
    aspect: Literal["layout", "8:5", "16:9", "9:16", "1:1"] = option(
        "layout",
        help="width to height of the video; the boxes keep their places in it",
        label="Width to height",
        choices={"layout": "As the layout", **{shape: shape for shape in SHAPES}},
    )
    memory: Memory = memory_option()
    weights_in: WeightsIn = option(
        "auto",
        help="how the weights of the transformers are stored",
        label="Weights stored in",
        choices={
            "auto": "Automatic",
            "16": "16 bits",
            "fp8": "8 bits (fp8)",
            "int8": "8 bits (int8, by torchao)",
        },
    )
    compile: bool = compile_option()
    gguf: Path | None = option(
        None,
        help="a GGUF file of the transformer's weights, in place of the folder's",
        label="Transformer as GGUF",
        metavar="FILE",
        of_this_machine=True,
    )


@dataclass(frozen=True)
class ShownOptions(FlowOptions):
    """Of one that is shown a control video and a first frame."""

    control_strength: float | None = option(
        None, low=0, high=2, help="how much the control video says", label="Control strength"
    )
    start_picture: Path | None = option(
        None,
        help="the first frame",
        label="First frame",
        metavar="FILE",
        of_this_machine=True,
        upload="picture",
    )
