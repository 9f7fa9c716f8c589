"""Train the mini model: one command per stage and one for all.

    python -m spa2v_core.training.mini sprites      # needs npm and a network, once
    python -m spa2v_core.training.mini vae latents base motion export
    python -m spa2v_core.training.mini all

Stages keep their results in the work folder, so a run resumes at any stage. One H100 takes about
20 minutes for all of it. The recipe: base, text and grounding are trained together, because a
base this small can't be grounded afterwards; motion comes last, with the rest frozen.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
from diffusers import AutoencoderKL

from ..generation.grounding.base import GroundingInputs
from ..generation.grounding.instance import InstanceGrounding, box_coverage, phrase_embeddings
from ..generation.unet import FrameConditioning, GroundedUNetMotionModel
from . import models
from .loop import Stage, fit, has_bf16
from .sprites import SpritePack, pack_sprites
from .world import ASPECT, FRAMES, Clips, World

LATENT_HW = (20, 32)
#: Size and step of the windows, in latent cells: multiples of 4, as the UNet halves twice.
WINDOW, WINDOW_STEP = 16, 4
STAGES = ("sprites", "vae", "latents", "base", "motion", "export")


@dataclass(frozen=True)
class Recipe:
    """Seconds, batches and sizes.

    Attributes
    ----------
    start: folder of exported weights that stages go on from ("" = from nothing).
    window_share: share of base steps on windows around objects (`WINDOW` of the latents), which
        cost less and hold more of the objects; for going on with a trained base on a CPU.
    """

    seed: int = 0
    device: str = "cuda"
    vae_seconds: float = 250
    vae_frames: int = 36864
    vae_batch: int = 96
    pool_clips: int = 14336
    base_seconds: float = 530
    base_batch: int = 384
    motion_seconds: float = 270
    motion_batch: int = 32
    backgrounds: int = 150
    rate: float = 8e-4
    window_share: float = 0.0
    start: str = ""
    compile: bool = False


@dataclass
class Pool:
    """Encoded clips: latents (N, F, 8, 20, 32) scaled to unit variance, and their conditions."""

    latents: torch.Tensor
    boxes: torch.Tensor
    present: torch.Tensor
    facing: torch.Tensor
    phrases: torch.Tensor
    captions: torch.Tensor
    plain: torch.Tensor

    def take(self, clips: torch.Tensor, frames: torch.Tensor | None) -> Pool:
        """Rows `clips` at one frame each, or whole, flattened to frames, if `frames` is None."""
        if frames is None:
            picked = {f.name: getattr(self, f.name)[clips] for f in fields(self)}
            for name in ("facing", "phrases", "plain"):
                picked[name] = picked[name].repeat_interleave(FRAMES, dim=0)
            for name in ("latents", "boxes", "present", "captions"):
                picked[name] = picked[name].flatten(0, 1)
            return Pool(**picked)
        picked = {
            name: getattr(self, name)[clips, frames]
            for name in ("latents", "boxes", "present", "captions")
        }
        picked |= {name: getattr(self, name)[clips] for name in ("facing", "phrases", "plain")}
        return Pool(**picked)


class Trainer:
    """Holds the work folder and what the stages share."""

    def __init__(self, recipe: Recipe, work: Path) -> None:
        self.recipe, self.work = recipe, work
        work.mkdir(parents=True, exist_ok=True)
        self.tokenizer = models.build_tokenizer()
        self.specials = set(self.tokenizer.all_special_ids)
        self._world: World | None = None

    @property
    def world(self) -> World:
        if self._world is None:
            pack = SpritePack.load(self.work / "sprites.npz")
            self._world = World(
                pack, self.tokenizer, self.recipe.device, self.recipe.seed, self.recipe.backgrounds
            )
        return self._world

    def stage(self, name: str, seconds: float, rate: float, average: float = 0.998) -> Stage:
        log = self.work / f"log-{name}.jsonl"
        log.unlink(missing_ok=True)
        return Stage(name, seconds, rate, log, average)

    def saved(self, name: str) -> dict:
        return torch.load(self.work / f"{name}.pt", map_location=self.recipe.device)

    # ---- VAE -------------------------------------------------------------------------------

    def train_vae(self) -> None:
        """Autoencoder on pre-drawn frames; errors inside objects and at edges weigh more."""
        torch.manual_seed(self.recipe.seed)
        vae = models.build_vae().to(self.recipe.device, memory_format=torch.channels_last)
        frames, inside = self._drawn(self.recipe.vae_frames)
        held, held_inside = frames[-256:], inside[-256:]
        stage = self.stage("vae", self.recipe.vae_seconds, 1.0e-3, 0.995)
        if self.recipe.compile:
            vae.encoder.compile()
            vae.decoder.compile()

        def loss_of(_: int) -> torch.Tensor:
            rows = torch.randint(len(frames) - 256, (self.recipe.vae_batch,), device=frames.device)
            target = to_signed(frames[rows])
            weight = 1 + 3 * inside[rows][:, None].float()
            posterior = vae.encode(target).latent_dist
            decoded = vae.decode(posterior.sample()).sample.float()
            error = decoded - target
            pixel = (weight * (error.abs() + 2 * error.square())).mean()
            edges = (error.diff(dim=-1).abs() * weight[..., 1:]).mean()
            edges = edges + (error.diff(dim=-2).abs() * weight[..., 1:, :]).mean()
            return pixel + edges + 2e-7 * posterior.kl().mean()

        fit(stage, [vae], loss_of)
        with torch.no_grad(), torch.compiler.set_stance("force_eager"):
            decoded = torch.cat(
                [vae(to_signed(held[i : i + 64])).sample for i in range(0, len(held), 64)]
            )
            latents = torch.cat(
                [
                    vae.encode(to_signed(held[i : i + 64])).latent_dist.mode()
                    for i in range(0, 256, 64)
                ]
            )
        error = ((decoded.clamp(-1, 1) - to_signed(held)) / 2).square().mean(1)
        spread = float(latents.std())
        stage.note(
            psnr=psnr(error.mean()),
            psnr_inside=psnr((error * held_inside).sum() / held_inside.sum()),
            latent_std=spread,
            latent_std_per_channel=[round(float(s), 3) for s in latents.std(dim=(0, 2, 3))],
        )
        torch.save({"vae": vae.state_dict(), "scaling_factor": 1 / spread}, self.work / "vae.pt")

    def _drawn(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """`count` single frames (uint8) and their inside masks (bool)."""
        frames, inside = [], []
        for _ in range(max(1, count // (32 * FRAMES))):
            clips = self.world.clips(32)
            frames.append((clips.frames.flatten(0, 1) * 255).round().to(torch.uint8))
            inside.append(clips.inside.flatten(0, 1) > 0)
        return torch.cat(frames), torch.cat(inside)

    def vae(self) -> AutoencoderKL:
        if not (self.work / "vae.pt").exists() and self.recipe.start:
            vae = AutoencoderKL.from_pretrained(Path(self.recipe.start) / "vae").float()
            return vae.to(self.recipe.device, memory_format=torch.channels_last).eval()
        saved = self.saved("vae")
        vae = models.build_vae()
        vae.load_state_dict(saved["vae"])
        vae.register_to_config(scaling_factor=saved["scaling_factor"])
        return vae.to(self.recipe.device, memory_format=torch.channels_last).eval()

    # ---- latents ---------------------------------------------------------------------------

    @torch.no_grad()
    def encode_pool(self) -> None:
        """Draw and encode the clips that base and motion learn from (kept in memory too)."""
        torch.manual_seed(self.recipe.seed + 1)
        vae = self.vae()
        parts: list[Pool] = []
        for _ in range(max(1, self.recipe.pool_clips // 32)):
            clips = self.world.clips(32)
            parts.append(self._encode(vae, clips))
        pool = Pool(*(torch.cat([getattr(p, f.name) for p in parts]) for f in fields(Pool)))
        torch.save(vars(pool), self.work / "pool.pt")
        self.stage("latents", 0, 0).note(clips=len(pool.latents))

    def _encode(self, vae: AutoencoderKL, clips: Clips) -> Pool:
        frames = to_signed(clips.frames.flatten(0, 1) * 255)
        device = self.recipe.device
        with torch.autocast(device, torch.bfloat16, enabled=has_bf16(device)):
            latents = vae.encode(frames).latent_dist.mode()
        latents = (latents.float() * vae.config.scaling_factor).half()
        return Pool(
            latents.view(len(clips.frames), FRAMES, -1, *LATENT_HW),
            clips.boxes,
            clips.present,
            clips.facing,
            clips.phrases,
            clips.captions,
            clips.plain,
        )

    def pool(self) -> Pool:
        return Pool(**self.saved("pool"))

    # ---- base ------------------------------------------------------------------------------

    def train_base(self) -> None:
        """UNet, text encoder and instance grounding together, on single frames."""
        torch.manual_seed(self.recipe.seed + 2)
        random.seed(self.recipe.seed + 2)
        parts = self._new_base()
        pool = self.pool()
        held = len(pool.latents) // 50 + 1
        stage = self.stage("base", self.recipe.base_seconds, self.recipe.rate)
        focus = _object_windows(pool, held)
        unet_of = self._unet_2d(parts["unet"])
        if self.recipe.compile:
            parts["unet"].compile()

        def loss_of(_: int) -> torch.Tensor:
            device = pool.latents.device
            count = self.recipe.base_batch
            if random.random() < self.recipe.window_share:
                corner, rows = random.choice(focus)
                rows = rows[torch.randint(len(rows), (count,), device=device)]
                batch = pool.take(rows // FRAMES, rows % FRAMES)
                return self._loss(parts, unet_of, batch, group=1, corner=corner)
            if self.recipe.window_share:  # as many latent cells a step
                count = count * WINDOW**2 // (LATENT_HW[0] * LATENT_HW[1])
            clips = torch.randint(len(pool.latents) - held, (count,), device=device)
            frames = torch.randint(FRAMES, clips.shape, device=device)
            return self._loss(parts, unet_of, pool.take(clips, frames), group=1)

        def gate(share: float, step: int) -> None:
            if step < 300 or not 0.3 < share < 0.45:
                return
            gaps = self._gaps(parts, unet_of, pool, held, frames_each=1)
            stage.note(gate=gaps)
            if gaps["700"][1] < 1.2 * gaps["700"][0]:
                raise SystemExit("boxes are not being learned: true and null loss have not parted")

        def save() -> None:
            torch.save({k: part.state_dict() for k, part in parts.items()}, self.work / "base.pt")

        fit(stage, parts.values(), loss_of, gate, save)
        gaps = self._gaps(parts, unet_of, pool, held, frames_each=1)
        stage.note(true_null_loss=gaps)

    def _new_base(self) -> dict:
        device = self.recipe.device
        unet = models.build_unet().to(device, memory_format=torch.channels_last)
        parts = {
            "unet": unet,
            "text_encoder": models.build_text_encoder(self.tokenizer).to(device),
            "grounding": models.build_grounding(unet).to(device),
        }
        if self.recipe.start:
            for name, part in parts.items():
                started = type(part).from_pretrained(Path(self.recipe.start) / name)
                part.load_state_dict(started.float().state_dict())
        parts["grounding"].graft(unet)
        return parts

    @staticmethod
    def _unet_2d(unet: torch.nn.Module):  # noqa: ANN205
        """Call a 2D UNet with a prepared grounding state."""
        unet.position_net = models.PassThrough()

        def call(sample, timesteps, text, state):  # noqa: ANN001, ANN202
            return unet(
                sample, timesteps, text, cross_attention_kwargs={"gligen": {"objs": state}}
            ).sample

        return call

    def _loss(
        self,
        parts: dict,
        unet_of,  # noqa: ANN001
        batch: Pool,
        group: int,
        corner: tuple[int, int] | None = None,
    ) -> torch.Tensor:
        """Weighted v-prediction loss; `group` frames share timestep and dropped conditions.
        `corner` (row, column) is that of a window, None for the whole frame."""
        count = len(batch.latents)
        device = batch.latents.device
        text_ids = torch.where(
            self._chance(count, group, 0.5)[:, None], batch.plain, batch.captions
        )
        unknown = (torch.rand(text_ids.shape, device=device) < 0.05) & (text_ids > 3)
        text_ids = torch.where(unknown, torch.full_like(text_ids, 3), text_ids)
        nothing = self._chance(count, group, 0.10)
        no_text = nothing | self._chance(count, group, 0.05)
        no_boxes = nothing | self._chance(count, group, 0.05)
        empty = models.empty_tokens(self.tokenizer, device)
        text_ids = torch.where(no_text[:, None], empty, text_ids)
        extent = (1.0, 1.0)
        if corner is not None:
            batch, extent = _cut(batch, corner)
        present = batch.present * (~no_boxes[:, None])
        timesteps = torch.randint(1000, (count // group,), device=device).repeat_interleave(group)
        noise = torch.randn(batch.latents.shape, device=device)
        error, snr = self._error(parts, unet_of, batch, text_ids, present, timesteps, noise, extent)
        weight = torch.minimum(snr, torch.tensor(5.0, device=device)) / (snr + 1)
        weight = torch.where(snr < 5, weight.clamp(min=0.5), weight)
        size = batch.latents.shape[-2:]
        cover = box_coverage(batch.boxes, *size) * batch.present[..., None]
        focus = 1 + 1.5 * cover.amax(1).view(count, 1, *size)
        return (error * focus * weight[:, None, None, None]).mean()

    def _error(  # noqa: ANN202
        self,
        parts,  # noqa: ANN001
        unet_of,  # noqa: ANN001
        batch,  # noqa: ANN001
        text_ids,  # noqa: ANN001
        present,  # noqa: ANN001
        timesteps,  # noqa: ANN001
        noise,  # noqa: ANN001
        extent=(1.0, 1.0),  # noqa: ANN001
    ):
        """Squared v-prediction error (N, 8, h, w) and the signal-to-noise ratio (N,)."""
        alphas = self._alphas(batch.latents.device)[timesteps]
        a, b = (root[:, None, None, None] for root in (alphas.sqrt(), (1 - alphas).sqrt()))
        clean = batch.latents.float()
        text = parts["text_encoder"](text_ids).last_hidden_state
        phrases = phrase_embeddings(batch.phrases, parts["text_encoder"], self.specials)
        inputs = GroundingInputs(phrases, batch.boxes, present, batch.facing)
        state = parts["grounding"].prepare(inputs, tuple(clean.shape[-2:]), extent)
        predicted = unet_of(a * clean + b * noise, timesteps, text, state).float()
        return (predicted - (a * noise - b * clean)).square(), alphas / (1 - alphas).clamp(min=1e-8)

    def _alphas(self, device: torch.device) -> torch.Tensor:
        return models.build_scheduler().alphas_cumprod.to(device)

    def _chance(self, count: int, group: int, p: float) -> torch.Tensor:
        draw = torch.rand(count // group, device=self.recipe.device) < p
        return draw.repeat_interleave(group)

    @torch.no_grad()
    def _gaps(self, parts: dict, unet_of, pool: Pool, held: int, frames_each: int) -> dict:  # noqa: ANN001
        """Held-out loss inside boxes, same noise: {t: [with true boxes, with null boxes]}."""
        generator = torch.Generator(self.recipe.device).manual_seed(7)
        rows = torch.arange(len(pool.latents) - held, len(pool.latents), device=self.recipe.device)
        rows = rows[: max(1, 256 // frames_each)]
        frames = None if frames_each > 1 else torch.full_like(rows, FRAMES // 2)
        batch = pool.take(rows, frames)
        noise = torch.randn(batch.latents.shape, device=self.recipe.device, generator=generator)
        cover = box_coverage(batch.boxes, *LATENT_HW) * batch.present[..., None]
        inside = (cover.amax(1) > 0.5).view(-1, 1, *LATENT_HW).float()
        gaps = {}
        for t in (950, 700, 400):
            timesteps = torch.full((len(noise),), t, device=self.recipe.device)
            pair = []
            for present in (batch.present, torch.zeros_like(batch.present)):
                with torch.compiler.set_stance("force_eager"):
                    error, _ = self._error(
                        parts, unet_of, batch, batch.plain, present, timesteps, noise
                    )
                pair.append(round(float((error.mean(1, True) * inside).sum() / inside.sum()), 4))
            gaps[str(t)] = pair
        return gaps

    # ---- motion ----------------------------------------------------------------------------

    def base(self) -> dict:
        parts = self._new_base()
        for name, state in self.saved("base").items():
            parts[name].load_state_dict(state)
        return parts

    def motion_unet(self, base: dict, adapter: torch.nn.Module) -> GroundedUNetMotionModel:
        """The runtime's UNet: plain base + motion modules, grounding grafted afterwards."""
        plain = models.build_unet()
        wanted = plain.state_dict().keys()
        plain.load_state_dict({k: v for k, v in base["unet"].state_dict().items() if k in wanted})
        unet = GroundedUNetMotionModel.from_unet2d(plain, adapter)
        grounding = InstanceGrounding.from_config(base["grounding"].config)
        grounding.load_state_dict(base["grounding"].state_dict())
        grounding.graft(unet)
        return unet.to(self.recipe.device)

    def train_motion(self) -> None:
        """Motion modules, with base, text and grounding frozen and grounding active."""
        torch.manual_seed(self.recipe.seed + 3)
        base = self.base()
        adapter = models.build_motion_adapter()
        if self.recipe.start:
            started = type(adapter).from_pretrained(Path(self.recipe.start) / "motion_adapter")
            adapter.load_state_dict(started.float().state_dict())
        unet = self.motion_unet(base, adapter)
        unet.requires_grad_(False)
        for name, parameter in unet.named_parameters():
            parameter.requires_grad_("motion_modules" in name)
        for part in base.values():
            part.requires_grad_(False)
        pool = self.pool()
        held = len(pool.latents) // 50 + 1
        stage = self.stage("motion", self.recipe.motion_seconds, 1e-3, 0.995)
        if self.recipe.compile:
            unet.compile()

        def unet_of(sample, timesteps, text, state):  # noqa: ANN001, ANN202
            video = sample.unflatten(0, (-1, FRAMES)).transpose(1, 2)
            passed = {"conditioning": FrameConditioning(None, state)}
            out = unet(video, timesteps[::FRAMES], text, cross_attention_kwargs=passed).sample
            return out.transpose(1, 2).flatten(0, 1)

        def loss_of(_: int) -> torch.Tensor:
            device = pool.latents.device
            clips = torch.randint(
                len(pool.latents) - held, (self.recipe.motion_batch,), device=device
            )
            return self._loss(base, unet_of, pool.take(clips, None), group=FRAMES)

        def save() -> None:
            motion = {k: v for k, v in unet.state_dict().items() if "motion_modules" in k}
            torch.save(motion, self.work / "motion.pt")

        fit(stage, [unet], loss_of, save=save)
        stage.note(true_null_loss=self._gaps(base, unet_of, pool, held, frames_each=FRAMES))

    # ---- export ----------------------------------------------------------------------------

    def export(self, target: Path) -> None:
        """Write the parts in diffusers format, fp16, in shards under 10 MB."""
        base = self.base()
        adapter = models.build_motion_adapter()
        adapter.load_state_dict(self.saved("motion"))
        plain = models.build_unet()
        wanted = plain.state_dict().keys()
        plain.load_state_dict({k: v for k, v in base["unet"].state_dict().items() if k in wanted})
        parts = {
            "vae": self.vae(),
            "unet": plain,
            "grounding": base["grounding"],
            "motion_adapter": adapter,
            "text_encoder": base["text_encoder"],
        }
        for name, part in parts.items():
            part.half().to("cpu", memory_format=torch.contiguous_format).save_pretrained(
                target / name, max_shard_size="9MB"
            )
        self.tokenizer.save_pretrained(target / "tokenizer")
        models.build_scheduler().save_pretrained(target / "scheduler")
        sizes = {name: round(models.parameters_m(part), 2) for name, part in parts.items()}
        logs = [self.work / f"log-{name}.jsonl" for name in ("vae", "latents", "base", "motion")]
        lines = [line for log in logs if log.exists() for line in log.read_text().splitlines()]
        figures = [json.loads(line) for line in lines if '"share"' not in line]
        card = {
            "seed": self.recipe.seed,
            "parameters_m": sizes,
            "figures": figures,
            "aspect": ASPECT,
        }
        (target / "training.json").write_text(json.dumps(card, indent=1) + "\n")


