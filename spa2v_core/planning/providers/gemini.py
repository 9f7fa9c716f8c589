"""Google's Gemini models through google-genai."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...options import option
from ..messages import Message, Sound
from ..model_options import HearingOptions, Mode
from .base import Completion, ProviderSpec, fault, fault_of_status, missing, no_key

MODEL = "gemini-3.5-flash"
KEY, OTHER_KEY = "GEMINI_API_KEY", "GOOGLE_API_KEY"
WHO = "Gemini"
BLOCKED = ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII")


@dataclass(frozen=True)
class GeminiOptions(HearingOptions):
    """How Gemini is asked."""

    endpoint: str = option(
        "",
        help="another address of the service",
        metavar="URL",
        on_page=False,
        of_this_machine=True,
    )
    reply_mode: Mode = option("schema", help="how the reply is held to its form", on_page=False)
    temperature: float = option(0.5, low=0, high=2, help="of sampling", on_page=False)


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
        network = self._network
        where = self._options.endpoint or "generativelanguage.googleapis.com"
        known = {"who": WHO, "where": where, "variable": KEY, "model": self.model}
        seconds = self._options.timeout
        try:
            reply = self._client.models.generate_content(
                model=self.model,
                contents=[self._content(m) for m in messages if m.role != "system"],
                config=self._config(messages, schema, seed),
            )
        except self._errors.APIError as error:
            detail = " ".join(str(error.message or error.status).split())[:200]
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

    def _config(self, messages: Sequence[Message], schema: Mapping[str, Any], seed: int) -> Any:
        mode = self._options.reply_mode
        instruction = "\n\n".join(m.text for m in messages if m.role == "system")
        return self._types.GenerateContentConfig(
            system_instruction=instruction or None,
            temperature=self._options.temperature,
            seed=seed,
            max_output_tokens=self._options.max_tokens,
            response_mime_type=None if mode == "text" else "application/json",
            response_json_schema=dict(schema) if mode == "schema" else None,
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
        if name == "MAX_TOKENS":
            raise fault("truncated", **known)
        if not (reply.text or "").strip():
            raise fault("empty", **known)
        usage = reply.usage_metadata
        return Completion(
            reply.text,
            self.model,
            (usage.prompt_token_count or 0) if usage else 0,
            (usage.candidates_token_count or 0) if usage else 0,
        )


SPEC = ProviderSpec("Gemini", GeminiProvider, GeminiOptions, needs="a key")
