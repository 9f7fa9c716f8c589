"""What a conversation with a model is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True)
class Sound:
    """A recording as a part of a message: its name and a mono WAV file."""

    label: str
    wav: bytes


@dataclass(frozen=True)
class Message:
    """One turn: who says it, and text and sounds in their order."""

    role: Role
    parts: tuple[str | Sound, ...]

    @property
    def text(self) -> str:
        """As a person reads it; sounds by their name and size."""
        return "\n\n".join(
            part if isinstance(part, str) else f"[{part.label}: {len(part.wav) // 1000} kB of WAV]"
            for part in self.parts
        )
