"""A detector of the world's things: it measures the mini model, and is used for nothing else.

Anchor-free (Tian et al., FCOS, ICCV 2019, https://arxiv.org/abs/1904.01355) at one scale: every
cell of 8x8 pixels says what thing it belongs to, how far away the sides of its box are, and which
way the thing is turned. It learns from clips of the world as the autoencoder reproduces them, the
domain of what it measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn
from torch.nn import functional as F

from ...assets import ASSETS
from ...generation.hardware import has_bf16
from ...metrics.boxes import iou
from ...vocabulary import COLOURS, drawn_things
from ..world.choreography import FRAMES
from ..world.toys.catalogue import ROUND, TOYS
from . import cards
from .loop import fit, require
from .pool import join, rows
from .vae import to_signed

if TYPE_CHECKING:
    from .trainer import Trainer

#: A cell belongs to a box if it is within this many cells of its middle.
REACH = 1.6
#: A thing that nearer boxes cover by more is not looked for, nor one of which less is in the frame.
HIDDEN, SEEN = 0.5, 0.4
#: By drawn thing: whether it looks otherwise from each side.
WITH_FRONT = [thing.name in TOYS and thing.name not in ROUND for thing in drawn_things()]
#: Weight of the headings' error.
TURNS = 1.0
WEIGHTS = ASSETS / "detector"


@dataclass(frozen=True)
class Found:
    """Detections of one frame: xyxy (N, 4) normalised, things (N,), scores (N,) and headings (N,),
    degrees (0 to the camera, 90 to the right)."""

    xyxy: np.ndarray
    things: np.ndarray
    scores: np.ndarray
    headings: np.ndarray


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.GroupNorm(16, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.GroupNorm(16, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, h, w) features, with what the layers add."""
        return x + self.inner(x)


class Detector(ModelMixin, ConfigMixin):
    """Frames (N, 3, 160, 256) in -1..1 to things (N, T, 20, 32), sides (N, 4, 20, 32) and turns
    (N, 2, 20, 32), sine and cosine of the heading.

    Sides are the logarithms of the distances from a cell's middle to the left, top, right and
    bottom of its box, in cells. `features` (N, 128) are for distances between sets of clips.
    """

    @register_to_config
    def __init__(self, classes: int = 69, widths: tuple[int, ...] = (32, 64, 96, 128)) -> None:
        super().__init__()
        stages: list[nn.Module] = [nn.Conv2d(3, widths[0], 3, 2, 1), Residual(widths[0])]
        for before, width in zip(widths, widths[1:], strict=False):
            stages += [nn.Conv2d(before, width, 3, 2, 1), Residual(width)]
        self.fine = nn.Sequential(*stages[:-2])
        self.coarse = nn.Sequential(*stages[-2:], Residual(widths[-1]))
        self.joined = nn.Sequential(
            nn.Conv2d(widths[-2] + widths[-1], widths[-2], 1), Residual(widths[-2])
        )
        self.things = nn.Conv2d(widths[-2], classes, 1)
        self.sides = nn.Conv2d(widths[-2], 4, 1)
        # a front and a back differ by less than two things do: it takes layers of its own
        self.turns = nn.Sequential(Residual(widths[-2]), nn.SiLU(), nn.Conv2d(widths[-2], 2, 1))
        nn.init.constant_(self.things.bias, -4.6)  # most cells belong to nothing
        nn.init.constant_(self.sides.bias, 0.7)

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(N, 3, 160, 256) frames to (things, sides, turns, features), as the class says."""
        fine = self.fine(frames)
        coarse = self.coarse(fine)
        wide = F.interpolate(coarse, scale_factor=2, mode="bilinear")
        joined = self.joined(torch.cat([fine, wide], 1))
        return self.things(joined), self.sides(joined), self.turns(joined), coarse.mean((2, 3))


def visible(boxes: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """(N, K) whether an object can be looked for: in the frame, and not behind nearer boxes."""
    inside = boxes.clamp(0, 1)
    area = _area(boxes).clamp(min=1e-6)
    seen = (_area(inside) / area >= SEEN) & (_area(inside) > 0.002) & (present > 0)
    for k in range(boxes.shape[1]):
        for nearer in range(k + 1, boxes.shape[1]):
            both = _overlap(inside[:, k], inside[:, nearer]) * present[:, nearer]
            seen[:, k] &= both / _area(inside[:, k]).clamp(min=1e-6) < HIDDEN
    return seen


def targets(
    boxes: torch.Tensor, present: torch.Tensor, things: torch.Tensor, hw: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What cells should say: thing (N, h, w), -1 for nothing and -2 where it does not matter; the
    box (N, h, w, 4) in cells; and which object (N, h, w) it is of, where there is one."""
    height, width = hw
    scale = torch.tensor([width, height, width, height], device=boxes.device)
    clipped = boxes.clamp(0, 1) * scale
    x = torch.arange(width, device=boxes.device) + 0.5
    y = (torch.arange(height, device=boxes.device) + 0.5)[:, None]
    thing = torch.full((len(boxes), height, width), -1, device=boxes.device)
    box = torch.zeros(len(boxes), height, width, 4, device=boxes.device)
    owner = torch.zeros_like(thing)
    seen = visible(boxes, present)
    for k in range(boxes.shape[1]):  # nearer things overwrite
        x1, y1, x2, y2 = (v[:, None, None] for v in clipped[:, k].unbind(-1))
        within = (x > x1) & (x < x2) & (y > y1) & (y < y2) & (present[:, k] > 0)[:, None, None]
        middle = ((x - (x1 + x2) / 2).abs() < REACH) & ((y - (y1 + y2) / 2).abs() < REACH)
        wanted = middle & (within | (x2 - x1 < 1.5) | (y2 - y1 < 1.5))
        wanted &= seen[:, k][:, None, None]
        hidden = within & ~seen[:, k][:, None, None]
        thing = torch.where(hidden, -2, torch.where(wanted, things[:, k][:, None, None], thing))
        box = torch.where(wanted[..., None], clipped[:, k][:, None, None], box)
        owner = torch.where(wanted, k, owner)
    return thing, box, owner


