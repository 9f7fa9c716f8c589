"""`make bench-models`: what our side adds to a plan by a model, without the model."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from spa2v_core import pipeline
from spa2v_core.layout import io as layout_io
from spa2v_core.planning.base import PlanRequest
from spa2v_core.planning.model_planner import conversation
from spa2v_core.planning.registry import options_for
from spa2v_core.planning.reply import read_reply

CLIP = Path(__file__).parents[2] / "assets" / "examples" / "dog_and_guitar.m4a"
RUNS = 20


def main() -> None:
    analysis = pipeline.analyse(CLIP)
    reply = layout_io.dumps(pipeline.plan(analysis).layout)
    spent: dict[str, list[float]] = {"conversation and retrieval": [], "reading the reply": []}
    for _ in range(RUNS + 1):
        request = PlanRequest(
            analysis.clip, analysis.cues, analysis.heard, options=options_for("openai", {})
        )
        start = time.perf_counter()
        messages, _ = conversation(request)
        middle = time.perf_counter()
        read_reply(reply, frame_count=16, duration_s=analysis.clip.duration_s)
        spent["conversation and retrieval"].append(middle - start)
        spent["reading the reply"].append(time.perf_counter() - middle)
    for name, times in spent.items():
        print(f"{name}: {1000 * statistics.median(times[1:]):.1f} ms, first {1000 * times[0]:.1f}")
    print(f"{sum(len(m.text) for m in messages)} letters in {len(messages)} messages")


if __name__ == "__main__":
    main()
