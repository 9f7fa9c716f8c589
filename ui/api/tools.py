"""The API as tools for assistants (MCP): the same with plain parameters and JSON text for answers.

A tool's call goes on when its client leaves, so a render is started, asked for and fetched.
"""

from __future__ import annotations

import json

import gradio as gr

from spa2v_core.jobs.job import Visitor
from spa2v_core.planning.registry import DEFAULT as DEFAULT_PLANNER

from ..planning import plan_layout
from ..service.guard import visitor_of
from ..toasts import toasting
from .endpoints import JsonObject, Renders, render_request, result, state


class Tools:
    """What an assistant can do here; docstrings are what it reads."""

    def __init__(self, renders: Renders) -> None:
        self.jobs = renders.jobs

    @toasting
    def plan_scene(
        self, session: gr.Request, recording: str, objects: str = "", seed: float = 0
    ) -> str:
        """Plan a video scene layout (boxes of the sounding objects over time) from a recording.

        Args:
            recording: URL of an audio file, or a data:audio/...;base64 URL; stereo tells most
            objects: what is heard, the loudest first ("car, dog"); empty: it is recognised
            seed: whole number, which of several good layouts is made

        Returns:
            the layout as JSON
        """
        return json.dumps(
            plan_layout(session, recording, DEFAULT_PLANNER, objects, None, None, seed)
        )

    @toasting
    def start_render(
        self,
        session: gr.Request,
        layout: dict,
        recording: str,
        preset: str = "default",
        seed: float = 0,
        options: dict | None = None,
    ) -> str:
        """Start to render a layout with its recording as a video; ask render_state how it goes.

        Args:
            layout: a layout, as plan_scene makes it (it may be changed)
            recording: URL of the audio file that it was planned from
            preset: draft, default or quality
            seed: whole number, which of several good videos is made
            options: further options by name, such as {"steps": 8}

        Returns:
            the job's id and state as JSON
        """
        request = render_request(layout, recording, preset=preset, seed=seed, options=options)
        job = self.jobs.submit(request, Visitor(*visitor_of(session)))
        return json.dumps(state(self.jobs.store, job))

    @toasting
    def render_state(self, job: str) -> str:
        """Say where a render is: its state, how many are ahead of it and the seconds left.

        Args:
            job: id, as start_render gave it

        Returns:
            the state as JSON; "done" means that render_result has the video
        """
        return json.dumps(state(self.jobs.store, self.jobs.find(job)))

    @toasting
    def render_result(self, job: str) -> str:
        """Fetch the video of a render that is done.

        Args:
            job: id, as start_render gave it

        Returns:
            the video's URL
        """
        return result(self.jobs.find(job))

    @toasting
    def cancel_render(self, job: str) -> str:
        """Stop a render that waits or runs.

        Args:
            job: id, as start_render gave it

        Returns:
            its state as JSON
        """
        self.jobs.store.cancel(self.jobs.find(job).id)
        return json.dumps(state(self.jobs.store, self.jobs.find(job)))


def add_tools(renders: Renders) -> None:
    """Add the tools to the page that is being built; only they are offered to assistants."""
    tools = Tools(renders)
    with gr.Column(visible=False):
        recording = gr.Audio(type="filepath", label="recording")
        objects, seed = gr.Textbox("", label="objects"), gr.Number(0, label="seed", precision=0)
        layout = JsonObject("a video scene layout", label="layout")
        preset = gr.Dropdown(["draft", "default", "quality"], value="default", label="preset")
        options = JsonObject("names and values of further options", value={}, label="options")
        job, text, video = gr.Textbox(label="job"), gr.Textbox(), gr.Video()
        for made, inputs, output in (
            (tools.plan_scene, [recording, objects, seed], text),
            (tools.start_render, [layout, recording, preset, seed, options], text),
            (tools.render_state, job, text),
            (tools.render_result, job, video),
            (tools.cancel_render, job, text),
        ):
            name = made.__name__
            gr.Button(name).click(made, inputs, output, api_name=name, queue=False)
    for one in (renders.render, renders.submit, renders.state, renders.result, renders.cancel):
        one.__func__._mcp_type = "endpoint"  # type: ignore[attr-defined]
    plan_layout._mcp_type = "endpoint"  # type: ignore[attr-defined]
