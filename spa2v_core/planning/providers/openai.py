"""Any OpenAI-compatible server: OpenAI itself, Ollama, llama.cpp, vLLM, `transformers serve`."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...options import option
from ..messages import Message, Sound
from ..model_options import HearingOptions
from .base import (
    Completion,
    ProviderSpec,
    fault,
    insisting,
    missing,
    no_key,
    sdk_faults,
)

#: OpenAI's own: the one that takes audio, and one that only reads.
MODEL, READING_MODEL = "gpt-audio-1.5", "gpt-6-luna"
#: These have no structured outputs: they are held to the form by a tool that they must call.
MODELS_WITHOUT_SCHEMA = ("gpt-audio",)
KEY, ENDPOINT = "OPENAI_API_KEY", "OPENAI_BASE_URL"
WHO = "The model server"
TOOL = "layout"
#: What OpenAI's strict schemas don't take.
NOT_STRICT = ("maxLength",)


@dataclass(frozen=True)
class OpenAIOptions(HearingOptions):
    """How OpenAI, or a server that speaks its protocol, is asked."""

    endpoint: str = option(
        "",
        help="another address: a server that speaks the service's protocol",
        label="Server (OpenAI-compatible)",
        metavar="http://127.0.0.1:8000/v1",
        of_this_machine=True,
    )
    reply_mode: Literal["schema", "tool", "json", "text"] = option(
        "schema", help="how the reply is held to its form", on_page=False
    )
    temperature: float = option(0.5, low=0, high=2, help="of sampling", on_page=False)


class OpenAIProvider:
    """Chat completions, with audio parts where the model takes them."""

    def __init__(self, options: OpenAIOptions) -> None:
        try:
            import openai
        except ImportError as error:
            raise missing("openai", "openai") from error
        self._sdk, self._options = openai, options
        self.model = options.model or (MODEL if options.sound else READING_MODEL)
        self.endpoint = options.endpoint or os.environ.get(ENDPOINT) or None
        key = options.key or os.environ.get(KEY, "")
        if not key and self.endpoint is None:
            raise no_key("OpenAI", KEY)
        self._client: Any = openai.OpenAI(
            api_key=key or "none",  # servers of one's own often ask for none
            base_url=self.endpoint,
            timeout=options.timeout,
            max_retries=options.retries,
        )

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Any], *, seed: int = 0
    ) -> Completion:
        said = [_message(message) for message in messages]
        # OpenAI's newer name for the limit is not known everywhere
        limit = "max_tokens" if self.endpoint else "max_completion_tokens"
        loose: dict[str, dict[str, Any]] = {
            "temperature": {"temperature": self._options.temperature},
            "seed": {"seed": seed},
            "limit": {limit: self._options.max_tokens},
        }

        def send(gone: frozenset[str]) -> Completion:
            more = self._form(schema, gone)
            for name, parameter in loose.items():
                if name not in gone:
                    more |= parameter
            return self._send(said, more)

        return insisting(send, (*loose, "schema", "tool"))

    def _send(self, messages: list[dict[str, Any]], more: dict[str, Any]) -> Completion:
        sdk, seconds = self._sdk, self._options.timeout
        where = self.endpoint or "api.openai.com"
        known = {"who": WHO, "where": where, "variable": KEY, "model": self.model}
        with sdk_faults(sdk, seconds, known):
            reply = self._client.chat.completions.create(
                model=self.model, messages=messages, **more
            )
        return self._read(reply, known)

    def _form(self, schema: Mapping[str, Any], gone: frozenset[str]) -> dict[str, Any]:
        """How the reply is held to its form: by a schema where there are structured outputs, else
        by a tool that must be called, else by the prompt alone."""
        mode = self._options.reply_mode
        if mode == "schema" and ("schema" in gone or self.model.startswith(MODELS_WITHOUT_SCHEMA)):
            mode = "tool"
        if mode == "text" or (mode == "tool" and "tool" in gone):
            return {}
        if mode == "json":
            return {"response_format": {"type": "json_object"}}
        if mode == "tool":
            tool = {"name": TOOL, "parameters": dict(schema)}
            return {
                "tools": [{"type": "function", "function": tool}],
                "tool_choice": {"type": "function", "function": {"name": TOOL}},
            }
        strict = schema if self.endpoint else _without(schema, NOT_STRICT)
        named = {"name": TOOL, "strict": True, "schema": strict}
        return {"response_format": {"type": "json_schema", "json_schema": named}}

    def _read(self, reply: Any, known: dict[str, Any]) -> Completion:
        choices = getattr(reply, "choices", None)
        if not choices:
            raise fault("empty", **known)
        message, reason = choices[0].message, choices[0].finish_reason
        if reason == "length":
            raise fault("truncated", **known)
        if reason == "content_filter" or getattr(message, "refusal", None):
            raise fault("blocked", **known)
        called = message.tool_calls[0].function.arguments if message.tool_calls else ""
        text = called or message.content or ""
        if not text.strip():
            raise fault("empty", **known)
        usage = reply.usage
        details = getattr(usage, "completion_tokens_details", None)
        return Completion(
            text,
            str(reply.model or self.model),
            usage.prompt_tokens if usage else 0,
            usage.completion_tokens if usage else 0,
            getattr(details, "reasoning_tokens", None) or 0,
        )


def _without(schema: Any, names: Sequence[str]) -> Any:
    """A schema without these keywords, at any depth."""
    if isinstance(schema, Mapping):
        return {key: _without(value, names) for key, value in schema.items() if key not in names}
    return [_without(one, names) for one in schema] if isinstance(schema, list) else schema


def _message(message: Message) -> dict[str, Any]:
    parts = [_part(part) for part in message.parts]
    if len(parts) == 1 and parts[0]["type"] == "text":
        return {"role": message.role, "content": parts[0]["text"]}
    return {"role": message.role, "content": parts}


def _part(part: str | Sound) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    data = base64.b64encode(part.wav).decode("ascii")
    return {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}


SPEC = ProviderSpec("OpenAI or a compatible server", OpenAIProvider, OpenAIOptions)
