"""The list of renders under way: what the page shows of a job, and the component that shows it."""

from __future__ import annotations

import math
from typing import Any

import gradio as gr

from spa2v_core.generation.registry import BACKENDS
from spa2v_core.jobs.job import Job
from spa2v_core.jobs.store import JobStore

from .handlers import status
from .service.served import script
from .toasts import sentence
from .words import Words

#: What can be done to a render from the list.
ACTIONS = ("cancel", "delete", "earlier", "later")


class RenderList(gr.HTML):
    """Renders that wait, run or have failed; its value from the page is {action, id}."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            value=[],
            html_template='<div class="spa2v-mount"></div>',
            js_on_load='// events: "input"'
            + script("page/renders.mjs", "module.mount(element, { props, trigger, watch });"),
            apply_default_css=False,
            **kwargs,
        )

    def preprocess(self, payload: Any) -> dict[str, Any] | None:
        return payload if isinstance(payload, dict) else None

    def postprocess(self, value: Any) -> Any:
        return value

    def api_spec(self) -> dict[str, Any]:
        return {"type": "object"}


def title(job: Job, words: Words) -> str:
    """ "Mini, Draft, seed 3"."""
    request = job.request
    spec = BACKENDS.get(request["backend"])
    preset = words(spec.presets[request["preset"]].label)
    return words("{}, {}, seed {}", words(spec.label), preset, request["seed"])


def rows(store: JobStore, jobs: list[Job], words: Words) -> list[dict[str, Any]]:
    """What the list shows of a visitor's jobs: all but the finished ones."""
    queued = [job.id for job in jobs if job.state == "queued"]
    return [
        {
            "id": job.id,
            "state": job.state,
            "title": title(job, words),
            "text": said(store, job, words),
            "first": job.id == queued[0] if queued else True,
            "last": job.id == queued[-1] if queued else True,
        }
        for job in jobs
        if job.state in ("queued", "running", "failed")
    ]


def said(store: JobStore, job: Job, words: Words) -> str:
    """One line on where a job is."""
    if job.state == "failed":
        return sentence(words.told(job.error))
    if job.state == "queued":
        ahead, seconds = store.wait(job)
        place = words("{} before this", ahead) if ahead else words("Next")
        return place if seconds is None else words("{}, done in {}", place, about(seconds, words))
    if job.cancel:
        return words("Stopping")
    doing = words.told(job.text or "Starting")
    left = job.remaining_s
    return doing if left is None else words("{}, {} left", doing, about(left, words))


def about(seconds: float, words: Words) -> str:
    """A time as one would say it, rounded up."""
    if seconds < 90:
        return words("about {} s", math.ceil(seconds))
    return words("about {} min", math.ceil(seconds / 60))


def bar(store: JobStore, job: Job, words: Words) -> dict[str, Any]:
    """The progress line for a job."""
    if job.state == "done":
        return status(1, 1, words("Done in {} s", f"{sum(job.seconds.values()):.0f}"))
    if job.state == "cancelled":
        return status(0, 1, words("Cancelled"))
    if job.state == "failed":
        return status(0, 1, words("Stopped by an error"))
    return status(job.done, 1, said(store, job, words))
