"""Rows on Ray Data: actors that plan and actors that render, each with what it needs."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BackendError
from .rows import Row
from .work import Outcome, PlanRow, RenderRow, Settings

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Cluster:
    """Where and with what.

    Attributes
    ----------
    address
        of a cluster ("auto", "ray://host:10001"); "" for one on this machine.
    planners, renderers
        most actors of each kind, 0 for as many as there is room for.
    gpus
        of each renderer.
    resource
        a resource of the cluster's own that each renderer takes one of instead.
    plan_batch
        rows that a planner takes at once.
    """

    address: str = ""
    planners: int = 0
    renderers: int = 0
    gpus: float = 0.0
    resource: str = ""
    plan_batch: int = 8


def on_ray(rows: list[Row], settings: Settings, cluster: Cluster) -> Iterator[Outcome]:
    """By Ray Data, in the order in which rows end.

    Raises
    ------
    BackendError
        Ray is not installed, or the cluster can't be reached.
    """
    try:
        import ray
    except ImportError as error:
        raise BackendError("--ray needs Ray: pip install 'spa2v-studio[ray]'") from error
    started = not ray.is_initialized()
    if started:
        _connect(ray, cluster)
    try:
        yield from _stream(ray, rows, settings, cluster)
    finally:
        if started:
            ray.shutdown()


def _connect(ray: Any, cluster: Cluster) -> None:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {"env_vars": {"PYTHONPATH": os.pathsep.join(paths)}}  # a checkout is not installed
    try:
        ray.init(
            cluster.address or "local",
            runtime_env=env,
            log_to_driver=False,
            logging_level="error",
            **({} if cluster.address else {"include_dashboard": False}),
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise BackendError(f"Ray at {cluster.address or 'this machine'}: {error}") from error


def _stream(ray: Any, rows: list[Row], settings: Settings, cluster: Cluster) -> Iterator[Outcome]:
    logging.getLogger("ray").setLevel(logging.ERROR)  # what it says of itself
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    cpus = max(1, int(ray.cluster_resources().get("CPU", 1)))
    takes_cpu = not (cluster.gpus or cluster.resource)
    planners = cluster.planners or (max(1, cpus - 1) if settings.render and takes_cpu else cpus)
    items = [{"row": json.dumps(row.to_dict())} for row in rows]
    blocks = max(1, min(len(rows) // max(1, cluster.plan_batch), 10_000))
    data = ray.data.from_items(items, override_num_blocks=blocks).map_batches(
        Planner,
        fn_constructor_args=(settings,),
        batch_size=cluster.plan_batch,
        num_cpus=1,
        compute=_actors(ray, min(planners, blocks)),
    )
    if settings.render:
        wanted: dict[str, Any] = {"num_cpus": 1} if takes_cpu else {"num_cpus": 0}
        if cluster.gpus:
            wanted["num_gpus"] = cluster.gpus
        if cluster.resource:
            wanted["resources"] = {cluster.resource: 1}
        data = data.map_batches(
            Renderer,
            fn_constructor_args=(settings,),
            batch_size=1,
            compute=_actors(ray, cluster.renderers or _room(ray, cluster, cpus)),
            **wanted,
        )
    for batch in data.iter_batches(batch_size=None, prefetch_batches=0):
        for text in batch["outcome"]:
            yield _outcome(text)


def _room(ray: Any, cluster: Cluster, cpus: int) -> int:
    """Renderers that the cluster has room for."""
    has = ray.cluster_resources()
    if cluster.resource:
        return max(1, int(has.get(cluster.resource, 1)))
    return max(1, int(has.get("GPU", 1) / cluster.gpus)) if cluster.gpus else max(1, cpus - 1)


def _actors(ray: Any, most: int) -> Any:
    return ray.data.ActorPoolStrategy(min_size=1, max_size=most)


class Planner:
    """Batches of rows to batches of outcomes, both as JSON: Arrow would guess types of its own."""

    def __init__(self, settings: Settings) -> None:
        self.work = PlanRow(settings)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        rows = (Row(**json.loads(text)) for text in batch["row"])
        return {"outcome": [_text(self.work(row)) for row in rows]}


class Renderer:
    def __init__(self, settings: Settings) -> None:
        self.work = RenderRow(settings)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        return {"outcome": [_text(self.work(_outcome(text))) for text in batch["outcome"]]}


def _text(outcome: Outcome) -> str:
    return json.dumps({**outcome.to_dict(), "row": outcome.row.to_dict()})


def _outcome(text: str) -> Outcome:
    value = json.loads(text)
    kept = ("status", "stage", "error", "seconds", "memory_mb")
    return Outcome(
        Row(**value["row"]),
        found=tuple(value["found"]),
        planned=tuple(value["planned"]),
        **{name: value[name] for name in kept},
    )
