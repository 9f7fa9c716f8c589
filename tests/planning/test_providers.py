"""Providers: the real SDKs on the wire, against scripted servers on loopback."""

import json
import logging

import pytest

from spa2v_core.errors import InputError, PlannerError
from spa2v_core.planning.registry import get_planner

from .asking import GOOD, KEY, plan_by
from .servers import Script, called, chat, generated, refused, said, serving

FAULTS = {
    "wrong key": ((401, {"error": {"message": "bad key"}}, {}), "refused the key"),
    "no such model": ((404, {"error": {"message": "no model"}}, {}), "no model 'tiny-audio'"),
    "limited": ((429, {"error": {"message": "slow down"}}, {}), "limiting requests"),
    "server": ((503, {"error": {"message": "busy"}}, {}), "trouble of its own"),
    "refused": ((400, {"error": {"message": "audio is too long"}}, {}), "audio is too long"),
    "blocked": (chat("", "content_filter"), "safety"),
    "cut off": (chat(GOOD[:90], "length"), "length limit"),
    "empty": (chat(""), "empty reply"),
    "no choices": ({"id": "x", "choices": [], "model": "m", "created": 1}, "empty reply"),
    "hangs": ("hang", "did not answer within"),
    "drops": ("drop", "can't be reached"),
    "junk": ("junk", "trouble of its own"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_is_a_message_one_can_act_on(recording, kind, caplog, capsys):
    answer, message = FAULTS[kind]
    caplog.set_level(logging.DEBUG)
    with (
        serving(Script(answer)) as url,
        pytest.raises(PlannerError, match=message) as caught,
    ):
        plan_by(recording, url, timeout=0.5)
    told = str(caught.value) + caplog.text + "".join(capsys.readouterr())
    assert KEY not in told
    assert "UklGR" not in told  # the sound


def test_what_passes_by_itself_is_tried_again(recording):
    script = Script((429, {"error": {}}, {"Retry-After": "0"}), (503, {}, {}), chat(GOOD))
    with serving(script) as url:
        layout = plan_by(recording, url, retries=3).layout
    assert layout.objects
    assert len(script.requests) == 3


def test_no_network_and_no_key(recording):
    with pytest.raises(PlannerError, match="can't be reached"):
        plan_by(recording, "http://127.0.0.1:9")
    with pytest.raises(PlannerError, match="OPENAI_API_KEY"):
        plan_by(recording, key="")
    for provider in ("gemini", "claude"):
        name = {"claude": "ANTHROPIC"}.get(provider, provider.upper())
        with pytest.raises(PlannerError, match=f"{name}_API_KEY"):
            plan_by(recording, key="", provider=provider)
    with pytest.raises(InputError, match="choose"):
        get_planner("oracle")


def test_forms_of_the_reply(recording):
    script = Script(chat(GOOD))
    with serving(script) as url:
        for mode in ("schema", "json", "text"):
            plan_by(recording, url, reply_mode=mode)
    schema, loose, none = script.requests
    held = schema["response_format"]["json_schema"]
    assert held["strict"]
    assert "maxLength" in json.dumps(held["schema"])  # servers of one's own hold every bound
    assert loose["response_format"] == {"type": "json_object"}
    assert "response_format" not in none
    assert not any("tools" in asked for asked in script.requests)


def test_a_model_without_schemas_must_call_a_tool(recording):
    script = Script(called(GOOD, "gpt-audio-1.5"))
    with serving(script) as url:
        made = plan_by(recording, url, model="gpt-audio-1.5")
    assert made.layout.objects[0].name == "car"
    (asked,) = script.requests
    assert "response_format" not in asked
    (tool,) = asked["tools"]
    assert "reasoning" in tool["function"]["parameters"]["properties"]
    assert asked["tool_choice"] == {"type": "function", "function": {"name": "layout"}}


def test_what_a_server_refuses_by_name_is_left_out_once_each(recording):
    script = Script(
        refused("Unsupported value: 'temperature' does not support 0.5 with this model."),
        refused("response_format of type json_schema is not supported", 422),
        refused("tools are not supported by this model"),
        refused("This model's maximum context length is 4096 tokens"),
        chat(GOOD),
    )
    with serving(script) as url:
        made = plan_by(recording, url)
    first, cooler, tool, plain, unlimited = script.requests
    assert first["temperature"] == 0.5
    assert "temperature" not in cooler
    assert "response_format" in cooler
    assert "tools" in tool
    assert not {"temperature", "response_format", "tools"} & set(plain)
    assert "max_tokens" in plain
    assert "max_tokens" not in unlimited
    assert made.layout.objects
    assert sum("the model refuses" in note for note in made.report.notes) == 4
    with (
        serving(Script(refused("temperature is wrong"))) as url,
        pytest.raises(PlannerError, match="temperature is wrong"),  # no endless asking
    ):
        plan_by(recording, url)


def test_openais_own_service_gets_what_its_strict_schemas_take(monkeypatch, recording):
    from spa2v_core.planning.providers.openai import MODEL, READING_MODEL

    script = Script(chat(GOOD))
    with serving(script) as url:
        import openai

        plain = openai.OpenAI
        monkeypatch.setattr(
            openai, "OpenAI", lambda base_url, **more: plain(base_url=f"{url}/v1", **more)
        )
        plan_by(recording, model="", sound=False)
        plan_by(recording, model="")
    reads, hears = script.requests
    assert (reads["model"], hears["model"]) == (READING_MODEL, MODEL)
    assert "maxLength" not in json.dumps(reads["response_format"])
    assert "max_completion_tokens" in reads
    assert hears["tools"]


def test_gemini_on_the_wire(recording):
    script = Script(generated(GOOD, thoughts=70))
    with serving(script) as url:
        made = plan_by(recording, url, "gemini", parts=True)
    assert made.layout.objects[0].name == "car"
    (asked,), (headers,) = script.requests, script.headers
    assert headers["path"].endswith("models/tiny-audio:generateContent")
    assert KEY not in headers["path"]
    assert "video director" in asked["systemInstruction"]["parts"][0]["text"]
    assert [turn["role"] for turn in asked["contents"]] == [*["user", "model"] * 3, "user"]
    sounds = [p["inlineData"] for p in asked["contents"][-1]["parts"] if "inlineData" in p]
    assert [s.get("mimeType") or s["mime_type"] for s in sounds] == ["audio/wav"]  # one a prompt
    form = asked["generationConfig"]
    assert form["responseMimeType"] == "application/json"
    assert "responseJsonSchema" in form
    assert list(form["thinkingConfig"].values()) == ["LOW"]  # either spelling
    assert not {"temperature", "topP", "topK"} & set(form)
    report = made.report
    assert (report.tokens_in, report.tokens_out, report.thoughts) == (900, 170, 70)
    assert report.cost({"tiny": (1.0, 10.0)}) == pytest.approx(0.0026)
    assert "170 out (70 of them thoughts)" in report.summary({})


def test_gemini_is_sent_what_its_generation_takes_and_asked_again_without_the_rest(recording):
    script = Script(generated(GOOD))
    with serving(script) as url:
        plan_by(recording, url, "gemini", model="gemini-2.5-flash")
    (older,) = (asked["generationConfig"] for asked in script.requests)
    assert older["temperature"] == 0.5
    assert "thinkingConfig" not in older
    script = Script(
        refused("temperature is not supported by this model"),
        refused("Thinking level LOW is not supported"),
        generated(GOOD),
    )
    with serving(script) as url:
        made = plan_by(recording, url, "gemini", temperature=0.2, thinking="high")
    first, second, third = (asked["generationConfig"] for asked in script.requests)
    assert first["temperature"] == 0.2
    assert list(first["thinkingConfig"].values()) == ["HIGH"]
    assert "temperature" not in second
    assert not {"temperature", "thinkingConfig"} & set(third)
    assert "responseJsonSchema" in third
    assert any("without temperature" in note for note in made.report.notes)


GEMINI_FAULTS = {
    "wrong key": (
        (400, {"error": {"code": 400, "message": "API key not valid", "status": "X"}}, {}),
        "refused the key",
    ),
    "limited": ((429, {"error": {"code": 429, "message": "quota"}}, {}), "limiting requests"),
    "server": ((500, {"error": {"code": 500, "message": "oops"}}, {}), "trouble of its own"),
    "safety": (generated(None, "SAFETY"), "safety"),
    "blocked prompt": ({"promptFeedback": {"blockReason": "SAFETY"}}, "safety"),
    "cut off": (generated(GOOD[:50], "MAX_TOKENS"), "length limit"),
    "to be continued": (generated(GOOD[:50], "CONTINUATION"), "length limit"),
    "filtered": (generated(None, "ESCALATION"), "safety"),
    "empty": (generated(""), "empty reply"),
    "hangs": ("hang", "did not answer within"),
    "drops": ("drop", "can't be reached"),
}


@pytest.mark.parametrize("kind", GEMINI_FAULTS)
def test_geminis_faults(recording, kind):
    answer, message = GEMINI_FAULTS[kind]
    with serving(Script(answer)) as url, pytest.raises(PlannerError, match=message):
        plan_by(recording, url, timeout=0.5, provider="gemini")


def test_claude_on_the_wire(recording):
    script = Script(said(GOOD))
    with serving(script) as url:
        made = plan_by(recording, url, "claude", model="")
    assert made.layout.objects[0].name == "car"
    (asked,), (headers,) = script.requests, script.headers
    assert headers["path"] == "/v1/messages"
    assert KEY in " ".join(headers.values()) and KEY not in headers["path"]
    assert asked["model"] == "claude-sonnet-5-5"
    assert "video director" in asked["system"]
    assert [turn["role"] for turn in asked["messages"]] == [*["user", "assistant"] * 3, "user"]
    assert all(isinstance(turn["content"], str) for turn in asked["messages"])
    assert "UklGR" not in json.dumps(asked)  # no sound
    form = asked["output_config"]
    assert form["effort"] == "low"
    assert form["format"]["type"] == "json_schema"
    held = json.dumps(form["format"]["schema"])
    assert '"maxLength"' not in held
    assert '"multipleOf"' not in held
    # each of these is a 400 of its own
    assert not {"temperature", "top_p", "top_k", "tool_choice", "thinking"} & set(asked)
    report = made.report
    assert (report.tokens_in, report.tokens_out, report.thoughts) == (800, 300, 120)
    assert report.model == "tiny-claude"


def test_a_server_that_speaks_claudes_protocol_without_its_forms(recording):
    script = Script(
        refused("effort: unknown field"), refused("output_config: Extra inputs"), said(GOOD)
    )
    with serving(script) as url:
        made = plan_by(recording, url, "claude")
    assert made.layout.objects
    assert [sorted(asked.get("output_config", {})) for asked in script.requests] == [
        ["effort", "format"],
        ["format"],
        [],
    ]


CLAUDE_FAULTS = {
    "wrong key": (refused("invalid x-api-key", 401), "refused the key"),
    "no such model": (refused("model: tiny", 404), "no model 'tiny-audio'"),
    "limited": (refused("slow down", 429), "limiting requests"),
    "spent": (refused("credit balance", 402), "limiting requests"),
    "overloaded": (refused("Overloaded", 529), "trouble of its own"),
    "refused": (refused("messages: too long"), "messages: too long"),
    "refusal": (said(None, "refusal"), "safety"),
    "cut off": (said(GOOD[:50], "max_tokens"), "length limit"),
    "full": (said(GOOD[:50], "model_context_window_exceeded"), "length limit"),
    "only thoughts": (said(None), "empty reply"),
    "hangs": ("hang", "did not answer within"),
    "drops": ("drop", "can't be reached"),
    "junk": ("junk", "trouble of its own|can't be reached"),
}


@pytest.mark.parametrize("kind", CLAUDE_FAULTS)
def test_claudes_faults(recording, kind, caplog, capsys):
    answer, message = CLAUDE_FAULTS[kind]
    caplog.set_level(logging.DEBUG)
    with (
        serving(Script(answer)) as url,
        pytest.raises(PlannerError, match=message) as caught,
    ):
        plan_by(recording, url, "claude", timeout=0.5)
    assert KEY not in str(caught.value) + caplog.text + "".join(capsys.readouterr())
