"""Counts of the code's shape: python -m tests.benchmarks.structure [FOLDER of another checkout]."""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHAPE = re.compile(r"\((\.\.\.|[\w*+/ ]+|[\w.]*\(\w+\)),[^()]*\)")
#: Lines that stand in two places, to count as a repetition.
REPEATED = 6


def lengths(trees: list[ast.Module]) -> list[int]:
    """Lines of every function, sorted, without its docstring."""
    found = []
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            said = first.end_lineno - first.lineno + 1 if ast.get_docstring(node) else 0
            found.append(node.end_lineno - node.lineno + 1 - said)
    return sorted(found)


def public(body: list[ast.stmt]) -> list[ast.FunctionDef | ast.ClassDef]:
    """Classes and functions that others may use, with those of such classes."""
    found: list[ast.FunctionDef | ast.ClassDef] = []
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name[0] != "_":
            found.append(node)
            found += public(node.body) if isinstance(node, ast.ClassDef) else []
    return found


def takes_arrays(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Whether a function has arrays or tensors among what it takes and returns."""
    if isinstance(node, ast.ClassDef):
        return False
    signature = ast.unparse(node.args) + (ast.unparse(node.returns) if node.returns else "")
    return bool(re.search("ndarray|Tensor", signature))


def repetitions(texts: list[str]) -> int:
    """Runs of `REPEATED` or more equal lines (blank ones left out) that stand in two places."""
    seen = defaultdict(list)
    for index, text in enumerate(texts):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        for k in range(len(lines) - REPEATED + 1):
            seen[tuple(lines[k : k + REPEATED])].append((index, k))
    pairs = {
        (first[0], other[0], other[1] - first[1], first[1])
        for first, *others in seen.values()
        for other in others
    }
    return sum((a, b, apart, at - 1) not in pairs for a, b, apart, at in pairs)


def without_imports(text: str) -> str:
    """A module but for what it imports, which is the same wherever the same is used."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for k in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[k] = ""
    return "\n".join(lines)


def counts(root: Path) -> dict[str, str]:
    """What is counted -> its value, of the package and the page unless it says otherwise."""
    paths = sorted([*root.glob("spa2v_core/**/*.py"), *root.glob("ui/**/*.py")])
    texts = [path.read_text() for path in paths]
    tests = [path.read_text() for path in sorted(root.glob("tests/**/*.py"))]
    everything = [without_imports(text) for text in texts + tests]
    trees = [ast.parse(text) for text in texts]
    sizes, of_functions = [len(text.splitlines()) for text in texts if text], lengths(trees)
    nodes = [node for tree in trees for node in public(tree.body)]
    arrays = [ast.get_docstring(node) or "" for node in nodes if takes_arrays(node)]
    folders: dict[Path, int] = defaultdict(int)
    for path in paths:
        folders[path.parent.relative_to(root)] += path.name != "__init__.py"
    largest = max(folders, key=lambda folder: folders[folder])
    return {
        "files": f"{len(paths)}",
        "lines of a file, median": f"{statistics.median(sizes):g}",
        "functions": f"{len(of_functions)}",
        "lines of a function, median / 9 of 10 / longest": " / ".join(
            str(of_functions[round(share * (len(of_functions) - 1))]) for share in (0.5, 0.9, 1)
        ),
        "functions over 45 lines": f"{sum(length > 45 for length in of_functions)}",
        "public with a docstring": _share([ast.get_docstring(node) for node in nodes]),
        "array functions that state shapes": _share([SHAPE.search(said) for said in arrays]),
        f"repetitions of {REPEATED} lines but imports, with tests": f"{repetitions(everything)}",
        "files in the largest folder": f"{folders[largest]} ({largest})",
        "words of the README": f"{len((root / 'README.md').read_text().split())}",
    }


def _share(found: list) -> str:
    return f"{sum(map(bool, found)) / len(found):.0%}"


if __name__ == "__main__":
    for name, value in counts(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT).items():
        print(f"{name:52s} {value}")
