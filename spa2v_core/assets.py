"""Where the shipped files are, installed or in a checkout, and whether they are as shipped.

`assets/SHA256SUMS` lists every file of the shipped networks (`sha256sum -c` reads it too). After
training, `python -m spa2v_core.assets` writes it anew.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from .errors import AssetError
from .files import write_text

_PACKAGE = Path(__file__).resolve().parent
#: Beside the package in a checkout, inside it where it is installed.
ASSETS = next(
    (folder for folder in (_PACKAGE / "assets", _PACKAGE.parent / "assets") if folder.is_dir()),
    _PACKAGE.parent / "assets",
)
SUMS = ASSETS / "SHA256SUMS"
#: Folders of shipped networks.
NETWORKS = ("detector", "localiser", "mini", "tagger")
REMEDY = "install the app again, or check out its files anew"


def check(folder: Path) -> None:
    """Compare the files of a shipped network with their checksums; others are not looked at.

    Raises
    ------
    AssetError
        one is missing or differs, by a single bit too.
    """
    folder = folder.resolve()
    if folder.parent != ASSETS.resolve() or folder.name not in NETWORKS:
        return
    _check(folder.name)


@cache
def _check(network: str) -> None:
    """Once a process, if all is well."""
    listed = {name: digest for name, digest in _sums().items() if name.startswith(f"{network}/")}
    if not listed:
        raise AssetError(f"{SUMS.name} lists no file of {network}: {REMEDY}")
    for name, digest in listed.items():
        path = ASSETS / name
        if not path.is_file():
            raise AssetError(f"the shipped file {name} is missing: {REMEDY}")
        if sha256(path) != digest:
            raise AssetError(f"the shipped file {name} is damaged (its checksum differs): {REMEDY}")


def _sums() -> dict[str, str]:
    """Path below assets -> SHA-256."""
    try:
        lines = SUMS.read_text(encoding="ascii").splitlines()
        return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError) as error:
        raise AssetError(f"the shipped {SUMS.name} is damaged or missing: {REMEDY}") from error


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refresh() -> int:
    """Write the checksums of the networks as they are now; how many."""
    files = sorted(
        path
        for network in NETWORKS
        for path in (ASSETS / network).rglob("*")
        if path.is_file() and path.suffix != ".md"
    )
    lines = [f"{sha256(path)}  {path.relative_to(ASSETS).as_posix()}" for path in files]
    write_text(SUMS, "\n".join(lines) + "\n")
    return len(lines)


if __name__ == "__main__":
    print(f"{refresh()} checksums in {SUMS.name}")
