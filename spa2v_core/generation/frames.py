"""More frames from few: motion-compensated interpolation, led by the layout's boxes.

Optical flow (dense inverse search, Kroeger et al., ECCV 2016) between neighbouring frames starts
from what the boxes say, so that large steps of small objects are found; each new frame is warped
from both neighbours along the flow carried to its time, and where only one of them saw a place,
from that one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import cv2
import numpy as np

from ..layout import Box, VideoSceneLayout
from ..layout.keyframes import dense
from ..units import resample_frame

#: Larger pictures are moved by a flow that is found at about this width.
WORK_WIDTH = 256
#: How much a pixel whose colour changes along its flow counts where several land.
_TRUST = 0.05
#: Pixels over which errors of the flow are averaged.
_PATCH = (7, 7)
#: Difference of colour (of 255) below which a pixel counts as unchanged.
_NOISE = 1.5
#: What lands on a pixel must add up to this to be believed.
_KNOWN = 0.6
#: Pixels over which gaps are filled from their surroundings.
_REACH = (7, 7)
#: Difference of colour (of 255) up to which both neighbours show the same thing, and the power of
#: nearness where they do not.
_ALIKE, _STEEPEST = 16.0, 16.0
#: Share of a box's size that what belongs to it may reach outside.
_MARGIN = 0.06


def smooth(frames: np.ndarray, layout: VideoSceneLayout, count: int) -> Iterator[np.ndarray]:
    """`count` frames (H, W, 3) uint8 of the same clip as (F, H, W, 3), evenly spaced in time.

    Frame k of N stands for the time (k + 0.5) / N of the clip in both, so the outermost new frames
    hold the first and the last one. Fewer frames than there are come unchanged.
    """
    if count <= len(frames):
        yield from frames
        return
    boxes = [dense(track, layout.frame_count, len(frames)) for track in layout.objects]
    positions = [resample_frame(k, count, len(frames)) for k in range(count)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # NumPy and OpenCV release the lock
        for first, near in groupby(positions, lambda at: min(int(at), len(frames) - 2)):
            moves = [(track[first], track[first + 1]) for track in boxes]
            between = Between(frames[first], frames[first + 1], moves)
            yield from pool.map(between.at, [position - first for position in near])


class Between:
    """Two neighbouring frames (H, W, 3) uint8 and the flow between them, both ways.

    moves: per object its boxes in both frames, None where it is absent. Outside the boxes of a time
    only what is outside them in the neighbours is seen: an object leaves no trail behind it.
    """

    def __init__(
        self, first: np.ndarray, last: np.ndarray, moves: list[tuple[Box | None, Box | None]]
    ) -> None:
        self.moves = moves
        self.pictures = (first.astype(np.float32), last.astype(np.float32))
        self.factor = max(1, first.shape[1] // WORK_WIDTH)
        self.small = tuple(_shrunk(picture, self.factor) for picture in self.pictures)
        shape = self.small[0].shape[:2]
        self.inside = tuple(covered([move[side] for move in moves], shape) for side in (0, 1))
        flows, trusts = [], []
        for here, there in ((0, 1), (1, 0)):
            paths = [(move[here], move[there]) for move in moves]
            flow = _flow(self.small[here], self.small[there], paths)
            flow, trust = self._settled(here, there, flow)
            flows.append(flow)
            trusts.append(trust)
        self.flows, self.trust = flows, trusts

    def _settled(self, here: int, there: int, flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The flow, none for scenery that rests, and (H, W) 0..1 how far it is to be trusted.

        Beside a thing that moves, the search takes its surroundings along. Errors count over
        patches: single pixels match by chance.
        """
        picture, other = self.small[here], self.small[there]
        error, still = (
            cv2.blur(np.abs(picture - moved).mean(-1), _PATCH)
            for moved in (sample(other, flow), other)
        )
        rests = (still <= error + _NOISE) & (self.inside[here] < 0.5)
        flow = np.where(rests[..., None], 0, flow).astype(np.float32)
        return flow, np.exp(-_TRUST * np.where(rests, still, error))

    def at(self, part: float) -> np.ndarray:
        """(H, W, 3) uint8 at `part` (0..1) of the way; the ends are the frames themselves."""
        if part < 1e-6 or part > 1 - 1e-6:
            return self.pictures[round(part)].astype(np.uint8)
        shape = self.pictures[0].shape[:2]
        scenery = [1 - there for there in self.inside]
        mixed, total, still = self._carried(part, scenery)
        out = _over(mixed, total, still)
        inside = covered([_box_between(a, b, part) for a, b in self.moves], shape)
        if inside.any():
            mixed, total, still = self._carried(part, [np.ones_like(t) for t in self.trust])
            # What nothing lands on is like its surroundings, or belongs to a thing that fades.
            fading = covered([a or b for a, b in self.moves if a is None or b is None], shape)
            gaps = _spread(mixed, total, still)
            whole = _over(mixed, total, gaps + fading[..., None] * (still - gaps))
            out = out + inside[..., None] * (whole - out)
        return np.clip(np.rint(out), 0, 255).astype(np.uint8)

    def _carried(
        self, part: float, shown: list[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What lands at `part` of the way of the parts of both frames that are `shown` (0..1, at
        the flow's size): weighted sum (H, W, 3), weights (H, W), and the frames' own pixels."""
        landed, seen, there = [], [], []
        for picture, flow, trust, show, share in zip(
            self.pictures, self.flows, self.trust, shown, (part, 1 - part), strict=True
        ):
            carried, sure = carry(flow, trust * show, share)
            carried, sure, show = (self._enlarged(a) for a in (carried, sure, show))
            landed.append(sample(picture, -share * self.factor * carried))
            seen.append(sure)
            there.append(show + 1e-3)
        nearer = _nearer(np.abs(landed[0] - landed[1]).mean(-1), part)
        weights = [a * b for a, b in zip(seen, nearer, strict=True)]
        mixed = sum(p * w[..., None] for p, w in zip(landed, weights, strict=True))
        total = weights[0] + weights[1] + 1e-6
        weights = [a * b for a, b in zip(there, (1 - part, part), strict=True)]
        still = sum(p * w[..., None] for p, w in zip(self.pictures, weights, strict=True))
        return mixed, total, still / (weights[0] + weights[1])[..., None]

    def _enlarged(self, array: np.ndarray) -> np.ndarray:
        """From the flow's size to the pictures'."""
        if self.factor == 1:
            return array
        height, width = self.pictures[0].shape[:2]
        return cv2.resize(array, (width, height), interpolation=cv2.INTER_LINEAR)


def _nearer(apart: np.ndarray, part: float) -> tuple[np.ndarray, np.ndarray]:
    """Two (H, W) shares of 1 of what the first and the last frame say at `part` of the way, where
    they are `apart` (H, W) by 0..255: as near as they are in time, and the nearer one alone where
    they are too far apart to be the same thing, of which a mean would be a ghost."""
    apart = cv2.blur(apart, _PATCH)
    steep = 1 + (_STEEPEST - 1) * np.clip((apart - _ALIKE) / _ALIKE, 0, 1)
    first, last = (1 - part) ** steep, part**steep
    return first / (first + last), last / (first + last)


def _over(mixed: np.ndarray, total: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """The weighted mean where enough has landed, else `otherwise`."""
    known = np.clip(total / _KNOWN, 0, 1)[..., None]
    return known * mixed / total[..., None] + (1 - known) * otherwise


def _spread(mixed: np.ndarray, total: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """What has landed, spread over the gaps between."""
    around = cv2.blur(total, _REACH)
    spread = cv2.blur(mixed, _REACH) / around[..., None]
    return np.where((around > 0.02)[..., None], spread, otherwise)


def _shrunk(picture: np.ndarray, factor: int) -> np.ndarray:
    """(H // factor, W // factor, 3), averaged."""
    size = (picture.shape[1] // factor, picture.shape[0] // factor)
    return picture if factor == 1 else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _box_between(a: Box | None, b: Box | None, part: float) -> Box | None:
    """The box at `part` of the way; one that is in one frame only stays."""
    if a is None or b is None:
        return a or b
    return Box(*(x + part * (y - x) for x, y in zip(a, b, strict=True)))


def covered(boxes: list[Box | None], shape_hw: tuple[int, ...]) -> np.ndarray:
    """(H, W) float32 1 in the boxes and a little around them (shadows), with a soft edge."""
    height, width = shape_hw
    mask = np.zeros((height, width), np.float32)
    for box in filter(None, boxes):
        x, y = _MARGIN * (box.x2 - box.x1), _MARGIN * (box.y2 - box.y1)
        left, right = (round(v * width) for v in (box.x1 - x, box.x2 + x))
        top, bottom = (round(v * height) for v in (box.y1 - y, box.y2 + y))
        mask[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = 1
    return cv2.GaussianBlur(mask, (5, 5), 0)


def _flow(
    picture: np.ndarray, other: np.ndarray, moves: list[tuple[Box | None, Box | None]]
) -> np.ndarray:
    """(H, W, 2) float32 pixels from `picture` to `other`, starting from the boxes' motion."""
    here, there = (cv2.cvtColor(p.astype(np.uint8), cv2.COLOR_RGB2GRAY) for p in (picture, other))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(0)
    search.setUseSpatialPropagation(True)
    return search.calc(here, there, box_flow(picture.shape[:2], moves))


def box_flow(shape_hw: tuple[int, ...], moves: list[tuple[Box | None, Box | None]]) -> np.ndarray:
    """(H, W, 2) float32 pixels that boxes move by, 0 outside them; later objects are in front."""
    height, width = shape_hw
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) + 0.5
    flow = np.zeros((height, width, 2), np.float32)
    for here, there in moves:
        if here is None or there is None:
            continue
        across = (x / width - here.x1) / (here.x2 - here.x1)
        along = (y / height - here.y1) / (here.y2 - here.y1)
        inside = (across >= 0) & (across < 1) & (along >= 0) & (along < 1)
        to_x = (there.x1 + across * (there.x2 - there.x1)) * width
        to_y = (there.y1 + along * (there.y2 - there.y1)) * height
        flow[inside] = np.stack([to_x - x, to_y - y], -1)[inside]
    return flow


def carry(flow: np.ndarray, trust: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Flow (H, W, 2) carried `share` of the way along itself, and (H, W) how well it is known.

    Every pixel lands between four; where several land, trusted ones count more.
    """
    height, width = trust.shape
    moving = (flow[..., 0] != 0) | (flow[..., 1] != 0)
    y, x = (axis.astype(np.float32) for axis in np.nonzero(moving))
    steps = flow[moving]
    # Moving things are in front of what stays: they win where both land.
    weight = trust[moving] * (1 + np.hypot(steps[:, 0], steps[:, 1]))
    to_x, to_y = (share * steps + np.stack([x, y], -1)).T
    index, amount = _landings(to_x, to_y, width, height)
    given = amount * weight
    total, *sums = (
        np.bincount(index.ravel(), amounts.ravel(), height * width).reshape(height, width)
        for amounts in (given, given * steps[:, 0], given * steps[:, 1])
    )
    total = total + np.where(moving, 0, trust)  # what stays lands on itself
    carried = np.stack(sums, -1) / np.maximum(total, 1e-9)[..., None]
    return carried.astype(np.float32), (total / (total + 0.1)).astype(np.float32)


def _landings(
    to_x: np.ndarray, to_y: np.ndarray, width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """The four pixels (4, N) around targets (N,): flat index, share (0 outside the frame)."""
    left, top = np.floor(to_x).astype(int), np.floor(to_y).astype(int)
    column, row = np.stack([left, left, left + 1, left + 1]), np.stack([top, top + 1] * 2)
    amount = (1 - np.abs(to_x - column)) * (1 - np.abs(to_y - row))
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return np.where(inside, row * width + column, 0), np.where(inside, amount, 0)


def sample(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """(H, W, C) picture read at each pixel moved by flow (H, W, 2); edges are held."""
    height, width = flow.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return cv2.remap(
        picture,
        x + flow[..., 0],
        y + flow[..., 1],
        cv2.INTER_CUBIC if picture.ndim == 3 else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
