"""What rendering does in the page: a job from its fields, how it goes, and the visitor's takes.

A job is of a visitor (his browser), so every tab lists it; what a tab has asked for itself, or
found under way when it was opened, it also shows.
"""

from __future__ import annotations

import asyncio
import html
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from spa2v_core.errors import InputError
from spa2v_core.generation.base import MAX_SEED
from spa2v_core.jobs.job import Job, Visitor
from spa2v_core.jobs.limits import DAY, HOUR, Limits
from spa2v_core.jobs.perform import LAYOUT, PREVIEW, VIDEO
from spa2v_core.jobs.service import WATCH_S, Jobs
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.layout import io as layout_io

from .editor.editor import Shown
from .handlers import IDLE, span_of
from .renders import ACTIONS, bar, rows, title
from .scenes import clip_hash
from .service.guard import visitor_of
from .settings import Settings
from .toasts import sentence, toasting
from .words import ENGLISH, Words, words_for

#: Values before the settings in what `submit` is given.
_FIXED = 7
#: Of a take that its visitor has marked, a file in its folder.
STAR = "star"
#: A picture without a take keeps what it shows: the example's video when the page is opened.
_AS_IT_IS = gr.skip()


@dataclass
class Tab:
    """What a tab shows of the visitor's jobs; one object a session, which its handlers change.

    Attributes
    ----------
    watched
        ids of jobs whose progress and end are shown here, the newest last.
    shown
        id of the take in the player.
    beside
        id of the take that it is compared with, "" for none.
    takes
        ids of the takes in the gallery, as shown.
    clips
        of what was asked for here: id -> the sound that it was made with.
    follower
        what the newest `follow` is known by; older ones end.
    """

    watched: list[str] = field(default_factory=list)
    shown: str = ""
    beside: str = ""
    takes: list[str] = field(default_factory=list)
    clips: dict[str, str] = field(default_factory=dict)
    follower: object = None


