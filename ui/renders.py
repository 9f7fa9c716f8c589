"""The list of renders under way: what the page shows of a job, and the component that shows it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from spa2v_core.generation.registry import BACKENDS
from spa2v_core.jobs.job import Job
from spa2v_core.jobs.store import JobStore

from .handlers import status
from .served import script

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


def title(job: Job) -> str:
    """ "Mini, Draft, seed 3"."""
    request = job.request
    spec = BACKENDS.get(request["backend"])
    return f"{spec.label}, {spec.presets[request['preset']].label}, seed {request['seed']}"


def rows(store: JobStore, jobs: list[Job]) -> list[dict[str, Any]]:
    """What the list shows of a visitor's jobs: all but the finished ones."""
    queued = [job.id for job in jobs if job.state == "queued"]
    return [
        {
            "id": job.id,
            "state": job.state,
            "title": title(job),
            "text": said(store, job),
            "first": job.id == queued[0] if queued else True,
            "last": job.id == queued[-1] if queued else True,
        }
        for job in jobs
        if job.state in ("queued", "running", "failed")
    ]


def said(store: JobStore, job: Job) -> str:
    """One line on where a job is."""
    if job.state == "failed":
        return job.error[:1].upper() + job.error[1:]
    if job.state == "queued":
        ahead, seconds = store.wait(job)
        place = f"{ahead} before this" if ahead else "Next"
        return place + (f", done in {about(seconds)}" if seconds is not None else "")
    if job.cancel:
        return "Stopping"
    left = f", {about(job.remaining_s)} left" if job.remaining_s is not None else ""
    return (job.text or "Starting") + left


def about(seconds: float) -> str:
    """A time as one would say it."""
    return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"


def bar(store: JobStore, job: Job) -> dict[str, Any]:
    """The progress line for a job."""
    if job.state == "done":
        return status(1, 1, f"Done in {sum(job.seconds.values()):.0f} s")
    if job.state == "cancelled":
        return status(0, 1, "Cancelled")
    if job.state == "failed":
        return status(0, 1, "Stopped by an error")
    return status(job.done, 1, said(store, job))
