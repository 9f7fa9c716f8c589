"""The third column: what is rendering, the takes, and the settings of a render."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ..fields import ProgressLine, note, render_settings
from ..rendering import Rendering, Tab, another_seed, kept
from ..renders import RenderList

_PRIVATE = {"api_visibility": "private", "show_progress": "hidden"}
#: Followers wait for jobs, often for minutes: they have a lane of their own, without an end.
_FOLLOWING = {**_PRIVATE, "concurrency_limit": None, "concurrency_id": "follow"}
#: From a take's link token to its address, "" to "".
_LINK = "(token) => token && `${location.origin}${location.pathname}?render=${token}`"


@dataclass
class Takes:
    """The column's components."""

    render: gr.Button
    another: gr.Button
    cancel: gr.Button
    progress: ProgressLine
    preview: gr.Image
    notes: gr.Textbox
    waiting: RenderList
    video: gr.Video
    with_boxes: gr.Checkbox
    gallery: gr.Gallery
    files: gr.Files
    take: gr.Row
    share: gr.Button
    delete: gr.Button
    token: gr.Textbox
    link: gr.Textbox
    shared_note: gr.Textbox
    settings: list[Any]
    tab: gr.State


def takes_column(rendering: Rendering) -> Takes:
    """Make the components, inside a column."""
    gr.Markdown("## 3 · Video", elem_classes="spa2v-step")
    render = gr.Button("Render", variant="primary", elem_id="spa2v-render")
    with gr.Row():
        another = gr.Button("Another take", size="md", min_width=120)
        cancel = gr.Button(
            "Cancel", size="md", min_width=120, interactive=False, elem_id="spa2v-cancel"
        )
    progress = ProgressLine("spa2v-render-bar")
    waiting = RenderList(elem_id="spa2v-renders")
    preview = gr.Image(label="Preview", visible=False, interactive=False, height=240, buttons=[])
    notes = note("Notes on the render", "", visible=False)
    shared_note = note("About the shared render", "", visible=False)
    video = gr.Video(
        label="Video", interactive=False, autoplay=True, loop=True, elem_id="spa2v-video"
    )
    with_boxes = gr.Checkbox(False, label="Show the boxes over the video")
    gallery = gr.Gallery(
        label="Takes",
        elem_id="spa2v-takes",
        object_fit="contain",
        columns=3,
        height=140,
        visible=False,
        allow_preview=False,
        buttons=[],
    )
    files = gr.Files(label="Downloads", interactive=False, visible=False)
    with gr.Column(visible=False) as take:
        with gr.Row():
            share = gr.Button("Link to this take", size="sm", elem_id="spa2v-share")
            delete = gr.Button("Delete this take", size="sm", elem_id="spa2v-delete")
        token = gr.Textbox(visible=False)
        link = gr.Textbox(
            label="Whoever has this link can watch",
            interactive=False,
            visible=False,
            buttons=["copy"],
            elem_id="spa2v-link",
        )
        note("How long takes are kept", kept(rendering.jobs.limits))
    with gr.Accordion("Settings", open=False):
        settings = render_settings()
    return Takes(
        render,
        another,
        cancel,
        progress,
        preview,
        notes,
        waiting,
        video,
        with_boxes,
        gallery,
        files,
        take,
        share,
        delete,
        token,
        link,
        shared_note,
        settings,
        gr.State(Tab()),
    )


def wire_takes(
    demo: gr.Blocks, own: Takes, rendering: Rendering, editor: Any, span: Sequence[Any]
) -> None:
    """Connect the column; `span` is the recording with its start, length and channels."""
    view = [own.video, own.gallery, own.files, own.take, own.token]
    shown = [own.with_boxes, own.tab]
    submit: dict[str, Any] = {
        "fn": rendering.submit,
        "inputs": [editor, *span, own.tab, *own.settings],
        "outputs": own.progress,
        "trigger_mode": "multiple",
        "concurrency_id": "submit",
        **_PRIVATE,
    }
    follow: dict[str, Any] = {
        "fn": rendering.follow,
        "inputs": shown,
        "outputs": [own.progress, own.preview, own.notes, own.cancel, own.waiting, *view],
        "trigger_mode": "multiple",
        **_FOLLOWING,
    }
    own.render.click(**submit).success(**follow)
    seed = own.settings[2]
    own.another.click(another_seed, None, seed, **_PRIVATE).then(**submit).success(**follow)
    quick = {"queue": False, **_PRIVATE}
    own.cancel.click(rendering.cancel, own.tab, own.cancel, **quick)
    own.waiting.input(rendering.act, own.waiting, own.waiting, **quick)
    own.with_boxes.change(rendering.look, shown, view, **_PRIVATE)
    own.gallery.select(rendering.choose, shown, view, **_PRIVATE)
    own.delete.click(rendering.delete, shown, view, **_PRIVATE)
    own.share.click(rendering.share, own.tab, own.token, **_PRIVATE)
    own.token.change(None, own.token, own.link, js=_LINK, **_PRIVATE)
    own.token.change(_about_link, own.token, [own.link, own.share], **_PRIVATE)
    opened = gr.State(False)
    demo.load(rendering.opened, own.tab, opened, **_PRIVATE)
    opened.change(**follow)
    demo.load(rendering.open_shared, None, [own.shared_note, own.progress, own.video], **_FOLLOWING)


def _about_link(token: str) -> tuple[Any, Any]:
    """The link's field and what its button does next."""
    return (
        gr.update(visible=bool(token)),
        "No link any more" if token else "Link to this take",
    )
