"""The provider seam: messages and a schema in, a reply out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ...errors import PlannerError
from ..messages import Message
from ..model_options import ModelOptions


@dataclass(frozen=True)
class Completion:
    """What came back, from which model, and what it took (0 if the provider doesn't say)."""

    text: str
    model: str
    tokens_in: int = 0
    tokens_out: int = 0


class Provider(Protocol):
    """Talks to one kind of model; raises PlannerError with what the user can do."""

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Any], *, seed: int = 0
    ) -> Completion: ...


@dataclass(frozen=True)
class ProviderSpec:
    """A provider and what one can ask of it; it stands beside the provider and loads no SDK.

    Attributes
    ----------
    label: for people. make: from its options. options: a frozen dataclass that adds to
    `ModelOptions` or `HearingOptions`. needs: what it can't do without ("a key").
    """

    label: str
    make: Callable[[Any], Provider]
    options: type[ModelOptions]
    needs: str = ""


def missing(package: str, extra: str) -> PlannerError:
    """The hint for an optional package."""
    return PlannerError(f"{package} is not installed: pip install -r requirements-{extra}.txt")


def no_key(name: str, variable: str) -> PlannerError:
    return PlannerError(f"{name} needs a key: set {variable}, or enter your own in the app")


#: What went wrong -> what a user reads.
FAULTS = {
    "timeout": "{who} did not answer within {seconds:.0f} s: try again, or a smaller model",
    "network": "{who} can't be reached: check the network and the endpoint ({where})",
    "key": "{who} refused the key: check it (it is read from {variable} if none is entered)",
    "rate": "{who} is limiting requests: wait a minute and try again, or check your quota",
    "model": "{who} has no model '{model}': choose another",
    "server": "{who} has trouble of its own (status {status}): try again later",
    "request": "{who} refused the request (status {status}): {detail}",
    "blocked": "{who} blocked the reply for safety reasons: try another recording or model",
    "truncated": "{who} broke off the reply at its length limit: try fewer objects or a model "
    "with a longer output",
    "empty": "{who} sent an empty reply: try again",
}


def fault(kind: str, **values: Any) -> PlannerError:
    """The error of a known kind."""
    return PlannerError(FAULTS[kind].format(**values))


def fault_of_status(status: int, **values: Any) -> PlannerError:
    """The error of an HTTP status."""
    kind = {401: "key", 403: "key", 404: "model", 408: "timeout", 429: "rate"}.get(status)
    if kind is None:
        kind = "server" if status >= 500 else "request"
    return fault(kind, status=status, **values)
