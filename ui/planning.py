"""What planning does in the app: ask the planner, keep what a person changed, say what it took."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from spa2v_core import pipeline
from spa2v_core.audio.io import wav_bytes
from spa2v_core.audio.sources import MAX_SOURCES
from spa2v_core.audio.taggers.registry import DEFAULT as DEFAULT_TAGGER
from spa2v_core.errors import InputError
from spa2v_core.layout import VideoSceneLayout, edit
from spa2v_core.layout import io as layout_io
from spa2v_core.options import Option, options_of
from spa2v_core.planning.agreement import agreement, evidence_path
from spa2v_core.planning.registry import DEFAULT as DEFAULT_PLANNER
from spa2v_core.planning.registry import options_for, planner_spec, planners
from spa2v_core.planning.report import PlanReport, read_prices
from spa2v_core.vocabulary import THE_SCENE

from . import host as hosting
from .budget import Purse
from .editor.editor import Feed
from .handlers import inspect, span_of, status, width_of
from .plots import cue_figure
from .stops import Stops
from .toasts import toasting
from .values import text_of, whole_of


def page_options() -> dict[str, Option]:
    """Every option of a planner that the page has a field for, each once."""
    found: dict[str, Option] = {}
    for spec in planners().values():
        for one in options_of(spec.options):
            if one.on_page:
                found.setdefault(one.name, one)
    return found


def _is_offered(one: Option) -> bool:
    """On a public host nothing of the machine that runs the app can be named."""
    return one.on_page and not (one.of_this_machine and hosting.current().public)


def chosen(planner: str, values: Mapping[str, Any], strict: bool = False) -> Any:
    """The planner's options from the page's fields; what other planners take is left out (strict:
    refused).

    The app's own key never goes to a server of a visitor's choice, and on a public host only
    servers that its operator allows are contacted.
    """
    known = {one.name: one for one in options_of(planner_spec(planner).options)}
    said = {name: value for name, value in values.items() if value is not None and value != ""}
    given = {name: value for name, value in said.items() if strict or name in known}
    private = [name for name in given if name in known and known[name].of_this_machine]
    for name in private:
        if not hosting.current().allows(given[name]):
            raise InputError(f"{known[name].label} can be used where you run the app yourself")
    if private:
        given = {one.name: "none" for one in known.values() if one.secret} | given
    return options_for(planner, given)


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
    tagger: str = DEFAULT_TAGGER,
    change: str = "",
    values: Mapping[str, Any] = MappingProxyType({}),
    session: gr.Request | None = None,
) -> tuple[Any, ...]:
    """Layout, feed, reasoning, figure, what a model was told, and names for each sound.

    current, last: the editor's layout and the feed it was made from; on the same recording what
    is locked or was changed stays. tagger: what names the sounds.
    change: change the current layout in these words.
    values: option name -> what the page's field says. session: whose budget it is on.
    """
    change = change.strip()
    asks = planner_spec(planner).asks_a_model
    if change and (not asks or current is None or not current.objects):
        raise InputError("choose a planner that asks a model, and plan, before asking for changes")
    options, purse = chosen(planner, values), Purse(session, planner, values)
    span = span_of(audio, start, duration, channels)
    analysis = pipeline.analyse(span, width=width_of(width), objects=objects, tagger=tagger)
    planned = pipeline.plan(
        analysis,
        planner=planner,
        options=options,
        current=current if change else None,
        change=change,
        embedding=pipeline.embedding(analysis.clip, tagger),
    )
    purse.pay(planned.report)
    layout = proposal = made = planned.layout
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
        *_told(planned.report, analysis.cues.notes),
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
    names = list(page_options())
    *rest, change = given[: len(given) - len(names)]
    values = dict(zip(names, given[len(given) - len(names) :], strict=True))
    work: Future[tuple[Any, ...]] = Future()
    arguments = (*rest, change, values, session)
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


def choose_planner(planner: str) -> tuple[Any, ...]:
    """The fields of the planner's own options with what holds them, and what only a planner that
    asks a model needs: Cancel, and changes in words."""
    spec = planner_spec(planner)
    taken = {one.name: one for one in options_of(spec.options) if _is_offered(one)}
    updates = [
        gr.update(visible=name in taken, label=taken.get(name, one).label)
        for name, one in page_options().items()
    ]
    asks = gr.update(visible=spec.asks_a_model)
    return gr.update(visible=bool(taken)), asks, asks, *updates


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
    layout, feed, _, *rest = plan(audio, start, duration, channels, width, objects, DEFAULT_PLANNER)
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
def plan_layout(
    session: gr.Request,
    audio: str | None,
    planner: str = DEFAULT_PLANNER,
    objects: str = "",
    start: float | None = None,
    duration: float | None = None,
    seed: float = 0,
    channels: str = "auto",
    width: float = 1.0,
    swap_channels: bool = False,
    tagger: str = DEFAULT_TAGGER,
    current: dict[str, Any] | None = None,
    change: str = "",
    options: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """`/plan`: a layout for a recording. start, duration: seconds, 0 for the default; width spreads
    positions from the middle; current, change: a layout and what to change in it, in words;
    options: those of the planner, by name."""
    planner, tagger = text_of(planner, "planner"), text_of(tagger, "tagger")
    objects, change = text_of(objects, "objects"), text_of(change, "change").strip()
    if not isinstance(options or {}, Mapping):
        raise InputError("options must be an object of names and values")
    if bool(change) != bool(current):
        raise InputError("a change needs the current layout, and the other way")
    asked = chosen(planner, options or {}, strict=True)
    purse = Purse(session, planner, options or {})
    span = span_of(audio, start, duration, channels, swap_channels)
    analysis = pipeline.analyse(
        span,
        width=width_of(width),
        objects=objects,
        tagger=tagger,
    )
    planned = pipeline.plan(
        analysis,
        planner=planner,
        seed=whole_of(seed, "seed"),
        options=asked,
        current=layout_io.from_dict(current) if current else None,
        change=change,
        embedding=pipeline.embedding(analysis.clip, tagger),
    )
    purse.pay(planned.report)
    return layout_io.to_dict(planned.layout)


def plan_started() -> dict[str, Any]:
    return status(1, 4, "Planning")
