"""The docs say what is there: links, commands, modules; docstrings can be read by tools."""

import ast
import re
import shlex
from pathlib import Path

import pytest

from spa2v_core import __version__, cli
from spa2v_core.generation.backends.ltx.models import TRACKS_REPO
from spa2v_core.generation.registry import BACKENDS
from tests.benchmarks.structure import SHAPE, public, takes_arrays

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
PAGES += sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("assets/*/README.md")])
by_name = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def anchors(page):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def commands(page):
    """Lines of indented blocks, continuations joined, comments cut off."""
    text = page.read_text().replace("\\\n", " ")
    lines = re.findall(r"^    (.+)$", text, re.MULTILINE)
    return [line.split(" #")[0].strip() for line in lines]


def test_weights_are_got_as_the_messages_say():
    told = commands(ROOT / "docs" / "full-size.md")
    for spec in map(BACKENDS.get, BACKENDS.names()):
        if spec.download:
            assert re.search(r"--revision [0-9a-f]{40} --local-dir DIR$", spec.download)
            assert any(line.startswith(spec.download.removesuffix("DIR")) for line in told)
    assert any(f"hf download {TRACKS_REPO} " in line for line in told)


@by_name
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@by_name
def test_make_knows_the_targets(page):
    known = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", page.read_text(), re.MULTILINE))
    assert named <= known


@by_name
def test_modules_and_files_exist(page):
    text = page.read_text()
    for module in set(re.findall(r"python -m ((?:spa2v_core|tests)[\w.]*)", text)):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
    for name in set(re.findall(r"`((?:spa2v_core|tests|assets|ui|docs)/[\w./-]+\.\w+)`", text)):
        assert (ROOT / name).exists(), name


@by_name
def test_the_command_line_takes_what_is_shown(page):
    if page.name == "CONTRIBUTING.md":  # its recipes are run by test_recipes.py
        return
    for line in commands(page):
        match = re.match(r"(?:python -m spa2v_core|.*\bspa2v) (.+)", line)
        if match and "|" not in line:
            cli._parser().parse_args(shlex.split(match[1]))  # SystemExit if not


def test_the_version_stands_once():
    here = ast.parse((ROOT / "spa2v_core/__init__.py").read_text())
    assert any(isinstance(node, ast.Assign) for node in here.body)
    for name in ("pyproject.toml", "app.py", "requirements.txt"):
        assert f'"{__version__}"' not in (ROOT / name).read_text()
    assert f"## [{__version__}]" in (changes := (ROOT / "CHANGELOG.md").read_text()) or (
        "## [Unreleased]" in changes
    )


def documented():
    """(where, node, docstring) of everything public in the package and the page."""
    for path in sorted([*ROOT.glob("spa2v_core/**/*.py"), *ROOT.glob("ui/**/*.py")]):
        for node in public(ast.parse(path.read_text()).body):
            yield f"{path.relative_to(ROOT)}: {node.name}", node, ast.get_docstring(node) or ""


def test_sections_of_docstrings_are_those_of_numpydoc():
    """A name, or names, a line; what it is below, indented."""
    for where, _, text in documented():
        for title, body in re.findall(r"^(\w.*)\n-{3,}\n((?:.+\n?)*)", text, re.MULTILINE):
            assert title in ("Parameters", "Attributes", "Returns", "Yields", "Raises"), where
            lines = body.splitlines()
            heads = [line for line in lines if not line.startswith("    ")]
            assert heads and len(heads) < len(lines), where
            for head in heads:
                assert re.fullmatch(r"[\w.]+(, \w+)*( or None)?", head), f"{where}: {head}"


def test_array_functions_state_shapes():
    stated = [
        (where, SHAPE.search(text)) for where, node, text in documented() if takes_arrays(node)
    ]
    silent = [where for where, shape in stated if not shape]
    assert len(silent) < 0.15 * len(stated), "\n".join(silent)
