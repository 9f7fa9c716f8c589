"""The settings of a render: what the page's fields say, and what this machine can do."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import gradio as gr

from spa2v_core import hub
from spa2v_core.audio.clip import AudioClip
from spa2v_core.errors import InputError
from spa2v_core.generation import hardware
from spa2v_core.generation.base import RenderRequest
from spa2v_core.generation.registry import BACKENDS, GROUNDINGS, grounding_kinds, kinds_of
from spa2v_core.generation.spec import BackendSpec
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.layout.picture import SHAPES
from spa2v_core.options import Option, options_of

from .service import host as hosting
from .uploads import gathered, is_upload
from .values import text_of, whole_of
from .words import ENGLISH, Words, words_for

#: Fields that every backend has, before those of `page_options`.
REQUEST_FIELDS = ("backend", "preset", "seed", "captions", "grounding", "shown_for")
#: What the page fills in from the preset.
NUMBERS = ("steps", "guidance_scale", "grounding_share", "frames", "fps")


def page_options() -> dict[str, Option]:
    """Every option of a backend that the page has a field for, each once."""
    found: dict[str, Option] = {}
    for spec in BACKENDS.all().values():
        for one in options_of(spec.options):
            if one.on_page:
                found.setdefault(one.name, one)
    return found


def is_offered(backend: str, one: Option) -> bool:
    """Whether a backend takes an option here: visitors of a public host name nothing of it."""
    taken = {known.name for known in options_of(BACKENDS.get(backend).options)}
    own = one.of_this_machine and not one.upload
    return one.name in taken and not (own and hosting.current().public)


@dataclass(frozen=True)
class Settings:
    """The page's fields; what is empty is the preset's.

    Attributes
    ----------
    shown_for
        backend and preset that the numbers were filled in for; another preset's numbers (the page
        was quicker than its own update) are not used.
    options
        name of an option -> what its field says, of whichever backend.
    """

    backend: str = "mini"
    preset: str = "default"
    seed: float = 0
    captions: str = "mix"
    grounding: str = "default"
    shown_for: tuple[str, str] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, values: Sequence[Any]) -> Settings:
        """From the fields' values in their order (`REQUEST_FIELDS`, `page_options`); a field that
        was never shown is None."""
        count = len(REQUEST_FIELDS)
        given = {n: v for n, v in zip(REQUEST_FIELDS, values, strict=False) if v is not None}
        return cls(**given, options=dict(zip(page_options(), values[count:], strict=True)))

    def request(
        self, layout: VideoSceneLayout, clip: AudioClip, strict: bool = False
    ) -> RenderRequest:
        """As the pipeline takes it; InputError for what can't be done here. strict: an option that
        the backend does not take is refused, not left out."""
        for name in ("backend", "preset", "captions", "grounding"):
            text_of(getattr(self, name), name)
        lacking = missing(self.backend)
        if lacking:
            raise InputError(lacking)
        return RenderRequest(
            layout,
            clip,
            backend=self.backend,
            preset=self.preset,
            seed=whole_of(self.seed, "seed"),
            captions=self.captions,  # type: ignore[arg-type]
            grounding=self.grounding,
            options=self._options(strict),
        )

    def _options(self, strict: bool) -> dict[str, Any]:
        """What departs from the preset, of this backend's own options."""
        known = {one.name: one for one in options_of(BACKENDS.get(self.backend).options)}
        fits = self.shown_for in (None, (self.backend, self.preset))
        said = {
            name: value
            for name, value in self.options.items()
            if (strict or name in known)
            and not (value in (None, "", []) or value == _default(known, name))
            and (fits or name not in NUMBERS)
        }
        private = [
            name
            for name, value in said.items()
            if name in known and known[name].of_this_machine and not is_upload(known[name], value)
        ]
        if private and hosting.current().public:
            raise InputError("files of your own can be used where you run the app yourself")
        for name, value in said.items():
            if name in known and known[name].upload == "pictures" and isinstance(value, list):
                said[name] = gathered([text_of(path, name) for path in value])
        own = own_weights(BACKENDS.get(self.backend))
        return said if own is None else {**said, "weights": own}


def _default(known: Mapping[str, Option], name: str) -> Any:
    return known[name].default if name in known else None


def own_weights(spec: BackendSpec) -> Path | None:
    """Folder of weights that whoever runs the app has named, in place of the hub's."""
    named = os.environ.get(spec.weights_variable) if spec.weights_variable else None
    return Path(named) if named else None


