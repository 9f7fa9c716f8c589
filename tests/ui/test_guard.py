"""The guard, before a small app that says what reaches it."""

import json

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from spa2v_core.errors import InputError
from spa2v_core.jobs.limits import Limits
from ui.service import host
from ui.service.guard import Guard, Rules
from ui.service.host import Host
from ui.service.rules import logins


async def echo(request: Request):
    told = {k: v for k, v in request.headers.items() if k.startswith("x-spa2v")}
    return JSONResponse({"told": told, "body": len(await request.body())})


def client(public=True, health=(True, {"queued": 2}), proxies=0, **limits):
    spent = {}

    def spend(who, what, amount, limit):
        if spent.get((who, what), 0) + amount > limit:
            return False
        spent[who, what] = spent.get((who, what), 0) + amount
        return True

    rules = Rules(
        host=Host(public=public, proxies=proxies),
        limits=Limits(**limits),
        endpoints={
            "plan": (frozenset({"audio", "seed"}), frozenset()),
            "render": (frozenset({"layout", "seed"}), frozenset({"layout"})),
        },
        numbers=frozenset({0, 1}),
        spend=spend,
        health=lambda: health,
    )
    routes = [Route("/{path:path}", echo, methods=["GET", "POST"])]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Guard, rules=rules)]))


def join(app, number, **more):
    return app.post("/gradio_api/queue/join", json={"fn_index": number}, **more).status_code


def test_a_browser_gets_a_cookie_and_is_known_by_it():
    app = client(public=False)
    first = app.get("/")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    visitor = app.cookies["spa2v"]
    again = app.get("/")
    assert "set-cookie" not in again.headers
    assert again.json()["told"]["x-spa2v-visitor"] == visitor


def test_nobody_says_who_he_is_by_a_header_and_odd_cookies_are_none():
    app = client()
    told = app.get("/x", headers={"x-spa2v-visitor": "v" * 22, "x-spa2v-address": "9.9.9.9"})
    assert told.json()["told"] == {"x-spa2v-address": "testclient"}
    for odd in ("a", "a" * 21 + '"', "a" * 23, "é" * 22, "../" * 7 + "a"):
        told = app.get("/x", headers={"cookie": f"spa2v={odd}".encode()}).json()["told"]
        assert "x-spa2v-visitor" not in told


@pytest.mark.parametrize(
    ("proxies", "seen"), [(0, "testclient"), (1, "3.3.3.3"), (2, "2.2.2.2"), (4, "testclient")]
)
def test_the_address_is_what_a_trusted_proxy_adds(proxies, seen):
    forwarded = {"x-forwarded-for": "1.1.1.1, 2.2.2.2, 3.3.3.3"}
    told = client(proxies=proxies).get("/x", headers=forwarded).json()["told"]
    assert told["x-spa2v-address"] == seen


def test_headers_are_on_every_answer():
    for answer in (client().get("/"), client().get("/healthz"), client().get("/monitoring")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'self';" in answer.headers["content-security-policy"]


def test_on_a_space_it_may_be_framed_by_the_hub(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "someone/studio")
    answer = client().get("/")
    assert "https://huggingface.co" in answer.headers["content-security-policy"]
    assert "SameSite=None; Secure; Partitioned" in answer.headers["set-cookie"]


@pytest.mark.parametrize("kind", ["call", "call/v2", "run", "api"])
def test_private_names_are_not_there(kind):
    app = client()
    assert app.post(f"/gradio_api/{kind}/plan", json={}).status_code == 200
    assert app.post(f"/gradio_api/{kind}/plan/", json={}).status_code == 200
    assert app.post(f"/gradio_api/{kind}/choose_take", json={}).status_code == 404
    if kind != "call/v2":
        assert client(public=False).post(f"/gradio_api/{kind}/x", json={}).status_code == 200


@pytest.mark.parametrize("public", [True, False])
def test_parameters_are_those_that_are_documented(public):
    app = client(public)
    path = "/gradio_api/call/v2/render"
    assert app.post(path, json={"layout": {}, "seed": 1}).json()["body"] > 0
    for bad, said in (
        ({"layout": {}, "speed": 1}, "takes no 'speed': layout, seed"),
        ({"seed": 1}, "needs layout"),
        ([], "JSON object"),
    ):
        answer = app.post(path, json=bad)
        assert answer.status_code == 422
        assert said in answer.json()["detail"]
    assert app.post(path, content=b"\xff{").status_code == 422


def test_the_pages_own_functions_need_the_page():
    app = client()
    assert join(app, 1) == 200
    for number in (7, None, "1", True, {"a": 1}):
        assert join(app, number) == (200 if number is True else 403)
    assert app.post("/gradio_api/queue/join", content=b"[" * 50_000).status_code == 403
    app.get("/")
    assert join(app, 7) == 200


@pytest.mark.parametrize(
    "path", ["proxy=http://10.0.0.1/", "vibe-code", "dev/reload", "process_recording", "deep_link"]
)
def test_what_nobody_needs_is_closed(path):
    assert client().get(f"/gradio_api/{path}").status_code == 404


def test_uploads_are_counted_by_address():
    app = client(upload_bytes=1000)
    assert app.post("/gradio_api/upload", content=b"x" * 600).json()["body"] == 600
    assert app.post("/gradio_api/upload", content=b"x" * 600).status_code == 429
    assert app.post("/gradio_api/upload", content=b"x" * 400).status_code == 200
    endless = app.post("/gradio_api/upload", content=iter([b"x" * 10]))
    assert endless.status_code == 411


def test_calls_have_a_size_and_a_rate():
    app = client()
    whole = json.dumps({"fn_index": 0, "data": "x" * 1_000_000}).encode()
    assert app.post("/gradio_api/queue/join", content=whole).json()["body"] == len(whole)
    assert app.post("/gradio_api/call/plan", content=b"x" * 9_000_000).status_code == 413
    app = client(calls_per_minute=20)
    codes = [app.post("/gradio_api/call/plan", json={}).status_code for _ in range(60)]
    assert codes.count(200) == 20
    assert codes[-1] == 429


def test_health_is_said():
    assert client().get("/healthz").json() == {"ok": True, "queued": 2}
    assert client(health=(False, {})).get("/healthz").status_code == 503


@pytest.mark.parametrize(
    ("address", "share", "public"),
    [
        (None, False, False),
        ("localhost", False, False),
        ("127.0.0.1", False, False),
        ("::1", False, False),
        (None, True, True),
        ("0.0.0.0", False, True),
        ("192.168.1.5", False, True),
        ("my-host", False, True),
    ],
)
def test_who_is_public(monkeypatch, address, share, public):
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert Host.of(address, share).public is public
    monkeypatch.setenv("SPACE_ID", "someone/studio")
    assert Host.of(address, share).public


def test_visitors_name_no_server_but_those_that_are_allowed(monkeypatch):
    monkeypatch.setenv("SPA2V_ENDPOINTS", "https://models.example/v1, ")
    made = Host.of("0.0.0.0", False)
    assert made.allows("https://models.example/v1")
    assert not made.allows("http://169.254.169.254/")
    assert Host(public=False).allows("http://127.0.0.1:8000/v1")
    assert host.current().public is False


def test_logins_are_read_or_refused(monkeypatch):
    monkeypatch.setenv("SPA2V_LOGIN", "ann:a:b,bob:c")
    assert logins() == [("ann", "a:b"), ("bob", "c")]
    monkeypatch.setenv("SPA2V_LOGIN", "ann")
    with pytest.raises(InputError, match="name:password"):
        logins()
    monkeypatch.delenv("SPA2V_LOGIN")
    assert logins() is None
