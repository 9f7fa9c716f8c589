"""What planning does in the app: ask the planner, keep what a person changed, say what it took."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from spa2v_core import pipeline
from spa2v_core.audio.io import wav_bytes
from spa2v_core.audio.sources import MAX_SOURCES
from spa2v_core.errors import InputError
from spa2v_core.layout import VideoSceneLayout, edit
from spa2v_core.layout import io as layout_io
from spa2v_core.planning.agreement import agreement, evidence_path
from spa2v_core.planning.base import ModelOptions, PlanReport, read_prices
from spa2v_core.planning.settings import ProviderSettings
from spa2v_core.vocabulary import THE_SCENE

from .editor.editor import Feed
from .handlers import inspect, span_of, status, width_of
from .plots import cue_figure
from .settings import on_a_space
from .stops import Stops
from .toasts import toasting


@dataclass(frozen=True)
class Asked:
    """What the page's fields say about a model; the key is kept nowhere."""

    model: str = ""
    endpoint: str = ""
    key: str = ""
    hint: str = ""
    fall_back: bool = False
    reuse: bool = True
    change: str = ""

    def options(self) -> ModelOptions:
        """As the planner takes them. The app's own key never goes to a visitor's server, and on a
        Space no server of a visitor's choice is contacted."""
        endpoint, key = self.endpoint.strip(), self.key.strip()
        if endpoint and on_a_space():
            raise InputError("a server of your own can be used where you run the app yourself")
        settings = ProviderSettings(
            model=self.model.strip(), endpoint=endpoint, key=key or ("none" if endpoint else "")
        )
        return ModelOptions(
            settings=settings, hint=self.hint.strip(), fall_back=self.fall_back, reuse=self.reuse
        )


@toasting
def plan(
    audio: str | None,
    start: float,
    duration: float,
    channels: str,
    width: float | None,
    objects: str,
    planner: str,
    current: VideoSceneLayout | None = None,
    last: Feed | None = None,
    asked: Asked = Asked(),  # noqa: B008 (frozen)
) -> tuple[Any, ...]:
    """Layout, feed, reasoning, figure, what a model was told, and names for each sound.

    current, last: the editor's layout and the feed it was made from; on the same recording what
    is locked or was changed stays. asked.change: change the current layout in these words.
    """
    change = asked.change.strip()
    if change and (planner == "cues" or current is None or not current.objects):
        raise InputError("choose a planner that asks a model, and plan, before asking for changes")
    span = span_of(audio, start, duration, channels)
    analysis = pipeline.analyse(**span, width=width_of(width), objects=objects)
    report = PlanReport()
    layout = proposal = made = pipeline.plan(
        analysis,
        planner=planner,
        options=asked.options(),
        current=current if change else None,
        change=change,
        report=report,
    )
    sound = wav_bytes(analysis.clip)
    clip = hashlib.sha256(sound).hexdigest()
    if current is not None and last is not None and last.clip == clip and not change:
        layout, proposal = edit.replan(current, last.proposal, made)
    became = dict(zip((t.id for t in made.objects), (t.id for t in proposal.objects), strict=True))
    matched = {one.source: became[one.track] for one in agreement(made, analysis.heard)}
    feed = Feed(clip, sound, proposal, _heard(analysis, matched, proposal))
    figure = cue_figure(analysis.clip, analysis.cues, analysis.heard, made)
    visit = [audio, start, duration, channels, width_of(width), objects]
    names = _guesses(analysis, made)
    return (
        layout,
        feed,
        feed,
        visit,
        made.reasoning,
        figure,
        *_told(report, analysis.cues.notes),
        *names,
    )


def _told(report: PlanReport, heard: tuple[str, ...]) -> tuple[Any, Any]:
    """(what the model was told and replied, lines on the recording, what the model took and what
    was repaired)."""
    told = "\n\n".join(f"--- {role} ---\n{text}" for role, text in report.conversation)
    said = [f"{note[:1].upper()}{note[1:]}." for note in heard]
    lines = [line for line in (*said, report.summary(read_prices()), *report.notes) if line]
    return gr.update(value=told, visible=bool(told)), gr.update(
        value="\n".join(lines), visible=bool(lines)
    )


