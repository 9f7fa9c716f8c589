"""The cartoon world that the mini model is trained on: clips with exact layouts and captions.

`World.clips` composes views of things over scenes in batched torch (thousands of frames a second on
one GPU). Everything random comes from one seeded generator a world.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from ...vocabulary import SCENES
from .choreography import (
    CAPTION_TOKENS,
    FRAMES,
    MAX_OBJECTS,
    PHRASE_TOKENS,
    Backdrop,
    Choreographer,
    ClipPlan,
)
from .outdoors import ALONG, HEIGHT, WIDTH, draw_scene
from .toys.raster import rgb
from .toys.views import GAIN, SIZE, Views

#: Lights of a scene's backgrounds, in turn; halls have their own light, which is always the same.
LIGHT_ORDER = ("day", "night", "day", "dusk", "day")
HALLS = ("stage", "concert hall")


@dataclass
class Clips:
    """C clips of F frames with at most K objects, on the world's device.

    frames (C, F, 3, 160, 256) in 0..1; inside (C, F, 160, 256) 1 where a thing is drawn;
    boxes (C, F, K, 4); present (C, F, K); pose (C, F, K, POSE); phrases (C, K, 8) and captions
    (C, F, 32) token ids; plain (C, 32) the captions without a frame sentence.
    """

    frames: torch.Tensor
    inside: torch.Tensor
    boxes: torch.Tensor
    present: torch.Tensor
    pose: torch.Tensor
    phrases: torch.Tensor
    captions: torch.Tensor
    plain: torch.Tensor


def _draw(job: tuple[str, str, bool, int]) -> tuple[np.ndarray, Backdrop]:
    scene, light, along, seed = job
    drawn = draw_scene(scene, np.random.default_rng(seed), light, along)
    return drawn.picture, Backdrop(scene, light, drawn.ground, drawn.vanishing_x)


def _jobs(backgrounds: int, seed: int) -> list[tuple[str, str, bool, int]]:
    """(scene, light, along, seed) of every background: all scenes in turn, every other along."""
    jobs = []
    for k in range(backgrounds * len(SCENES)):
        scene, turn = list(SCENES)[k % len(SCENES)], k // len(SCENES)
        light = "day" if scene in HALLS else LIGHT_ORDER[turn % len(LIGHT_ORDER)]
        jobs.append((scene, light, scene in ALONG and turn % 2 == 1, seed * 100_003 + k))
    return jobs


class World:
    """Sampler of clips.

    Parameters
    ----------
    views
        of all things.
    tokenizer
        the mini tokenizer.
    device
        where frames are composed.
    backgrounds
        pictures drawn per scene.
    """

    def __init__(
        self, views: Views, tokenizer: Any, device: str, seed: int, backgrounds: int = 150
    ) -> None:
        self.views, self.tokenizer, self.device = views, tokenizer, device
        with ProcessPoolExecutor() as pool:
            drawn = list(pool.map(_draw, _jobs(backgrounds, seed), chunksize=32))
        self.backgrounds = torch.from_numpy(np.stack([d[0] for d in drawn])).to(device)
        self.backdrops = [d[1] for d in drawn]
        self.choreographer = Choreographer(views, self.backdrops, seed)
        self.pictures = torch.from_numpy(views.pictures).to(device)

    def clips(self, count: int) -> Clips:
        """Sample and draw `count` clips."""
        return self.draw([self.choreographer.plan() for _ in range(count)])

    def draw(self, plans: list[ClipPlan]) -> Clips:
        """The clips that were planned."""
        count = len(plans)
        actors = [plan.actors for plan in plans]
        boxes = self._tensor([[a.boxes for a in cast] for cast in actors]).transpose(1, 2)
        present = self._tensor([[a.present for a in cast] for cast in actors]).transpose(1, 2)
        poses = np.array([[a.pose for a in cast] for cast in actors])
        captions = self._tokens([text for p in plans for text in p.captions], CAPTION_TOKENS)
        plain = self._tokens([p.plain for p in plans], CAPTION_TOKENS)
        phrases = self._tokens([a.phrase for cast in actors for a in cast], PHRASE_TOKENS)
        drawn = self._tensor([[a.drawn for a in cast] for cast in actors]).transpose(1, 2)
        frames, inside = self._compose(plans, boxes, drawn, present)
        return Clips(
            frames,
            inside,
            boxes,
            present,
            torch.from_numpy(poses).to(self.device).transpose(1, 2),
            phrases.view(count, MAX_OBJECTS, -1),
            captions.view(count, FRAMES, -1),
            plain,
        )

    def _tensor(self, values: list) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self.device)

    def _tokens(self, texts: list[str], length: int) -> torch.Tensor:
        """(N, length) ids; many texts are the same, and are encoded once."""
        unique = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        encoded = self.tokenizer(
            list(unique),
            padding="max_length",
            truncation=True,
            max_length=length,
            return_tensors="pt",
        )
        return encoded.input_ids[[unique[text] for text in texts]].to(self.device)

    def _compose(
        self,
        plans: list[ClipPlan],
        boxes: torch.Tensor,
        drawn: torch.Tensor,
        present: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw the clips, back to front, where `drawn` says, with a soft shadow under the boxes of
        what stands on the ground."""
        count = len(plans)
        scene = self.backgrounds[[p.background for p in plans]].permute(0, 3, 1, 2).float() / 255
        frames = scene[:, None].repeat(1, FRAMES, 1, 1, 1).flatten(0, 1)
        inside = torch.zeros(count * FRAMES, HEIGHT, WIDTH, device=self.device)
        rows = torch.tensor([[a.rows for a in p.actors] for p in plans], device=self.device)
        paint = self._tensor([[rgb(a.paint) for a in p.actors] for p in plans])
        light = self._tensor([self.backdrops[p.background].tint for p in plans])
        light = light.repeat_interleave(FRAMES, dim=0)[..., None, None]
        grounded = self._tensor([[a.grounded for a in p.actors] for p in plans])
        y = (torch.arange(HEIGHT, device=self.device) + 0.5) / HEIGHT
        x = (torch.arange(WIDTH, device=self.device) + 0.5) / WIDTH
        for k in range(MAX_OBJECTS):
            box, shown = boxes[:, :, k].flatten(0, 1), present[:, :, k].flatten()
            if not bool(shown.any()):
                continue
            frames = self._shadow(
                frames, x, y, box, shown * grounded[:, k].repeat_interleave(FRAMES)
            )
            place = drawn[:, :, k].flatten(0, 1)
            layer = self._thing(rows[:, k].flatten(), paint[:, k], place, shown, x, y)
            alpha = layer[:, 3:]
            frames = frames * (1 - alpha) + layer[:, :3] * light
            inside = torch.maximum(inside, alpha[:, 0])
        shape = (count, FRAMES, -1, HEIGHT, WIDTH)
        return frames.clamp(0, 1).view(shape), (inside > 0.5).float().view(
            count, FRAMES, HEIGHT, WIDTH
        )

    def _shadow(
        self,
        frames: torch.Tensor,
        x: torch.Tensor,
        y: torch.Tensor,
        box: torch.Tensor,
        on: torch.Tensor,
    ) -> torch.Tensor:
        """Darken what is under a thing: a wide soft shade, and a thin line where it touches."""
        x1, y1, x2, y2 = (edge[:, None, None] for edge in box.unbind(-1))
        wide, high = (x2 - x1).clamp(min=1e-3), (y2 - y1).clamp(min=1e-3)
        across = ((x[None, None] - (x1 + x2) / 2) / (0.5 * wide)) ** 2
        down = y[None, :, None] - y2 + 0.012 * high
        shade = 0.0
        for depth, strength in ((0.075, 0.34), (0.028, 0.3)):
            far = across + (down / (depth * high)) ** 2
            shade = shade + strength * torch.exp(-1.6 * far * far)
        return frames * (1 - shade * on[:, None, None])[:, None]

    def _thing(
        self,
        rows: torch.Tensor,
        paint: torch.Tensor,
        box: torch.Tensor,
        shown: torch.Tensor,
        x: torch.Tensor,
        y: torch.Tensor,
    ) -> torch.Tensor:
        """(N, 4, H, W) premultiplied RGBA of the views `rows` (N,), bodies in `paint` (C, 3),
        stretched to their boxes (N, 4)."""
        x1, y1, x2, y2 = (edge[:, None] for edge in box.unbind(-1))
        u = 2 * (x[None] - x1) / (x2 - x1).clamp(min=1e-3) - 1
        v = 2 * (y[None] - y1) / (y2 - y1).clamp(min=1e-3) - 1
        grid = torch.stack(
            [u[:, None].expand(-1, len(y), -1), v[:, :, None].expand(-1, -1, len(x))], dim=-1
        )
        pixels = torch.sqrt(((x2 - x1) * WIDTH * (y2 - y1) * HEIGHT).clamp(min=1))[:, 0]
        level = torch.log2(SIZE / pixels).clamp(0, 2).round().long()
        painted = paint.repeat_interleave(FRAMES, dim=0)[..., None, None] * GAIN
        out = torch.zeros(len(box), 4, len(y), len(x), device=self.device)
        for shrunk in range(3):
            at = torch.nonzero((level == shrunk) & (shown > 0))[:, 0]
            if len(at):
                views = self.pictures[rows[at]].permute(0, 3, 1, 2).float() / 255
                if shrunk:
                    views = F.avg_pool2d(views, 2**shrunk)
                drawn = F.grid_sample(views, grid[at], align_corners=False)
                out[at, :3] = drawn[:, :3] + drawn[:, 4:] * painted[at]
                out[at, 3] = drawn[:, 3]
        return out
