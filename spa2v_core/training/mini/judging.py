"""How well videos obey their layouts, by the detector, on fixed layouts of the world.

Each case has a layout and the real clip of it, drawn by the world. Videos and real clips are
measured in the same way; of the real clips what the autoencoder makes of them, so that the
difference is the diffusion model's.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from ...generation.composed import ComposedModel
from ...generation.conditioning import FrameConditions
from ...metrics.boxes import iou
from ..world.choreography import ClipPlan
from ..world.world import World
from .detector import WITH_FRONT, Detector, Found, detect, phrase_numbers, visible
from .vae import to_signed

#: Overlap from which a detection counts as the object of a box.
FOUND = 0.3
#: Degrees within which a heading is right.
TURNED = 30.0
#: Pixels around boxes that belong to their objects (shadows).
NEAR = 16
#: Directions in which sets of clips are compared.
DIRECTIONS = 16


@dataclass(frozen=True)
class Case:
    """A layout, its objects' things (indices of `drawn_things`) and its real clip (uint8)."""

    conditions: FrameConditions
    things: list[int]
    real: np.ndarray


@dataclass(frozen=True)
class Verdict:
    """Figures of one video.

    Attributes
    ----------
    ious
        per visible object and frame, overlap of the best detection with its box (0 for none).
    right
        likewise, whether that detection is the right thing.
    turned
        of things with a front that were found, whether their heading is right within `TURNED`.
    flicker
        mean change between neighbouring frames away from all boxes, of 255.
    sharpness
        mean difference of neighbouring pixels, of 255.
    features
        (2 * c,) mean over the frames and mean change of the detector's features.
    """

    ious: list[float]
    right: list[bool]
    turned: list[bool]
    flicker: float
    sharpness: float
    features: np.ndarray


def fixed_cases(world: World, count: int) -> list[Case]:
    """The first `count` cases of a world; its seed says which."""
    cases, numbers = [], phrase_numbers()
    for _ in range(count):
        plan = world.choreographer.plan()
        frames = world.draw([plan]).frames[0]
        real = (frames * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        conditions = conditions_of(plan)
        things = [numbers[phrase] for phrase in conditions.phrases]
        cases.append(Case(conditions, things, real))
    return cases


def conditions_of(plan: ClipPlan) -> FrameConditions:
    """What a backend is told of a plan."""
    actors = [actor for actor in plan.actors if actor.phrase]
    boxes = np.array([actor.boxes for actor in actors], np.float32).transpose(1, 0, 2)
    present = np.array([actor.present for actor in actors], bool).T
    poses = np.array([actor.pose for actor in actors], np.float32).transpose(1, 0, 2)
    facing = np.where(poses[..., 0] < 0, -1, 1).astype(np.float32)
    phrases = [actor.phrase for actor in actors]
    return FrameConditions(plan.plain, plan.captions, phrases, boxes, present, facing, poses)


def reproduced(model: ComposedModel, frames: np.ndarray) -> np.ndarray:
    """(F, H, W, 3) what the autoencoder makes of frames."""
    vae = model.pipeline.vae
    given = to_signed(torch.from_numpy(frames).to(vae.device).permute(0, 3, 1, 2))
    with torch.no_grad():
        latents = vae.encode(given).latent_dist.mode() * vae.config.scaling_factor
    return model.decode(latents.transpose(0, 1)[None])


def judge(detector: Detector, video: np.ndarray, case: Case) -> Verdict:
    """Measure a video (F, 160, 256, 3) uint8 of a case."""
    found, features = detect(detector, video)
    boxes, present = case.conditions.boxes, case.conditions.present
    seen = visible(torch.from_numpy(boxes), torch.from_numpy(present).float()).numpy()
    ious, right, turned = [], [], []
    for frame, k in zip(*np.nonzero(seen), strict=True):
        overlap, thing, heading = _best(found[frame], boxes[frame, k].clip(0, 1))
        ious.append(overlap)
        right.append(overlap >= FOUND and thing == case.things[k])
        if overlap >= FOUND and WITH_FRONT[case.things[k]]:
            sine, cosine = case.conditions.pose[frame, k, :2]
            off = (heading - np.degrees(np.arctan2(sine, cosine)) + 180) % 360 - 180
            turned.append(bool(abs(off) <= TURNED))
    changes = np.abs(np.diff(features, axis=0)).mean(0)
    grey = video.astype(np.float32).mean(-1)
    sharpness = np.abs(np.diff(grey, axis=1)).mean() + np.abs(np.diff(grey, axis=2)).mean()
    return Verdict(
        ious,
        right,
        turned,
        flicker(video, boxes, present),
        float(sharpness),
        np.concatenate([features.mean(0), changes]),
    )


def _best(found: Found, box: np.ndarray) -> tuple[float, int, float]:
    """Overlap, thing and heading of the detection that fits a box best."""
    if not len(found.xyxy):
        return 0.0, -1, 0.0
    overlaps = iou(found.xyxy, box)
    best = int(np.argmax(overlaps))
    return float(overlaps[best]), int(found.things[best]), float(found.headings[best])


def flicker(video: np.ndarray, boxes: np.ndarray, present: np.ndarray) -> float:
    """Mean absolute change between neighbouring frames (F, H, W, 3), of 255, away from the boxes
    (F, K, 4) of both."""
    height, width = video.shape[1:3]
    taken = np.zeros(video.shape[:3], np.uint8)
    for frame, k in zip(*np.nonzero(present), strict=True):
        x1, y1, x2, y2 = boxes[frame, k] * [width, height, width, height]
        corners = np.array([x1 - NEAR, y1 - NEAR, x2 + NEAR, y2 + NEAR]).round().astype(int)
        cv2.rectangle(taken[frame], corners[:2].tolist(), corners[2:].tolist(), 1, -1)
    free = (taken[1:] | taken[:-1]) == 0
    change = np.abs(np.diff(video.astype(np.float32), axis=0)).mean(-1)
    return float(change[free].mean()) if free.any() else 0.0


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance of two sets (N, c) of features, in the `DIRECTIONS` in which b varies most.

    Features are scaled by the spread of b, so that no one of them rules.
    """
    middle, spread = b.mean(0), b.std(0) + 1e-6
    x, y = (a - middle) / spread, (b - middle) / spread
    directions = np.linalg.svd(y, full_matrices=False)[2][:DIRECTIONS].T
    x, y = x @ directions, y @ directions
    cov_x, cov_y = np.cov(x.T), np.cov(y.T)
    # The trace of the root of a product is the sum of the roots of its eigenvalues.
    roots = np.sqrt(np.maximum(np.linalg.eigvals(cov_x @ cov_y).real, 0)).sum()
    distance = np.square(x.mean(0) - y.mean(0)).sum() + np.trace(cov_x + cov_y) - 2 * roots
    return float(distance)