@dataclass(frozen=True)
class Examples:
    """frames (N, 3, 160, 256) uint8, of objects with boxes (N, K, 4), present (N, K), things (N, K)
    and turns (N, K, 2): sine and cosine of their headings."""

    frames: torch.Tensor
    boxes: torch.Tensor
    present: torch.Tensor
    things: torch.Tensor
    turns: torch.Tensor

    def mirrored(self) -> Examples:
        """Left for right."""
        x1, y1, x2, y2 = self.boxes.unbind(-1)
        boxes = torch.stack([1 - x2, y1, 1 - x1, y2], -1)
        turns = self.turns * self.turns.new_tensor([-1, 1])
        return Examples(self.frames.flip(-1), boxes, self.present, self.things, turns)


def detector_loss(detector: Detector, examples: Examples) -> torch.Tensor:
    """Focal loss of the things (Lin et al., 2017), 1 - IoU of the boxes, and the squared error of
    sine and cosine of the headings of things that have a front."""
    light = torch.empty(len(examples.frames), 1, 1, 1, device=examples.frames.device)
    frames = to_signed(examples.frames) * light.uniform_(0.85, 1.1)
    said, sides, turned = (part.float() for part in detector(frames)[:3])
    objects = (examples.boxes, examples.present, examples.things)
    thing, box, owner = targets(*objects, said.shape[-2:])
    truth = F.one_hot(thing.clamp(min=0), said.shape[1]).permute(0, 3, 1, 2).float()
    truth = truth * (thing >= 0)[:, None]
    chance = said.sigmoid()
    right = chance * truth + (1 - chance) * (1 - truth)
    focal = F.binary_cross_entropy_with_logits(said, truth, reduction="none") * (1 - right) ** 2
    focal = focal * (0.25 * truth + 0.75 * (1 - truth)) * (thing > -2)[:, None]
    mine = thing >= 0
    count = mine.sum().clamp(min=1)
    guess = boxes_of(sides).permute(0, 2, 3, 1)[mine]
    wanted = box[mine]
    both = _overlap(guess, wanted)
    iou = both / (_area(guess) + _area(wanted) - both).clamp(min=1e-6)
    fronts = torch.tensor(WITH_FRONT, device=frames.device)[thing.clamp(min=0)][mine]
    true = examples.turns.gather(1, owner.flatten(1)[..., None].expand(-1, -1, 2))
    off = (turned.permute(0, 2, 3, 1)[mine] - true.view(*owner.shape, 2)[mine]).square().sum(-1)
    return (4 * focal.sum() + (1 - iou).sum() + TURNS * (off * fronts).sum()) / count


def boxes_of(sides: torch.Tensor) -> torch.Tensor:
    """(N, 4, h, w) xyxy in cells, of the cells' distances."""
    height, width = sides.shape[-2:]
    x = torch.arange(width, device=sides.device) + 0.5
    y = (torch.arange(height, device=sides.device) + 0.5)[:, None]
    left, top, right, bottom = sides.clamp(-4, 4).exp().unbind(1)
    return torch.stack([x - left, y - top, x + right, y + bottom], 1)


