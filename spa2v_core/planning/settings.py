"""Which model answers, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mode = Literal["schema", "json", "text"]


@dataclass(frozen=True)
class ProviderSettings:
    """Which model answers, and how.

    Attributes
    ----------
    model: its id; "" is the provider's default. endpoint: base URL of an OpenAI-compatible
    server; "" is the provider's own.
    key: a visitor's own; "" is from the environment. Never shown, logged or stored.
    mode: how the reply is held to its form: by a schema, as any JSON, or by the prompt alone.
    temperature: the paper's 0.5. timeout_s: of one reply; max_tokens: its length (servers of one's
    own often stop after 1,024 if it isn't said). retries: of what may pass by itself.
    """

    model: str = ""
    endpoint: str = ""
    key: str = ""
    mode: Mode = "schema"
    temperature: float = 0.5
    seed: int = 0
    timeout_s: float = 120.0
    max_tokens: int = 16_384
    retries: int = 3

    def __repr__(self) -> str:
        return f"ProviderSettings(model={self.model!r}, endpoint={self.endpoint!r}, key=...)"