def _object_windows(pool: Pool, held: int) -> list[tuple[tuple[int, int], torch.Tensor]]:
    """Per window: its corner (row, column) in the latents, and the frames (clip * FRAMES + frame)
    that have the middle of an object in it."""
    height, width = LATENT_HW
    boxes = pool.boxes[:-held].flatten(0, 1)
    shown = pool.present[:-held].flatten(0, 1) > 0
    x = (boxes[..., 0] + boxes[..., 2]) / 2 * width
    y = (boxes[..., 1] + boxes[..., 3]) / 2 * height
    windows = []
    for row in range(0, height - WINDOW + 1, WINDOW_STEP):
        for column in range(0, width - WINDOW + 1, WINDOW_STEP):
            inside = (x > column) & (x < column + WINDOW) & (y > row) & (y < row + WINDOW) & shown
            windows.append(((row, column), torch.nonzero(inside.any(1))[:, 0]))
    return [(corner, rows) for corner, rows in windows if len(rows)]


def _cut(batch: Pool, corner: tuple[int, int]) -> tuple[Pool, tuple[float, float]]:
    """A batch within a window, with its boxes relative to it, and the window's extent."""
    (height, width), (row, column) = LATENT_HW, corner
    latents = batch.latents[..., row : row + WINDOW, column : column + WINDOW]
    scale = torch.tensor([width, height, width, height], device=latents.device)
    origin = torch.tensor([column, row, column, row], device=latents.device)
    boxes = (batch.boxes * scale - origin) / WINDOW
    return replace(batch, latents=latents, boxes=boxes), (WINDOW / width, WINDOW / height)