@torch.no_grad()
def detect(
    detector: Detector, frames: np.ndarray, least: float = 0.2
) -> tuple[list[Found], np.ndarray]:
    """Detections of each frame of (F, 160, 256, 3) uint8, and its features (F, 128)."""
    device = next(detector.parameters()).device
    given = to_signed(torch.from_numpy(frames).to(device).permute(0, 3, 1, 2))
    said, sides, turned, features = detector(given)
    height, width = said.shape[-2:]
    scale = torch.tensor([width, height, width, height], device=device)
    boxes = (boxes_of(sides).permute(0, 2, 3, 1) / scale).clamp(0, 1).flatten(1, 2)
    headings = torch.rad2deg(torch.atan2(turned[:, 0], turned[:, 1])).flatten(1)
    scores, things = said.sigmoid().amax(1), said.argmax(1)
    peaks = (scores == F.max_pool2d(scores[:, None], 3, 1, 1)[:, 0]) & (scores > least)
    found = []
    for k in range(len(frames)):
        at = peaks[k].flatten()
        flat = (things[k].flatten(), scores[k].flatten(), headings[k])
        parts = (boxes[k][at], *(values[at] for values in flat))
        found.append(_distinct(*(part.cpu().numpy() for part in parts)))
    return found, features.cpu().numpy()


def _distinct(
    xyxy: np.ndarray, things: np.ndarray, scores: np.ndarray, headings: np.ndarray
) -> Found:
    """The best of detections of one thing that overlap by more than half."""
    order = np.argsort(-scores)
    kept: list[int] = []
    for i in order:
        same = [j for j in kept if things[j] == things[i]]
        if all(iou(xyxy[i], xyxy[j]) < 0.5 for j in same):
            kept.append(i)
    return Found(xyxy[kept], things[kept], scores[kept], headings[kept])


def _area(boxes: torch.Tensor) -> torch.Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)


def _overlap(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    corner = torch.minimum(a[..., 2:], b[..., 2:])
    return (corner - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)


def train_detector(trainer: Trainer, target: Path) -> None:
    """The stage "detector": learn from what the autoencoder makes of the pool, and export."""
    recipe = trainer.recipe
    torch.manual_seed(recipe.seed + 7)
    examples = _examples(trainer)
    held = len(examples.frames) // 50 + 1
    detector = Detector(classes=len(drawn_things())).to(
        recipe.device, memory_format=torch.channels_last
    )
    stage = trainer.stage("detector", recipe.detector_seconds, recipe.detector_rate, 0.995)

    def loss_of(_: int) -> torch.Tensor:
        size = (recipe.detector_batch,)
        picked = torch.randint(len(examples.frames) - held, size, device=recipe.device)
        part = rows(examples, picked)
        return detector_loss(detector, part.mirrored() if torch.rand(()) < 0.5 else part)

    def held_out() -> float:
        with torch.no_grad():
            return round(float(detector_loss(detector, rows(examples, slice(-held, None)))), 4)

    before = held_out()
    steps = fit(stage, [detector], loss_of)
    after = held_out()
    stage.note(held_out_loss=after, before=before)
    require(after < before / 2, steps, "the detector does not learn")
    if not cards.rank():
        detector.half().to("cpu", memory_format=torch.contiguous_format).save_pretrained(target)


@torch.no_grad()
def _examples(trainer: Trainer) -> Examples:
    """Every second frame of the pool, as the autoencoder reproduces it, clip after clip."""
    recipe, pool, vae = trainer.recipe, trainer.pool(), trainer.vae()
    things = things_of(pool.phrases, trainer.tokenizer)
    second = torch.arange(0, FRAMES, 2, device=pool.latents.device)
    parts = []
    for clips in torch.arange(len(pool.latents), device=pool.latents.device).split(32):
        of_frame = clips.repeat_interleave(len(second))
        batch = pool.frames(of_frame, second.repeat(len(clips)))
        with torch.autocast(recipe.device, torch.bfloat16, enabled=has_bf16(recipe.device)):
            drawn = vae.decode(batch.latents.float() / vae.config.scaling_factor).sample
        drawn = ((drawn.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        turns = batch.pose[..., :2]
        parts.append(Examples(drawn, batch.boxes, batch.present, things[of_frame], turns))
    return join(parts)


def phrase_numbers() -> dict[str, int]:
    """Index of the drawn thing that a phrase ("dog", "red car") names."""
    names = [thing.name for thing in drawn_things()]
    return {f"{c} {name}".strip(): k for k, name in enumerate(names) for c in ("", *COLOURS)}


def things_of(phrases: torch.Tensor, tokenizer: Any) -> torch.Tensor:
    """(N, K) index of the drawn thing that each phrase (N, K, L) of token ids names."""
    said = phrase_numbers() | {"": 0}  # nobody
    unique, rows = phrases.flatten(0, 1).unique(dim=0, return_inverse=True)
    texts = tokenizer.batch_decode(unique, skip_special_tokens=True)
    index = torch.tensor([said[text] for text in texts], device=phrases.device)
    return index[rows].view(phrases.shape[:2])
