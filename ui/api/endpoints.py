"""The named API: plans, renders that one waits for, and renders as jobs.

    /plan    a layout for a recording
    /render  the video of a layout, when it is done; who leaves stops it
    /submit  the same as a job: its id and state at once
    /state   where a job is; /result its video; /cancel stops it

Whoever has a job's id may ask for it. Every option of the command line can be given; those of a
planner or backend are names and values in `options`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

import gradio as gr

from spa2v_core.audio.reading.choices import CHANNELS
from spa2v_core.audio.taggers.registry import DEFAULT as DEFAULT_TAGGER
from spa2v_core.audio.taggers.registry import TAGGERS
from spa2v_core.errors import InputError
from spa2v_core.generation.base import RenderRequest
from spa2v_core.generation.registry import BACKENDS
from spa2v_core.jobs.job import Job, Visitor
from spa2v_core.jobs.perform import VIDEO
from spa2v_core.jobs.service import Jobs
from spa2v_core.jobs.store import JobStore
from spa2v_core.layout import edit
from spa2v_core.layout import io as layout_io
from spa2v_core.planning.registry import DEFAULT as DEFAULT_PLANNER
from spa2v_core.planning.registry import planners

from ..handlers import span_of
from ..planning import plan_layout
from ..service.guard import visitor_of
from ..settings import Settings
from ..toasts import toasting

F = TypeVar("F", bound=Callable[..., Any])


class JsonObject(gr.JSON):
    """A JSON object that says so: Gradio's own has no type, which tools can't be made of."""

    def __init__(self, about: str, **kwargs: Any) -> None:
        self.about = about
        super().__init__(**kwargs)

    def get_block_name(self) -> str:
        return "json"

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": self.about}

    def example_payload(self) -> Any:
        return {}

    def example_value(self) -> Any:
        return {}


def render_request(
    layout: Any,
    audio: str | None,
    backend: str = "mini",
    preset: str = "default",
    seed: float = 0,
    channels: str = "auto",
    start: float | None = None,
    duration: float | None = None,
    swap_channels: bool = False,
    rescale: bool = False,
    captions: str = "mix",
    grounding: str = "default",
    options: Mapping[str, Any] | None = None,
) -> RenderRequest:
    """What the parameters of /render and /submit ask for.

    Raises
    ------
    InputError
        something is missing, of the wrong kind or not to be had here.
    """
    clip = span_of(audio, start, duration, channels, swap_channels).read().clip
    made = layout_io.from_dict(layout)
    if rescale:
        made = edit.rescale(made, clip.duration_s)
    if not isinstance(options or {}, Mapping):
        raise InputError("options must be an object of names and values")
    settings = Settings(
        backend=backend,
        preset=preset,
        seed=seed,
        captions=captions,
        grounding=grounding,
        options=dict(options or {}),
    )
    return settings.request(made, clip, strict=True)


def _as(other: Callable[..., Any]) -> Callable[[F], F]:
    """A method that takes (self, session, *given), described as if it took what `other` takes:
    clients know parameters by their names."""

    def describe(method: F) -> F:
        own = list(inspect.signature(method).parameters.values())[:2]
        taken = inspect.signature(other).parameters.values()
        method.__signature__ = inspect.Signature([*own, *taken])  # type: ignore[attr-defined]
        return method

    return describe


class Renders:
    """The endpoints that render."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs

    async def _submit(self, session: gr.Request, given: tuple[Any, ...]) -> Job:
        request = await asyncio.to_thread(render_request, *given)
        return await asyncio.to_thread(self.jobs.submit, request, Visitor(*visitor_of(session)))

    @_as(render_request)
    @toasting
    async def render(self, session: gr.Request, *given: Any) -> AsyncGenerator[str | None, None]:
        """The video of a layout with its recording, when it is done.

        Its parameters are those of /submit. A client that leaves stops it.
        """
        job = await self._submit(session, given)
        try:
            async with aclosing(self.jobs.follow(job.id)) as updates:
                async for _ in updates:
                    yield None  # whether the client is still there is noticed at a yield
            yield result(self.jobs.find(job.id))
        finally:
            if self.jobs.store.get(job.id) is not None:
                self.jobs.store.cancel(job.id)  # no effect on one that has ended

    @_as(render_request)
    @toasting
    async def submit(self, session: gr.Request, *given: Any) -> dict[str, Any]:
        """Start to render a layout with its recording; the id and state of the job, at once."""
        return state(self.jobs.store, await self._submit(session, given))

    @toasting
    def state(self, job: str) -> dict[str, Any]:
        """Where a job is, by its id."""
        return state(self.jobs.store, self.jobs.find(job))

    @toasting
    def result(self, job: str) -> str:
        """The video of a job that is done, by its id."""
        return result(self.jobs.find(job))

    @toasting
    def cancel(self, job: str) -> dict[str, Any]:
        """Stop a job, by its id: at once if it waits, else after its current step."""
        self.jobs.store.cancel(self.jobs.find(job).id)
        return state(self.jobs.store, self.jobs.find(job))


