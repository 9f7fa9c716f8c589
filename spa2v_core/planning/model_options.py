"""How a model is asked; the paper's settings are the defaults.

A provider's own options are a dataclass that adds to one of these: `ModelOptions` where the model
reads only, `HearingOptions` where it takes sound too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..options import option

Mode = Literal["schema", "json", "text"]


@dataclass(frozen=True)
class ModelOptions:
    """What all models are asked with.

    Attributes
    ----------
    model
        its id; "" is the provider's default.
    key
        a visitor's own; "" is from the environment.
    hint
        told to the model in the user's words.
    shots
        examples in the conversation.
    random_shots
        not the nearest (an ablation).
    reasoning, cue_table, tags
        whether it reasons, sees the measured cues, and is told what was recognised.
    guesses
        how many names of a sound.
    exemplars
        a person's own database of examples.
    reuse
        whether a reply to the same request is taken from the cache.
    fall_back
        whether the offline planner steps in where the model fails (said in the report).
    timeout
        seconds of one reply.
    max_tokens
        its length (servers of one's own often stop after 1,024 if it isn't said).
    retries
        of what may pass by itself.
    """

    model: str = option("", help="its id (default: the provider's)", metavar="ID")
    key: str = option(
        "",
        help="a visitor's own key",
        label="Your key (used for this plan, kept nowhere)",
        metavar="empty: the app's own",
        secret=True,
    )
    hint: str = option(
        "", help="told to the model", label="A hint for the model", metavar='"it is a tram"'
    )
    shots: int = option(3, low=0, high=3, help="examples shown", on_page=False)
    random_shots: bool = option(False, help="examples at random", on_page=False)
    reasoning: bool = option(True, help="no spatial reasoning", on_page=False)
    cue_table: bool = option(True, help="without what was measured", on_page=False)
    tags: bool = option(True, help="without what was recognised", on_page=False)
    guesses: int = option(3, low=1, high=5, help="names of a sound", on_page=False)
    exemplars: Path | None = option(
        None, help="your own examples, besides ours", on_page=False, of_this_machine=True
    )
    reuse: bool = option(
        True,
        help="ask again for what was asked",
        label="Use earlier replies to the same request again",
    )
    fall_back: bool = option(
        False, help="plan offline if the model fails", label="Plan offline if the model fails"
    )
    timeout: float = option(
        120.0, low=0.1, high=3600, help="seconds to wait for one reply", on_page=False
    )
    max_tokens: int = option(16_384, low=1, high=1_000_000, help="longest reply", on_page=False)
    retries: int = option(3, low=0, high=10, help="of what may pass by itself", on_page=False)

    @property
    def sends(self) -> Literal["nothing", "mix", "parts"]:
        """What of the recording the model is sent."""
        return "nothing"


@dataclass(frozen=True)
class HearingOptions(ModelOptions):
    """Of models that take sound.

    Attributes
    ----------
    sound
        whether the recording is sent; without it the model has tags, spans and cues in words.
    parts
        LEFT and RIGHT by themselves besides the mix.
    """

    sound: bool = option(
        True,
        help="send no sound: the recording stays here, the model reads what was heard",
        label="Send the recording (off: it stays here, the model reads what was heard)",
    )
    parts: bool = option(False, help="LEFT and RIGHT besides the mix", on_page=False)

    @property
    def sends(self) -> Literal["nothing", "mix", "parts"]:
        if not self.sound:
            return "nothing"
        return "parts" if self.parts else "mix"
