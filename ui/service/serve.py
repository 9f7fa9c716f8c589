"""Serving the page: its jobs, its guard, and how it ends."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import gradio as gr
from starlette.middleware import Middleware

from spa2v_core.audio.io import MAX_BYTES
from spa2v_core.generation.hardware import zero_gpu
from spa2v_core.jobs.limits import Limits, home
from spa2v_core.jobs.logs import set_up
from spa2v_core.jobs.service import Jobs

from .. import bundle, words
from ..build import STYLE, THEME, build_demo
from . import budget, served, zero
from . import host as hosting
from .budget import Budget
from .guard import Guard
from .rules import logins, rules_for

#: Followers of renders hold one of Gradio's places each while they look for what has changed.
MAX_THREADS = 400
#: Tabs and API clients whose state is kept, some 0.2 MB each; those not seen for longest go first.
MAX_SESSIONS = 1000


def launch(
    host: str | None, port: int | None, share: bool, block: bool = True, mcp: bool = False
) -> tuple[gr.Blocks, str, Jobs]:
    """Serve the app; (demo, local address, jobs). Blocking, it returns when it is asked to end,
    with the running job parked."""
    set_up()
    hosting.use(hosting.Host.of(host, share))
    limits = Limits.of(hosting.current().public)
    jobs = Jobs(home(), limits, "inline" if zero_gpu() else "process")
    if zero_gpu():
        zero.place_models()
        jobs.render = zero.renderer(jobs.store)
    budget.use(Budget(jobs.store.spend, limits.tokens) if hosting.current().public else Budget())
    gr.set_static_paths([jobs.store.takes])
    demo = build_demo(jobs, mcp)
    words.speak_all_chinese()
    with _ended_in_order(jobs) if block else nullcontext():
        _, url, _ = demo.launch(
            server_name=host,
            server_port=port,
            share=share,
            theme=THEME,
            i18n=words.of_components(demo),
            css_paths=STYLE,
            max_file_size=MAX_BYTES,
            max_threads=MAX_THREADS,
            state_session_capacity=MAX_SESSIONS,
            auth=logins(),
            run_history=False,
            footer_links=["api"],
            ssr_mode=False,
            mcp_server=mcp,
            prevent_thread_lock=not block,
            quiet=not block,
            app_kwargs={
                "routes": [*served.routes(), bundle.route(jobs.store)],
                "middleware": [Middleware(Guard, rules=rules_for(demo, jobs))],
            },
        )
    return demo, url, jobs


@contextmanager
def _ended_in_order(jobs: Jobs) -> Iterator[None]:
    """SIGTERM ends the app as Ctrl-C does; then the running job is parked."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        jobs.close()
