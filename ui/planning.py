"""Planners as the page and the API offer them: their options, and who may name what."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from spa2v_core import pipeline
from spa2v_core.audio.taggers.registry import DEFAULT as DEFAULT_TAGGER
from spa2v_core.errors import InputError
from spa2v_core.layout import io as layout_io
from spa2v_core.options import Option, options_of
from spa2v_core.planning.registry import DEFAULT as DEFAULT_PLANNER
from spa2v_core.planning.registry import options_for, planner_spec, planners

from .handlers import span_of, width_of
from .service import host as hosting
from .service.budget import Purse
from .toasts import toasting
from .values import text_of, whole_of
from .words import words_for

#: Plans that are made at the same time; renders have a lane of their own.
PLANS_AT_ONCE = 4
#: The same for those who ask past the page's queue.
_LANE = threading.BoundedSemaphore(PLANS_AT_ONCE)


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


def choose_planner(planner: str, session: gr.Request | None = None) -> tuple[Any, ...]:
    """(what holds the fields of the planner's own options, what stops it, the fields)."""
    spec, words = planner_spec(planner), words_for(session)
    taken = {one.name: one for one in options_of(spec.options) if _is_offered(one)}
    updates = [
        gr.update(visible=name in taken, label=words(taken.get(name, one).label))
        for name, one in page_options().items()
    ]
    asks = gr.update(visible=spec.asks_a_model)
    return gr.update(visible=bool(taken)), asks, *updates


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


def name_sounds(names: Sequence[str | None]) -> str:
    """The text of "What do you hear?" from the names chosen for the sounds."""
    return ", ".join(" ".join(name.replace(",", " ").split()) for name in names if name)


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
    with _LANE:
        analysis = pipeline.analyse(span, width=width_of(width), objects=objects, tagger=tagger)
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
