"""The page's own files (scripts, styles), served under names that say nothing of this machine."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

_UI = Path(__file__).resolve().parents[1]
#: Name in addresses -> folder.
FOLDERS = {"editor": _UI / "editor" / "static", "page": _UI / "static"}


def routes() -> list[Mount]:
    """For the app that serves the page."""
    return [
        Mount(f"/spa2v/{name}", StaticFiles(directory=folder)) for name, folder in FOLDERS.items()
    ]


def modules(folder: str) -> list[str]:
    """File names of the modules in a folder."""
    return sorted(path.name for path in FOLDERS[folder].glob("*.mjs"))


def script(name: str, body: str) -> str:
    """JavaScript that runs `body` with `module`, the module of a file (`page/renders.mjs`), and
    `base`, the address of its folder, and `version`, which changes with the files."""
    folder, file = name.split("/")
    return f"""
const base = `${{window.gradio_config.root.replace(/\\/$/, "")}}/spa2v/{folder}`;
const version = "{_version(FOLDERS[folder])}";
import(`${{base}}/{file}?v=${{version}}`).then((module) => {{ {body} }});
"""


def _version(folder: Path) -> str:
    """Hash of the files: a new version is fetched, an old one never mixed in."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
