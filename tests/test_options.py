"""Options declared once, and registries that find what other packages bring."""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from spa2v_core.errors import InputError
from spa2v_core.options import add_flags, given, option, options_of, settle
from spa2v_core.registry import Registry

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Small:
    steps: int | None = option(None, low=1, high=100, help="denoising steps")
    memory: Literal["auto", "low"] = option("auto", help="graphics memory")
    sound: bool = option(True, help="send no sound")


@dataclass(frozen=True)
class Large(Small):
    lora: str = option("", help="50% of a style", metavar="FILE[:SCALE]", of_this_machine=True)
    scale: float = option(1.0, low=0.0, help="its scale")
    weights: Path | None = option(None, help="folder of weights")
    key: str = option("", help="a visitor's own", secret=True)


TAKERS = {"small": Small, "large": Large}


def parsed(*arguments):
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--steps", dest="taken")
    add_flags(parser, TAKERS, prefix="planner", title="options")
    return given(parser.parse_args(arguments), "planner")


def test_kinds_come_from_annotations_and_labels_from_names():
    kinds = {one.name: one.kind for one in options_of(Large)}
    assert kinds == {
        "steps": "whole",
        "memory": "choice",
        "sound": "switch",
        "lora": "text",
        "scale": "number",
        "weights": "path",
        "key": "text",
    }
    assert [one.label for one in options_of(Small)] == ["Steps", "Memory", "Sound"]


def test_flags_derive_and_only_what_is_given_is_told():
    assert parsed() == {}
    # --steps was taken by the command itself
    found = parsed("--planner-steps", "3", "--no-sound", "--memory", "low", "--weights", "here")
    assert found == {"steps": 3, "sound": False, "memory": "low", "weights": Path("here")}
    options = settle("large", Large, found, TAKERS)
    assert (options.steps, options.sound, options.lora) == (3, False, "")
    assert not any(one.flag == "--key" for one in options_of(Large) if one.on_command_line)
    with pytest.raises(argparse.ArgumentError, match="a whole number"):
        parsed("--planner-steps", "some")
    with pytest.raises(argparse.ArgumentError):
        parsed("--memory", "lots")


def test_help_says_who_takes_what():
    parser = argparse.ArgumentParser()
    add_flags(parser, TAKERS, prefix="x", title="options")
    told = parser.format_help()
    assert told.index("options:") < told.index("options (large):")
    assert "50% of a style" in told
    assert "FILE[:SCALE]" in told


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"lora": "a"}, "small takes no --lora: large does"),
        ({"colour": "red"}, "small takes no option 'colour'"),
        ({"steps": 0}, "steps must be 1 to 100, not 0"),
        ({"steps": 1.5}, "steps must be a whole number, not 1.5"),
        ({"steps": True}, "whole number"),
        ({"steps": float("nan")}, "whole number"),
        ({"sound": "no"}, "sound must be true or false"),
        ({"memory": "lots"}, "memory must be auto, low, not 'lots'"),
        ({"memory": 3}, "must be a text"),
    ],
)
def test_refusals_say_what_is_wrong(values, words):
    with pytest.raises(InputError, match=words):
        settle("small", Small, values, TAKERS)


def test_secrets_are_never_shown_and_empty_is_the_default():
    options = settle("large", Large, {"key": "sk-1", "steps": "", "lora": " "}, TAKERS)
    assert "sk-1" not in repr(options)
    assert (options.key, options.steps, options.lora) == ("sk-1", None, "")
    with pytest.raises(InputError) as caught:
        settle("large", Large, {"key": ["sk-1"]}, TAKERS)
    assert "sk-1" not in str(caught.value)
    with pytest.raises(InputError, match="0 or more, not -1"):
        settle("large", Large, {"scale": -1}, TAKERS)


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=400), st.lists(st.text())
)


@drawn(st.sampled_from([one.name for one in options_of(Large)]), ANYTHING)
def test_whatever_is_given_is_taken_or_refused_in_words(name, value):
    try:
        settle("large", Large, {name: value}, TAKERS)
    except InputError as error:
        assert str(error)


def test_a_registry_loads_what_is_asked_for_and_names_the_choices():
    plain = Registry("shape", type, "spa2v.none", {"path": "pathlib:Path", "gone": "no_such:thing"})
    assert plain.names() == ("path", "gone")
    assert plain.get("path") is Path
    with pytest.raises(InputError, match="there is no shape 'x': choose path, gone"):
        plain.get("x")
    with pytest.raises(ModuleNotFoundError):  # a built-in one that is missing is our fault
        plain.get("gone")


def test_another_packages_things_are_found_and_a_broken_one_harms_nobody(tmp_path):
    about = tmp_path / "theirs-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (about / "entry_points.txt").write_text(
        "[spa2v.shapes]\nmine = theirs:MINE\nbroken = theirs_broken:THING\npath = theirs:MINE\n"
    )
    (tmp_path / "theirs.py").write_text("MINE = 'found'")
    (tmp_path / "theirs_broken.py").write_text("raise RuntimeError('out of date')")
    code = (
        "from spa2v_core.registry import Registry\n"
        "from spa2v_core.errors import InputError\n"
        "import pathlib\n"
        "shapes = Registry('shape', object, 'spa2v.shapes', {'path': 'pathlib:Path'})\n"
        "assert shapes.names() == ('path', 'mine', 'broken')\n"
        "assert shapes.all() == {'path': pathlib.Path, 'mine': 'found'}\n"
        "try:\n    shapes.get('broken')\n"
        "except InputError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = "the shape 'broken' (theirs_broken:THING) can't be loaded: RuntimeError: out of date"
    assert told in done.stdout
