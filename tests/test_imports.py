"""The design's import direction holds, and heavy packages stay where they belong."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BASE = {
    "errors",
    "assets",
    "files",
    "units",
    "vocabulary",
    "audioset",
    "hub",
    "options",
    "registry",
    "storage",
    "threads",
}
#: Part of spa2v_core -> the parts that it may import.
ALLOWED = {
    **{name: set() for name in BASE},
    **{name: {"errors"} for name in ("files", "hub", "options", "registry")},
    "assets": {"errors", "files"},
    "storage": {"errors", "files"},
    "layout": BASE,
    "audio": BASE | {"layout"},
    "simulation": BASE | {"layout", "audio"},
    "planning": BASE | {"layout", "audio"},
    "generation": BASE | {"layout", "audio"},
    "metrics": BASE | {"layout", "audio"},
    "jobs": BASE | {"layout", "audio", "generation", "pipeline"},
    "batch": BASE | {"layout", "audio", "planning", "generation", "pipeline"},
    "pipeline": BASE | {"layout", "audio", "planning", "generation", "metrics"},
}
TOP = {*ALLOWED, "evaluation", "training", "commands", "cli", "__main__", "__init__"}


def part_of(module: str) -> str:
    names = module.split(".")
    return names[1] if len(names) > 1 else "__init__"


def run_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from run_nodes(node)


def imports(path: Path) -> set[str]:
    """Absolute names of all modules that a file imports, at any depth of the code, but for what
    only a type checker reads."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found: set[str] = set()
    for node in run_nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            found.add(module)
            found.update(f"{module}.{alias.name}" for alias in node.names)
    return found


FILES = sorted([*ROOT.glob("spa2v_core/**/*.py"), *ROOT.glob("ui/**/*.py"), ROOT / "app.py"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path):
    names = imports(path)
    inside = path.relative_to(ROOT).parts[0]
    if inside == "spa2v_core":
        part = path.relative_to(ROOT / "spa2v_core").with_suffix("").parts[0]
        assert part in TOP, f"{part} is not in the design"
        used = {part_of(n) for n in names if n.startswith("spa2v_core.")} & TOP
        if part in ALLOWED:
            assert used <= ALLOWED[part] | {part, "__init__"}
        assert not any(n == "ui" or n.startswith("ui.") for n in names)
        assert not any(n.split(".")[0] in ("gradio", "plotly") for n in names)
    if inside == "ui":
        assert not any(n.split(".")[0] in ("torch", "diffusers", "transformers") for n in names)


def graph() -> dict[str, set[str]]:
    """Module -> the modules of ours that it imports, at any depth of its code."""
    named = {}
    for path in FILES:
        parts = path.relative_to(ROOT).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {name: (imports(path) & named.keys()) - {name} for name, path in named.items()}


def test_no_modules_import_each_other_in_a_circle():
    arrows = graph()
    while leaves := [name for name, used in arrows.items() if not used & arrows.keys()]:
        for name in leaves:
            del arrows[name]
    tied = {name for name in arrows if any(name in used for used in arrows.values())}
    assert not tied, f"each of these imports another of them: {sorted(tied)}"


def test_planning_and_the_page_need_nothing_that_takes_long_to_import(tmp_path):
    code = (
        "import sys; from spa2v_core import cli; import ui.build; "
        f"cli.main(['plan', 'assets/examples/car_crossing.m4a', '--out', r'{tmp_path}/l.json']);"
        "bad = {'torch', 'diffusers', 'transformers', 'scipy.signal'} & set(sys.modules);"
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_entry_point_is_short():
    assert len((ROOT / "app.py").read_text().splitlines()) < 40
