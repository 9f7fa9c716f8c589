"""What each kind of case does: an input of its own by its seed, and what must become of it.

A case ends well if its input is read, or refused by an error that is made for users.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from spa2v_core import pipeline
from spa2v_core.audio.io import read_audio, read_span, survey_audio
from spa2v_core.audio.reading.choices import CHANNELS
from spa2v_core.audio.span import Span
from spa2v_core.errors import Spa2vError
from spa2v_core.generation.conditioning import frame_conditions
from spa2v_core.generation.export import read_layout, read_settings, write_video
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.layout import io as layout_io
from spa2v_core.planning.reply import read_reply
from tests.audio.sounds import CODECS, encode, noise
from tests.layout.test_annotated import coco, cvat, cvat_box

from .mutate import NASTY, changed, damaged, text_of

#: Formats besides those of `CODECS`: suffix, codec and samples of a frame.
MORE_CODECS = (
    (".mkv", "ac3", 1536),
    (".avi", "pcm_s16le", 1024),
    (".aiff", "pcm_s16be", 1024),
    (".caf", "alac", 4096),
    (".wma", "wmav2", 2048),
    (".ts", "mp2", 1152),
    (".wv", "wavpack", 4096),
    (".au", "pcm_mulaw", 1024),
    (".tta", "tta", 4096),
)
#: Cases in which the whole analysis is run as well, of those whose file is read.
ANALYSED = 0.02
#: API cases that plan; the others ask for a render.
PLANNED = 0.3


def audio(rng: random.Random) -> None:
    """A damaged recording."""
    suffix = rng.choice(list(recordings()))
    data = damaged(recordings()[suffix], rng, list(recordings().values()))
    with _file(data, suffix) as path:
        choice = rng.choice((*["auto"] * 4, *CHANNELS))
        way = rng.randrange(4)
        if way == 0:
            survey_audio(path, channels=choice)
        elif way == 1:
            read_audio(path, channels=choice)
        elif way == 2:
            start = rng.choice((0, 0.2, 1.0, 1e5))
            read_span(path, start, rng.choice((0.25, 1.0, 10)), channels=choice)
        else:
            clip, *_ = read_span(path, channels=choice)
            assert clip.channels in (1, 2)
            assert np.isfinite(clip.samples).all()
            assert 0.25 <= clip.duration_s <= 10.01
            if rng.random() < ANALYSED:
                pipeline.plan(pipeline.analyse(Span(path, channels=choice)))


def layouts(rng: random.Random) -> None:
    """A damaged layout, in each of the forms that are read."""
    text: str | bytes = text_of(changed(rng.choice(forms()), rng), rng)
    if rng.random() < 0.2:
        text = rng.choice((cvat_text(), text))
    if rng.random() < 0.4:
        whole = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        text = damaged(whole, rng, [whole, b"\xff\xfe", b"[" * 5000])
    layout = layout_io.loads(text)
    assert layout_io.loads(layout_io.dumps(layout)) == layout
    layout_io.to_dense(layout)
    frame_conditions(layout, 16)


def replies(rng: random.Random) -> None:
    """A model's damaged reply."""
    text = text_of(changed(rng.choice(forms()[:2]), rng), rng)
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(text) + 1)
        extra = rng.choice(("\n" * 3000, "// a", "```json", ",", "{", "[" * 3000, '"', "}", "NaN"))
        text = text[:at] + extra + text[at + rng.choice((0, 1, 50)) :]
    reply = read_reply(text, frame_count=16, duration_s=2.0)
    assert reply.layout.frame_count == 16


def videos(rng: random.Random) -> None:
    """A damaged export: what it carries is read, or there is none."""
    with _file(damaged(exported(), rng, [exported(), b"{", b"\xe9" * 300]), ".mp4") as path:
        assert isinstance(read_settings(path), dict)
        read_layout(path)


