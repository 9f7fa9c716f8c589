"""One prompt for a whole video: what the layout says, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...layout import VideoSceneLayout
from ...layout.category import Category, motion_category
from ..conditioning import CaptionMode

MOTIONS: dict[Category, str] = {
    "approaching": "comes nearer",
    "receding": "moves away",
    "crossing_right": "moves from the left to the right",
    "crossing_left": "moves from the right to the left",
    "stationary_left": "stays on the left",
    "stationary_centre": "stays in the middle",
    "stationary_right": "stays on the right",
}


def captions_of(layout: VideoSceneLayout, captions: CaptionMode) -> tuple[str, list[str]]:
    """The caption and the distinct frame captions that go into the prompt.

    `mix` is the caption followed by the frame captions in their order, `global` the caption,
    `frame` the frame captions (without any, the caption).
    """
    of_frames = list(dict.fromkeys(filter(None, layout.frame_captions)))
    caption = "" if captions == "frame" and of_frames else layout.caption
    return caption, [] if captions == "global" else of_frames


def motions(layout: VideoSceneLayout) -> list[str]:
    """A sentence for each object: "the red car moves from the left to the right"."""
    return [
        f"the {track.phrase} {MOTIONS[motion_category(track, layout.frame_count)]}"
        for track in layout.objects
    ]


def thinned(
    frame_captions: Sequence[str],
    text_of: Callable[[Sequence[str]], str],
    fits: Callable[[str], bool],
) -> tuple[str, int]:
    """The text of as many frame captions as fit, and how many: every other one is left out until
    they do."""
    kept = list(frame_captions)
    while True:
        text = text_of(kept)
        if not kept or fits(text):
            return text, len(kept)
        kept = kept[::2] if len(kept) > 1 else []


def sentences(parts: Sequence[str]) -> str:
    """Texts as sentences of one: "<caption>. <frame caption>"; empty ones are left out."""
    return ". ".join(filter(None, (part.strip().rstrip(". ") for part in parts)))