class Rendering:
    """The handlers of the page's third column."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs, self.store = jobs, jobs.store

    @toasting
    def submit(self, session: gr.Request, *given: Any) -> dict[str, Any]:
        """The Render button: progress. given: layout, audio, start, duration, channels, what the
        editor knows of the recording, tab and the settings."""
        layout, audio, start, duration, channels, last, tab = given[:_FIXED]
        if layout is None or not (layout.objects or layout.caption.strip()):
            raise InputError(
                "there is nothing to draw: plan first, add an object or write a caption"
            )
        clip = span_of(audio, start, duration, channels).read().clip
        if last is None or last.clip != clip_hash(clip):
            raise InputError("this sound, or its span, is not planned yet: plan again, then render")
        request = Settings.read(given[_FIXED:]).request(layout, clip)
        job = self.jobs.submit(request, Visitor(*visitor_of(session)))
        if job.id not in tab.watched:
            tab.watched.append(job.id)
        tab.clips[job.id] = last.clip
        return bar(self.store, job, words_for(session))

    @toasting
    async def follow(self, session: gr.Request, tab: Tab) -> AsyncGenerator[tuple[Any, ...], None]:
        """(progress, preview, notes, Cancel, list, video, gallery, files, the take's row, its
        link) while jobs of the visitor wait or run; a newer follower of the same page ends this
        one. Where nobody else renders, this does."""
        owner, words = visitor_of(session)[0], words_for(session)
        me = tab.follower = object()
        latest, before = None, None
        async with aclosing(self._ticks(tab)) as ticks:
            async for _ in ticks:
                if tab.follower is not me:
                    return
                jobs = self.store.of(owner)
                ended = self._settle(jobs, tab, words)
                here = next((job for job in jobs if job.id in tab.watched), None)
                latest = here or (ended[-1] if ended else latest)
                values = self._progress(jobs, here, latest, words)
                takes = [job.id for job in jobs if job.state == "done"]
                view: tuple[Any, ...] = (gr.skip(),) * 5
                if before is None or set(takes) != set(tab.takes) or ended:
                    tab.takes = takes
                    view = self._view(jobs, tab, words, bool(ended))
                elif values == before:
                    continue
                before = values
                yield (*self._shown(values, here), *view)
                if not any(job.active for job in jobs):
                    return

    async def _ticks(self, tab: Tab) -> AsyncGenerator[None, None]:
        """Whenever something has changed; inline this is what renders the tab's jobs."""
        yield None
        if self.jobs.runner == "inline":
            for job_id in list(tab.watched):
                async with aclosing(self.jobs.drive(job_id)) as driven:
                    async for _ in driven:
                        yield None
        version = None
        while True:
            if (now := self.store.version()) != version:
                version = now
                yield None
            await asyncio.sleep(WATCH_S)

    def _settle(self, jobs: list[Job], tab: Tab, words: Words) -> list[Job]:
        """Watched jobs that have ended since: they are watched no more, the newest take is shown,
        and why one has failed is said."""
        known = {job.id for job in jobs}
        ended = [job for job in jobs if job.id in tab.watched and not job.active]
        gone = {job.id for job in ended}
        tab.watched[:] = [one for one in tab.watched if one in known - gone]
        for job in ended:
            if job.state == "done":
                tab.shown = job.id
            elif job.state == "failed":
                gr.Warning(html.escape(sentence(words.told(job.error))), duration=12)
        return ended

    def _progress(
        self, jobs: list[Job], here: Job | None, latest: Job | None, words: Words
    ) -> tuple[Any, ...]:
        """(progress, which preview, notes, whether Cancel works, list) as plain values."""
        return (
            bar(self.store, latest, words) if latest else IDLE,
            (here.id, here.preview) if here and here.preview else None,
            "\n".join(latest.notes) if latest else "",
            here is not None and not here.cancel,
            rows(self.store, jobs, words),
        )

    def _shown(self, values: tuple[Any, ...], here: Job | None) -> tuple[Any, ...]:
        progress, preview, notes, can_cancel, listed = values
        return (
            progress,
            _picture(here) if here and preview else None,
            gr.update(value=notes, visible=bool(notes)),
            gr.update(interactive=can_cancel),
            listed,
        )

    def _view(
        self,
        jobs: list[Job],
        tab: Tab,
        words: Words,
        fresh: bool = False,
        empty: Any = _AS_IT_IS,
    ) -> tuple[Any, ...]:
        """(video, gallery, files, what can be done to the take, its link) of the shown take;
        fresh: it has just been made, so that it plays; empty: the video where no take is shown."""
        done = [job for job in jobs if job.state == "done"]
        names = {job.id: words("Take {}", number) for number, job in enumerate(done, 1)}
        takes = [job for job in done if job.id in tab.takes]
        takes.sort(key=lambda job: not starred(job))
        tab.takes = [job.id for job in takes]
        by_id = {job.id: job for job in takes}
        take, beside = by_id.get(tab.shown), by_id.get(tab.beside)
        posters = [(str(_poster(job)), card(job, names[job.id], words)) for job in takes]
        gallery = gr.update(value=posters, visible=bool(takes))
        if take is None:
            return empty, gallery, None, gr.update(visible=False), ""
        files = [
            str(video_of(take)),
            str(video_of(take, with_boxes=True)),
            str(take.folder / LAYOUT),
        ]
        other = None
        if beside and beside is not take:
            other = video_of(beside), (names[take.id], names[beside.id])
        shown = Shown(video_of(take), layout_of(take), "sound" if fresh else "", other)
        return shown, gallery, files, gr.update(visible=True), take.share

    def look(self, session: gr.Request, tab: Tab) -> tuple[Any, ...]:
        """What is shown now: as `_view`."""
        jobs = self.store.of(visitor_of(session)[0], "done")
        return self._view(jobs, tab, words_for(session), empty=None)

    def choose(self, session: gr.Request, tab: Tab, event: gr.SelectData) -> Job | None:
        """A click on a take: it, if it is still there."""
        if int(event.index) >= len(tab.takes):
            return None
        tab.shown = tab.takes[int(event.index)]
        return self._own(session, tab)

    def cancel(self, tab: Tab) -> Any:
        """The Cancel button: what this tab shows stops after its current step."""
        jobs = [job for one in tab.watched if (job := self.store.get(one)) and job.active]
        if jobs:
            self.store.cancel(jobs[0].id)
        return gr.update(interactive=False)

    @toasting
    def act(self, session: gr.Request, action: dict[str, Any] | None) -> list[dict[str, Any]]:
        """A button of the list of renders; only on the visitor's own."""
        owner, _ = visitor_of(session)
        name, job_id = (action or {}).get("action"), str((action or {}).get("id"))
        job = self.store.get(job_id)
        if name in ACTIONS and job is not None and job.owner == owner:
            if name == "cancel":
                self.store.cancel(job_id)
            elif name == "delete":
                self.store.delete(job_id)
            else:
                self.store.move(job_id, -1 if name == "earlier" else 1)
        return rows(self.store, self.store.of(owner), words_for(session))

    @toasting
    def delete(self, session: gr.Request, tab: Tab) -> tuple[Any, ...]:
        """Delete the shown take and its files; the newest of the others is shown: as `_view`."""
        job = self._own(session, tab)
        if job is not None:
            self.store.delete(job.id)
            tab.takes = [one for one in tab.takes if one != job.id]
            tab.shown = tab.takes[-1] if tab.takes else ""
        return self.look(session, tab)

    @toasting
    def compare(self, session: gr.Request, tab: Tab) -> tuple[Any, ...]:
        """Put the shown take beside the one before it, or end that: as `_view`."""
        if tab.beside:
            tab.beside = ""
        elif len(tab.takes) > 1 and tab.shown in tab.takes:
            before = tab.takes[tab.takes.index(tab.shown) - 1]
            tab.beside, tab.shown = tab.shown, before
        else:
            raise InputError("there is only one take: render another to compare")
        return self.look(session, tab)

    @toasting
    def star(self, session: gr.Request, tab: Tab) -> tuple[Any, ...]:
        """Star the shown take, or take the star away; those with one come first: as `_view`."""
        if job := self._own(session, tab):
            mark = job.folder / STAR
            mark.unlink() if mark.exists() else mark.touch()
        return self.look(session, tab)

    def share(self, session: gr.Request, tab: Tab) -> str:
        """Make a read-only link to the shown take, or end it: its token, "" for none."""
        job = self._own(session, tab)
        return self.store.set_shared(job.id, not job.share) if job else ""

    def _own(self, session: gr.Request, tab: Tab) -> Job | None:
        """The shown take, if it is still there."""
        job = self.store.get(tab.shown)
        return job if job and job.owner == visitor_of(session)[0] else None

    def opened(self, session: gr.Request, tab: Tab) -> bool:
        """A page that was opened: jobs under way are shown, and the newest take; whether there is
        something to follow. Opened by a link it shows only what that names."""
        if _share_of(session):
            return False
        jobs = self.store.of(visitor_of(session)[0])
        tab.takes = [job.id for job in jobs if job.state == "done"]
        tab.shown = tab.takes[-1] if tab.takes else ""
        tab.watched = [job.id for job in jobs if job.active]
        return bool(jobs)

    async def open_shared(self, session: gr.Request) -> AsyncGenerator[tuple[Any, ...], None]:
        """(note, progress, video) of the render that a read-only link names, as it goes on."""
        share = _share_of(session)
        if not share:
            yield (gr.skip(),) * 3
            return
        words = words_for(session)
        while job := self.store.shared(share):
            video = Shown(video_of(job), layout_of(job)) if job.state == "done" else gr.skip()
            yield _said(words(_SHARED)), bar(self.store, job, words), video
            if not job.active:
                return
            await asyncio.sleep(2 * WATCH_S)
        yield _said(words(_ENDED)), IDLE, None