def state(store: JobStore, job: Job) -> dict[str, Any]:
    """A job in plain values: seconds are None where nothing like it was measured yet."""
    ahead, seconds = store.wait(job) if job.active else (0, None)
    return {
        "job": job.id,
        "state": job.state,
        "ahead": ahead,
        "seconds_left": None if seconds is None else round(seconds, 1),
        "done": round(job.done, 3),
        "text": job.text,
        "notes": list(job.notes),
        "error": job.error,
    }


def result(job: Job) -> str:
    """The finished video's file; InputError says why there is none."""
    if job.state == "done":
        return str(job.folder / VIDEO)
    if job.state == "failed":
        raise InputError(job.error)
    raise InputError(f"this render is {job.state}, it has no video" + " yet" * job.active)


def add_endpoints(jobs: Jobs) -> Renders:
    """Add the API to the page that is being built, on components that it does not show."""
    renders = Renders(jobs)
    with gr.Column(visible=False):
        audio = gr.Audio(type="filepath", label="audio")
        objects = gr.Textbox("", label="objects")
        start, duration = gr.Number(0, label="start"), gr.Number(0, label="duration")
        seed = gr.Number(0, label="seed", precision=0)
        channels = gr.Dropdown(list(CHANNELS), value="auto", label="channels")
        swap = gr.Checkbox(False, label="swap_channels")
        layout = JsonObject("a video scene layout", label="layout")
        options = JsonObject("names and values of further options", value={}, label="options")
        planner = gr.Dropdown(list(planners()), value=DEFAULT_PLANNER, label="planner")
        width = gr.Number(1, label="width")
        tagger = gr.Dropdown(list(TAGGERS.all()), value=DEFAULT_TAGGER, label="tagger")
        current = JsonObject("a layout to change", value={}, label="current")
        change = gr.Textbox("", label="change")
        gr.Button("plan").click(
            plan_layout,
            [audio, planner, objects, start, duration, seed, channels, width]
            + [swap, tagger, current, change, options],
            layout,
            api_name="plan",
            concurrency_id="plan",
        )
        given = [layout, audio, *_render_fields(seed, channels, start, duration, swap), options]
        video = gr.Video(label="video")
        follow = {"concurrency_limit": None, "concurrency_id": "follow"}
        gr.Button("render").click(renders.render, given, video, api_name="render", **follow)
        about = JsonObject("where the job is", label="state")
        gr.Button("submit").click(renders.submit, given, about, api_name="submit", **follow)
        job = gr.Textbox(label="job")
        quick = {"queue": False}
        gr.Button("state").click(renders.state, job, about, api_name="state", **quick)
        gr.Button("result").click(renders.result, job, video, api_name="result", **quick)
        gr.Button("cancel").click(renders.cancel, job, about, api_name="cancel", **quick)
    return renders


def _render_fields(seed: Any, channels: Any, start: Any, duration: Any, swap: Any) -> list[Any]:
    """Components of `render_request`'s parameters between the recording and the options."""
    presets = dict.fromkeys(name for spec in BACKENDS.all().values() for name in spec.presets)
    return [
        gr.Dropdown(list(BACKENDS.all()), value="mini", label="backend"),
        gr.Dropdown(list(presets), value="default", label="preset"),
        seed,
        channels,
        start,
        duration,
        swap,
        gr.Checkbox(False, label="rescale"),
        gr.Dropdown(["mix", "global", "frame"], value="mix", label="captions"),
        gr.Textbox("default", label="grounding"),
    ]
