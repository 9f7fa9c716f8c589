"""Edits in words: a small grammar of English that changes a layout, without any model.

"car faster", "the dog to the left at 2 s", "add a bird top right", "later", "swap". A text is a
list of clauses, each one edit of one object (or of all); what is not understood is an error that
says what can be said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import LayoutError
from ..units import frame_at
from ..vocabulary import COLOURS, article, mentioned, normalise, resolve
from .edit import revise
from .keyframes import box_at
from .picture import ASPECT, middle
from .schema import Box, Keyframe, ObjectTrack, VideoSceneLayout
from .word_edits import COLUMNS, EDITS, ROWS, WHERE, Clause, each_box, moved

#: Letters of a text that are read.
LONGEST = 1000
CAN_SAY = (
    'say for example "car faster", "dog to the left at 2 s", "add a bird top right", "car later", '
    '"dog bigger", "remove the bird", "swap dog and guitar" or "call the car a taxi"'
)


class NotUnderstood(LayoutError):  # noqa: N818 (an error by its base)
    """A text that the grammar does not cover; a model may."""


@dataclass(frozen=True)
class Change:
    """The layout after the edits, and what they did in words."""

    layout: VideoSceneLayout
    said: str


class _Command(NamedTuple):
    """A clause about the layout as a whole, as its pattern found it."""

    layout: VideoSceneLayout
    found: re.Match[str]
    selected: int | None


def understand(layout: VideoSceneLayout, text: str, selected: int | None = None) -> Change:
    """Make the edits that a text asks for.

    selected: id of the object that "it", or no object, means.
    Raises NotUnderstood for what is not in the grammar, LayoutError for what can't be done.
    """
    said = []
    for part in _clauses(text):
        layout, what, meant = _apply(layout, part, selected)
        selected = meant if meant is not None else selected  # "... and disappears at 4 s"
        said.append(what)
    if not said:
        raise NotUnderstood(CAN_SAY)
    return Change(layout, "; ".join(said))


_VERB = (
    r"(?:the )?(?:\w+ ){0,2}(?:add|remove|delete|swap|mirror|flip|make|move|put|call|rename|faster"
    r"|slower|later|earlier|bigger|larger|smaller|nearer|closer|farther|further|to the|from the"
    r"|stops?|stays?|stands|appears|disappears|leaves|is|becomes|into|in the)\b"
)


def _clauses(text: str) -> Iterator[str]:
    text = re.sub(r"\s+", " ", text[:LONGEST].strip().rstrip(".!").lower())
    for part in re.split(rf"\s*(?:;|\.\s|,? then |,? and (?={_VERB})|, (?={_VERB}))\s*", text):
        if part:
            yield part


def _apply(
    layout: VideoSceneLayout, part: str, selected: int | None
) -> tuple[VideoSceneLayout, str, int | None]:
    """(layout after one clause, what was done, id of the object that it was about)."""
    for pattern, work in _WHOLE:
        if found := re.fullmatch(pattern, part):
            return *work(_Command(layout, found, selected)), None
    text, seconds, at = _time(layout, part)
    tracks = _meant(layout, text, selected)
    for pattern, edit in EDITS:
        if found := re.search(pattern, text):
            said = ""
            for track in tracks:
                _unlocked(track)
                changed, said = edit(Clause(layout, track, found, text, at, seconds))
                layout = _with(layout, changed)
            names = " and ".join(track.name for track in tracks)
            when = f" at {seconds:g} s" if seconds is not None else ""
            return layout, f"{names}: {said}{when}", tracks[-1].id
    raise NotUnderstood(f"not understood: {CAN_SAY}")


def _with(layout: VideoSceneLayout, track: ObjectTrack) -> VideoSceneLayout:
    return revise(layout, objects=tuple(track if t.id == track.id else t for t in layout.objects))


def _unlocked(track: ObjectTrack) -> None:
    if track.locked:
        raise LayoutError(f"{track.name} is locked: unlock it first")


# --- time and objects


def _time(layout: VideoSceneLayout, text: str) -> tuple[str, float | None, int | None]:
    """(the text without it, seconds, frame) of "at 2 s", "at the end"."""
    found = re.search(
        r"\b(?:at|from|until|after|by) (?:(\d+(?:\.\d+)?) ?(s|sec|secs|second|seconds)?\b"
        r"|the (start|beginning|end))",
        text,
    )
    if found is None:
        return text, None, None
    rest = f"{text[: found.start()]} {text[found.end() :]}".strip()
    if re.search(r"\b(?:at|from|until) \d", rest):
        raise NotUnderstood(f"one time at once: {CAN_SAY}")
    named = {"start": 0.0, "beginning": 0.0, "end": layout.duration_s}
    seconds = named[found[3]] if found[3] else float(found[1])
    if found[0].startswith("by "):
        return rest, seconds, None
    if seconds > layout.duration_s:
        raise LayoutError(f"the clip ends at {layout.duration_s:g} s, before {seconds:g} s")
    return rest, round(seconds, 2), round(frame_at(seconds, layout.frame_count, layout.duration_s))


def _named(layout: VideoSceneLayout, text: str) -> list[ObjectTrack]:
    """Tracks whose name, or its last word, or another word for it stands in a text."""
    said = f" {normalise(text)} "
    whole = [t for t in layout.objects if f" {normalise(t.phrase)} " in said]
    whole = whole or [t for t in layout.objects if f" {normalise(t.name)} " in said]
    if whole:
        return whole
    last = [t for t in layout.objects if f" {normalise(t.name).split(' ')[-1]} " in said]
    if last:
        return last
    meant = {mention.thing.name for mention in mentioned(text)}
    return [t for t in layout.objects if resolve(t.name).thing.name in meant]


def _meant(layout: VideoSceneLayout, text: str, selected: int | None) -> tuple[ObjectTrack, ...]:
    if re.search(r"\b(everything|all|both|every object)\b", text) and layout.objects:
        return layout.objects
    if named := _named(layout, text):
        return tuple(named)
    if others := [m.thing.name for m in mentioned(text)]:
        raise LayoutError(f"there is no {others[0]} in the scene: {_names(layout)}")
    chosen = [t for t in layout.objects if t.id == selected] or list(layout.objects)
    if len(chosen) == 1:
        return (chosen[0],)
    raise LayoutError(f"say which object: {_names(layout)}")


def _names(layout: VideoSceneLayout) -> str:
    names = ", ".join(dict.fromkeys(track.name for track in layout.objects))
    return f"it has {names}" if names else "it has none yet"


# --- edits of the layout as a whole


def _add(c: _Command) -> tuple[VideoSceneLayout, str]:
    """ "add a red bird top right"."""
    layout, found = c.layout, c.found
    text = found[1]
    where = re.search(rf"(?:(?:at|in|on|to) )?(?:the )?({WHERE})(?: corner)?$", text)
    name = normalise(text[: where.start()] if where else text)
    words = name.split()
    colour = words[0] if words and words[0] in COLOURS else ""
    name = " ".join(words[1:] if colour else words)
    if not name:
        raise NotUnderstood("say what to add, for example: add a bird top right")
    thing = resolve(name).thing
    place = where[1].split() if where else []
    x = next((COLUMNS[word] for word in place if word in COLUMNS), 0.5)
    y = next((ROWS[word] for word in place if word in ROWS), middle(thing.place, thing.height))
    box = Box.from_centre(x, y, thing.height * thing.aspect / ASPECT, thing.height)
    track = ObjectTrack(
        id=max((t.id for t in layout.objects), default=-1) + 1,
        name=name,
        appearance=colour,
        start=0,
        end=layout.frame_count - 1,
        keyframes=(Keyframe(frame=0, box=box),),
    )
    said = f"add {article(track.phrase)}" + (f" at the {where[1]}" if where else "")
    return revise(layout, objects=(*layout.objects, track)), said


def _remove(c: _Command) -> tuple[VideoSceneLayout, str]:
    layout, found = c.layout, c.found
    gone = _meant(layout, found[1] or "", c.selected)
    for track in gone:
        _unlocked(track)
    left = tuple(track for track in layout.objects if track not in gone)
    return revise(layout, objects=left), f"remove {' and '.join(t.name for t in gone)}"


def _swap(c: _Command) -> tuple[VideoSceneLayout, str]:
    """Two objects exchange where they are from left to right."""
    layout, found = c.layout, c.found
    pair = _named(layout, found[1] or "") or list(layout.objects)
    if len(pair) != 2:
        raise LayoutError(f'say which two, for example "swap dog and guitar": {_names(layout)}')
    for one, other in (pair, pair[::-1]):
        _unlocked(one)
        frames = sorted({key.frame for key in (*one.keyframes, *other.keyframes)})
        keys = [
            Keyframe(frame=frame, box=moved(box_at(one, frame), dx, 0))
            for frame in frames
            for dx in [box_at(other, frame).centre[0] - box_at(one, frame).centre[0]]
        ]
        layout = _with(layout, revise(one, keyframes=tuple(keys)))
    return layout, f"{pair[0].name} and {pair[1].name} change places"


def _turned(box: Box) -> Box:
    return Box(1 - box.x2, box.y1, 1 - box.x1, box.y2)


def _mirror(c: _Command) -> tuple[VideoSceneLayout, str]:
    layout = c.layout
    for track in layout.objects:
        _unlocked(track)
        layout = _with(
            layout, each_box(track, lambda box: Box(1 - box.x2, box.y1, 1 - box.x1, box.y2))
        )
    return layout, "left and right exchanged"


def _rename(c: _Command) -> tuple[VideoSceneLayout, str]:
    layout, found = c.layout, c.found
    named = _meant(layout, found[1], c.selected)
    name = normalise(found[2])
    if not name:
        raise NotUnderstood("say what to call it")
    for track in named:
        _unlocked(track)
        layout = _with(layout, revise(track, name=name))
    return layout, f"{named[0].name} is called {name}"


def _order(c: _Command) -> tuple[VideoSceneLayout, str]:
    layout, found = c.layout, c.found
    named = _meant(layout, found[1] or "", c.selected)
    others = [track for track in layout.objects if track not in named]
    front = found[2] == "front"
    objects = (*others, *named) if front else (*named, *others)
    return revise(layout, objects=objects), f"{named[0].name} to the {found[2]}"


_WHOLE: tuple[tuple[str, Callable[[_Command], tuple[VideoSceneLayout, str]]], ...] = (
    (r"(?:add|put in|draw) (.+)", _add),
    (r"(?:remove|delete|drop)(?: (.+))?", _remove),
    (r"(?:swap|exchange)(?: (?!left and right)(.+))?", _swap),
    (r"mirror(?: it| everything| all)?|flip|(?:swap|exchange) left and right", _mirror),
    (r"(?:call|rename) (?:the )?(.+?) (?:to |an? )(.+)", _rename),
    (r"(?:make |turn )?(.+?) (?:into|becomes|is) an? (.+)", _rename),
    (r"(?:bring |move |send |put )?(.+?)? ?(?:in|to|into|at) the (front|back)", _order),
)
