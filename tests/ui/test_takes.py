"""Takes: starred, compared, and all of them as one file."""

import io
import json
import zipfile
from types import SimpleNamespace

import gradio as gr
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from spa2v_core.jobs.job import Submission, Visitor
from spa2v_core.jobs.limits import Limits
from spa2v_core.jobs.perform import LAYOUT, VIDEO
from spa2v_core.jobs.service import Jobs
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.layout import io as layout_io
from ui import bundle
from ui.rendering import Rendering, Tab
from ui.service.guard import VISITOR

ANN = SimpleNamespace(headers={VISITOR: "ann"}, session_hash="s")


@pytest.fixture
def jobs(tmp_path):
    made = Jobs(tmp_path, Limits.of(False), "inline")
    yield made
    made.close()


def take(jobs, seed, owner="ann"):
    """A finished render of a visitor."""
    request = {"backend": "mini", "preset": "draft", "seed": seed}
    store = jobs.store
    job, _ = store.submit(Submission(request, str(seed), "mini", 1.0), Visitor(owner), Limits())
    store.claim("w")
    job.folder.mkdir()
    (job.folder / VIDEO).write_bytes(f"video {seed}".encode())
    layout_io.write(VideoSceneLayout(duration_s=1, caption="rain"), job.folder / LAYOUT)
    store.end(job.id, "w", "done", seconds={"denoise": 1.0})
    return job.id


def captions(view):
    return [caption for _, caption in view[1]["value"]]


def test_starred_takes_come_first_and_keep_their_number(jobs):
    rendering, ids = Rendering(jobs), [take(jobs, seed) for seed in range(3)]
    tab = Tab(shown=ids[2], takes=list(ids))
    view = rendering.star(ANN, tab)
    assert [caption.split(":")[0] for caption in captions(view)] == ["★ Take 3", "Take 1", "Take 2"]
    assert tab.takes == [ids[2], *ids[:2]]
    view = rendering.star(ANN, tab)
    assert [caption.split(":")[0] for caption in captions(view)] == ["Take 1", "Take 2", "Take 3"]


def test_a_take_is_compared_with_the_one_before_and_with_any_other(jobs):
    rendering, ids = Rendering(jobs), [take(jobs, seed) for seed in range(3)]
    tab = Tab(shown=ids[2], takes=list(ids))
    shown, *_ = rendering.compare(ANN, tab)
    other, names = shown.beside
    assert (shown.video.read_text(), other.read_text()) == ("video 1", "video 2")
    assert names == ("Take 2", "Take 3")
    rendering.choose(ANN, tab, SimpleNamespace(index=0))
    shown, *_ = rendering.look(ANN, tab)
    assert (shown.video.read_text(), shown.beside[0].read_text()) == ("video 0", "video 2")
    shown, *_ = rendering.compare(ANN, tab)
    assert shown.beside is None


def test_one_take_has_nothing_to_be_compared_with(jobs):
    only = take(jobs, 0)
    with pytest.raises(gr.Error, match="only one take"):
        Rendering(jobs).compare(ANN, Tab(shown=only, takes=[only]))


def test_all_takes_are_one_file_of_their_visitor(jobs, tmp_path):
    for seed, owner in enumerate(("ann", "bob", "ann")):
        take(jobs, seed, owner)
    client = TestClient(Starlette(routes=[bundle.route(jobs.store)]))
    answer = client.get(bundle.BUNDLE, headers={VISITOR: "ann"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        names = ["take-1.mp4", "take-1.json", "take-2.mp4", "take-2.json"]
        assert packed.namelist() == names
        assert packed.read("take-2.mp4") == b"video 2"
        assert json.loads(packed.read("take-1.json"))["caption"] == "rain"
    assert client.get(bundle.BUNDLE, headers={VISITOR: "eve"}).status_code == 404
