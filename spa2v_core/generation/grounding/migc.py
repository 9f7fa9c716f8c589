"""MIGC instance grounding for a motion UNet (Zhou et al., CVPR 2024, arXiv 2402.05408).

In four cross-attention layers of an SD 1.x UNet each object of a frame is drawn from its own
phrase inside its own box, and the results are shaded into one (`migc_layers`). The layers run on
all frames of a video at once, only in frames with objects and never on unconditional rows. The
weights are the authors' MIGC_SD14.ckpt, which the user supplies under its own licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.models.attention_processor import Attention
from torch import nn
from torch.nn import functional

from ...errors import BackendError, InputError
from ..conditioning import FrameConditions
from .base import TextTools, token_counts
from .migc_checkpoint import HOW, LAYERS, LICENCE, load_checked
from .migc_layers import MAX_OBJECTS, Level, MigcLayer, Scene, fourier_features

#: How often the latents are halved before the first of those layers (up_blocks.1; then mid_block).
HALVINGS = 2
#: Pixels of a latent cell, at which the authors draw their masks.
CELL = 8


class Slot:
    """Where the grafted layers find the scene of the current forward; empty is stock."""

    scene: Scene | None = None


@dataclass(frozen=True)
class MigcState:
    """A prepared video; `scene` is None if nobody is ever visible."""

    slot: Slot
    scene: Scene | None

    def switch(self, on: bool, kwargs: dict[str, Any]) -> None:  # noqa: ARG002
        """Ground the UNet's next forward, or leave it stock; `kwargs` stays as it is.

        Not passed as a cross-attention kwarg, of which every other layer would warn.
        """
        self.slot.scene = self.scene if on else None


class MigcProcessor(nn.Module):
    """Attention processor that grounds the last F rows (the conditional ones) of a layer."""

    def __init__(self, layer: MigcLayer, inner: Any, slot: Slot) -> None:
        super().__init__()
        self.layer, self.inner, self.slot = layer, inner, slot

    def forward(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """(B, N, d) attention of the stock processor, the last F rows with the instances put
        together."""
        stock = self.inner(attn, hidden_states, encoder_hidden_states, attention_mask, temb)
        scene = self.slot.scene
        if scene is None:
            return stock
        rows, tokens = hidden_states.shape[:2]
        if rows < scene.frames or tokens not in scene.levels:
            raise ValueError(
                f"grounding was prepared for {scene.frames} frames of {sorted(scene.levels)} "
                f"tokens, the layer has {rows} rows of {tokens}"
            )
        active = scene.active + rows - scene.frames
        x = hidden_states[active]
        phrases = scene.text[scene.object_of].to(x.dtype)
        instances = self.inner(attn, x[scene.frame_of], phrases)
        # Frames without objects and unconditional rows keep the stock result.
        grounded = stock.clone()
        grounded[active] = self.layer(x, stock[active], instances, scene, scene.levels[tokens])
        return grounded


class MigcGrounding(nn.Module):
    """MIGC's weights: one layer for each of `LAYERS`.

    Parameters
    ----------
    channels
        width of the four layers.
    text_dim
        width of the text states.
    heads
        attention heads of MIGC's own attentions.
    """

    def __init__(self, channels: int = 1280, text_dim: int = 768, heads: int = 8) -> None:
        super().__init__()
        self.channels, self.text_dim = channels, text_dim
        self.layers = nn.ModuleDict(
            {name.replace(".", "-"): MigcLayer(channels, text_dim, heads) for name in LAYERS}
        )
        self.slot = Slot()

    def graft(self, unet: nn.Module) -> None:
        """Put the layers onto the cross-attentions of `LAYERS`; ValueError if they don't fit."""
        attentions = {name: self._attention(unet, name) for name in LAYERS}
        for name, attn in attentions.items():
            inner = attn.processor
            inner = inner.inner if isinstance(inner, MigcProcessor) else inner
            attn.set_processor(MigcProcessor(self.layers[name.replace(".", "-")], inner, self.slot))
        # A scene holds for one forward: a cancelled render must not ground the next one.
        unet.register_forward_hook(self._clear, always_call=True)

    def _clear(self, *_: Any) -> None:
        self.slot.scene = None

    def _attention(self, unet: nn.Module, name: str) -> Attention:
        try:
            attn = unet.get_submodule(name)
        except AttributeError:
            raise ValueError(f"MIGC does not fit this UNet: it has no {name}") from None
        widths = (attn.to_q.in_features, attn.to_k.in_features)
        if widths != (self.channels, self.text_dim):
            raise ValueError(
                f"MIGC does not fit this UNet: {name} is {widths[0]} wide with text of "
                f"{widths[1]}, the grounding {self.channels} with {self.text_dim}"
            )
        return attn

    def prepare(
        self, conditions: FrameConditions, text: TextTools, latent_hw: tuple[int, int]
    ) -> MigcState:
        """State of a video whose latents are `latent_hw`."""
        count = len(conditions.phrases)
        if count > MAX_OBJECTS:
            raise InputError(
                f"MIGC grounds up to {MAX_OBJECTS} objects, the layout has {count}: "
                "delete some or choose another grounding"
            )
        boxes = np.clip(conditions.boxes, 0, 1)
        edges = pixel_edges(boxes, latent_hw)
        visible = conditions.present & (edges[..., 2:] > edges[..., :2]).all(-1)
        if not visible.any():
            return MigcState(self.slot, None)
        device = next(self.parameters()).device
        frames, objects = torch.as_tensor(np.argwhere(visible), device=device).T
        active, frame_of = torch.unique(frames, return_inverse=True)
        shown = [edges[k][visible[k]] for k in active.tolist()]
        levels = {hw[0] * hw[1]: level(shown, latent_hw, hw, device) for hw in sizes(latent_hw)}
        scene = Scene(
            len(boxes),
            active,
            frame_of,
            objects,
            text.hidden(conditions.phrases).to(device),
            text.pooled(conditions.phrases).to(device),
            fourier_features(torch.as_tensor(boxes[visible], dtype=torch.float32, device=device)),
            levels,
        )
        return MigcState(self.slot, scene)

    def load(self, path: str | Path, *, accepted: bool = False) -> None:
        """Load the user's checkpoint (.ckpt, or .safetensors with the same keys), all or nothing.

        `accepted` is the user's word that `LICENCE` is kept.
        """
        if not accepted:
            raise BackendError(f"{LICENCE} {HOW}")
        self.load_state_dict(load_checked(Path(path), self.state_dict()))


