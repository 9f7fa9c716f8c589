"""Two processes that train one model, as torchrun starts them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Each has a target of its own, and starts from weights of its own: together they learn the mean.
LEARN = """
import json, sys
from pathlib import Path
import torch
from spa2v_core.training.mini import cards
from spa2v_core.training.mini.loop import Stage, fit

with cards.joined("cpu"):
    rank, work = cards.rank(), Path(sys.argv[1])
    torch.manual_seed(rank)
    layer = torch.nn.Linear(1, 1, bias=False)
    unused = torch.nn.Parameter(torch.zeros(2))  # of another stage: it has no gradient
    layer.register_parameter("unused", unused)
    wanted = 1.0 + 2 * rank
    stage = Stage("toy", 2 - rank, 0.05, work / "log.jsonl", average=0.9)
    steps = fit(stage, [layer], lambda _: (layer.weight - wanted).square().sum())
    told = {"weight": layer.weight.item(), "steps": steps, "agreed": cards.agreed(float(rank + 5))}
    (work / f"{rank}.json").write_text(json.dumps(told))
    cards.wait()
"""


def test_cards_learn_one_model_together(tmp_path):
    (tmp_path / "learn.py").write_text(LEARN)
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*start, str(tmp_path / "learn.py"), str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    first, other = (json.loads((tmp_path / f"{k}.json").read_text()) for k in range(2))
    assert first == other  # the first's time counts, and its word
    assert first["agreed"] == 5
    assert first["weight"] == pytest.approx(2, abs=0.05)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert sum(line.get("done", False) for line in lines) == 1