def to_signed(frames: torch.Tensor) -> torch.Tensor:
    """0..255 to -1..1."""
    return frames.float() / 127.5 - 1


def psnr(error: torch.Tensor) -> float:
    """Peak signal-to-noise ratio in dB of a mean squared error at peak 1."""
    return round(float(-10 * error.log10()), 2)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("stages", nargs="+", choices=[*STAGES, "all"])
    parser.add_argument("--work", type=Path, default=Path("build/training"))
    parser.add_argument("--out", type=Path, default=Path("assets/mini"))
    for field in fields(Recipe):
        if isinstance(field.default, bool):
            parser.add_argument(f"--{field.name}", action="store_true")
        else:
            parser.add_argument(
                f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default
            )
    options = vars(parser.parse_args(arguments))
    recipe = replace(Recipe(), **{f.name: options[f.name] for f in fields(Recipe)})
    trainer = Trainer(recipe, options["work"])
    run = {
        "sprites": lambda: pack_sprites(trainer.work / "sprites.npz"),
        "vae": trainer.train_vae,
        "latents": trainer.encode_pool,
        "base": trainer.train_base,
        "motion": trainer.train_motion,
        "export": lambda: trainer.export(options["out"]),
    }
    for stage in STAGES if "all" in options["stages"] else options["stages"]:
        run[stage]()


if __name__ == "__main__":
    main()