def missing(backend: str) -> str:
    """What this machine lacks for a backend and how to get it, "" if nothing."""
    spec = BACKENDS.get(backend)
    lacking = []
    if spec.needs_gpu and not hardware.has_gpu():
        lacking.append("it needs a GPU, and this machine shows none")
    absent = [key for key in spec.weights if not hub.is_here(key)]
    if absent and not own_weights(spec):
        models = [hub.MODELS[key] for key in absent]
        licences = ", ".join(dict.fromkeys(model.licence for model in models))
        lacking.append(
            f"its weights are not here: run `python -m spa2v_core fetch {backend}` "
            f"(licences: {licences})"
        )
    if spec.download and not own_weights(spec):
        lacking.append(
            f"its weights are not here: run `{spec.download}` and name the folder in "
            f"{spec.weights_variable}"
        )
    return f"{spec.label} can't be used yet: {'; '.join(lacking)}" if lacking else ""


def backend_choices() -> list[tuple[str, str]]:
    """(label, name) of the backends; one that can't be used here says so."""
    return [
        (spec.label + (" · not here" if missing(name) else ""), name)
        for name, spec in BACKENDS.all().items()
    ]


def preset_choices(spec: BackendSpec) -> list[tuple[str, str]]:
    return [(preset.label, name) for name, preset in spec.presets.items()]


def grounding_choices(spec: BackendSpec, words: Words = ENGLISH) -> list[tuple[str, str]]:
    """(label, name): the default first, what combines, each kind, and none."""
    default = "+".join(spec.default_grounding)
    kinds = dict.fromkeys([default, *spec.combinations, *kinds_of(spec)])
    named = [
        (_label(kind, words), "default" if kind == default else kind) for kind in kinds if kind
    ]
    return [*named, (words("None (the boxes are not used)"), "none")]


def _label(kinds: str, words: Words) -> str:
    """Of a kind, or of those joined by "+", with what is in brackets only where it stands alone."""
    labels = [words(GROUNDINGS.get(kind).label) for kind in kinds.split("+")]
    if len(labels) == 1:
        return labels[0]
    first, *others = (re.split(r" ?[(（]", label)[0] for label in labels)
    if words.language == "en":
        others = [f"{other[:1].lower()}{other[1:]}" for other in others]
    return reduce(lambda so, other: words("{} and {}", so, other), others, first)


def views_of(backend: str, grounding: str, aspect: str | None = None) -> dict[str, Any]:
    """{views, shape, pictures}: names of what a backend is given of a layout as pictures, for
    `controls.views`; the shape of its picture where it is not the layout's own, else ""; whether
    it takes pictures of the objects."""
    spec = BACKENDS.get(backend)
    try:
        kinds = grounding_kinds(grounding, spec)
    except InputError:  # the backend has just been changed: its own grounding is on its way
        kinds = ()
    views = list(dict.fromkeys(filter(None, (GROUNDINGS.get(kind).view for kind in kinds))))
    taken = options_of(spec.options)
    shaped = aspect in SHAPES and any(one.name == "aspect" for one in taken)
    return {
        "views": views,
        "shape": aspect if shaped else "",
        "pictures": any(one.upload == "pictures" for one in taken),
    }


def choose_backend(backend: str, session: gr.Request | None = None) -> tuple[Any, ...]:
    """(what it lacks, presets, groundings, *options that are not numbers, *`choose_preset`) of a
    backend."""
    spec, lacking, words = BACKENDS.get(backend), missing(backend), words_for(session)
    return (
        gr.update(value=lacking, visible=bool(lacking)),
        gr.update(choices=words.choices(preset_choices(spec)), value="default"),
        gr.update(choices=grounding_choices(spec, words), value="default"),
        *(
            gr.update(visible=is_offered(backend, one))
            for name, one in page_options().items()
            if name not in NUMBERS
        ),
        *choose_preset(backend, "default", session),
    )


def choose_preset(backend: str, preset: str, session: gr.Request | None = None) -> tuple[Any, ...]:
    """(one line on a preset, what its numbers are for, `NUMBERS`)."""
    made = BACKENDS.get(backend).presets.get(preset)
    if made is None:  # the backend has just been changed: its own presets are on their way
        return (gr.skip(),) * (2 + len(NUMBERS))
    schedule, words = made.schedule, words_for(session)
    about = words.told(made.about)
    if made.fps:  # 0 is as generated
        about = words("{}; {} frames a second by interpolation.", about, f"{made.fps:g}")
    return (
        about,
        (backend, preset),
        schedule.steps,
        schedule.guidance_scale,
        schedule.grounding_share,
        made.frames,
        made.fps,
    )
