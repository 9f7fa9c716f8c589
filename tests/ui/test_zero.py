"""Renders on ZeroGPU: what is passed between the processes, and the real package's wrappers."""

import pickle
import socket
import time
from pathlib import Path

import gradio as gr
import numpy as np
import pytest

from spa2v_core import pipeline
from spa2v_core.errors import BackendError
from spa2v_core.generation.base import Frames, Notice, Preview, Progress, RenderRequest
from spa2v_core.generation.export import read_layout
from spa2v_core.jobs.store import JobStore
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.layout import io as layout_io
from tests.audio.sounds import encode, noise
from tests.serving import served
from ui.service import zero


def request(**fields):
    options = {"steps": 2, "frames": 8, "fps": 0}
    layout = VideoSceneLayout(duration_s=1, caption="a park")
    return RenderRequest(layout, noise(1, rate=16_000), **{"options": options} | fields)


def lending(made):
    """As `spaces.GPU` does, but here: `made` stands for what happens in the other process."""

    def lend(duration):
        def decorate(function):
            def call(request):
                assert duration(request) == zero.FIRST_S
                yield from made(function, request)

            return call

        return decorate

    return lend


def last(render, tmp_path):
    return list(render(request(), tmp_path / "v.mp4"))[-1]


@pytest.fixture
def store(tmp_path):
    opened = JobStore(tmp_path / "home")
    yield opened
    opened.close()


def test_frames_come_back_and_become_a_video(store, tmp_path):
    grey = np.full((8, 160, 256, 3), 99, np.uint8)

    def made(function, request):
        yield Progress("denoise", 1, 2, 1.0)
        yield Frames(grey)

    done = last(zero.renderer(store, lending(made)), tmp_path)
    assert isinstance(done, pipeline.Rendered)
    assert read_layout(done.path).caption == "a park"


def test_an_error_keeps_its_text_on_the_way(store, tmp_path, monkeypatch):
    def refuses(request):
        raise BackendError("the weights are gone: fetch them")
        yield

    monkeypatch.setattr(pipeline, "frames", refuses)

    def made(function, request):
        for event in function(request):
            yield pickle.loads(pickle.dumps(event))

    with pytest.raises(BackendError, match="the weights are gone: fetch them"):
        last(zero.renderer(store, lending(made)), tmp_path)


def test_a_card_that_is_taken_back_is_one_line(store, tmp_path):
    def made(function, request):
        raise gr.Error("GPU task aborted")
        yield

    with pytest.raises(BackendError, match=r"quota is used up.*\(GPU task aborted\)"):
        last(zero.renderer(store, lending(made)), tmp_path)


def test_what_passes_between_the_processes_can_be_pickled():
    picture = np.zeros((160, 256, 3), np.uint8)
    values = [request(), Progress("load", 0, 1), Preview(1, picture), Notice("x"), Frames(picture)]
    for value in [*values, zero.Failed("x"), zero.lent_frames]:
        assert type(pickle.loads(pickle.dumps(value))) is type(value)


def test_time_is_asked_for_by_what_was_measured(store):
    assert zero.seconds_for(store, request()) == zero.FIRST_S
    store._db.change("insert into pace values ('mini+instance', 1.5, 10)")
    assert zero.seconds_for(store, request()) == 51  # 1.5 x (10 + 1.5 x 2 steps x 8 frames / ..)
    store._db.change("update pace set unit_s = 0, fixed_s = 1")
    assert zero.seconds_for(store, request()) == zero.LEAST_S
    store._db.change("update pace set fixed_s = 1000")
    assert zero.seconds_for(store, request()) == zero.MOST_S


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """Address of the app with the real package; the device API beside it lends a pretended card."""
    pytest.importorskip("spaces", reason="the package of ZeroGPU Spaces is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with served(
        tmp_path_factory.mktemp("home"),
        *("-m", "tests.ui.zero_app", str(port)),
        SPACES_ZERO_GPU="true",
        SPACES_ZERO_DEVICE_API_URL=f"http://127.0.0.1:{port}",
    ) as (url, _, lines):
        assert "in the parent: cuda cuda:0" in "".join(lines)
        yield url


def test_the_real_package_renders_fails_with_a_text_and_stops(space, tmp_path):
    from gradio_client import Client, handle_file

    client = Client(space, verbose=False)
    sound = handle_file(str(encode(noise(1, rate=16_000), tmp_path / "clip.wav")))
    layout = layout_io.to_dict(VideoSceneLayout(duration_s=1, caption="a park"))
    options = {"frames": 8, "fps": 0}

    def render(**more):
        return client.submit(
            layout=layout, audio=sound, api_name="/render", **{"options": options} | more
        )

    assert Path(render(preset="draft").result(120)).stat().st_size > 1000
    with pytest.raises(Exception, match="not complete in nowhere"):
        render(options={"weights": "/nowhere"}).result(120)
    long = render(options={**options, "steps": 100})
    time.sleep(3)
    long.cancel()
    assert Path(render(preset="draft", seed=1).result(120)).stat().st_size > 1000
