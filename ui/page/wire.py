"""What happens on the page: each event as a function of named values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from spa2v_core.audio.io import MAX_SPAN_SECONDS
from spa2v_core.audio.reading.choices import ChannelsError
from spa2v_core.errors import InputError, Spa2vError
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.planning.registry import planner_spec

from .. import planning, scenes
from ..editor.editor import Feed, Waiting
from ..handlers import IDLE, described, status
from ..intake import Given
from ..rendering import Rendering, Tab, layout_of, video_of
from ..scenes import GivenUp, Question, Scene
from ..toasts import toasting, warn
from ..words import words_for
from .bar import Bar
from .picture import Picture, Why
from .sound import Sound
from .takes import Takes, wire_takes

_PRIVATE = {"api_visibility": "private", "show_progress": "hidden"}
_PLANNING = {**_PRIVATE, "concurrency_id": "plan"}
#: What was planned last in this tab; a new tab starts with what the browser had last.
_OF_THIS_TAB = '(visit) => [JSON.parse(sessionStorage.getItem("spa2v-visit") ?? "null") ?? visit]'
_KEEP_IN_TAB = '(visit) => sessionStorage.setItem("spa2v-visit", JSON.stringify(visit))'

Updates = dict[Any, Any]


@dataclass
class Page:
    """All components of the page, by column."""

    sound: Sound
    picture: Picture
    bar: Bar
    takes: Takes
    why: Why


def wire(demo: gr.Blocks, page: Page, rendering: Rendering, opened: Any) -> None:
    """Connect everything; opened: the event after which a page that was left is taken up again."""
    Wire(demo, page, rendering).connect(opened)


class Wire:
    """The page's events; their handlers answer with {component: value}."""

    def __init__(self, demo: gr.Blocks, page: Page, rendering: Rendering) -> None:
        self.demo, self.page, self.rendering = demo, page, rendering
        self.visit = gr.BrowserState(None, storage_key="spa2v-visit", secret="spa2v")  # noqa: S106
        self.visited = gr.State(None)

    # --- what is connected with what

    def connect(self, opened: Any) -> None:
        sound, picture, bar = self.page.sound, self.page.picture, self.page.bar
        now = [picture.editor, picture.last]
        for again in (bar.plan.click, sound.objects.submit):
            self._plans(again, self.plan_again, [*now, *sound.question])
        names = [sound.named, *sound.guesses, *now, *sound.question]
        for guess in sound.guesses:
            self._plans(guess.input, self.rename, names)
        self._plans(
            sound.files.input, self.take_file, [sound.files, picture.editor, *sound.question]
        )
        self._plans(sound.recorder.stop_recording, self.record, [sound.recorder, *sound.question])
        for button, path in sound.examples:
            self._plans(button.click, self._example(str(button.value), path), sound.question)
        self._plans(picture.asks.input, self.asked, [picture.asks, *now, *sound.question])
        self._plans(
            self.page.takes.gallery.select,
            self.choose_take,
            [self.page.takes.tab, picture.last, *sound.question],
        )
        fields = [sound.model_fields, bar.stop_plan, *sound.asked]
        sound.planner.change(planning.choose_planner, sound.planner, fields, **_PRIVATE)
        bar.stop_plan.click(scenes.give_up, None, None, queue=False, **_PRIVATE)
        sound.channels.input(
            self.describe, [sound.recording, sound.channels], [sound.about], **_PRIVATE
        )
        wire_takes(self.demo, self.page, self.rendering)
        opened.then(planning.visited, self.visit, self.visited, js=_OF_THIS_TAB, **_PRIVATE)
        self._plans(self.visited.change, self.resume, self.visited)

    def _plans(self, trigger: Any, fn: Callable[..., Any], inputs: Any) -> None:
        """An event that may change the scene; what was planned is remembered in the tab."""
        made = trigger(fn, inputs, self._outputs(), **_PLANNING)
        made.then(None, self.visit, None, js=_KEEP_IN_TAB, **_PRIVATE)

    def _outputs(self) -> list[Any]:
        sound, picture, bar, why = (
            self.page.sound,
            self.page.picture,
            self.page.bar,
            self.page.why,
        )
        of_sound = [sound.recording, sound.recorder, sound.about, sound.start, sound.length]
        of_sound += [sound.channels, sound.width, sound.objects, *sound.guesses, sound.named]
        of_picture = [picture.editor, picture.feed, picture.last, picture.video]
        takes = self.page.takes
        of_takes = [takes.gallery, takes.files, takes.take, takes.token]
        why_ = [why.reasoning, why.plot, why.told]
        return [*of_sound, sound.notes, *of_picture, bar.planning, self.visit, *why_, *of_takes]

    # --- handlers

    @toasting
    def plan_again(
        self,
        session: gr.Request,
        layout: VideoSceneLayout | None,
        last: Feed | None,
        *fields: Any,
    ) -> Iterator[Updates]:
        """The Plan button."""
        question = question_of(fields)
        yield from self._scene(
            session, "", lambda: scenes.plan(question, layout, last, session=session)
        )

    @toasting
    def rename(self, session: gr.Request, named: Any, *given: Any) -> Iterator[Updates]:
        """A name was chosen or typed for a sound: plan with it, if it is another one."""
        count = len(self.page.sound.guesses)
        names, (layout, last, *fields) = given[:count], given[count:]
        if list(names) == list(named):
            yield self._nothing
            return
        question = replace(question_of(fields), objects=planning.name_sounds(names))
        yield from self._scene(
            session, "", lambda: scenes.plan(question, layout, last, session=session)
        )

    @toasting
    def take_file(
        self,
        session: gr.Request,
        given: Given | None,
        layout: VideoSceneLayout | None,
        *fields: Any,
    ) -> Iterator[Updates]:
        """A file that was chosen or dropped: a layout, a video exported here, or a sound."""
        if given is None:
            yield self._nothing
            return
        if given.error:
            words = words_for(session)
            raise InputError(words("{} can't be uploaded: {}", given.name, given.error))
        named = Path(given.name).suffix.lower()
        if named in (".json", ".xml"):
            new = scenes.open_layout(given.path, layout)
            yield {self.page.picture.editor: new, self.page.why.reasoning: new.reasoning}
            return
        question = replace(question_of(fields), recording=given.path, channels="auto", width=1)

        def work() -> Scene:
            scene = scenes.reopen(given.path, question, session) if named == ".mp4" else None
            return scene or scenes.open_recording(question, session)

        try:
            yield from self._scene(session, given.name, work, question)
        except InputError as error:  # by the file's own name, not where it lies
            raise InputError(str(error).replace(Path(given.path).name, given.name)) from error

    @toasting
    def record(self, session: gr.Request, path: str | None, *fields: Any) -> Iterator[Updates]:
        """A recording that has just been made."""
        if path is None:
            yield self._nothing
            return
        question = replace(question_of(fields), recording=path, channels="auto", width=1)
        yield {self.page.sound.recorder: None}
        yield from self._scene(
            session, "your recording", lambda: scenes.open_recording(question, session)
        )

    def _example(self, label: str, path: Path) -> Callable[..., Any]:
        @toasting
        def open_example(session: gr.Request, *fields: Any) -> Iterator[Updates]:
            question = replace(question_of(fields), recording=str(path), channels="auto", width=1)
            yield from self._scene(
                session,
                label,
                lambda: scenes.open_recording(question, session),
            )

        return open_example

    @toasting
    def asked(
        self,
        session: gr.Request,
        what: dict[str, Any],
        layout: VideoSceneLayout | None,
        last: Feed | None,
        *fields: Any,
    ) -> Iterator[Updates]:
        """What the editor asks for: another span of the recording, or a change by a model."""
        question = question_of(fields)
        match what:
            case {
                "kind": "trim",
                "start": int() | float() as start,
                "length": int() | float() as s,
            }:
                question = replace(question, start=start, length=min(s, MAX_SPAN_SECONDS))
                yield from self._scene(
                    session, "another span", lambda: scenes.plan(question, session=session)
                )
            case {"kind": "change", "text": str(text)}:
                if not planner_spec(question.planner).asks_a_model:
                    raise InputError(
                        "this is not understood without a model: choose a planner that asks one"
                    )
                yield from self._scene(
                    session, "", lambda: scenes.plan(question, layout, last, text, session)
                )
            case _:
                yield self._nothing

    @toasting
    def choose_take(
        self,
        session: gr.Request,
        event: gr.SelectData,
        tab: Tab,
        last: Feed | None,
        *fields: Any,
    ) -> Iterator[Updates]:
        """A click on a take: its video, its layout and, where that is another one, its sound."""
        job = self.rendering.choose(session, tab, event)
        if job is None:
            yield self._nothing
            return
        video, gallery, files, take, token = self.rendering.look(session, tab)
        own = self.page.takes
        shown = {own.gallery: gallery, own.files: files, own.take: take, own.token: token}
        if last is not None and tab.clips.get(job.id) == last.clip:
            yield {
                **shown,
                self.page.picture.video: video,
                self.page.picture.editor: layout_of(job),
            }
            return
        path = str(video_of(job))
        question = question_of(fields)
        for update in self._scene(
            session,
            "the take",
            lambda: (
                scenes.reopen(path, question, session) or scenes.open_recording(question, session)
            ),
        ):
            yield {**shown, **update}
        yield {self.page.picture.video: video}

    @toasting
    def resume(self, session: gr.Request, visit: list[Any] | None) -> Iterator[Updates]:
        """A reload: the recording, its span and an offline plan; the browser has the layout."""
        if visit is None:
            yield self._nothing
            return
        scene = scenes.plan(Question(*visit), session=session)
        yield self._shown(replace(scene, feed=replace(scene.feed, resumed=True)))

    @toasting
    def describe(self, session: gr.Request, recording: str | None, channels: str) -> str:
        """The line on the recording, with its channels taken otherwise."""
        return described(recording, channels, words_for(session)).text if recording else ""

    # --- what they have in common

    @property
    def _nothing(self) -> Updates:
        """An answer that changes nothing; a generator without any would clear every output."""
        return {self.page.bar.planning: IDLE}

    def _scene(
        self,
        session: gr.Request,
        name: str,
        work: Callable[[], Scene],
        given: Question | None = None,
    ) -> Iterator[Updates]:
        """Plan, and show it; name: of the new sound, "" where the scene stays the same one.
        What goes wrong is said under the names, and the page is as it was; only a `given`
        recording whose channels have to be explained first is taken, and waits for that."""
        bar, picture, sound = self.page.bar, self.page.picture, self.page.sound
        words = words_for(session)
        started: Updates = {bar.planning: status(1, 4, words("Planning"))}
        if name:
            started[picture.feed] = Waiting(words("Listening to {}", words(name)[:60]))
        yield started
        try:
            scene = scenes.worked(session, work)
        except GivenUp as given_up:
            if given_up.replaced:
                return
            gr.Info(words("Planning was cancelled: nothing has changed"), duration=5)
            yield {bar.planning: IDLE, picture.feed: Waiting("")}
        except ChannelsError as error:
            if given is None:
                yield {bar.planning: IDLE, picture.feed: Waiting("")}
                raise
            warn(str(error))
            yield {
                bar.planning: IDLE,
                picture.feed: Waiting(words("Say what its channels are, then press Plan")),
                sound.recording: given.recording,
                sound.about: str(error),
                sound.channels: "auto",
                sound.start: 0,
                sound.length: MAX_SPAN_SECONDS,
            }
        except Spa2vError as error:
            text = words("Not planned: {}", words.told(str(error)))
            yield {
                bar.planning: IDLE,
                picture.feed: Waiting(""),
                sound.notes: gr.update(value=text, visible=True),
            }
            raise
        else:
            yield self._shown(scene)

    def _shown(self, scene: Scene) -> Updates:
        """A scene on the page."""
        sound, picture, why = self.page.sound, self.page.picture, self.page.why
        question, visible = scene.question, bool(scene.notes)
        guesses = zip(sound.guesses, scene.names, strict=True)
        return {
            sound.recording: question.recording,
            sound.about: scene.about,
            sound.start: question.start,
            sound.length: question.length,
            sound.channels: question.channels,
            sound.width: question.width,
            sound.objects: question.objects,
            sound.notes: gr.update(value=scene.notes, visible=visible),
            sound.named: scene.named,
            **dict(guesses),
            picture.feed: scene.feed,
            picture.last: scene.feed,
            self.page.bar.planning: IDLE,
            self.visit: question.visit,
            why.reasoning: scene.reasoning,
            why.plot: scene.figure,
            why.told: gr.update(value=scene.told, visible=bool(scene.told)),
        }


def question_of(fields: Any) -> Question:
    """From the values of `Sound.question`."""
    count = len(fields) - len(planning.page_options())
    values = dict(zip(planning.page_options(), fields[count:], strict=True))
    recording, start, length, channels, width, objects, planner, tagger = fields[:count]
    return Question(
        recording, start or 0, length or 0, channels, width, objects, planner, tagger, values
    )
