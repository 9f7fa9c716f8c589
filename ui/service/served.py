"""The page's own files (scripts, styles), served under names that say nothing of this machine."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

_UI = Path(__file__).resolve().parents[1]
#: Name in addresses -> folder.
FOLDERS = {"editor": _UI / "editor" / "static", "page": _UI / "static"}


class _Kept(StaticFiles):
    """Files that a browser never asks for again: other files have another address."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def routes() -> list[Mount]:
    """For the app that serves the page."""
    return [Mount(address(name), _Kept(directory=folder)) for name, folder in FOLDERS.items()]


def address(name: str) -> str:
    """Where a folder is served: beside the others, below a hash of all files, so that a module of a
    new version never imports one of an old version that a browser has kept."""
    return f"/spa2v/{_version()}/{name}"


def modules(folder: str) -> list[str]:
    """File names of the modules in a folder."""
    return sorted(path.name for path in FOLDERS[folder].glob("*.mjs"))


def script(name: str, body: str) -> str:
    """JavaScript that runs `body` with `module`, the module of a file (`page/renders.mjs`), and
    `base`, the address of its folder."""
    folder, file = name.split("/")
    return f"""
const base = `${{window.gradio_config.root.replace(/\\/$/, "")}}{address(folder)}`;
import(`${{base}}/{file}`).then((module) => {{ {body} }});
"""


@cache
def _version() -> str:
    digest = hashlib.sha256()
    for folder in FOLDERS.values():
        for path in sorted(folder.iterdir()):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
