"""Requests to models on loopback."""

from spa2v_core.planning.base import PlanRequest
from spa2v_core.planning.registry import get_planner, options_for

from .test_reply import text, tracks

KEY = "sk-not-a-real-key-0123456789"
GOOD = text(tracks())


def request_for(recording, url="", provider="openai", **given):
    more = {name: given.pop(name) for name in ("current", "change", "objects") if name in given}
    given = {"key": KEY, "model": "tiny-audio", "retries": 0} | given
    if url:
        given["endpoint"] = url + ("/v1" if provider == "openai" else "")
    return PlanRequest(*recording, options=options_for(provider, given), **more)


def plan_by(recording, url="", provider="openai", **given):
    """The plan that a provider's planner makes of a measured recording."""
    return get_planner(provider).plan(request_for(recording, url, provider, **given))
