"""Any OpenAI-compatible server: OpenAI itself, vLLM, `transformers serve`, llama.cpp."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...options import option
from ..messages import Message, Sound
from ..model_options import HearingOptions, Mode
from .base import Completion, ProviderSpec, fault, fault_of_status, missing, no_key

#: Takes audio; it has no structured outputs, so it is held to the form by the prompt.
MODEL, MODELS_WITHOUT_SCHEMA = "gpt-audio-1.5", ("gpt-audio",)
KEY, ENDPOINT = "OPENAI_API_KEY", "OPENAI_BASE_URL"
WHO = "The model server"


@dataclass(frozen=True)
class OpenAIOptions(HearingOptions):
    """How OpenAI, or a server that speaks its protocol, is asked."""

    endpoint: str = option(
        "",
        help="an OpenAI-compatible server",
        label="Server (OpenAI-compatible)",
        metavar="http://127.0.0.1:8000/v1",
        of_this_machine=True,
    )
    reply_mode: Mode = option("schema", help="how the reply is held to its form", on_page=False)
    temperature: float = option(0.5, low=0, high=2, help="of sampling", on_page=False)


class OpenAIProvider:
    """Chat completions with audio parts."""

    def __init__(self, options: OpenAIOptions) -> None:
        try:
            import openai
        except ImportError as error:
            raise missing("openai", "openai") from error
        self._sdk, self._options = openai, options
        self.model = options.model or MODEL
        self.endpoint = options.endpoint or os.environ.get(ENDPOINT) or None
        key = options.key or os.environ.get(KEY, "")
        if not key and self.endpoint is None:
            raise no_key("OpenAI", KEY)
        self._client = openai.OpenAI(
            api_key=key or "none",  # servers of one's own often ask for none
            base_url=self.endpoint,
            timeout=options.timeout,
            max_retries=options.retries,
        )

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Any], *, seed: int = 0
    ) -> Completion:
        sdk = self._sdk
        where = self.endpoint or "api.openai.com"
        known = {"who": WHO, "where": where, "variable": KEY, "model": self.model}
        asked: dict[str, Any] = {
            "model": self.model,
            "messages": [_message(message) for message in messages],
            "temperature": self._options.temperature,
            "seed": seed,
            **self._limit(),
            **self._form(schema),
        }
        try:
            reply = self._client.chat.completions.create(**asked)
        except sdk.APITimeoutError as error:
            raise fault("timeout", seconds=self._options.timeout, **known) from error
        except sdk.APIConnectionError as error:
            raise fault("network", **known) from error
        except sdk.APIStatusError as error:
            raise fault_of_status(
                error.status_code,
                detail=_detail(error.body),
                seconds=self._options.timeout,
                **known,
            ) from error
        except (sdk.APIError, ValueError) as error:
            raise fault("server", status="not a reply", **known) from error
        return self._read(reply, known)

    def _limit(self) -> dict[str, int]:
        """OpenAI's newer name for the limit is not known everywhere."""
        own = self.endpoint is None
        return {"max_completion_tokens" if own else "max_tokens": self._options.max_tokens}

    def _form(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """How the reply is held to its form."""
        mode = self._options.reply_mode
        if mode == "text" or self.model.startswith(MODELS_WITHOUT_SCHEMA):
            return {}
        if mode == "json":
            return {"response_format": {"type": "json_object"}}
        named = {"name": "layout", "strict": True, "schema": dict(schema)}
        return {"response_format": {"type": "json_schema", "json_schema": named}}

    def _read(self, reply: Any, known: dict[str, Any]) -> Completion:
        choices = getattr(reply, "choices", None)
        if not choices:
            raise fault("empty", **known)
        choice = choices[0]
        if choice.finish_reason == "length":
            raise fault("truncated", **known)
        if choice.finish_reason == "content_filter" or getattr(choice.message, "refusal", None):
            raise fault("blocked", **known)
        if not (choice.message.content or "").strip():
            raise fault("empty", **known)
        usage = reply.usage
        return Completion(
            choice.message.content,
            str(reply.model or self.model),
            usage.prompt_tokens if usage else 0,
            usage.completion_tokens if usage else 0,
        )


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


def _detail(body: Any) -> str:
    """The server's own words, short and on one line."""
    if isinstance(body, dict):
        inner = body.get("error", body)
        body = inner.get("message") if isinstance(inner, dict) else inner
    return " ".join(str(body or "no reason given").split())[:200]


SPEC = ProviderSpec("OpenAI or a compatible server", OpenAIProvider, OpenAIOptions)