def sizes(latent_hw: tuple[int, int]) -> list[tuple[int, int]]:
    """Height and width in tokens at the grounded layers; odd sizes are halved upwards."""
    return token_counts(latent_hw, HALVINGS + 2)[HALVINGS:]


def pixel_edges(boxes: np.ndarray, latent_hw: tuple[int, int]) -> np.ndarray:
    """(F, K, 4) first and past-the-last pixel, x1 y1 x2 y2, of clipped boxes in 0..1."""
    height, width = (CELL * side for side in latent_hw)
    return np.floor(boxes * [width, height, width, height]).astype(int)


def level(
    shown: list[np.ndarray], latent_hw: tuple[int, int], hw: tuple[int, int], device: torch.device
) -> Level:
    """Masks at `hw` of the visible objects (k, 4 pixel edges) of each active frame.

    As the authors do, boxes are drawn in pixels and sampled, not averaged, down to the latents
    and from there to the layer: the shading was trained on masks that are almost binary.
    """
    inside, background, together = [], [], []
    for edges in shown:
        drawn = draw(edges, latent_hw)
        drawn = torch.cat([drawn, 1 - drawn.amax(0, keepdim=True)])[None]
        for size in (latent_hw, hw):
            drawn = functional.interpolate(drawn, size, mode="bilinear")
        masks = drawn[0].flatten(1)
        inside.append(masks[:-1])
        background.append(masks[-1])
        touched = (masks > 0).float()
        together.append((touched.T @ touched > 0)[None])
    return Level(
        hw,
        torch.cat(inside).to(device),
        torch.stack(background).to(device),
        torch.stack(together).to(device),
    )


def draw(edges: np.ndarray, latent_hw: tuple[int, int]) -> torch.Tensor:
    """(k, 8h, 8w) 1 inside boxes of pixel edges (k, 4), else 0."""
    x1, y1, x2, y2 = torch.as_tensor(edges)[..., None].unbind(1)
    rows, columns = (torch.arange(CELL * side) for side in latent_hw)
    down = (rows >= y1) & (rows < y2)
    across = (columns >= x1) & (columns < x2)
    return (down[:, :, None] & across[:, None]).float()
