"""The folder to push to a Hugging Face Space: `python -m ui.service.space [--hardware zero]`.

The same code runs on both: on CPU basic the mini renders in a worker, on ZeroGPU the full size too,
in the visitor's own call (`zero.py`).
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

from spa2v_core import hub
from spa2v_core.errors import InputError, Spa2vError

ROOT = Path(__file__).resolve().parents[2]
#: What a Space needs of the repository.
WANTED = ("app.py", "spa2v_core", "ui", "assets", "LICENSE", "README.md", "requirements.txt")
UNWANTED = (":!spa2v_core/training", ":!assets/detector")
#: Files from here on have to be in large file storage.
LARGE_BYTES = 10_000_000
#: Models that a ZeroGPU Space has in its cache when it starts.
PRELOADED = ("sd15", "motion", "gligen")
_ZERO = {"suggested_hardware": "zero-a10g", "python_version": '"3.12.12"'}


def build(out: Path, hardware: str) -> None:
    """Make the folder; what was in it is removed.

    Raises
    ------
    InputError
        it is not a checkout, or `out` holds something else.
    """
    if out.exists() and any(out.iterdir()) and not (out / "app.py").exists():
        raise InputError(f"{out} holds something else: name another folder")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *WANTED, *UNWANTED], cwd=ROOT, capture_output=True
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    if not names:
        raise InputError("a Space is built from a checkout of the repository (with git)")
    shutil.rmtree(out, ignore_errors=True)
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, out / name)
    large = [name for name in names if (out / name).stat().st_size >= LARGE_BYTES]
    lines = [f"{name} filter=lfs diff=lfs merge=lfs -text\n" for name in large]
    (out / ".gitattributes").write_text("".join(lines), encoding="utf-8")
    if hardware == "zero":
        readme = out / "README.md"
        readme.write_text(zero_header(readme.read_text("utf-8")), encoding="utf-8")
        (out / "requirements.txt").write_text(zero_requirements(), encoding="utf-8")


def zero_header(text: str) -> str:
    """A README whose header asks for ZeroGPU and for the weights in its cache."""
    for name, value in _ZERO.items():
        text = re.sub(rf"^{name}: .*$", f"{name}: {value}", text, count=1, flags=re.MULTILINE)
    lines = ["preload_from_hub:"]
    for key in PRELOADED:
        model = hub.MODELS[key]
        files = ",".join(file.path for file in model.files)
        lines.append(f"  - {model.repo} {files} {model.revision}")
    return text.replace("\n---\n", "\n" + "\n".join(lines) + "\n---\n", 1)


def zero_requirements() -> str:
    """What the app needs, with the torch that ZeroGPU has, `spaces` and the full size's extras."""
    wanted: dict[str, str] = {}
    for name in ("requirements", "requirements-animatediff", "requirements-zerogpu"):
        for line in (ROOT / f"{name}.txt").read_text("utf-8").splitlines():
            if line and not line.startswith(("#", "-r")):
                wanted[re.split(r"[\[<>=]", line)[0]] = line
    return "".join(f"{line}\n" for line in wanted.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hardware", choices=("cpu", "zero"), default="cpu")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "space", metavar="DIR")
    options = parser.parse_args()
    try:
        build(options.out, options.hardware)
    except Spa2vError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    print(f"{options.out} can be pushed to a Space ({options.hardware})")


if __name__ == "__main__":
    main()
