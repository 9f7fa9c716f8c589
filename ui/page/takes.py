"""The right column: what is rendering, the takes, and the settings of a render."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from ..bundle import BUNDLE
from ..fields import note, render_settings
from ..rendering import Rendering, Tab, another_seed, kept
from ..renders import RenderList
from ..settings import views_of
from ..words import words_for

if TYPE_CHECKING:
    from .wire import Page

_PRIVATE = {"api_visibility": "private", "show_progress": "hidden"}
#: Followers wait for jobs, often for minutes: they have a lane of their own, without an end.
_FOLLOWING = {**_PRIVATE, "concurrency_limit": None, "concurrency_id": "follow"}
#: From a take's link token to its address, "" to "".
_LINK = "(token) => token && `${location.origin}${location.pathname}?render=${token}`"
#: A link that is clicked and gone.
_DOWNLOAD_ALL = f"""() => {{
  const link = document.createElement("a");
  link.href = window.gradio_config.root.replace(/\\/$/, "") + "{BUNDLE}";
  link.download = "";
  link.click();
}}"""


@dataclass
class Takes:
    """The column's components."""

    notes: gr.Textbox
    waiting: RenderList
    gallery: gr.Gallery
    files: gr.Files
    take: gr.Column
    star: gr.Button
    compare: gr.Button
    share: gr.Button
    delete: gr.Button
    token: gr.Textbox
    link: gr.Textbox
    shared_note: gr.Textbox
    kept: gr.Textbox
    settings: dict[str, Any]
    tab: gr.State


def takes_column(rendering: Rendering) -> Takes:
    """Make the components, inside a column."""
    waiting = RenderList(elem_id="spa2v-renders")
    notes = note("Notes on the render", "", visible=False)
    shared_note = note("About the shared render", "", visible=False)
    gallery = gr.Gallery(
        label="Takes",
        elem_id="spa2v-takes",
        object_fit="contain",
        columns=2,
        visible=False,
        allow_preview=False,
        buttons=[],
    )
    with gr.Column(visible=False, elem_classes="spa2v-take") as take:
        of_the_take = _of_the_take()
        how_long = note("How long takes are kept", kept(rendering.jobs.limits))
    with gr.Accordion("Settings", open=False):
        settings = render_settings()
    return Takes(
        notes=notes,
        waiting=waiting,
        gallery=gallery,
        take=take,
        shared_note=shared_note,
        kept=how_long,
        settings=settings,
        tab=gr.State(Tab()),
        **of_the_take,
    )


def _of_the_take() -> dict[str, Any]:
    """What can be done with the take that is shown: components by their field in `Takes`."""
    made: dict[str, Any] = {}
    with gr.Row():
        for name, label in (
            ("star", "★ Star"),
            ("compare", "Compare"),
            ("share", "Link to this take"),
            ("delete", "Delete this take"),
        ):
            made[name] = gr.Button(label, size="sm", min_width=90, elem_id=f"spa2v-{name}")
    made["token"] = gr.Textbox(visible=False)
    made["link"] = gr.Textbox(
        label="Whoever has this link can watch",
        interactive=False,
        visible=False,
        buttons=["copy"],
        elem_id="spa2v-link",
    )
    every = gr.Button("Download all takes", size="sm", elem_id="spa2v-all")
    every.click(None, None, None, js=_DOWNLOAD_ALL, **_PRIVATE)
    made["files"] = gr.Files(label="Downloads", interactive=False, elem_id="spa2v-files")
    return made


def wire_takes(demo: gr.Blocks, page: Page, rendering: Rendering) -> None:
    """Connect the column with the bar and the picture."""
    own, bar, picture = page.takes, page.bar, page.picture
    view = [picture.video, own.gallery, own.files, own.take, own.token]
    submit: dict[str, Any] = {
        "fn": rendering.submit,
        "inputs": [picture.editor, *page.sound.span, picture.last, own.tab, *own.settings.values()],
        "outputs": bar.progress,
        "trigger_mode": "multiple",
        "concurrency_id": "submit",
        **_PRIVATE,
    }
    follow: dict[str, Any] = {
        "fn": rendering.follow,
        "inputs": own.tab,
        "outputs": [bar.progress, picture.preview, own.notes, bar.cancel, own.waiting, *view],
        "trigger_mode": "multiple",
        **_FOLLOWING,
    }
    bar.render.click(**submit | {"trigger_mode": "once"}).success(**follow)
    seen = [own.settings[name] for name in ("backend", "grounding", "aspect")]
    gr.on([one.change for one in seen], views_of, seen, picture.views, **_PRIVATE)
    bar.another.click(another_seed, None, own.settings["seed"], **_PRIVATE).then(**submit).success(
        **follow
    )
    quick = {"queue": False, **_PRIVATE}
    bar.cancel.click(rendering.cancel, own.tab, bar.cancel, **quick)
    own.waiting.input(rendering.act, own.waiting, own.waiting, **quick)
    for button, act in ((own.star, rendering.star), (own.compare, rendering.compare)):
        button.click(act, own.tab, view, **_PRIVATE)
    own.delete.click(rendering.delete, own.tab, view, **_PRIVATE)
    own.share.click(rendering.share, own.tab, own.token, **_PRIVATE)
    own.token.change(None, own.token, own.link, js=_LINK, **_PRIVATE)
    own.token.change(_about_link, own.token, [own.link, own.share], **_PRIVATE)
    opened = gr.State(False)
    demo.load(rendering.opened, own.tab, opened, **_PRIVATE)
    opened.change(**follow)
    shared = [own.shared_note, bar.progress, picture.video]
    demo.load(rendering.open_shared, None, shared, **_FOLLOWING)


def _about_link(session: gr.Request, token: str) -> tuple[Any, Any]:
    """The link's field and what its button does next."""
    return (
        gr.update(visible=bool(token)),
        words_for(session)("No link any more" if token else "Link to this take"),
    )
