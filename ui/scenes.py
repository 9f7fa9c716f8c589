"""Scenes: what the page works on, made by planning a recording or by opening a file."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import gradio as gr

from spa2v_core import pipeline
from spa2v_core.audio.clip import AudioClip
from spa2v_core.audio.io import MAX_SPAN_SECONDS, wav_bytes
from spa2v_core.audio.sources import MAX_SOURCES
from spa2v_core.audio.span import Span
from spa2v_core.audio.taggers.registry import DEFAULT as DEFAULT_TAGGER
from spa2v_core.errors import InputError, LayoutError, Spa2vError
from spa2v_core.generation.export import read_layout
from spa2v_core.layout import VideoSceneLayout, edit
from spa2v_core.layout import io as layout_io
from spa2v_core.planning.agreement import agreement, evidence_path
from spa2v_core.planning.registry import DEFAULT as DEFAULT_PLANNER
from spa2v_core.planning.registry import planner_spec
from spa2v_core.planning.report import PlanReport, read_prices
from spa2v_core.vocabulary import THE_SCENE

from .editor.editor import Feed
from .handlers import described, span_of, width_of
from .planning import chosen
from .plots import cue_figure
from .service.budget import Purse
from .service.stops import Stops
from .words import Words, words_for

NO_LAYOUT = (
    "this file holds no layout that can be read here: open one that was saved here, COCO video or"
    " CVAT for video"
)


@dataclass(frozen=True)
class Question:
    """What is planned, and how: the page's fields.

    Attributes
    ----------
    recording
        path of the sound, None for none.
    start, length
        seconds, 0 for the default.
    values
        name of an option of the planner -> what its field says.
    """

    recording: str | None
    start: float = 0
    length: float = 0
    channels: str = "auto"
    width: float = 1
    objects: str = ""
    planner: str = DEFAULT_PLANNER
    tagger: str = DEFAULT_TAGGER
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def span(self) -> Span:
        return span_of(self.recording, self.start, self.length, self.channels)

    @property
    def visit(self) -> list[Any]:
        """What the browser keeps of it, so that a reload can come back to it."""
        width = width_of(self.width)
        return [self.recording, self.start, self.length, self.channels, width, self.objects]


@dataclass(frozen=True)
class Scene:
    """What the page shows of a plan.

    Attributes
    ----------
    about
        a line on the recording.
    figure
        of the measured cues, None for none.
    told
        what a model was told and replied.
    notes
        lines on the plan, or why there is none.
    names
        updates of the fields that name the sounds.
    named
        what they say.
    """

    question: Question
    feed: Feed
    about: str
    reasoning: str = ""
    figure: Any = None
    told: str = ""
    notes: str = ""
    names: tuple[Any, ...] = (gr.update(choices=[], value=None, visible=False),) * MAX_SOURCES
    named: tuple[str | None, ...] = (None,) * MAX_SOURCES


def plan(
    question: Question,
    current: VideoSceneLayout | None = None,
    last: Feed | None = None,
    change: str = "",
    session: gr.Request | None = None,
) -> Scene:
    """Ask the planner.

    current, last: the editor's layout and the feed it was made from; on the same recording what
    is locked or was changed stays. change: change the current layout in these words.
    session: whose budget it is on.
    """
    change, words = change.strip(), words_for(session)
    asks = planner_spec(question.planner).asks_a_model
    if change and (not asks or current is None or not current.objects):
        raise InputError("choose a planner that asks a model, and plan, before asking for changes")
    options = chosen(question.planner, question.values)
    purse = Purse(session, question.planner, question.values)
    width = width_of(question.width)
    tagger = question.tagger
    analysis = pipeline.analyse(question.span, width=width, objects=question.objects, tagger=tagger)
    planned = pipeline.plan(
        analysis,
        planner=question.planner,
        options=options,
        current=current if change else None,
        change=change,
        embedding=pipeline.embedding(analysis.clip, tagger),
    )
    purse.pay(planned.report)
    layout = proposal = made = planned.layout
    clip = clip_hash(analysis.clip)
    if current is not None and last is not None and last.clip == clip and not change:
        layout, proposal = edit.replan(current, last.proposal, made)
    feed = _feed(analysis, layout, proposal, made)
    told, notes = _told(planned.report, analysis.cues.notes)
    names = _guesses(analysis, made, words)
    about, whole = _of_recording(question, words, last)
    return Scene(
        question,
        replace(feed, whole=whole),
        about,
        made.reasoning,
        cue_figure(analysis.clip, analysis.cues, analysis.heard, made, words),
        told,
        notes,
        tuple(names),
        tuple(update["value"] for update in names),
    )


def clip_hash(clip: AudioClip) -> str:
    """What a span of a recording is known by."""
    return hashlib.sha256(wav_bytes(clip)).hexdigest()


def _feed(
    analysis: pipeline.Analysis,
    layout: VideoSceneLayout,
    proposal: VideoSceneLayout,
    made: VideoSceneLayout,
) -> Feed:
    """made: the plan under the planner's own ids, in the order of `proposal`."""
    became = dict(zip((t.id for t in made.objects), (t.id for t in proposal.objects), strict=True))
    matched = {one.source: became[one.track] for one in agreement(made, analysis.heard)}
    heard = _heard(analysis, matched, proposal)
    sound = wav_bytes(analysis.clip)
    return Feed(hashlib.sha256(sound).hexdigest(), sound, layout, proposal, heard)


