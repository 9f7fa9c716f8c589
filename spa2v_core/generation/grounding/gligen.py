"""GLIGEN grounding: boxes with phrases as extra tokens of gated self-attention layers.

Li et al., "GLIGEN: Open-Set Grounded Text-to-Image Generation", CVPR 2023,
https://arxiv.org/abs/2301.07093. The layers are trained on a frozen SD 1.4 and fit any model of its
kind; here they are grafted onto a motion UNet, with tokens of its own for every frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.attention import GatedSelfAttentionDense
from diffusers.models.embeddings import GLIGENTextBoundingboxProjection
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from ...errors import BackendError, InputError
from ..conditioning import FrameConditions
from .base import TextTools, as_tensor, spatial_blocks

#: Tokens that the layers were trained with; unused ones are null tokens, which count too.
MAX_OBJECTS = 30
_FUSER, _PROJECTION = ".fuser.", "position_net."


@dataclass(frozen=True)
class GligenState:
    """objs: (2F, MAX_OBJECTS, d) tokens, the unconditional half with null tokens only."""

    objs: torch.Tensor

    def switch(self, on: bool, kwargs: dict[str, Any]) -> None:
        if on:
            kwargs["gligen"] = {"objs": self.objs}


class GligenFuser(GatedSelfAttentionDense):
    """The stock layer, for guided batches (2F rows) and for conditional ones alone (F rows)."""

    def forward(self, x: torch.Tensor, objs: torch.Tensor) -> torch.Tensor:
        """(B, N, d) hidden states grounded by the last B rows of (2F, K, d) objects."""
        return super().forward(x, objs[-x.shape[0] :])


class GligenGrounding(nn.Module):
    """The projection of boxes to tokens and one fuser per spatial transformer block.

    Parameters
    ----------
    blocks
        name of each block -> (channels, text channels, heads, channels of a head).
    text_dim
        size of a phrase's pooled embedding, which is also a token's size.
    """

    def __init__(self, blocks: dict[str, tuple[int, int, int, int]], text_dim: int) -> None:
        super().__init__()
        self.position_net = GLIGENTextBoundingboxProjection(text_dim, text_dim)
        self.fusers = nn.ModuleDict(
            {name.replace(".", "-"): GligenFuser(*sizes) for name, sizes in blocks.items()}
        )

    @classmethod
    def for_unet(cls, unet: nn.Module) -> GligenGrounding:
        """New layers that fit `unet`; their gates are closed (they change nothing)."""
        blocks = {
            name: (
                block.attn1.query_dim,
                block.attn2.cross_attention_dim,
                block.attn1.heads,
                block.attn1.inner_dim // block.attn1.heads,
            )
            for name, block in spatial_blocks(unet)
        }
        if not blocks:
            raise ValueError("GLIGEN needs a UNet with spatial transformer blocks")
        return cls(blocks, next(iter(blocks.values()))[1])

    def graft(self, unet: nn.Module) -> None:
        blocks = dict(spatial_blocks(unet))
        if {name.replace("-", ".") for name in self.fusers} != set(blocks):
            raise ValueError("these GLIGEN layers were made for another UNet")
        for name, block in blocks.items():
            block.fuser = self.fusers[name.replace(".", "-")]

    @torch.no_grad()
    def prepare(
        self,
        conditions: FrameConditions,
        text: TextTools,
        latent_hw: tuple[int, int],  # noqa: ARG002 - tokens have no place in the picture
    ) -> GligenState:
        frames, count = conditions.present.shape
        if count > MAX_OBJECTS:
            raise InputError(f"GLIGEN takes at most {MAX_OBJECTS} objects, not {count}")
        phrases = text.pooled(conditions.phrases)
        net = self.position_net
        kept_dtype = next(net.parameters()).dtype
        net.float()  # the Fourier features of boxes need fp32
        boxes = torch.zeros(2 * frames, MAX_OBJECTS, 4, device=phrases.device)
        masks = torch.zeros(2 * frames, MAX_OBJECTS, device=phrases.device)
        named = torch.zeros(2 * frames, MAX_OBJECTS, phrases.shape[-1], device=phrases.device)
        boxes[frames:, :count] = as_tensor(conditions.boxes, phrases).clamp(0, 1)
        masks[frames:, :count] = as_tensor(conditions.present, phrases)
        named[frames:, :count] = phrases.float()
        objs = net(boxes, masks, positive_embeddings=named).to(kept_dtype)
        net.to(kept_dtype)
        return GligenState(objs)

    # ---- files -----------------------------------------------------------------------------

    def tensors(self) -> dict[str, torch.Tensor]:
        """The weights under the names that a gated UNet of diffusers gives them."""
        named = {}
        for key, tensor in self.state_dict().items():
            if key.startswith("fusers."):
                _, block, rest = key.split(".", 2)
                key = f"{block.replace('-', '.')}{_FUSER}{rest}"
            named[key] = tensor
        return named

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {key: tensor.contiguous() for key, tensor in self.tensors().items()}
        save_file(tensors, folder / "gligen.safetensors", {"format": "pt"})

    def load(self, folder: Path) -> None:
        """Read the weights from a gated UNet's safetensors file in `folder` or `folder`/unet.

        Only the grounding's tensors are read; the rest of that UNet is never loaded.
        """
        path = weights_file(folder)
        wanted = self.tensors()
        try:
            with safe_open(path, framework="pt") as file:
                there = {key for key in file.keys() if _FUSER in key or _PROJECTION in key}  # noqa: SIM118
                missing = sorted(set(wanted) - there)
                if missing:
                    raise BackendError(
                        f"{path.name} is no complete GLIGEN checkpoint for this base: "
                        f"{len(missing)} of {len(wanted)} tensors are missing, such as {missing[0]}"
                    )
                for key, tensor in wanted.items():
                    found = file.get_tensor(key)
                    if found.shape != tensor.shape:
                        raise BackendError(
                            f"{path.name} does not fit this base: {key} is "
                            f"{list(found.shape)}, not {list(tensor.shape)}"
                        )
                    tensor.copy_(found)  # shares its memory with the module's
        except SafetensorError as error:
            raise BackendError(f"{path.name} can't be read: download it again") from error


def weights_file(folder: Path) -> Path:
    """The safetensors file of a grounding folder (fp16 preferred); BackendError without one."""
    places = [folder, folder / "unet"]
    found = sorted(path for place in places for path in place.glob("*.safetensors"))
    if not found:
        pickles = [
            path for place in places for path in (*place.glob("*.bin"), *place.glob("*.ckpt"))
        ]
        hint = " (it holds a pickle; only safetensors are read)" if pickles else ""
        raise BackendError(
            f"there are no GLIGEN weights in {folder.name}/{hint}: get them with "
            "`python -m spa2v_core fetch gligen`"
        )
    return next((path for path in found if ".fp16." in path.name), found[0])
