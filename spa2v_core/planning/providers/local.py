"""A model on this machine through transformers, its reply held to the schema: one that takes audio,
or with `--no-sound` any that reads.

Decoding is constrained by llguidance: tokens that would leave the schema are never chosen.
"""

from __future__ import annotations

import io
import json
import threading
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ...errors import PlannerError
from ...options import option
from ..messages import Message, Sound
from ..model_options import HearingOptions, Mode
from .base import Completion, ProviderSpec, missing

#: Apache-2.0, and the better listener of its size; others by `--model`, a hub id or a folder.
MODEL = "Qwen/Qwen2.5-Omni-7B"
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class LocalOptions(HearingOptions):
    """How a model on this machine is asked."""

    model: str = option(
        "", help=f"a hub id or a folder (default: {MODEL})", metavar="ID", of_this_machine=True
    )
    reply_mode: Mode = option("schema", help="how the reply is held to its form", on_page=False)
    temperature: float = option(0.5, low=0, high=2, help="of sampling", on_page=False)


class LocalProvider:
    """Any `AutoModelForMultimodalLM` whose chat template takes audio, and text models."""

    def __init__(self, options: LocalOptions) -> None:
        try:
            import llguidance  # noqa: F401
            import torch  # noqa: F401
            import transformers  # noqa: F401
        except ImportError as error:
            raise missing(str(error.name), "local") from error
        self._options = options
        self.model = options.model or MODEL

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Any], *, seed: int = 0
    ) -> Completion:
        import torch

        with _ONE_AT_A_TIME:
            processor, model = _loaded(self.model)
            tokenizer = _tokenizer(processor)
            inputs = _inputs(processor, messages).to(model.device)
            prompt = int(inputs["input_ids"].shape[1])
            torch.manual_seed(seed)
            warm = self._options.temperature > 0
            is_held = self._options.reply_mode == "schema"
            held = [_Held(tokenizer, schema)] if is_held else []
            try:
                with torch.inference_mode():
                    tokens = model.generate(
                        **inputs,
                        max_new_tokens=self._options.max_tokens,
                        do_sample=warm,
                        temperature=self._options.temperature if warm else None,
                        logits_processor=held,
                        eos_token_id=_ends(tokenizer, model),
                        pad_token_id=tokenizer.eos_token_id,
                    )
            except torch.OutOfMemoryError as error:
                raise PlannerError(
                    f"{self.model} does not fit into memory with this prompt: choose a smaller"
                    " model or fewer examples"
                ) from error
        new = tokens[0, prompt:]
        most = self._options.max_tokens
        if len(new) >= most:
            raise PlannerError(f"{self.model} did not come to an end in {most} tokens: try again")
        text = tokenizer.decode(new, skip_special_tokens=True)
        return Completion(text, self.model, prompt, len(new))


@lru_cache(maxsize=1)
def _loaded(name: str) -> tuple[Any, Any]:
    """(processor, model), kept for the next plan."""
    import torch
    import transformers

    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    try:
        processor = transformers.AutoProcessor.from_pretrained(name)
        config = transformers.AutoConfig.from_pretrained(name)
        kind: Any = transformers.AutoModelForMultimodalLM
        if type(config) not in kind._model_mapping:  # a model that is not in that list
            kind = getattr(transformers, (config.architectures or [""])[0], kind)
        model = kind.from_pretrained(name, dtype=dtype)
    except (OSError, ValueError) as error:
        raise PlannerError(
            f"{name} can't be loaded ({str(error).splitlines()[0][:160]}): download it once with"
            f" 'hf download {name}', or name a folder with --model"
        ) from error
    return processor, model.to(device).eval()


def _tokenizer(processor: Any) -> Any:
    """The one inside a processor; a model that only reads has nothing but it."""
    return getattr(processor, "tokenizer", processor)


def _ends(tokenizer: Any, model: Any) -> list[int]:
    """Tokens that end a reply: the model's own, and the one that the schema ends with."""
    own = model.generation_config.eos_token_id
    own = own if isinstance(own, list) else [] if own is None else [own]
    return sorted({*own, tokenizer.eos_token_id})


def _inputs(processor: Any, messages: Sequence[Message]) -> Any:
    """Tokens and audio features of a conversation."""
    reads_only = _tokenizer(processor) is processor  # its template wants plain text
    conversation = [
        {
            "role": message.role,
            "content": message.text if reads_only else [_part(part) for part in message.parts],
        }
        for message in messages
    ]
    return processor.apply_chat_template(
        conversation,
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )


def _part(part: str | Sound) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    with wave.open(io.BytesIO(part.wav)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    # one-dimensional: two rows would silently be a batch of two
    return {"type": "audio", "audio": data.astype(np.float32) / 32768}


class _Held:
    """Logits processor: what the schema does not allow next is impossible (transformers calls it
    with (1, n) tokens and (1, V) scores)."""

    def __init__(self, tokenizer: Any, schema: Mapping[str, Any]) -> None:
        import llguidance.hf
        from llguidance import LLMatcher
        from llguidance.numpy import allocate_token_bitmask

        known = llguidance.hf.from_tokenizer(tokenizer)
        # no white space between tokens, as it could go on for ever
        compact = {"x-guidance": {"whitespace_flexible": False}, **schema}
        grammar = LLMatcher.grammar_from_json_schema(json.dumps(compact))
        self._matcher = LLMatcher(known, grammar)
        if self._matcher.is_error():
            raise PlannerError(f"the reply's schema was refused: {self._matcher.get_error()}")
        self._mask = allocate_token_bitmask(1, known.vocab_size)
        self._end, self._size, self._started = known.eos_token, known.vocab_size, False

    def __call__(self, tokens: Any, scores: Any) -> Any:
        import torch
        from llguidance.numpy import fill_next_token_bitmask

        if self._started:
            self._matcher.consume_token(int(tokens[0, -1]))
        self._started = True
        allowed = np.zeros(scores.shape[-1], bool)
        if self._matcher.is_stopped():
            allowed[self._end] = True
        else:
            fill_next_token_bitmask(self._matcher, self._mask, 0)
            bits = np.unpackbits(self._mask[0].view(np.uint8), bitorder="little")
            count = min(self._size, len(allowed))
            allowed[:count] = bits[:count]
        return scores.masked_fill(~torch.from_numpy(allowed).to(scores.device), float("-inf"))


SPEC = ProviderSpec("A model on this machine", LocalProvider, LocalOptions, needs="a GPU")
