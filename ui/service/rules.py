"""What this app's guard holds calls to, and who may log in."""

from __future__ import annotations

import os
import time
from typing import Any

import gradio as gr

from spa2v_core.errors import InputError
from spa2v_core.jobs.database import StoreError
from spa2v_core.jobs.service import Jobs

from . import host as hosting
from .guard import Rules

_STARTED = time.time()


def rules_for(demo: gr.Blocks, jobs: Jobs) -> Rules:
    """The rules of a built page."""
    public = {number: fn for number, fn in demo.fns.items() if fn.api_visibility == "public"}
    return Rules(
        host=hosting.current(),
        limits=jobs.limits,
        endpoints=_parameters(demo, [str(fn.api_name) for fn in public.values()]),
        numbers=frozenset(public),
        spend=jobs.store.spend,
        health=lambda: health(jobs),
    )


def _parameters(
    demo: gr.Blocks, names: list[str]
) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Endpoint -> names of (all, needed) parameters, as its documentation says."""
    told = demo.get_api_info()["named_endpoints"]
    found = {}
    for name in names:
        about = told[f"/{name}"]["parameters"]
        needed = (one["parameter_name"] for one in about if not one["parameter_has_default"])
        found[name] = (frozenset(one["parameter_name"] for one in about), frozenset(needed))
    return found


def health(jobs: Jobs) -> tuple[bool, dict[str, Any]]:
    """(whether renders are kept and made, what `/healthz` says): numbers only."""
    keeper = jobs.keeper
    try:
        waiting = jobs.store.waiting()
        ready = keeper is None or jobs.store.is_ready(keeper.token)
    except StoreError as error:
        return False, {"store": str(error)}
    starting = keeper is not None and not ready and not keeper.false_starts
    return ready or starting, {
        "up_s": round(time.time() - _STARTED),
        "renderer": "ready" if ready else "starting" if starting else "failing",
        "queued": waiting.get("queued", 0),
        "running": waiting.get("running", 0),
        "kept": waiting.get("done", 0),
    }


def logins() -> list[tuple[str, str]] | None:
    """Names and passwords of who may use the app (SPA2V_LOGIN, `name:password,...`); None: all."""
    given = [one for one in os.environ.get("SPA2V_LOGIN", "").split(",") if one]
    pairs = [tuple(one.split(":", 1)) for one in given]
    if any(len(pair) != 2 or not all(pair) for pair in pairs):
        raise InputError("SPA2V_LOGIN must be name:password, several joined by commas")
    return pairs or None  # type: ignore[return-value]
