"""Planning by a multimodal model, as in the paper (Sec. 3.1), with measured cues besides.

One conversation: instruction, examples, request; a reply that can't be used is sent back once with
what is wrong about it. What then fails is an error, or the offline plan if the user chose so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ..audio.hearing import to_dict
from ..errors import InputError, PlannerError
from ..layout import VideoSceneLayout
from ..layout.edit import replan, revise
from ..vocabulary import THE_SCENE, normalise
from . import cache, prompt, retrieval
from .agreement import agreement
from .base import NoPlanError, Plan, PlannerSpec, PlanRequest
from .cue_planner import CuePlanner
from .cue_text import Told
from .messages import Message
from .model_options import ModelOptions
from .parse import ReplyError
from .providers.base import Completion, ProviderSpec
from .reply import Reply, read_reply
from .reply_values import MAX_OBJECTS
from .report import PlanReport
from .setting import setting_of

#: What is said of a plan for which no sound was sent.
STAYED = "no sound was sent: the recording stayed here, the model read what was heard in it"
#: Letters of a reply's texts, for constrained decoding.
MAX_REASONING, MAX_CAPTION, MAX_NAME = 2000, 300, 40


class ModelPlanner:
    """Asks a provider's model; its requests' options are of the provider's kind."""

    def __init__(self, name: str, provider: ProviderSpec) -> None:
        self.name, self._provider = name, provider

    def plan(self, request: PlanRequest) -> Plan:
        report = PlanReport()
        try:
            reply = self._converse(request, report)
        except PlannerError as error:
            if not request.options.fall_back:
                raise NoPlanError(str(error), report) from error
            report.notes.append(f"{error}. The offline plan is shown instead.")
            return replace(CuePlanner().plan(request), report=report)
        report.notes.extend(f"repaired: {repair}" for repair in reply.repairs)
        if request.options.sends == "nothing":
            report.notes.append(STAYED)
        return Plan(_judged(reply.layout, request), report)

    def _converse(self, request: PlanRequest, report: PlanReport) -> Reply:
        messages, report.exemplars = conversation(request, one_sound=self._provider.one_sound)
        schema = reply_schema(request.cues.frame_count)
        form: dict[str, Any] = {
            "frame_count": request.cues.frame_count,
            "duration_s": request.cues.duration_s,
        }
        said = self._ask(messages, schema, request, report)
        try:
            return read_reply(said.text, **form)
        except ReplyError as error:
            report.notes.append(f"asked again, since {error}")
            messages += [Message("assistant", (said.text,)), prompt.repair(str(error))]
        said = self._ask(messages, schema, request, report)
        try:
            return read_reply(said.text, **form)
        except ReplyError as error:
            raise PlannerError(
                f"{said.model} did not give a usable plan, even when told why ({error}): try again,"
                " another model, or the offline planner"
            ) from error

    def _ask(
        self,
        messages: list[Message],
        schema: Mapping[str, Any],
        request: PlanRequest,
        report: PlanReport,
    ) -> Completion:
        options: ModelOptions = request.options
        name = cache.name_of(self.name, options, messages, schema, request.seed)
        said = cache.find(name) if options.reuse else None
        report.reused = said is not None
        if said is None:
            provider = self._provider.make(options)
            said = provider.complete(messages, schema, seed=request.seed)
            report.tokens_in += said.tokens_in
            report.tokens_out += said.tokens_out
            report.thoughts += said.thoughts
            report.notes.extend(said.notes)
            if options.reuse:
                cache.keep(name, replace(said, notes=()))
        report.model = said.model
        report.conversation[:] = [(m.role, m.text) for m in messages]
        report.conversation.append(("assistant", said.text))
        return said


def spec(name: str, provider: ProviderSpec) -> PlannerSpec:
    """The planner that asks a provider's model."""
    return PlannerSpec(
        provider.label,
        partial(ModelPlanner, name, provider),
        needs=provider.needs,
        options=provider.options,
        asks_a_model=True,
    )


