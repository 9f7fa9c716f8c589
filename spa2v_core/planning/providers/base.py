"""The provider seam: messages and a schema in, a reply out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ...errors import PlannerError
from ...options import options_of
from ..messages import Message
from ..model_options import ModelOptions


@dataclass(frozen=True)
class Completion:
    """What came back, from which model, and what it took (0 if the provider doesn't say).

    tokens_out: with `thoughts`, what the model thinks to itself: both are paid for.
    notes: what had to be left out for the service to take the request.
    """

    text: str
    model: str
    tokens_in: int = 0
    tokens_out: int = 0
    thoughts: int = 0
    notes: tuple[str, ...] = ()


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
    label
        for people.
    make
        from its options.
    options
        a frozen dataclass that adds to `ModelOptions` or `HearingOptions`.
    needs
        what it can't do without ("a key").
    one_sound
        it takes one sound a request, so that parts are put one after another.
    """

    label: str
    make: Callable[[Any], Provider]
    options: type[ModelOptions]
    needs: str = ""
    one_sound: bool = False

    def __post_init__(self) -> None:
        options_of(self.options)  # a fault of these is told here, where only this is lost
        if not issubclass(self.options, ModelOptions):
            raise TypeError("a provider's options add to ModelOptions")


def missing(package: str, extra: str) -> PlannerError:
    """The hint for a package that only one provider needs, and the extra that holds it."""
    return PlannerError(
        f"{package} is not installed: pip install {package} (it is in the extra '{extra}')"
    )


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


class RefusedError(PlannerError):
    """A request that a service can't use as it stands (400, 422), with its own words."""

    def __init__(self, text: str, detail: str) -> None:
        super().__init__(text)
        self.detail = detail


def fault_of_status(status: int, *, detail: str, **values: Any) -> PlannerError:
    """The error of an HTTP status."""
    named = {401: "key", 402: "rate", 403: "key", 404: "model", 408: "timeout", 429: "rate"}
    kind = named.get(status) or ("server" if status >= 500 else "request")
    error = fault(kind, status=status, detail=detail, **values)
    return RefusedError(str(error), detail) if status in (400, 422) else error


#: What a service may refuse by name -> words by which it does.
WORDS = {
    "temperature": ("temperature", "sampling"),
    "seed": ("seed",),
    "limit": ("max_tokens", "max_completion_tokens", "context length", "output tokens"),
    "thinking": ("thinking", "effort", "reasoning"),
    "schema": ("schema", "response_format", "responseformat", "output_config", "structured"),
    "tool": ("tool", "function"),
}


def insisting(send: Callable[[frozenset[str]], Completion], may_go: Sequence[str]) -> Completion:
    """The reply to a request that is sent once more without what the service refuses by name.

    send: sends it without the named ones, raising RefusedError. may_go: keys of `WORDS`.
    """
    gone: list[str] = []
    while True:
        try:
            said = send(frozenset(gone))
        except RefusedError as error:
            told = error.detail.lower()
            left = (name for name in may_go if name not in gone)
            name = next((one for one in left if any(word in told for word in WORDS[one])), "")
            if not name:
                raise
            gone.append(name)
            continue
        notes = tuple(f"asked again without {name}, which the model refuses" for name in gone)
        return replace(said, notes=(*said.notes, *notes))


def one_line(value: Any) -> str:
    """A service's own words, short and on one line."""
    return " ".join(str(value or "no reason given").split())[:200]


def detail_of(body: Any) -> str:
    """The reason in the body of an error, as most services give it."""
    if isinstance(body, dict):
        inner = body.get("error", body)
        body = inner.get("message") if isinstance(inner, dict) else inner
    return one_line(body)


@contextmanager
def sdk_faults(sdk: Any, seconds: float, known: Mapping[str, Any]) -> Iterator[None]:
    """Errors of a call as ours. `sdk`: openai or anthropic, whose errors have the same names;
    known: who, where, variable and model for the message."""
    try:
        yield
    except sdk.APITimeoutError as error:
        raise fault("timeout", seconds=seconds, **known) from error
    except sdk.APIConnectionError as error:
        raise fault("network", **known) from error
    except sdk.APIStatusError as error:
        detail = detail_of(error.body)
        raise fault_of_status(error.status_code, detail=detail, seconds=seconds, **known) from error
    except (sdk.APIError, ValueError) as error:
        raise fault("server", status="not a reply", **known) from error
