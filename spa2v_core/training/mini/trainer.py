"""The training of the mini model, stage by stage (`__main__` has the commands)."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, MotionAdapter, UNet2DConditionModel
from transformers import PreTrainedTokenizerFast

from ...generation.grounding.instance import InstanceGrounding
from ...generation.hardware import has_bf16
from ...generation.unet import GroundedUNetMotionModel
from ..world.choreography import ASPECT, FRAMES
from ..world.sprites import SpritePack
from ..world.toys.views import draw_views
from ..world.world import Clips, World
from . import cards, models
from .loop import Stage, fit, require
from .objective import Objective, Predict, predict_2d, predict_clips
from .pool import LATENT_HW, Pool, change_of, join
from .vae import around_objects, lean_norms, to_signed, vae_figures, vae_loss

#: In the order of their figures in the card; `transfer` is in place of `distill`.
STAGES = (
    *("sprites", "vae", "latents", "decoder", "base", "motion"),
    *("walks", "distill", "export", "detector", "transfer"),
)
#: What each card makes and learns from; weights are saved once.
OF_A_CARD = ("pool", "walks")
#: Share of the autoencoder's time that goes to crops.
VAE_CROP_SHARE = 0.75


@dataclass(frozen=True)
class Recipe:
    """Seconds, batches and sizes.

    Attributes
    ----------
    start
        folder of exported weights that stages go on from ("" = from nothing).
    distilled
        folder of what became of `start` by distillation: "transfer" does the same to the new
        weights, and "distill" goes on from there.
    resume
        go on with the base that the work folder holds (saved every fifth of its stage).
    compile
        compile what base and motion train, which takes a minute or two of each stage's time.
    """

    seed: int = 0
    device: str = "cuda"
    vae_seconds: float = 250.0
    vae_frames: int = 36864
    vae_batch: int = 96
    vae_rate: float = 1e-3
    decoder_seconds: float = 100.0
    pool_clips: int = 14336
    clips_at_once: int = 32
    base_seconds: float = 980.0
    base_batch: int = 384
    motion_seconds: float = 420.0
    motion_batch: int = 32
    walk_seconds: float = 150.0
    distill_seconds: float = 240.0
    distill_rate: float = 3e-4
    detector_seconds: float = 200.0
    detector_batch: int = 256
    detector_rate: float = 1.5e-3
    backgrounds: int = 240
    rate: float = 8e-4
    motion_rate: float = 1e-3
    start: str = ""
    distilled: str = ""
    resume: bool = False
    compile: bool = False


class Trainer:
    """Holds the work folder and what the stages share."""

    def __init__(self, recipe: Recipe, work: Path) -> None:
        self.recipe, self.work = recipe, work
        work.mkdir(parents=True, exist_ok=True)
        self.tokenizer = models.build_tokenizer()
        self._world: World | None = None

    @property
    def world(self) -> World:
        if self._world is None:
            views = draw_views(SpritePack.load(self.work / "sprites.npz"), self.work)
            self._world = World(
                views, self.tokenizer, self.recipe.device, self.recipe.seed, self.recipe.backgrounds
            )
        return self._world

    def stage(self, name: str, seconds: float, rate: float, average: float = 0.998) -> Stage:
        log = self.work / f"log-{name}.jsonl"
        if not cards.rank():
            log.unlink(missing_ok=True)
        return Stage(name, seconds, rate, log, average)

    def _outdate_student(self) -> None:
        """A student of other weights is not exported."""
        (self.work / "student.pt").unlink(missing_ok=True)

    def save(self, name: str, values: dict) -> None:
        """What a stage made; weights are the same on every card."""
        if name in OF_A_CARD or not cards.rank():
            torch.save(values, self._file(name))

    def saved(self, name: str) -> dict:
        return torch.load(self._file(name), map_location=self.recipe.device)

    def _file(self, name: str) -> Path:
        of_another = name in OF_A_CARD and cards.rank()
        return self.work / (f"{name}-{cards.rank()}.pt" if of_another else f"{name}.pt")

    # ---- VAE -------------------------------------------------------------------------------

    def train_vae(self) -> None:
        """Autoencoder on pre-drawn frames, first on crops around objects, at last on whole frames.

        Errors inside objects and at edges weigh more: a crop is a third of a frame, and holds
        most of what is hard.
        """
        torch.manual_seed(self.recipe.seed)
        vae = models.build_vae()
        self._go_on("vae", vae)
        vae = vae.to(self.recipe.device, memory_format=torch.channels_last)
        frames, inside = self._drawn(self.recipe.vae_frames)
        count = min(256, len(frames) // 4)
        held, held_inside = frames[-count:], inside[-count:]
        stage = self.stage("vae", self.recipe.vae_seconds, self.recipe.vae_rate, 0.995)
        batch, started = self.recipe.vae_batch, time.time()
        lean_norms(vae)

        def loss_of(_: int) -> torch.Tensor:
            if time.time() - started < VAE_CROP_SHARE * stage.seconds:
                rows = torch.randint(len(frames) - count, (2 * batch,), device=frames.device)
                return vae_loss(vae, *around_objects(frames, inside, rows))
            rows = torch.randint(len(frames) - count, (batch,), device=frames.device)
            return vae_loss(vae, frames[rows], inside[rows])

        steps = fit(stage, [vae], loss_of)
        figures = vae_figures(vae, held, held_inside)
        stage.note(**figures)
        require(figures["psnr_inside"] > 22, steps, "the autoencoder does not reproduce objects")
        self.save("vae", {"vae": vae.state_dict(), "scaling_factor": 1 / figures["latent_std"]})

    def train_decoder(self) -> None:
        """The decoder alone, on latents that no longer change: base and motion stay valid."""
        torch.manual_seed(self.recipe.seed + 4)
        vae = self.vae().requires_grad_(False)
        vae.decoder.requires_grad_(True)
        lean_norms(vae)
        frames, inside = self._drawn(self.recipe.vae_frames)
        count = min(256, len(frames) // 4)
        stage = self.stage("decoder", self.recipe.decoder_seconds, self.recipe.vae_rate, 0.995)

        def loss_of(_: int) -> torch.Tensor:
            size = (self.recipe.vae_batch,)
            rows = torch.randint(len(frames) - count, size, device=frames.device)
            return vae_loss(vae, frames[rows], inside[rows])

        fit(stage, [vae], loss_of)
        stage.note(**vae_figures(vae, frames[-count:], inside[-count:]))
        factor = vae.config.scaling_factor
        self.save("vae", {"vae": vae.state_dict(), "scaling_factor": factor})

    def _drawn(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """`count` single frames (uint8) and their inside masks (bool)."""
        frames, inside = [], []
        at_once = self.recipe.clips_at_once
        for _ in range(max(1, count // (at_once * FRAMES))):
            clips = self.world.clips(at_once)
            frames.append((clips.frames.flatten(0, 1) * 255).round().to(torch.uint8))
            inside.append(clips.inside.flatten(0, 1) > 0)
        return torch.cat(frames), torch.cat(inside)

    def vae(self) -> AutoencoderKL:
        """What its stage made, else what stages go on from."""
        vae = models.build_vae()
        if not (self.work / "vae.pt").exists() and self.recipe.start:
            self._go_on("vae", vae)
            config = AutoencoderKL.load_config(Path(self.recipe.start) / "vae")
            factor = config["scaling_factor"]
        else:
            saved = self.saved("vae")
            vae.load_state_dict(saved["vae"])
            factor = saved["scaling_factor"]
        vae.register_to_config(scaling_factor=factor)
        return vae.to(self.recipe.device, memory_format=torch.channels_last).eval()

    # ---- latents ---------------------------------------------------------------------------

    @torch.no_grad()
    def encode_pool(self) -> None:
        """Draw and encode the clips that base and motion learn from."""
        torch.manual_seed(self.recipe.seed + 1)
        vae = self.vae()
        parts: list[Pool] = []
        at_once = self.recipe.clips_at_once
        for _ in range(max(1, self.recipe.pool_clips // at_once)):
            clips = self.world.clips(at_once)
            parts.append(self._encode(vae, clips))
        pool = join(parts)
        self.save("pool", vars(pool))
        self.stage("latents", 0, 0).note(clips=len(pool.latents))

    def _encode(self, vae: AutoencoderKL, clips: Clips) -> Pool:
        frames = to_signed(clips.frames.flatten(0, 1) * 255)
        device = self.recipe.device
        with torch.autocast(device, torch.bfloat16, enabled=has_bf16(device)):
            latents = vae.encode(frames).latent_dist.mode()
        latents = (latents.float() * vae.config.scaling_factor).half()
        latents = latents.view(len(clips.frames), FRAMES, -1, *LATENT_HW)
        return Pool(
            latents,
            change_of(latents),
            clips.boxes,
            clips.present,
            clips.pose,
            clips.phrases,
            clips.captions,
            clips.plain,
        )

    def pool(self) -> Pool:
        return Pool(**self.saved("pool"))

    # ---- base ------------------------------------------------------------------------------

    def train_base(self) -> None:
        """UNet, text encoder and instance grounding together, on single frames."""
        self._outdate_student()
        torch.manual_seed(self.recipe.seed + 2)
        parts = self.base() if self.recipe.resume else self._new_base()
        pool = self.pool()
        stage = self.stage("base", self.recipe.base_seconds, self.recipe.rate)
        objective = self.objective(parts, predict_2d(parts["unet"]))
        if self.recipe.compile:
            parts["unet"].compile(dynamic=False)
            parts["text_encoder"].compile(dynamic=False)

        def loss_of(_: int) -> torch.Tensor:
            clips = pool.random_clips(self.recipe.base_batch)
            return objective.loss(pool.frames(clips, torch.randint_like(clips, FRAMES)))

        def gate(share: float, step: int) -> None:
            if not 0.3 < share < 0.45:
                return
            pairs = objective.true_null_loss(pool)
            stage.note(gate=pairs)
            parted = pairs["700"][1] > 1.2 * pairs["700"][0]
            require(parted, step, "boxes are not learned: true and null loss have not parted")

        def save() -> None:
            self.save("base", {k: part.state_dict() for k, part in parts.items()})

        fit(stage, parts.values(), loss_of, gate, save)
        stage.note(true_null_loss=objective.true_null_loss(pool))

    def objective(self, parts: dict, predict: Predict, group: int = 1) -> Objective:
        return Objective(
            predict,
            self.tokenizer,
            parts["text_encoder"],
            parts["grounding"],
            self.recipe.device,
            group,
        )

    def _new_base(self) -> dict:
        device = self.recipe.device
        unet = models.build_unet().to(device, memory_format=torch.channels_last)
        parts = {
            "unet": unet,
            "text_encoder": models.build_text_encoder(self.tokenizer).to(device),
            "grounding": InstanceGrounding.for_unet(unet, models.TEXT_DIM).to(device),
        }
        for name, part in parts.items():
            self._go_on(name, part)
        parts["grounding"].graft(unet)
        return parts

    def _go_on(self, name: str, part: Any) -> None:
        """Give a new part the weights it starts from, if there are any."""
        if not self.recipe.start:
            return
        folder = Path(self.recipe.start)
        weights = type(part).from_pretrained(folder / name).float().state_dict()
        if name == "text_encoder":
            before = PreTrainedTokenizerFast.from_pretrained(folder / "tokenizer").get_vocab()
            models.keep_words(weights, part.state_dict(), before, self.tokenizer.get_vocab())
        models.widen(weights, part.state_dict())
        part.load_state_dict(weights)

    # ---- motion ----------------------------------------------------------------------------

    def base(self) -> dict:
        parts = self._new_base()
        for name, state in self.saved("base").items():
            parts[name].load_state_dict(state)
        return parts

    def motion_adapter(self) -> MotionAdapter:
        """The motion stage's result."""
        adapter = models.build_motion_adapter()
        adapter.load_state_dict(self.saved("motion"))
        return adapter

    def motion_unet(self, base: dict, adapter: torch.nn.Module) -> GroundedUNetMotionModel:
        """The runtime's UNet: plain base + motion modules, grounding grafted afterwards."""
        unet = GroundedUNetMotionModel.from_unet2d(_without_fusers(base["unet"]), adapter)
        grounding = InstanceGrounding.from_config(base["grounding"].config)
        grounding.load_state_dict(base["grounding"].state_dict())
        grounding.graft(unet)
        return unet.to(self.recipe.device)

    def train_motion(self) -> None:
        """Motion modules, with base, text and grounding frozen and grounding active."""
        self._outdate_student()
        torch.manual_seed(self.recipe.seed + 3)
        base = self.base()
        adapter = models.build_motion_adapter()
        self._go_on("motion_adapter", adapter)
        unet = self.motion_unet(base, adapter)
        unet.requires_grad_(False)
        for name, parameter in unet.named_parameters():
            parameter.requires_grad_("motion_modules" in name)
        for part in base.values():
            part.requires_grad_(False)
        pool = self.pool()
        stage = self.stage("motion", self.recipe.motion_seconds, self.recipe.motion_rate, 0.995)
        objective = self.objective(base, predict_clips(unet), group=FRAMES)
        alone = self.motion_unet(base, models.build_motion_adapter())  # passes on what it gets
        without = self.objective(base, predict_clips(alone), group=FRAMES).true_null_loss(pool)
        del alone
        if self.recipe.compile:
            unet.compile(dynamic=False)

        def loss_of(_: int) -> torch.Tensor:
            return objective.loss(pool.whole(pool.random_clips(self.recipe.motion_batch)))

        def save() -> None:
            state = unet.state_dict().items()
            self.save("motion", {k: v for k, v in state if "motion_modules" in k})

        steps = fit(stage, [unet], loss_of, save=save)
        pairs = objective.true_null_loss(pool)
        stage.note(true_null_loss=pairs, base_alone=without)
        require(pairs["700"][0] < without["700"][0], steps, "motion modules do not lower the loss")

    # ---- export ----------------------------------------------------------------------------

    def export(self, target: Path) -> None:
        """Write the parts in diffusers format, fp16, in shards under 10 MB.

        The distilled student if there is one, else what base and motion made.
        """
        base, adapter = self.base(), self.motion_adapter()
        if (self.work / "student.pt").exists():
            student = self.saved("student")
            for part in (base["unet"], adapter):
                mine = part.state_dict().keys() & student.keys()
                part.load_state_dict({k: student[k] for k in mine}, strict=part is adapter)
        parts = {
            "vae": self.vae(),
            "unet": _without_fusers(base["unet"]),
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
        logs = [self.work / f"log-{name}.jsonl" for name in STAGES]
        lines = [line for log in logs if log.exists() for line in log.read_text().splitlines()]
        figures = [json.loads(line) for line in lines if '"share"' not in line]
        card = {
            "seed": self.recipe.seed,
            "parameters_m": sizes,
            "figures": figures,
            "aspect": ASPECT,
        }
        (target / "training.json").write_text(json.dumps(card, indent=1) + "\n")


def _without_fusers(grafted: UNet2DConditionModel) -> UNet2DConditionModel:
    """A plain copy of a UNet that grounding was grafted into."""
    plain = models.build_unet()
    wanted = plain.state_dict().keys()
    plain.load_state_dict({k: v for k, v in grafted.state_dict().items() if k in wanted})
    return plain
