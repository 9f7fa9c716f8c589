"""The recipes of CONTRIBUTING.md as an outside package: offered and run, no line changed here."""

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CLIP = ROOT / "assets/examples/dog_and_guitar.m4a"
LAYOUT = ROOT / "assets/examples/dog_and_guitar.layout.json"
GROUPS = ("planners", "providers", "backends", "groundings", "taggers")
#: What an outside package may get wrong, each a module; every group has an entry for each.
BROKEN = {
    "broken": "raise RuntimeError('out of date')",
    "nothing": "",
    "odd": "SPEC = 'no spec'",
    "badly": (
        "from dataclasses import dataclass\n"
        "from spa2v_core.generation.base import RenderOptions\n"
        "from spa2v_core.generation.spec import BackendSpec\n"
        "from spa2v_core.options import option\n"
        "@dataclass(frozen=True)\n"
        "class Options(RenderOptions):\n    when: complex = option(0j, help='no kind of option')\n"
        "SPEC = BackendSpec('Badly', object, {}, Options)\n"
    ),
}


def blocks(language):
    text = (ROOT / "CONTRIBUTING.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def install(folder, name, entry_points):
    """As pip leaves a package behind: what importlib.metadata reads of it."""
    about = folder / f"{name}-0.1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    lines = []
    for group, points in entry_points.items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in points.items())]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """A folder on the path with the package of the recipes, and one where all is broken."""
    folder = tmp_path_factory.mktemp("site")
    (toml,) = blocks("toml")
    project = tomllib.loads(toml)["project"]
    install(folder, "spa2v_more", project["entry-points"])
    (folder / "spa2v_more").mkdir()
    for code in blocks("python"):
        (folder / re.match(r"# (spa2v_more/\w+\.py)\n", code)[1]).write_text(code)
    install(
        folder,
        "spoiled",
        {f"spa2v.{group}": {name: f"spoiled_{name}:SPEC" for name in BROKEN} for group in GROUPS},
    )
    for name, code in BROKEN.items():
        (folder / f"spoiled_{name}.py").write_text(code)
    return folder


def python(outside, *arguments, **variables):
    paths = os.pathsep.join([str(outside), str(ROOT)])
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": paths, "OMP_WAIT_POLICY": "PASSIVE"} | variables,
        capture_output=True,
        text=True,
    )


def command(outside, *arguments):
    done = python(outside, "-m", "spa2v_core", *arguments)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def server():
    """Answers every conversation with the layout of the example, and keeps what it was posted."""
    posted = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802 (http.server's name)
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(LAYOUT.read_bytes())

        def log_message(self, *_):
            pass

    served = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}", posted
    served.shutdown()
    served.server_close()


def test_the_recipes_are_all_there(outside):
    (toml,) = blocks("toml")
    groups = tomllib.loads(toml)["project"]["entry-points"]
    assert set(groups) == {f"spa2v.{group}" for group in GROUPS}
    for points in groups.values():
        for where in points.values():
            assert (outside / where.split(":")[0].replace(".", "/")).with_suffix(".py").is_file()


def test_the_planner_plans(outside, tmp_path):
    out = tmp_path / "layout.json"
    command(outside, "plan", CLIP, "--planner", "still", "--size", "0.2", "--out", out)
    objects = json.loads(out.read_text())["objects"]
    assert len(objects) == 2
    for one in objects:
        x1, _, x2, _ = one["keyframes"][0]["box"]
        assert x2 - x1 == pytest.approx(0.2, abs=1e-4)


def test_the_provider_is_asked(outside, tmp_path, server):
    url, posted = server
    out = tmp_path / "layout.json"
    asked = ["--planner", "mine", "--server", url, "--no-reuse"]
    command(outside, "plan", CLIP, *asked, "--hint", "two of them", "--out", out)
    names = {one["name"] for one in json.loads(out.read_text())["objects"]}
    assert names == {one["name"] for one in json.loads(LAYOUT.read_text())["objects"]}
    assert "two of them" in posted[0]["messages"][-1]["text"]
    assert posted[0]["schema"]["type"] == "object"


def test_the_backend_renders(outside, tmp_path):
    from spa2v_core.generation.export import read_settings

    out = tmp_path / "video.mp4"
    made = ["--audio", CLIP, "--backend", "blocks", "--ground", "40", "--fps", "0", "--out", out]
    command(outside, "render", LAYOUT, *made)
    settings = read_settings(out)
    assert (settings["backend"], settings["ground"]) == ("blocks", 40)
    refused = python(outside, "-m", "spa2v_core", "render", LAYOUT, *made[:2], *made[4:])
    assert refused.returncode == 2
    assert "mini takes no --ground: blocks does" in refused.stderr


