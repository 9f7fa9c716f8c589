"""The settings of a render: what the page's fields say, and what this machine can do."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr

from spa2v_core import hub
from spa2v_core.audio.clip import AudioClip
from spa2v_core.errors import InputError
from spa2v_core.generation import hardware
from spa2v_core.generation.base import RenderOptions, RenderRequest
from spa2v_core.generation.catalog import BACKENDS, BackendInfo, backend_info
from spa2v_core.layout import VideoSceneLayout

GROUNDING_LABELS = {
    "instance": "Instance (trained with the model)",
    "gligen": "GLIGEN (trained boxes)",
    "gligen+attention": "GLIGEN and attention steering",
    "attention": "Attention steering (no extra weights)",
    "energy": "Energy guidance (no extra weights, slow)",
    "migc": "MIGC (your own checkpoint, research only, experimental)",
    "boxes": "Masked cross-attention",
    "draft": "A draft video of the layout",
    "boxes+draft": "Masked cross-attention and a draft video",
    "none": "None (the boxes are not used)",
}
#: What a visitor of a Space may not choose: paths of the machine that runs the app.
_OF_THIS_MACHINE = ("base", "motion", "lora", "migc")


@dataclass(frozen=True)
class Settings:
    """The page's fields, in its order; what is empty is the preset's.

    shown_for: backend and preset that the five numbers were filled in for; another preset's
    numbers (the page was quicker than its own update) are not used.
    """

    backend: str = "mini"
    preset: str = "default"
    seed: float = 0
    captions: str = "mix"
    grounding: str = "default"
    steps: float | None = None
    guidance_scale: float | None = None
    grounding_share: float | None = None
    frames: float | None = None
    fps: float | None = None
    shown_for: tuple[str, str] | None = None
    negative_prompt: str = ""
    memory: str = "auto"
    compile: bool = False
    base: str = ""
    motion: str = ""
    lora: str = ""
    migc: str = ""
    accept_noncommercial: bool = False

    @classmethod
    def read(cls, values: tuple[Any, ...]) -> Settings:
        """From the fields' values; a field that was never shown is None."""
        names = [field.name for field in fields(cls)]
        given = zip(names, values, strict=True)
        return cls(**{name: value for name, value in given if value is not None})

    def request(self, layout: VideoSceneLayout, clip: AudioClip) -> RenderRequest:
        """As the pipeline takes it; InputError for what can't be done here."""
        lacking = missing(self.backend)
        if lacking:
            raise InputError(lacking)
        if on_a_space() and any(getattr(self, name).strip() for name in _OF_THIS_MACHINE):
            raise InputError("files of your own can be used where you run the app yourself")
        numbers = self if self._numbers_fit() else Settings()
        options = RenderOptions(
            steps=_whole(numbers.steps),
            guidance_scale=numbers.guidance_scale or None,
            grounding_share=numbers.grounding_share,
            negative_prompt=self.negative_prompt.strip() or None,
            frames=_whole(numbers.frames),
            fps=numbers.fps,
            weights=own_weights() if self.backend == "animatediff" else None,
            base=self.base.strip(),
            motion=self.motion.strip(),
            lora=self.lora.strip(),
            memory=self.memory,  # type: ignore[arg-type]
            compile=self.compile,
            migc=Path(self.migc.strip()) if self.migc.strip() else None,
            accept_noncommercial=self.accept_noncommercial,
        )
        return RenderRequest(
            layout,
            clip,
            backend=self.backend,
            preset=self.preset,
            seed=int(self.seed),
            captions=self.captions,  # type: ignore[arg-type]
            grounding=self.grounding,
            options=options,
        )

    def _numbers_fit(self) -> bool:
        return self.shown_for in (None, (self.backend, self.preset))


def _whole(value: float | None) -> int | None:
    return int(value) if value else None


def on_a_space() -> bool:
    return bool(os.environ.get("SPACE_ID"))


def own_weights() -> Path | None:
    """Folder of full-size weights that whoever runs the app has named, in place of the hub's."""
    named = os.environ.get("SPA2V_WEIGHTS")
    return Path(named) if named else None


def missing(backend: str) -> str:
    """What this machine lacks for a backend and how to get it, "" if nothing."""
    info = backend_info(backend)
    lacking = []
    if info.needs_gpu and not hardware.has_gpu():
        lacking.append("it needs a GPU, and this machine shows none")
    absent = [key for key in info.weights if not hub.is_here(key)]
    if absent and not (backend == "animatediff" and own_weights()):
        models = [hub.MODELS[key] for key in absent]
        licences = ", ".join(dict.fromkeys(model.licence for model in models))
        lacking.append(
            f"its weights are not here: run `python -m spa2v_core fetch {backend}` "
            f"(licences: {licences})"
        )
    return f"{info.label} can't be used yet: {'; '.join(lacking)}" if lacking else ""


def backend_choices() -> list[tuple[str, str]]:
    """(label, name) of the backends; one that can't be used here says so."""
    return [
        (info.label + (" · not here" if missing(name) else ""), name)
        for name, info in BACKENDS.items()
    ]


def preset_choices(info: BackendInfo) -> list[tuple[str, str]]:
    return [(preset.label, name) for name, preset in info.presets.items()]


def grounding_choices(info: BackendInfo) -> list[tuple[str, str]]:
    """(label, name): the default first, each kind, what combines, and none."""
    default = "+".join(info.default_grounding)
    kinds = list(dict.fromkeys([default, *info.groundings]))
    if "gligen" in kinds:
        kinds.insert(1, "gligen+attention")
    return [
        (GROUNDING_LABELS[kind], "default" if kind == default else kind)
        for kind in [*kinds, "none"]
    ]


def choose_backend(backend: str) -> tuple[Any, ...]:
    """(what it lacks, presets, groundings, full-size fields, *`choose_preset`) of a backend."""
    info, lacking = backend_info(backend), missing(backend)
    return (
        gr.update(value=lacking, visible=bool(lacking)),
        gr.update(choices=preset_choices(info), value="default"),
        gr.update(choices=grounding_choices(info), value="default"),
        gr.update(visible=backend == "animatediff"),
        *choose_preset(backend, "default"),
    )


def choose_preset(backend: str, preset: str) -> tuple[Any, ...]:
    """(one line on a preset, its steps, guidance, share of grounded steps, frames and rate, and
    what they are for)."""
    made = backend_info(backend).presets.get(preset)
    if made is None:  # the backend has just been changed: its own presets are on their way
        return (gr.skip(),) * 7
    schedule = made.schedule
    return (
        f"{made.about}; {made.fps:g} frames a second by interpolation.",
        schedule.steps,
        schedule.guidance_scale,
        schedule.grounding_share,
        made.frames,
        made.fps,
        (backend, preset),
    )
