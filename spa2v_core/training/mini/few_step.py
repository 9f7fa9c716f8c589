"""Few-step distillation: four steps without guidance in place of sixteen with it.

The teacher walks from noise to a clip in sixteen guided DDIM steps, and every point of the way is
kept. The student starts as its copy and learns, at the four boundaries, to jump to the next one
(progressive distillation, Salimans and Ho, 2022, in one go), and, at all other times, the
teacher's own guided step, so that it can also be sampled in many steps.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ...generation.backends.mini.backend import load_mini
from ...generation.background import hold_background
from ...generation.grounding.instance import InstanceState
from ...generation.hardware import has_bf16
from ...generation.unet import GroundedUNetMotionModel
from ..world.choreography import FRAMES
from .loop import GATED_FROM, Stage, fit, require
from .objective import Objective, Predict, focus, predict_clips
from .pool import Pool, join, rows
from .vae import psnr

if TYPE_CHECKING:
    from .trainer import Trainer

#: The student's steps, the teacher's steps for each of them, and the guidance they take in.
SEGMENTS, SUBSTEPS, GUIDANCE = 4, 4, 3.0
#: Share of the student's batches that are jumps between boundaries.
JUMPS = 0.7
#: Other times keep this far from the boundaries, where the prediction means a jump.
MARGIN = 18


@dataclass
class Trajectories:
    """N walks of the teacher: points (N, P, F, 8, h, w) from noise to the clip, at times (N, P)
    (-1 for the clip itself), of clips (N,) of the pool, with `boxed` and `framed` (N,): whether
    it was given boxes, and a text for each frame rather than one for all."""

    points: torch.Tensor
    times: torch.Tensor
    clips: torch.Tensor
    boxed: torch.Tensor
    framed: torch.Tensor


@dataclass
class Walks:
    """Takes and learns from trajectories.

    Attributes
    ----------
    objective
        the motion stage's, with its text encoder and grounding.
    pool
        the clips whose conditions are used.
    """

    objective: Objective
    pool: Pool

    def times(self, count: int) -> torch.Tensor:
        """(count, P) the boundaries, and random times between them."""
        device = self.objective.device
        length = 1000 // SEGMENTS
        starts = 999 - length * torch.arange(SEGMENTS, device=device)
        room = length - 2 * MARGIN
        shares = torch.rand(count, SEGMENTS, SUBSTEPS - 1, device=device) * 0.6 + 0.2
        shares = (shares + torch.arange(SUBSTEPS - 1, device=device)) / (SUBSTEPS - 1)
        between = starts[None, :, None] - MARGIN - (shares * room).long()
        times = torch.cat([starts[None, :, None].expand(count, -1, 1), between], dim=-1)
        return torch.cat([times.flatten(1), times.new_full((count, 1), -1)], dim=1)

    @torch.no_grad()
    def take(self, teacher: Predict, count: int) -> Trajectories:
        """`count` new walks: guided DDIM, with the background held still in each guess."""
        device = self.objective.device
        clips = self.pool.random_clips(count)
        boxed = torch.rand(count, device=device) > 0.05
        framed = torch.rand(count, device=device) > 0.5
        times = self.times(count)
        shape = self.pool.latents.shape[1:]
        points = torch.empty(count, times.shape[1], *shape, device=device, dtype=torch.half)
        x = torch.randn(count, *shape, device=device)
        points[:, 0] = x
        text, state, boxes, present = self.conditions(clips, boxed, framed)
        empty = self.objective.text_encoder(self.objective.empty).last_hidden_state
        text = torch.cat([empty.expand_as(text), text])
        for step in range(SEGMENTS * SUBSTEPS):
            now, then = times[:, step], times[:, step + 1]
            at, flat = now.repeat_interleave(FRAMES), x.flatten(0, 1)
            both = teacher(torch.cat([flat, flat]), torch.cat([at, at]), text, state).float()
            nothing, given = both.chunk(2)
            v = (nothing + GUIDANCE * (given - nothing)).view_as(x)
            a, b = self.level(now)
            held = hold_background(a * x - b * v, boxes, present)
            x = self.turn(x, (a * x - held) / b, now, then)
            points[:, step + 1] = x
        return Trajectories(points, times, clips, boxed, framed)

    def loss(self, student: Predict, walks: Trajectories) -> torch.Tensor:
        """Error of the student's prediction from a random point of each walk."""
        count, device = len(walks.clips), self.objective.device
        step = torch.randint(SEGMENTS * SUBSTEPS, (count,), device=device)
        jump = torch.rand(count, device=device) < JUMPS
        step = torch.where(jump, step // SUBSTEPS * SUBSTEPS, step)
        jump = step % SUBSTEPS == 0
        to = torch.where(jump, step + SUBSTEPS, step + 1)
        row = torch.arange(count, device=device)
        x, wanted = walks.points[row, step].float(), walks.points[row, to].float()
        now = walks.times[row, step]
        v = self.between(x, wanted, now, walks.times[row, to])
        text, state, boxes, present = self.conditions(walks.clips, walks.boxed, walks.framed)
        predicted = student(x.flatten(0, 1), now.repeat_interleave(FRAMES), text, state).float()
        parts = (boxes, present, self.pool.change[walks.clips])
        weight = focus(*(part.flatten(0, 1) for part in parts))
        return ((predicted - v.flatten(0, 1)).square() * weight).mean()

    @torch.no_grad()
    def sample(self, student: Predict, walks: Trajectories, steps: int) -> torch.Tensor:
        """(N, F, 8, h, w) clips from the walks' noise and conditions, in `steps` DDIM steps."""
        x = walks.points[:, 0].float()
        text, state, *_ = self.conditions(walks.clips, walks.boxed, walks.framed)
        times = (999 - 1000 / steps * torch.arange(steps)).round().long().tolist()
        for now, then in zip(times, [*times[1:], -1], strict=True):
            at = torch.full((len(x),), now, device=x.device)
            flat = at.repeat_interleave(FRAMES)
            v = student(x.flatten(0, 1), flat, text, state).float().view_as(x)
            x = self.turn(x, v, at, torch.full_like(at, then))
        return x

    def conditions(
        self, clips: torch.Tensor, boxed: torch.Tensor, framed: torch.Tensor
    ) -> tuple[torch.Tensor, InstanceState, torch.Tensor, torch.Tensor]:
        """Text (N * F, L, d), grounding state, boxes (N, F, K, 4) and presence (N, F, K)."""
        objective, batch = self.objective, self.pool.whole(clips)
        use = framed.repeat_interleave(FRAMES)[:, None]
        ids = torch.where(use, batch.captions, batch.plain)
        text = objective.text_encoder(ids).last_hidden_state
        present = batch.present * boxed.repeat_interleave(FRAMES)[:, None]
        state = objective.state(batch, present)
        shape = (len(clips), FRAMES)
        return text, state, batch.boxes.unflatten(0, shape), present.unflatten(0, shape)

    def level(self, times: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, 1, 1, 1, 1) how much of the clip and of the noise there is; -1 is the clip."""
        alphas = torch.cat([self.objective.alphas, self.objective.alphas.new_ones(1)])
        kept = alphas[times][:, None, None, None, None]
        return kept.sqrt(), (1 - kept).sqrt()

    def turn(
        self, x: torch.Tensor, v: torch.Tensor, now: torch.Tensor, then: torch.Tensor
    ) -> torch.Tensor:
        """One DDIM step of (N, F, C, h, w): x and v are the sides of a right angle that the step
        turns (DDIM: Song et al., 2021; v: Salimans and Ho, 2022)."""
        (a, b), (c, d) = self.level(now), self.level(then)
        return x * (a * c + b * d) - v * (b * c - a * d)

    def between(
        self, x: torch.Tensor, wanted: torch.Tensor, now: torch.Tensor, then: torch.Tensor
    ) -> torch.Tensor:
        """The v (N, F, C, h, w) that turns x into `wanted`."""
        (a, b), (c, d) = self.level(now), self.level(then)
        return (x * (a * c + b * d) - wanted) / (b * c - a * d)


def take_walks(trainer: Trainer) -> None:
    """The stage "walks": the teacher's trajectories, until the time is up."""
    recipe = trainer.recipe
    torch.manual_seed(recipe.seed + 5)
    teacher, objective = _frozen(trainer)
    walks = Walks(objective, trainer.pool())
    if recipe.compile:
        teacher.compile(dynamic=False)
    parts: list[Trajectories] = []
    start = time.time()
    with torch.autocast(recipe.device, torch.bfloat16, enabled=has_bf16(recipe.device)):
        while not parts or time.time() - start < recipe.walk_seconds:
            parts.append(walks.take(predict_clips(teacher), recipe.motion_batch))
    taken = join(parts)
    trainer.save("walks", vars(taken))
    trainer.stage("walks", 0, 0).note(walks=len(taken.clips), seconds=round(time.time() - start))


def distill(trainer: Trainer) -> None:
    """The stage "distill": the student, from the walks; its 4 steps against the teacher's.

    Where `recipe.distilled` is given, it starts from what `transfer` makes."""
    recipe = trainer.recipe
    torch.manual_seed(recipe.seed + 6)
    comparison = Comparison(trainer)
    student, walks, taught = comparison.student, comparison.walks, comparison.taught
    if recipe.distilled:
        _transfer(comparison)
    stage = trainer.stage("distill", recipe.distill_seconds, recipe.distill_rate, 0.99)
    stage.warmup = 30
    student.requires_grad_(True)
    if recipe.compile:
        student.compile(dynamic=False)
    predict = predict_clips(student)

    def loss_of(_: int) -> torch.Tensor:
        size = (recipe.motion_batch,)
        picked = torch.randint(len(taught.clips), size, device=recipe.device)
        return walks.loss(predict, rows(taught, picked))

    taken_steps = fit(stage, [student], loss_of)
    trainer.save("student", student.state_dict())
    comparison.judge(stage, taken_steps)


def transfer(trainer: Trainer) -> None:
    """The stage "transfer", in place of distill: what distillation changed in earlier weights, from
    `recipe.start` to `recipe.distilled`, is added to the new ones.

    Weights that go on from the same place share such changes (task arithmetic, Ilharco et al.,
    ICLR 2023; LCM-LoRA, Luo et al., 2023, does it for distillation). Takes seconds on a CPU.
    """
    recipe = trainer.recipe
    if not (recipe.start and recipe.distilled):
        raise SystemExit("transfer needs --start and --distilled: weights before and after")
    comparison = Comparison(trainer)
    _transfer(comparison)
    trainer.save("student", comparison.student.state_dict())
    changed = recipe.start != recipe.distilled  # the same weights twice bring nothing nearer
    comparison.judge(trainer.stage("transfer", 0, 0), GATED_FROM if changed else 0)


def _transfer(comparison: Comparison) -> None:
    student, recipe = comparison.student, comparison.trainer.recipe
    before, after = Path(recipe.start), Path(recipe.distilled)
    student.load_state_dict(with_change(student.state_dict(), before, after))


def with_change(
    weights: dict[str, torch.Tensor], before: Path, after: Path
) -> dict[str, torch.Tensor]:
    """Weights of a runtime UNet, plus what differs between two folders of exported weights."""
    changed = dict(weights)
    for sign, folder in ((1, after), (-1, before)):
        earlier = load_mini(folder)
        earlier.grounding("instance")
        for name, tensor in earlier.pipeline.unet.state_dict().items():
            changed[name] = changed[name] + sign * tensor.to(changed[name].device)
    return changed


def _frozen(trainer: Trainer) -> tuple[GroundedUNetMotionModel, Objective]:
    """The runtime's UNet as the motion stage left it, and the objective, without gradients."""
    base = trainer.base()
    unet = trainer.motion_unet(base, trainer.motion_adapter()).requires_grad_(False)
    for part in base.values():
        part.requires_grad_(False)
    return unet, trainer.objective(base, predict_clips(unet), group=FRAMES)


class Comparison:
    """A student, which starts as its teacher's copy, against the ends of its teacher's last walks.

    Attributes
    ----------
    taught
        the walks to learn from.
    held
        those that it is compared with.
    before
        PSNR in dB of its unguided steps at the start.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.student, objective = _frozen(trainer)
        self.walks = Walks(objective, trainer.pool())
        taken = Trajectories(**trainer.saved("walks"))
        count = len(taken.clips)
        held = min(16, count // 2)
        self.taught, self.held = rows(taken, slice(count - held)), rows(taken, slice(-held, None))
        self.before = self.likeness(SEGMENTS)

    def judge(self, stage: Stage, steps_taken: int) -> None:
        """Note the figures; SystemExit unless the student came nearer."""
        psnr_by_steps = {steps: self.likeness(steps) for steps in (2, SEGMENTS, 15)}
        stage.note(psnr_to_teacher=psnr_by_steps, unguided_4_before=self.before)
        nearer = psnr_by_steps[SEGMENTS] > self.before
        require(nearer, steps_taken, "the student is further from its teacher than at its start")

    @torch.no_grad()
    def likeness(self, steps: int) -> float:
        """PSNR in dB of frames sampled in `steps` unguided steps to those of the walks' ends."""
        vae, device = self.trainer.vae(), self.trainer.recipe.device
        with (
            torch.compiler.set_stance("force_eager"),
            torch.autocast(device, torch.bfloat16, enabled=has_bf16(device)),
        ):
            made = self.walks.sample(predict_clips(self.student), self.held, steps)
        pictures = [
            vae.decode(part.float() / vae.config.scaling_factor).sample.clamp(-1, 1)
            for part in (made[:, ::5].flatten(0, 1), self.held.points[:, -1, ::5].flatten(0, 1))
        ]
        return psnr(((pictures[0] - pictures[1]) / 2).square().mean())