@toasting
def planning(session: gr.Request, *given: Any) -> Iterator[tuple[Any, ...]]:
    """The Plan button: as `plan`, on a thread that the visitor need not wait for."""
    names = [field.name for field in fields(Asked)]
    # a field that was never shown is None
    said = zip(names, given[-len(names) :], strict=True)
    asked = Asked(**{name: value for name, value in said if value is not None})
    work: Future[tuple[Any, ...]] = Future()
    arguments = (*given[: -len(names)], asked)
    threading.Thread(target=_work, args=(work, arguments), daemon=True).start()
    with _PLANS.running(session) as stop:
        while not work.done():
            if stop.wait(0.05):
                gr.Info("Planning was cancelled: nothing has changed", duration=5)
                return
        yield work.result()


def _work(work: Future[tuple[Any, ...]], arguments: tuple[Any, ...]) -> None:
    try:
        work.set_result(plan(*arguments))
    except Exception as error:  # noqa: BLE001 (raised again where it is waited for)
        work.set_exception(error)


_PLANS = Stops()


def cancel_plan(session: gr.Request) -> None:
    """The Cancel button beside Plan."""
    _PLANS.stop(session)


def choose_planner(planner: str) -> tuple[Any, Any, Any]:
    """What only planners that ask a model need is shown for them."""
    asks = planner != "cues"
    return gr.update(visible=asks), gr.update(visible=asks), gr.update(visible=asks)


def visited(visit: list[Any] | None) -> list[Any] | None:
    """What a visitor had planned last, if its recording is still here.

    The browser keeps it, so it is not trusted: only files that were uploaded here are opened.
    """
    match visit:
        case [str(), int() | float(), int() | float(), str(), int() | float(), str()]:
            path = Path(visit[0])
        case _:
            return None
    uploads = Path(get_upload_folder()).resolve()
    return visit if path.is_file() and path.resolve().is_relative_to(uploads) else None


@toasting
def resume(visit: list[Any]) -> tuple[Any, ...]:
    """A reload: the recording, its span and an offline plan; the browser has the layout."""
    audio, start, duration, channels, width, objects = visit
    layout, feed, _, *rest = plan(audio, start, duration, channels, width, objects, "cues")
    feed = replace(feed, resumed=True)
    *_, about = inspect(audio, channels)
    return audio, start, duration, channels, width, objects, about, layout, feed, feed, *rest


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


def _guesses(analysis: pipeline.Analysis, layout: VideoSceneLayout) -> list[Any]:
    """For each sound its name with what else it may be, an object or the scene; the rest is
    hidden."""
    updates = []
    for index, one in enumerate(analysis.heard):
        name = next((t.phrase for t in layout.objects if t.id == index), THE_SCENE)
        ranked = one.tags.ranked(6) if one.tags else []
        choices = [(f"{tag} · {p:.0%}", tag) for tag, p in ranked]
        choices.append(("no object: the scene", THE_SCENE))
        if name not in dict(choices).values():
            choices.insert(0, (name, name))
        label = f"Sound {index + 1}" + (
            f" · {one.source.share:.0%} of the energy" if len(analysis.heard) > 1 else ""
        )
        updates.append(gr.update(choices=choices, value=name, label=label, visible=True))
    hidden = gr.update(choices=[], value=None, visible=False)
    return [*updates, *[hidden] * (MAX_SOURCES - len(updates))]


def name_sounds(*names: str | None) -> str:
    """The text of "What do you hear?" from the names chosen for the sounds."""
    return ", ".join(" ".join(name.replace(",", " ").split()) for name in names if name)


def forget_names(objects: str, *names: str | None) -> Any:
    """The text of "What do you hear?" for another recording: what was chosen or planned for the
    sounds of the last one is not what is heard in it; what is typed meanwhile stays."""
    return "" if objects and objects == name_sounds(*names) else gr.skip()


@toasting
def plan_api(
    audio: str | None,
    planner: str,
    objects: str,
    start: float | None,
    duration: float | None,
    seed: float,
    channels: str = "auto",
    width: float = 1.0,
) -> dict[str, Any]:
    """`/plan`: a layout for a clip; `start`, `duration` in seconds, 0 for the default; `channels`:
    what they are; `width`: spreads positions from the middle."""
    span = span_of(audio, start, duration, channels)
    analysis = pipeline.analyse(**span, width=width_of(width), objects=objects)
    return layout_io.to_dict(pipeline.plan(analysis, planner=planner, seed=int(seed)))


def plan_started() -> dict[str, Any]:
    return status(1, 4, "Planning")