def test_the_grounding_steers(outside, tmp_path):
    code = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from spa2v_core import pipeline\n"
        "from spa2v_core.audio.span import Span\n"
        "from spa2v_core.generation.base import Frames, RenderRequest\n"
        "from spa2v_core.layout import io\n"
        "clip = Span(Path(sys.argv[1])).read().clip\n"
        "def made(grounding):\n"
        "    asked = RenderRequest(io.read(Path(sys.argv[2])), clip, preset='draft',\n"
        "                          grounding=grounding, options={'frames': 8, 'steps': 1})\n"
        "    return next(e for e in pipeline.frames(asked) if isinstance(e, Frames)).frames\n"
        "plain, steered, again = (made(g) for g in ('instance', 'instance+louder', 'instance'))\n"
        "assert np.array_equal(plain, again), 'off is not the stock model'\n"
        "assert not np.array_equal(plain, steered), 'nothing was steered'\n"
    )
    done = python(outside, "-c", code, CLIP, LAYOUT)
    assert done.returncode == 0, done.stderr


def test_the_tagger_names(outside, tmp_path):
    out = tmp_path / "cues.json"
    command(outside, "cues", CLIP, "--tagger", "brightness", "--out", out)
    for source in json.loads(out.read_text())["sources"]:
        assert {name for name, _ in source["tags"]} == {"bird", "car"}


def test_the_page_and_the_api_offer_them(outside, tmp_path):
    code = f"""
import json, sys
from gradio_client import Client, handle_file
from ui import settings
from ui.service.serve import launch
from spa2v_core.generation.registry import BACKENDS

demo, url, jobs = launch("127.0.0.1", None, False, block=False)
def english(label):
    # it is marked for translation in the browser
    marked = str(label).startswith("__i18n__")
    return json.loads(label.removeprefix("__i18n__"))["key"] if marked else label

offered = {{}}
for one in demo.config["components"]:
    label = english(one["props"].get("label"))
    if one["props"].get("choices"):
        names = [choice[1] for choice in one["props"]["choices"]]
        offered.setdefault(label, set()).update(names)
labels = {{english(one["props"].get("label")) for one in demo.config["components"]}}
assert {{"cues", "still", "mine"}} <= offered["Planner"], offered["Planner"]
assert {{"mini", "blocks"}} <= offered["Model"], offered["Model"]
assert "louder" in offered["What puts things into boxes"], offered
assert {{"yamnet", "brightness"}} <= offered["Sounds are named by"], offered
assert {{"Size", "Server", "Ground"}} <= labels, labels
assert not {set(BROKEN)!r} & set().union(*offered.values())
shown = settings.choose_backend("blocks")
assert [name for _, name in shown[1]["choices"]] == ["default"]

client = Client(url, verbose=False)
clip = handle_file(sys.argv[1])
asked = {{"planner": "still", "tagger": "brightness", "options": {{"size": 0.2}}}}
layout = client.predict(clip, **asked, api_name="/plan")
assert {{one["name"] for one in layout["objects"]}} <= {{"bird", "car", "sound"}}, layout
asked = {{"backend": "blocks", "options": {{"ground": 40, "fps": 0}}}}
video = client.predict(layout, clip, **asked, api_name="/render")
from spa2v_core.generation.export import read_settings
from pathlib import Path
path = video["video"] if isinstance(video, dict) else video
assert read_settings(Path(path))["ground"] == 40
demo.close()
jobs.close()
"""
    done = python(outside, "-c", code, CLIP, SPA2V_HOME=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_broken_harms_nobody_and_says_why(outside, tmp_path):
    code = (
        "import sys\n"
        "from spa2v_core.cli import main\n"
        "_, clip, out, *names = sys.argv\n"
        "for flag in ('planner', 'backend', 'tagger'):\n"
        "    for name in names:\n"
        "        assert main(['run', clip, f'--{flag}', name, '--out', out]) == 2\n"
    )
    done = python(outside, "-c", code, CLIP, tmp_path / "video.mp4", *BROKEN)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert len(said) == 3 * len(BROKEN)
    told = iter(said)
    for flag in ("planner", "backend", "tagger"):
        for name in BROKEN:
            assert f"the {flag} '{name}' (spoiled_{name}:SPEC) can't be loaded: " in next(told)
