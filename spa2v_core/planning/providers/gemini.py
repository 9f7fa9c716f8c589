"""Google's Gemini models through google-genai."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...options import option
from ..messages import Message, Sound
from ..model_options import HearingOptions, Mode
from .base import (
    Completion,
    ProviderSpec,
    fault,
    fault_of_status,
    insisting,
    missing,
    no_key,
    one_line,
)

MODEL = "gemini-3.8-flash"
KEY, OTHER_KEY = "GEMINI_API_KEY", "GOOGLE_API_KEY"
WHO = "Gemini"
#: Models before the third generation: they take a temperature, and no level of thinking.
OLDER = ("gemini-1", "gemini-2")
#: The paper's.
TEMPERATURE = 0.5
BLOCKED = (
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "ESCALATION",
    "MODEL_ARMOR",
)
TRUNCATED = ("MAX_TOKENS", "CONTINUATION")


@dataclass(frozen=True)
class GeminiOptions(HearingOptions):
    """How Gemini is asked.

    Attributes
    ----------
    temperature
        None is the paper's 0.5 where the model takes one, and its own from the third generation on,
        which ignores or refuses it.
    thinking
        how much it thinks before it answers, from the third generation on.
    """

    endpoint: str = option(
        "",
        help="another address: a server that speaks the service's protocol",
        metavar="URL",
        on_page=False,
        of_this_machine=True,
    )
    reply_mode: Mode = option("schema", help="how the reply is held to its form", on_page=False)
    temperature: float | None = option(
        None, low=0, high=2, help="of sampling (default: 0.5 where it is taken)", on_page=False
    )
    thinking: Literal["low", "medium", "high"] = option(
        "low", help="how much it thinks; thoughts are paid for", on_page=False
    )


def _network() -> Any:
    """The HTTP library that the installed SDK raises the errors of."""
    from importlib import import_module
    from importlib.util import find_spec

    return import_module("httpx2" if find_spec("httpx2") else "httpx")


class GeminiProvider:
    """`generate_content` with inline audio and a JSON schema."""

    def __init__(self, options: GeminiOptions) -> None:
        try:
            from google import genai
            from google.genai import errors, types
        except ImportError as error:
            raise missing("google-genai", "gemini") from error
        self._errors, self._types, self._options = errors, types, options
        self._network = _network()
        self.model = options.model or MODEL
        key = options.key or os.environ.get(KEY) or os.environ.get(OTHER_KEY)
        if not key:
            raise no_key("Gemini", KEY)
        self._client = genai.Client(
            api_key=key,
            http_options=types.HttpOptions(
                base_url=options.endpoint or None,
                timeout=round(1000 * options.timeout),
                # the SDK itself never tries again
                retry_options=types.HttpRetryOptions(attempts=1 + options.retries),
            ),
        )

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Any], *, seed: int = 0
    ) -> Completion:
        def send(gone: frozenset[str]) -> Completion:
            return self._send(messages, self._config(messages, schema, seed, gone))

        return insisting(send, ("temperature", "thinking", "seed", "schema"))

    def _send(self, messages: Sequence[Message], config: Any) -> Completion:
        network, seconds = self._network, self._options.timeout
        where = self._options.endpoint or "generativelanguage.googleapis.com"
        known = {"who": WHO, "where": where, "variable": KEY, "model": self.model}
        try:
            reply = self._client.models.generate_content(
                model=self.model,
                contents=[self._content(m) for m in messages if m.role != "system"],
                config=config,
            )
        except self._errors.APIError as error:
            detail = one_line(error.message or error.status)
            if error.code == 400 and "api key" in detail.lower():
                raise fault("key", **known) from error
            raise fault_of_status(error.code, detail=detail, seconds=seconds, **known) from error
        except network.TimeoutException as error:
            raise fault("timeout", seconds=seconds, **known) from error
        except network.HTTPError as error:
            raise fault("network", **known) from error
        except ValueError as error:
            raise fault("server", status="not a reply", **known) from error
        return self._read(reply, known)

    def _content(self, message: Message) -> Any:
        role = "model" if message.role == "assistant" else "user"
        return self._types.Content(role=role, parts=[self._part(p) for p in message.parts])

    def _part(self, part: str | Sound) -> Any:
        if isinstance(part, str):
            return self._types.Part.from_text(text=part)
        return self._types.Part.from_bytes(data=part.wav, mime_type="audio/wav")

    def _config(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        seed: int,
        gone: frozenset[str],
    ) -> Any:
        options, older = self._options, self.model.startswith(OLDER)
        instruction = "\n\n".join(m.text for m in messages if m.role == "system")
        temperature = options.temperature
        if temperature is None and older:
            temperature = TEMPERATURE
        thinking = None
        if not older and "thinking" not in gone:
            level = self._types.ThinkingLevel(options.thinking.upper())
            thinking = self._types.ThinkingConfig(thinking_level=level)
        held = options.reply_mode == "schema" and "schema" not in gone
        return self._types.GenerateContentConfig(
            system_instruction=instruction or None,
            temperature=None if "temperature" in gone else temperature,
            seed=None if "seed" in gone else seed,
            max_output_tokens=options.max_tokens,  # thoughts included
            thinking_config=thinking,
            response_mime_type=None if options.reply_mode == "text" else "application/json",
            response_json_schema=dict(schema) if held else None,
        )

    def _read(self, reply: Any, known: dict[str, Any]) -> Completion:
        # a blocked or truncated reply is no exception: its text is just empty
        if reply.prompt_feedback and reply.prompt_feedback.block_reason:
            raise fault("blocked", **known)
        if not reply.candidates:
            raise fault("empty", **known)
        reason = reply.candidates[0].finish_reason
        name = getattr(reason, "name", str(reason))
        if name in BLOCKED:
            raise fault("blocked", **known)
        if name in TRUNCATED:
            raise fault("truncated", **known)
        if not (reply.text or "").strip():
            raise fault("empty", **known)
        usage = reply.usage_metadata
        thoughts = (usage.thoughts_token_count or 0) if usage else 0
        return Completion(
            reply.text,
            self.model,
            (usage.prompt_token_count or 0) if usage else 0,
            # thoughts are not within the candidates
            thoughts + ((usage.candidates_token_count or 0) if usage else 0),
            thoughts,
        )


SPEC = ProviderSpec("Gemini", GeminiProvider, GeminiOptions, needs="a key", one_sound=True)
