"""Which models can be asked: built-in providers, others by the entry point `spa2v.providers`."""

from __future__ import annotations

from ...registry import Registry
from .base import ProviderSpec

_HERE = "spa2v_core.planning.providers"
PROVIDERS: Registry[ProviderSpec] = Registry(
    "provider",
    ProviderSpec,
    "spa2v.providers",
    {name: f"{_HERE}.{name}:SPEC" for name in ("gemini", "openai", "claude", "local")},
)
