"""The tools, by the real MCP client over loopback."""

import asyncio
import base64
import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

from spa2v_core.audio.io import wav_bytes
from tests.audio.sounds import noise

pytestmark = pytest.mark.e2e
PATIENCE = 120


def with_session(app_url, use):
    async def run():
        async with (
            streamablehttp_client(f"{app_url}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await use(session)

    with ThreadPoolExecutor(1) as beside:  # the browser's tests leave a loop running in this thread
        return beside.submit(lambda: asyncio.run(asyncio.wait_for(run(), PATIENCE))).result()


async def call(session, name, **given):
    answer = await session.call_tool(name, given)
    assert not answer.isError, answer.content
    return answer.content[0].text


def test_the_tools_say_what_they_take(app_url):
    async def use(session):
        return {tool.name: tool for tool in (await session.list_tools()).tools}

    tools = with_session(app_url, use)
    assert set(tools) == {
        "plan_scene",
        "start_render",
        "render_state",
        "render_result",
        "cancel_render",
    }
    start = tools["start_render"].inputSchema["properties"]
    assert set(start) == {"layout", "recording", "preset", "seed", "options"}
    assert start["layout"]["type"] == "object"
    assert "how it goes" in tools["start_render"].description
    assert "data:audio" in tools["plan_scene"].inputSchema["properties"]["recording"]["description"]


def test_a_recording_becomes_a_video(app_url):
    sound = base64.b64encode(wav_bytes(noise(1, rate=16_000, left=0.2))).decode()
    recording = f"data:audio/wav;base64,{sound}"

    async def use(session):
        layout = json.loads(await call(session, "plan_scene", recording=recording, objects="car"))
        assert [one["name"] for one in layout["objects"]] == ["car"]
        job = json.loads(
            await call(
                session,
                "start_render",
                layout=layout,
                recording=recording,
                preset="draft",
                options={"frames": 8, "fps": 0},
            )
        )["job"]
        while True:
            now = json.loads(await call(session, "render_state", job=job))
            if now["state"] not in ("queued", "running"):
                break
            await asyncio.sleep(0.2)
        assert now["state"] == "done", now
        video = await call(session, "render_result", job=job)
        assert urllib.request.urlopen(video).read(12)[4:8] == b"ftyp"

        refused = await session.call_tool("render_state", {"job": "nobody's"})
        assert refused.isError
        assert "no such render" in refused.content[0].text
        bad = {"layout": layout, "recording": recording, "options": {"speed": 9}}
        refused = await session.call_tool("start_render", bad)
        assert refused.isError
        assert "takes no option" in refused.content[0].text
        stopped = json.loads(await call(session, "cancel_render", job=job))
        assert stopped["state"] == "done"  # it had ended

    with_session(app_url, use)
