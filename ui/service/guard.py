"""What stands before Gradio: who asks, what may be called, how much may be sent, and headers.

One ASGI middleware. On a host that only its owner reaches it gives the browser its visitor's cookie
and adds headers; on a public one it also refuses what is not the page's or the API's.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any

from spa2v_core.jobs.limits import Limits
from spa2v_core.jobs.logs import tag

from . import host as hosting

log = logging.getLogger("spa2v.guard")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

COOKIE = "spa2v"
VISITOR, ADDRESS = "x-spa2v-visitor", "x-spa2v-address"
YEAR_S = 365 * 24 * 3600
#: Bytes of a call that is no upload: a layout is at most 4 MB.
MAX_CALL_BYTES = 8_000_000

_API = "/gradio_api"
_BY_NAME = tuple(f"{_API}/{kind}/" for kind in ("call/v2", "call", "run", "api"))
_BY_PARAMETERS = f"{_API}/call/v2/"
_BY_NUMBER = (f"{_API}/queue/join", f"{_API}/run/predict", f"{_API}/api/predict")
#: Of Gradio's own, what neither the page nor the API needs: other servers, statistics, development.
_CLOSED = (
    f"{_API}/proxy=",
    f"{_API}/dev/",
    f"{_API}/vibe",
    f"{_API}/undo-vibe",
    f"{_API}/profiling",
    f"{_API}/process_recording",
    f"{_API}/runs",
    f"{_API}/run-history",
    f"{_API}/deep_link",
    "/monitoring",
)
_FRAMES = "'self'"
_SPACE_FRAMES = "'self' https://huggingface.co https://*.hf.space"


@dataclass
class Rules:
    """What the guard holds calls to.

    Attributes
    ----------
    endpoints
        names of those that are public, with their parameters: (all, needed).
    numbers
        Gradio's numbers of their functions.
    spend
        (who, what, amount, limit) -> whether it is within the limit of an hour.
    health
        what `/healthz` says, and whether all is well.
    """

    host: hosting.Host
    limits: Limits
    endpoints: Mapping[str, tuple[frozenset[str], frozenset[str]]]
    numbers: frozenset[int]
    spend: Callable[[str, str, float, float], bool]
    health: Callable[[], tuple[bool, dict[str, Any]]]
    calls: dict[str, tuple[float, int]] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818 (an answer, not a fault)
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class Guard:
    """The middleware."""

    def __init__(self, app: Any, rules: Rules) -> None:
        self.app, self.rules = app, rules

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {
            name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]
        }
        visitor = _visitor(headers)
        address = _address(scope, headers, self.rules.host.proxies)
        known = [(VISITOR, visitor)] if visitor else []
        scope["headers"] = [
            *(h for h in scope["headers"] if h[0] not in (VISITOR.encode(), ADDRESS.encode())),
            *((name.encode(), value.encode()) for name, value in (*known, (ADDRESS, address))),
        ]
        new = "" if visitor or scope["path"] != "/" else secrets.token_urlsafe(16)
        answer = self._with_headers(send, new)
        try:
            if scope["path"] == "/healthz":
                well, state = self.rules.health()
                await _say(answer, 200 if well else 503, {"ok": well, **state})
                return
            if self.rules.host.public:
                receive = await self._check(scope, headers, visitor, address, receive)
            if scope["method"] == "POST" and scope["path"].startswith(_BY_PARAMETERS):
                receive = await self._check_parameters(scope, receive)
        except Refused as refusal:
            about = {"path": _shape(scope["path"]), "address": tag(address)}
            log.info("refused", extra={"status": refusal.status, "why": refusal.detail, **about})
            await _say(answer, refusal.status, {"detail": refusal.detail})
            return
        await self.app(scope, receive, answer)

    def _with_headers(self, send: Send, new_visitor: str) -> Send:
        space = hosting.on_a_space()
        frames = _SPACE_FRAMES if space else _FRAMES
        added = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), geolocation=()"),
            (
                b"content-security-policy",
                f"frame-ancestors {frames}; object-src 'none'; base-uri 'self'".encode(),
            ),
        ]
        if new_visitor:
            # a Space is shown inside another site's page, where only such a cookie comes back
            site = "SameSite=None; Secure; Partitioned" if space else "SameSite=Lax"
            cookie = f"{COOKIE}={new_visitor}; Path=/; HttpOnly; {site}; Max-Age={YEAR_S}"
            added.append((b"set-cookie", cookie.encode()))

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        return answer

    async def _check(
        self, scope: Message, headers: dict[str, str], visitor: str, address: str, receive: Receive
    ) -> Receive:
        """Raises Refused; what the app is to read the request from."""
        path, method = scope["path"].rstrip("/"), scope["method"]
        if path.startswith(_CLOSED):
            raise Refused(404, "not here")
        if method not in ("POST", "PUT", "PATCH", "DELETE"):
            return receive
        self._count(address)
        if path == f"{_API}/upload":
            self._count_upload(headers, address)
            return receive
        name = next((path.removeprefix(p) for p in _BY_NAME if path.startswith(p)), "")
        if name and name != "predict" and name.split("/")[0] not in self.rules.endpoints:
            raise Refused(404, "there is no such endpoint")
        body, receive = await _body(receive)
        if path in _BY_NUMBER and not visitor and _function(body) not in self.rules.numbers:
            raise Refused(403, "this is the page's own: open the page first")
        return receive

    async def _check_parameters(self, scope: Message, receive: Receive) -> Receive:
        """Raises Refused for parameters that an endpoint does not take or lacks."""
        name = scope["path"].removeprefix(_BY_PARAMETERS).rstrip("/")
        if name not in self.rules.endpoints:
            raise Refused(404, "there is no such endpoint")
        known, needed = self.rules.endpoints[name]
        body, receive = await _body(receive)
        given = _json(body)
        if not isinstance(given, dict):
            raise Refused(422, "parameters are expected as a JSON object")
        if stray := sorted(given.keys() - known):
            raise Refused(422, f"/{name} takes no {stray[0][:40]!r}: {', '.join(sorted(known))}")
        if lacking := sorted(needed - given.keys()):
            raise Refused(422, f"/{name} needs {', '.join(lacking)}")
        return receive

    def _count(self, address: str) -> None:
        calls, now = self.rules.calls, time.monotonic()
        started, count = calls.get(address, (now, 0))
        if now - started > 60:
            started, count = now, 0
        if count >= self.rules.limits.calls_per_minute:
            raise Refused(429, "too many calls: wait a minute")
        if len(calls) > 10_000:
            calls.clear()
        calls[address] = (started, count + 1)

    def _count_upload(self, headers: dict[str, str], address: str) -> None:
        length = headers.get("content-length", "")
        if not length.isdigit():
            raise Refused(411, "say how long the upload is (Content-Length)")
        if not self.rules.spend(address, "upload", int(length), self.rules.limits.upload_bytes):
            raise Refused(429, "your network has uploaded enough for this hour: wait a while")


def _visitor(headers: dict[str, str]) -> str:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    value = cookie.value if cookie else ""
    fits = (
        len(value) == 22 and value.isascii() and value.replace("-", "").replace("_", "").isalnum()
    )
    return value if fits else ""


def _address(scope: Message, headers: dict[str, str], proxies: int) -> str:
    """The visitor's network address: the last that a proxy of ours has added, or the peer's."""
    added = [one.strip() for one in headers.get("x-forwarded-for", "").split(",") if one.strip()]
    if proxies and len(added) >= proxies:
        return added[-proxies][:64]
    return (scope.get("client") or ("unknown",))[0]


async def _body(receive: Receive) -> tuple[bytes, Receive]:
    """The whole request (it is small, or refused) and where it can be read from again."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_CALL_BYTES:
            raise Refused(413, f"a call may hold {MAX_CALL_BYTES // 1_000_000} MB")
        more = message.get("more_body", False)
    body = b"".join(parts)
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()  # waits for the client to leave
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, again


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _function(body: bytes) -> Any:
    value = _json(body)
    number = value.get("fn_index") if isinstance(value, dict) else None
    return number if isinstance(number, int) else None


def _shape(path: str) -> str:
    """A path for the log, without names of files or what a caller put into it."""
    return "/".join(path.split("=")[0].split("/")[:4])[:60]


async def _say(send: Send, status: int, value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def visitor_of(request: Any) -> tuple[str, str]:
    """(owner, address) of a Gradio request, as the guard has told; without a cookie the owner is
    the session."""
    headers = request.headers if request is not None else {}
    address = headers.get(ADDRESS, "")
    owner = headers.get(VISITOR) or f"session:{getattr(request, 'session_hash', '') or address}"
    return owner, address