def conversation(
    request: PlanRequest, *, one_sound: bool = False
) -> tuple[list[Message], tuple[str, ...]]:
    """(all turns up to the model's: instruction, examples with the nearest last, request, change;
    names of the examples). one_sound: the parts of the recording are one sound."""
    options: ModelOptions = request.options
    hears = options.sends != "nothing"
    told = Told(options.cue_table, options.tags, options.guesses)
    told_any = told if told.cues or told.tags else None
    if not hears and not told.cues:
        raise InputError("a model that is sent no sound must be told what was measured")
    cues = to_dict(request.cues, request.heard)
    shown = retrieval.nearest(
        cues,
        options.shots,
        retrieval.exemplars(options.exemplars),
        embedding=request.embedding,
        seed=request.seed if options.random_shots else None,
    )
    count, seconds, reasons = cues["frame_count"], cues["duration_s"], options.reasoning
    messages = [prompt.system(count, seconds, spatial_reasoning=reasons, hears=hears)]
    for one in shown:
        messages += prompt.example(one.cues, one.layout, told=told_any, spatial_reasoning=reasons)
    hint = " ".join(part for part in (options.hint, _named(request)) if part)
    sounds = (
        prompt.sounds_of(request.clip, parts=options.sends == "parts", together=one_sound)
        if hears
        else ()
    )
    messages.append(prompt.request(cues, sounds, hint=hint, told=told_any))
    if request.change and request.current is not None:
        messages += prompt.change(request.change, request.current)
    return messages, tuple(one.name for one in shown)


def _named(request: PlanRequest) -> str:
    """What the user hears, in words; what is the scene is no object."""
    names = [name for name in request.objects if normalise(name) != THE_SCENE]
    said = f"I hear {', '.join(names)}." if names else ""
    if len(names) < len(request.objects):
        said += f" What {'else ' if names else ''}sounds is the scene: it has no box."
    return said.strip()


def _judged(layout: VideoSceneLayout, request: PlanRequest) -> VideoSceneLayout:
    """With how far each object agrees with what is heard as its confidence; after a change, what
    is locked stays, and so do the pictures of objects that are still there."""
    before = request.current.objects if request.change and request.current is not None else ()
    pictures = {(track.id, track.name): track.reference for track in before}
    scores = {one.track: one.score for one in agreement(layout, request.heard)}
    judged = tuple(
        revise(
            track,
            confidence=0.3 if scores[track.id] is None else scores[track.id],
            reference=pictures.get((track.id, track.name), ""),
        )
        for track in layout.objects
    )
    notes = setting_of(request.heard, judged).cues
    layout = revise(layout, objects=judged, scene=notes)
    if request.change and request.current is not None:
        layout, _ = replan(request.current, request.current, layout)
    return layout


def reply_schema(frame_count: int) -> dict[str, Any]:
    """JSON schema of a reply: lists rather than tuples, and bounds on everything."""

    def text(longest: int) -> dict[str, Any]:
        return {"type": "string", "maxLength": longest}

    def exactly(**properties: Any) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    def frame_number() -> dict[str, Any]:
        return {"type": "integer", "minimum": 0, "maximum": frame_count - 1}

    def several(most: int, least: int = 0, **one: Any) -> dict[str, Any]:
        return {"type": "array", "items": exactly(**one), "minItems": least, "maxItems": most}

    box = {
        "type": "array",
        # so that no number has digits without end where decoding is constrained
        "items": {"type": "number", "minimum": -1, "maximum": 2, "multipleOf": 0.001},
        "minItems": 4,
        "maxItems": 4,
    }
    objects = several(
        MAX_OBJECTS,
        id={"type": "integer", "minimum": 0, "maximum": MAX_OBJECTS - 1},
        name=text(MAX_NAME),
        start=frame_number(),
        end=frame_number(),
        keyframes=several(frame_count, 1, frame=frame_number(), box=box),
    )
    captions = several(frame_count, frame=frame_number(), caption=text(MAX_CAPTION))
    return exactly(
        reasoning=text(MAX_REASONING),
        video_caption=text(MAX_CAPTION),
        objects=objects,
        frame_captions=captions,
    )