def _share_of(session: gr.Request) -> str:
    """The token of the link that a page was opened by, "" for none."""
    return str(dict(session.query_params).get("render", ""))[:64]


_SHARED = "This render was shared with you. You can watch it, and plan and render your own."
_ENDED = "This link is not good any more: ask who sent it for another."


def _said(text: str) -> Any:
    return gr.update(value=text, visible=True)


def _picture(job: Job) -> Any:
    """The preview of a running job, a JPEG's bytes."""
    try:
        return (job.folder / PREVIEW).read_bytes()
    except FileNotFoundError:  # it has just ended
        return gr.skip()


def layout_of(job: Job) -> VideoSceneLayout:
    """What a take was made from."""
    return layout_io.read(job.folder / LAYOUT)


def starred(job: Job) -> bool:
    """Whether its visitor has marked a take."""
    return (job.folder / STAR).exists()


def card(job: Job, name: str, words: Words) -> str:
    """What is said of a take: "★ Take 2: car, dog · Mini, Draft, seed 3 · 12:04"."""
    layout = layout_of(job)
    things = ", ".join(dict.fromkeys(track.name for track in layout.objects)) or layout.caption
    at = time.strftime("%H:%M", time.localtime(job.ended or job.made))
    return f"{'★ ' * starred(job)}{name}: {things[:40]} · {title(job, words)} · {at}"


def video_of(job: Job, with_boxes: bool = False) -> Path:
    path = job.folder / VIDEO
    return path.with_suffix(f".boxes{path.suffix}") if with_boxes else path


def _poster(job: Job) -> Path:
    return (job.folder / VIDEO).with_suffix(".jpg")


def kept(limits: Limits, words: Words = ENGLISH) -> str:
    """What is said of how long takes are kept."""
    days = limits.keep_s / DAY
    time = words("{} days", f"{days:.0f}")
    if days < 2:
        time = words("{} hours", f"{limits.keep_s / HOUR:.0f}")
    said = "Your newest {} takes are kept, for {}; you can delete them before."
    return words(said, limits.takes, time)


def another_seed() -> int:
    return secrets.randbelow(MAX_SEED)
