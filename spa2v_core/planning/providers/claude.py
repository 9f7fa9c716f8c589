"""Anthropic's Claude models: they take no sound, they read what was heard.

The whole provider is this file: its options, how it is asked, what comes back, and its spec.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...options import option
from ..messages import Message
from ..model_options import ModelOptions
from .base import (
    Completion,
    ProviderSpec,
    fault,
    insisting,
    missing,
    no_key,
    sdk_faults,
)

MODEL = "claude-sonnet-5-5"
KEY, ENDPOINT = "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"
WHO = "Claude"
TRUNCATED = ("max_tokens", "model_context_window_exceeded")


@dataclass(frozen=True)
class ClaudeOptions(ModelOptions):
    """How Claude is asked; the service takes no temperature and no seed."""

    endpoint: str = option(
        "",
        help="another address: a server that speaks the service's protocol",
        label="Server",
        metavar="URL",
        on_page=False,
        of_this_machine=True,
    )
    reply_mode: Literal["schema", "text"] = option(
        "schema", help="how the reply is held to its form", on_page=False
    )
    thinking: Literal["low", "medium", "high"] = option(
        "low", help="how much it thinks; thoughts are paid for", on_page=False
    )


class ClaudeProvider:
    """`messages.create` with a JSON schema."""

    def __init__(self, options: ClaudeOptions) -> None:
        try:
            import anthropic
        except ImportError as error:
            raise missing("anthropic", "claude") from error
        self._sdk, self._options = anthropic, options
        self.model = options.model or MODEL
        self.endpoint = options.endpoint or os.environ.get(ENDPOINT) or None
        key = options.key or os.environ.get(KEY, "")
        if not key and self.endpoint is None:
            raise no_key("Claude", KEY)
        self._client: Any = anthropic.Anthropic(
            api_key=key or "none",
            base_url=self.endpoint,
            timeout=options.timeout,
            max_retries=options.retries,
        )

    def complete(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        *,
        seed: int = 0,  # noqa: ARG002 (the service takes none)
    ) -> Completion:
        instruction = "\n\n".join(m.text for m in messages if m.role == "system")
        said = [{"role": m.role, "content": m.text} for m in messages if m.role != "system"]

        def send(gone: frozenset[str]) -> Completion:
            form: dict[str, Any] = {}
            if "thinking" not in gone:
                form["effort"] = self._options.thinking
            if self._options.reply_mode == "schema" and "schema" not in gone:
                # bounds that the service can't hold become words
                held = self._sdk.transform_schema(dict(schema))
                form["format"] = {"type": "json_schema", "schema": held}
            more: dict[str, Any] = {"output_config": form} if form else {}
            return self._send(said, {"system": instruction, **more})

        return insisting(send, ("thinking", "schema"))

    def _send(self, messages: list[dict[str, Any]], more: dict[str, Any]) -> Completion:
        sdk, seconds = self._sdk, self._options.timeout
        where = self.endpoint or "api.anthropic.com"
        known = {"who": WHO, "where": where, "variable": KEY, "model": self.model}
        with sdk_faults(sdk, seconds, known):
            reply = self._client.messages.create(
                model=self.model, messages=messages, max_tokens=self._options.max_tokens, **more
            )
        return self._read(reply, known)

    def _read(self, reply: Any, known: dict[str, Any]) -> Completion:
        reason = getattr(reply, "stop_reason", None)
        if reason == "refusal":
            raise fault("blocked", **known)
        if reason in TRUNCATED:
            raise fault("truncated", **known)
        blocks = getattr(reply, "content", None) or ()
        # what it thinks comes before what it says
        text = "".join(block.text for block in blocks if block.type == "text")
        if not text.strip():
            raise fault("empty", **known)
        usage = reply.usage
        details = getattr(usage, "output_tokens_details", None)
        return Completion(
            text,
            str(reply.model or self.model),
            usage.input_tokens if usage else 0,
            usage.output_tokens if usage else 0,
            getattr(details, "thinking_tokens", None) or 0,
        )


SPEC = ProviderSpec("Claude (reads, no sound)", ClaudeProvider, ClaudeOptions, needs="a key")