def api(rng: random.Random) -> None:
    """Parameters of the API that are wrong in kind or value."""
    from ui.api.endpoints import render_request
    from ui.planning import plan_layout

    given: dict[str, Any] = {
        "layout": layout_io.to_dict(small_layout()),
        "audio": str(recording_file()),
        "backend": "mini",
        "preset": "draft",
        "seed": 0,
        "channels": "auto",
        "start": None,
        "duration": None,
        "captions": "mix",
        "grounding": "default",
        "options": {"steps": 2, "frames": 16},
    }
    for _ in range(rng.randint(1, 3)):
        name = rng.choice(list(given))
        if isinstance(given[name], dict) and rng.random() < 0.7:
            given[name] = changed(given[name], rng)
        else:
            given[name] = rng.choice(NASTY)
    if rng.random() < PLANNED:
        for name in ("layout", "backend", "preset", "captions", "grounding", "options"):
            del given[name]
        more = ("planner", "objects", "tagger", "width", "change", "current", "options")
        given[rng.choice(more)] = rng.choice(NASTY)
        plan_layout.__wrapped__(None, **given)  # as Gradio calls it, by name
    else:
        render_request(**given)


KINDS: dict[str, Callable[[random.Random], None]] = {
    "audio": audio,
    "layouts": layouts,
    "replies": replies,
    "videos": videos,
    "api": api,
}


def run(kind: str, seed: int) -> str:
    """ "read" or "refused"; anything else is raised."""
    try:
        KINDS[kind](random.Random(f"{kind} {seed}"))
    except Spa2vError:
        return "refused"
    except Exception as error:
        if type(error).__module__.startswith("gradio"):  # a toast
            return "refused"
        raise
    return "read"


@cache
def recordings() -> dict[str, bytes]:
    """Suffix -> a small recording."""
    with tempfile.TemporaryDirectory() as folder:
        made = {
            suffix: encode(noise(0.7, right=0.4), Path(folder, f"a{suffix}")).read_bytes()
            for suffix in CODECS
        }
        for suffix, codec, size in MORE_CODECS:
            path = Path(folder, f"b{suffix}")
            with av.open(str(path), "w") as out:
                stream = out.add_stream(codec, rate=44_100, layout="stereo", bit_rate=128_000)
                frame = av.AudioFrame.from_ndarray(noise(0.7).samples, "fltp", "stereo")
                frame.rate, frame.pts = 44_100, 0
                resampler = av.AudioResampler(stream.codec_context.format, "stereo", 44_100, size)
                for piece in [*resampler.resample(frame), *resampler.resample(None)]:
                    out.mux(stream.encode(piece))
                out.mux(stream.encode(None))
            made[suffix] = path.read_bytes()
    made["many.wav"] = made[".wav"][:22] + b"\x08\0" + made[".wav"][24:]
    return made


@cache
def small_layout() -> VideoSceneLayout:
    keyframes = [{"frame": k, "box": [0.05 * k, 0.4, 0.05 * k + 0.2, 0.7]} for k in (0, 9, 15)]
    tracks = [
        {"id": k, "name": name, "start": 0, "end": 15, "keyframes": keyframes}
        for k, name in enumerate(("car", "dog"))
    ]
    return VideoSceneLayout(duration_s=0.7, caption="a road", objects=tracks)


@cache
def forms() -> list[Any]:
    layout = small_layout()
    return [layout_io.to_dict(layout), layout_io.to_dense(layout), coco()]


@cache
def cvat_text() -> str:
    return cvat([("car", [cvat_box(k, 32 * k) for k in range(16)])])


@cache
def exported() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "v.mp4")
        frames = np.zeros((8, 16, 32, 3), np.uint8)
        write_video(frames, noise(0.7), path, small_layout(), settings={"backend": "mini"})
        return path.read_bytes()


@cache
def recording_file() -> Path:
    path = Path(tempfile.mkdtemp(), "a.wav")
    path.write_bytes(recordings()[".wav"])
    return path


class _file:  # noqa: N801 (used as a function)
    """A temporary file of some bytes."""

    def __init__(self, data: bytes, suffix: str) -> None:
        self.data, self.suffix = data, suffix

    def __enter__(self) -> Path:
        with tempfile.NamedTemporaryFile(suffix=self.suffix, delete=False) as file:
            file.write(self.data)
        self.path = Path(file.name)
        return self.path

    def __exit__(self, *_: object) -> None:
        self.path.unlink()


def prepare() -> None:
    """What is made once: no case is charged for it."""
    recordings(), forms(), exported(), cvat_text(), recording_file()
    for kind in KINDS:
        run(kind, 0)
    pipeline.plan(pipeline.analyse(recording_file()))
    json.dumps({})