def _of_recording(
    question: Question, words: Words, last: Feed | None = None
) -> tuple[str, dict[str, Any]]:
    """(a line on the recording, what the strip shows of it), read anew only for another one."""
    key = f"{question.channels} {question.recording}"
    if last is not None and last.whole is not None and last.whole["key"] == key:
        known = last.whole
    else:
        seen = described(question.recording or "", question.channels, words)
        known = {
            "about": seen.text,
            "duration_s": seen.seconds,
            "most_s": MAX_SPAN_SECONDS,
            "peaks": seen.peaks,
        }
    start, length = question.start or 0, question.length or known["duration_s"]
    chosen_span = {"start_s": start, "length_s": min(length, MAX_SPAN_SECONDS), "key": key}
    return known["about"], known | chosen_span


def open_recording(question: Question, session: gr.Request | None = None) -> Scene:
    """A new scene of another recording: its loudest part, planned; what was said of the last one is
    forgotten. Where the planner fails, the scene is empty and its notes say why."""
    seen = described(question.recording or "", question.channels)
    question = replace(question, start=seen.start, length=seen.length, objects="")
    try:
        scene = plan(question, session=session)
    except Spa2vError as error:
        scene = _unplanned(question, error, words_for(session))
    return replace(scene, feed=replace(scene.feed, root=True))


def _unplanned(question: Question, error: Spa2vError, words: Words) -> Scene:
    """A scene without objects, of a recording that could be read but not planned."""
    clip = question.span.read().clip
    empty = VideoSceneLayout(duration_s=clip.duration_s)
    about, whole = _of_recording(question, words)
    feed = Feed(clip_hash(clip), wav_bytes(clip), empty, empty, (), whole)
    said = "Not planned: {}. Draw the boxes yourself, or change how it is planned."
    return Scene(question, feed, about, notes=words(said, error))


def reopen(path: str, question: Question, session: gr.Request | None = None) -> Scene | None:
    """The scene of a video that was exported here, with its own sound; None if it is none."""
    try:
        layout = read_layout(Path(path))
    except InputError as error:
        if "damaged" in str(error):
            raise
        return None
    offline = replace(question, planner=DEFAULT_PLANNER, values={}, recording=path)
    scene = open_recording(replace(offline, channels="auto", width=1), session)
    if abs(scene.feed.proposal.duration_s - layout.duration_s) < 0.1:
        layout = edit.rescale(layout, scene.feed.proposal.duration_s)
    feed = replace(scene.feed, layout=layout)
    return replace(scene, feed=feed, reasoning=layout.reasoning or scene.reasoning)


