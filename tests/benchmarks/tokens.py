"""Tokens of a plan by a model, without the model.

What is counted is text: instruction, examples and request, and the reply that says what the offline
planner planned. The tokenizer is Tekken (`tekken_240911.json`, 131,072 tokens), which ships inside
the package mistral-common; another model's tokenizer gives other numbers of much the same ratio.

    pip install --target build/tokens --no-deps mistral-common==1.13.1 tiktoken regex
    PYTHONPATH=build/tokens python -m tests.benchmarks.tokens CLIP CLIP ...

(Apart from the other packages, as transformers looks for mistral-common and its whole train.)
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from spa2v_core import pipeline
from spa2v_core.planning import prompt
from spa2v_core.planning.base import PlanRequest
from spa2v_core.planning.messages import Message
from spa2v_core.planning.model_planner import conversation
from spa2v_core.planning.registry import options_for

EXAMPLES = sorted((Path(__file__).parents[2] / "assets" / "examples").glob("*.m4a"))
COLUMNS = ("told", "examples", "request", "reply", "in all")


def tokenizer() -> Any:
    """Tekken, with `encode_ordinary`."""
    import tiktoken

    text = files("mistral_common").joinpath("data", "tekken_240911.json").read_text("utf-8")
    data = json.loads(text)
    config = data["config"]
    kept = config["default_vocab_size"] - config["default_num_special_tokens"]
    ranks = {base64.b64decode(one["token_bytes"]): one["rank"] for one in data["vocab"][:kept]}
    return tiktoken.Encoding(
        "tekken", pat_str=config["pattern"], mergeable_ranks=ranks, special_tokens={}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path, nargs="*", default=EXAMPLES)
    options = parser.parse_args()
    made, deaf = tokenizer(), options_for("openai", {"sound": False})

    def count(messages: list[Message]) -> int:
        return sum(len(made.encode_ordinary(message.text)) for message in messages)

    print(f"{'':24s}" + "".join(f"{name:>10s}" for name in COLUMNS))
    rows = []
    for clip in options.clips:
        analysis = pipeline.analyse(clip)
        request = PlanRequest(analysis.clip, analysis.cues, analysis.heard, options=deaf)
        start = time.process_time()
        messages, _ = conversation(request)
        spent = 1000 * (time.process_time() - start)
        reply = prompt.answer(pipeline.plan(analysis).layout)
        parts = (messages[:1], messages[1:-1], messages[-1:], [reply])
        rows.append([count(list(part)) for part in parts])
        print(_line(clip.name, rows[-1]) + f"{spent:10.1f} ms")
    print(_line("mean", [statistics.mean(column) for column in zip(*rows, strict=True)]))


def _line(name: str, counts: Sequence[float]) -> str:
    return f"{name:24s}" + "".join(f"{count:10.0f}" for count in [*counts, sum(counts)])


if __name__ == "__main__":
    main()
