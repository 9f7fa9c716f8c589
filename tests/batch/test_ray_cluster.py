"""A batch on a Ray cluster of three nodes on this machine, one of which is killed."""

import threading

import pytest

from spa2v_core.batch.on_ray import Cluster, on_ray
from spa2v_core.batch.rows import Row
from spa2v_core.batch.work import Settings
from tests.audio.sounds import encode, noise

ray = pytest.importorskip("ray")


@pytest.fixture
def cluster():
    from ray.cluster_utils import Cluster as Nodes

    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 1})
    yield nodes
    ray.shutdown()
    nodes.shutdown()


@pytest.mark.timeout(600)
def test_a_batch_ends_complete_though_a_node_is_killed(cluster, tmp_path):
    lost = cluster.add_node(num_cpus=1)
    cluster.add_node(num_cpus=1)
    ray.init(cluster.address, log_to_driver=False, logging_level="error")
    rows = []
    for k in range(12):
        clip = encode(noise(0.4, left=0.1 + 0.05 * k), tmp_path / f"{k:02d}.wav")
        rows.append(Row(f"{k:02d}", str(clip)))
    out = tmp_path / "out"
    settings = Settings(str(out), render=False)
    ended = []
    for outcome in on_ray(rows, settings, Cluster(planners=3, plan_batch=1)):
        ended.append(outcome)
        if len(ended) == 2:
            threading.Thread(target=cluster.remove_node, args=(lost, False)).start()
    assert sorted(one.row.name for one in ended) == [row.name for row in rows]
    assert {one.status for one in ended} == {"done"}
    assert len(list(out.glob("*.layout.json"))) == len(rows)