def open_layout(path: str, current: VideoSceneLayout | None) -> VideoSceneLayout:
    """A layout from a file (JSON, or CVAT's XML), over the time of the current one; what is wrong
    with it is said without the names of its fields, which the command line has."""
    try:
        layout = layout_io.read(Path(path))
    except LayoutError as error:
        raise InputError(NO_LAYOUT) from error
    return layout if current is None else edit.rescale(layout, current.duration_s)


# --- work that can be given up

_PLANS = Stops()


class GivenUp(Exception):  # noqa: N818 (no error: somebody chose it)
    """What was worked on is not wanted any more; replaced: something newer is."""

    def __init__(self, replaced: bool) -> None:
        self.replaced = replaced


def worked(session: gr.Request, work: Callable[[], Scene]) -> Scene:
    """Do it on a thread that the visitor need not wait for, in place of what he had under way;
    GivenUp after `give_up`, or when it is replaced itself."""
    result: Future[Scene] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except Exception as error:  # noqa: BLE001 (raised again where it is waited for)
            result.set_exception(error)

    _PLANS.stop(session)
    threading.Thread(target=run, daemon=True).start()
    with _PLANS.running(session) as stop:
        while not result.done():
            if stop.wait(0.05):
                raise GivenUp(replaced=not _PLANS.is_newest(session, stop))
        return result.result()


def give_up(session: gr.Request) -> None:
    """What the visitor plans is not waited for any more."""
    _PLANS.stop(session)


# --- what is said of a plan


def _told(report: PlanReport, heard: tuple[str, ...]) -> tuple[str, str]:
    """(what the model was told and replied, lines on the recording, what the model took and what
    was repaired)."""
    told = "\n\n".join(f"--- {role} ---\n{text}" for role, text in report.conversation)
    said = [f"{note[:1].upper()}{note[1:]}." for note in heard]
    lines = [line for line in (*said, report.summary(read_prices()), *report.notes) if line]
    return told, "\n".join(lines)


def _heard(
    analysis: pipeline.Analysis, became: Mapping[int | None, int], layout: VideoSceneLayout
) -> tuple[dict[str, Any], ...]:
    """Each sound as the editor shows it, with the track that it became, and what a box of that is
    compared with: its path by the evidence, and how far each frame is trusted."""
    names = {track.id: track.name for track in layout.objects}
    return tuple(
        {
            "track": became.get(index),
            "x": one.source.x.round(4).tolist(),
            "path": evidence_path(one, names.get(became.get(index, -1), "")).round(4).tolist(),
            "trust": one.source.trust.round(4).tolist(),
            "confidence": one.source.confidence.round(3).tolist(),
            "names": [name for name, p in one.tags.ranked(5) if p > 0.05] if one.tags else [],
        }
        for index, one in enumerate(analysis.heard)
    )


def _guesses(analysis: pipeline.Analysis, layout: VideoSceneLayout, words: Words) -> list[Any]:
    """For each sound its name with what else it may be, an object or the scene; the rest is
    hidden."""
    updates = []
    for index, one in enumerate(analysis.heard):
        name = next((t.phrase for t in layout.objects if t.id == index), THE_SCENE)
        ranked = one.tags.ranked(6) if one.tags else []
        choices = [(f"{tag} · {p:.0%}", tag) for tag, p in ranked]
        choices.append((words("no object: the scene"), THE_SCENE))
        if name not in dict(choices).values():
            choices.insert(0, (name, name))
        label = words(f"Sound {index + 1}")
        if len(analysis.heard) > 1:
            label += " · " + words("{} of the energy", f"{one.source.share:.0%}")
        updates.append(gr.update(choices=choices, value=name, label=label, visible=True))
    hidden = gr.update(choices=[], value=None, visible=False)
    return [*updates, *[hidden] * (MAX_SOURCES - len(updates))]
