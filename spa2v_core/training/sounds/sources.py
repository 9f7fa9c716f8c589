"""Dry sounds by class: recordings from Debian packages and GitHub repositories, soundfont
instruments, synthesis.

`sounds.tsv.gz` lists every recording with its package, licence and use: "train" where the licence
is MIT, BSD, public domain, CC0, CC-BY or CC-BY-SA, else "held" (only ever measured on). Packages
are fetched with apt and repositories ("github:owner/name@commit") with git when this runs; nothing
of them is kept in the project.
"""

from __future__ import annotations

import csv
import gzip
import os
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from ...audio.features import RATE
from ...audio.io import read_audio
from ...audio.signals import resample
from ...errors import InputError
from ...simulation import synthesis
from ...simulation.voices import VOICES
from ...vocabulary import THINGS
from . import instruments, sampled
from .containers import unpack

CATALOGUE = Path(__file__).with_name("sounds.tsv.gz")
OTHER = "other"
MIRRORS = "SPA2V_MIRRORS"
#: (package, soundfont, held out). The fonts that are trained on share some samples; the held-out
#: one shares none with them.
SOUNDFONTS = (
    ("fluid-soundfont-gm", "FluidR3_GM.sf2", False),
    ("musescore-general-soundfont-small", "MuseScore_General_Lite.sf3", False),
    ("opl3-soundfont", "OPL-3_FM_128M.sf2", False),
    ("timgm6mb-soundfont", "TimGM6mb.sf2", True),
)
EFFECT_FONTS = ("fluid-soundfont-gm", "fluid-soundfont-gs")
#: Synthesised takes a class, their length, and the most that is kept of a recording.
TAKES, TAKE_S, LONGEST_S = 48, 6.0, 12.0
PHRASE_S = 48.0


@dataclass
class DrySounds:
    """Mono sounds at `features.RATE`.

    Attributes
    ----------
    names
        class names, in the vocabulary's order.
    samples
        (n,) int16, all sounds in a row.
    label
        (S,) index into names, -1 for other things.
    source
        (S,) package, soundfont or "synth".
    held
        (S,) whether it is held out.
    first, length
        (S,) where it is in samples.
    """

    names: list[str]
    samples: np.ndarray
    label: np.ndarray
    source: np.ndarray
    held: np.ndarray
    first: np.ndarray
    length: np.ndarray

    @classmethod
    def load(cls, path: Path) -> DrySounds:
        with np.load(path) as data:
            values = {field.name: data[field.name] for field in fields(cls)}
        return cls(**{**values, "names": values["names"].tolist()})

    def sound(self, row: int) -> np.ndarray:
        """(n,) float32 at unit RMS."""
        part = self.samples[self.first[row] : self.first[row] + self.length[row]]
        return synthesis.unit(part.astype(np.float32)).astype(np.float32)


@dataclass(frozen=True)
class _Dry:
    name: str
    source: str
    held: bool
    samples: np.ndarray


def pack_sounds(work: Path, seed: int = 0, held_only: bool = False) -> Path:
    """Fetch, render and synthesise everything into `work`/dry.npz.

    held_only: only what is held out, into `work`/held.npz: enough to measure, and far less to
    fetch.
    """
    packages = work / "packages"
    sounds = [*_recordings(packages, held_only), *_soundfonts(packages, seed, held_only)]
    if not held_only:
        sounds += [*_sampled(packages, seed), *_synthesised(seed)]
    known = {sound.name for sound in sounds}
    names = [thing.name for thing in THINGS if thing.name in known]
    lengths = np.array([len(sound.samples) for sound in sounds])
    pack = DrySounds(
        names=names,
        samples=np.concatenate([sound.samples for sound in sounds]),
        label=np.array([-1 if s.name == OTHER else names.index(s.name) for s in sounds]),
        source=np.array([sound.source for sound in sounds]),
        held=np.array([sound.held for sound in sounds]),
        first=np.concatenate([[0], lengths.cumsum()[:-1]]),
        length=lengths,
    )
    path = work / ("held.npz" if held_only else "dry.npz")
    np.savez(path, **vars(pack))
    print(f"{len(sounds)} sounds of {len(names)} classes, {lengths.sum() / RATE / 60:.0f} minutes")
    return path


def fetch_source(package: str, paths: list[str], packages: Path) -> Path:
    """Folder with these files of a Debian package or of a repository, fetched once."""
    if package.startswith("github:"):
        return fetch_repository(package.removeprefix("github:"), paths, packages)
    return fetch_package(package, packages)


def fetch_repository(pinned: str, paths: list[str], packages: Path) -> Path:
    """Folder with these files of a GitHub repository at a commit ("owner/name@commit").

    `MIRRORS` names a folder of bare clones ("owner+name/repo") to be used instead of the network.
    """
    name, commit = pinned.split("@")
    folder = packages / name.replace("/", "+")
    if folder.exists():
        return folder
    mirror = Path(os.environ.get(MIRRORS, "")) / name.replace("/", "+") / "repo"
    bare = packages / f"{folder.name}.git"
    if os.environ.get(MIRRORS):
        bare = mirror
    elif not bare.exists():
        clone = ["git", "clone", "-q", "--bare", "--filter=blob:none"]
        subprocess.run([*clone, f"https://github.com/{name}.git", str(bare)], check=True)
    part = packages / f"{folder.name}.part"
    for path in paths:
        made = subprocess.run(
            ["git", f"--git-dir={bare}", "show", f"{commit}:{path}"],
            check=True,
            capture_output=True,
        )
        (part / path).parent.mkdir(parents=True, exist_ok=True)
        (part / path).write_bytes(made.stdout)
    part.rename(folder)
    return folder


def fetch_package(package: str, packages: Path) -> Path:
    """Folder with the sounds of a Debian package, fetched once."""
    folder = packages / package
    if folder.exists():
        return folder
    if shutil.which("apt-get") is None:
        raise InputError(f"{package} comes from Debian: run this where apt-get is")
    packages.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", "-q", package], cwd=packages, check=True)
    (archive,) = packages.glob(f"{package}_*.deb")
    part = packages / f"{package}.part"
    shutil.rmtree(part, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", str(archive), str(part)], check=True)
    archive.unlink()
    for container in [p for p in part.rglob("*") if p.suffix in (".rcc", ".cat", ".zip")]:
        unpack(container, part / "_unpacked" / container.stem)
    part.rename(folder)
    return folder


def catalogue() -> list[dict[str, str]]:
    """Every recording: its class, package, path, licence, and use ("train" or "held")."""
    with gzip.open(CATALOGUE, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def located(rows: list[dict[str, str]], packages: Path) -> Iterator[tuple[dict[str, str], Path]]:
    """Each row of the catalogue with its file, fetched where it is not in `packages` yet."""
    files: dict[str, list[str]] = defaultdict(list)
    for row in catalogue():  # a package is fetched once, with all that anyone may want of it
        files[row["package"]].append(row["path"])
    for row in rows:
        folder = fetch_source(row["package"], files[row["package"]], packages)
        yield row, folder / row["path"]


def _recordings(packages: Path, held_only: bool) -> list[_Dry]:
    """Recordings of the catalogue; a held one only if its package is not trained on for that
    class, or it would not be held out."""
    rows = catalogue()
    trained = {(row["class"], row["package"]) for row in rows if row["use"] == "train"}

    def wanted(row: dict[str, str]) -> bool:
        if row["use"] == "held":
            return (row["class"], row["package"]) not in trained
        return not held_only

    found: list[_Dry] = []
    for row, path in located([row for row in rows if wanted(row)], packages):
        clip = read_audio(path, min_seconds=0.02)
        mono = resample(clip.samples.mean(0), clip.rate, RATE)
        found.append(_dry(row["class"], row["package"].split("@")[0], row["use"] == "held", mono))
    return found


def _soundfonts(packages: Path, seed: int, held_only: bool) -> list[_Dry]:
    """Phrases of every General MIDI instrument, cut into takes, and the effects."""
    jobs: list[tuple] = []
    for package, file, held in SOUNDFONTS:
        if held_only and not held:
            continue
        (font,) = fetch_package(package, packages).rglob(file)
        for name, (programs, _, _) in instruments.PROGRAMS.items():
            for program in programs:
                tune = _tune(name, (seed, len(jobs)))
                jobs.append((name, package, held, program, tune, PHRASE_S, font, 0))
    for package in () if held_only else EFFECT_FONTS:
        (font,) = fetch_package(package, packages).rglob("*.sf2")
        for name, effects in instruments.EFFECTS.items():
            jobs += [
                (name, package, False, program, [(0.0, 60, 4.0, 100)], 5.0, font, bank)
                for bank, program in effects
                if (bank > 0) == package.endswith("gs")
            ]
    with ThreadPoolExecutor(2) as threads:
        return [dry for found in threads.map(_played, jobs) for dry in found]


def _tune(name: str, seed: tuple[int, ...]) -> list[instruments.Note]:
    rng = np.random.default_rng(seed)
    return instruments.medley(name, round(PHRASE_S / TAKE_S), TAKE_S, rng)


def _played(job: tuple) -> list[_Dry]:
    name, package, held, program, tune, seconds, font, bank = job
    sound = instruments.play(program, tune, seconds, RATE, soundfont=font, bank=bank)
    pieces = np.split(sound, max(1, round(seconds / TAKE_S)))
    return [_dry(name, package, held, piece) for piece in pieces if np.abs(piece).max() > 1e-4]


def _sampled(packages: Path, seed: int) -> list[_Dry]:
    """Phrases of real instruments, cut into takes."""
    found: list[_Dry] = []
    for name, members in sampled.PACKAGES.items():
        for member in members:
            notes = sampled.read_notes(sampled.fetch_samples(member, packages), RATE)
            tune = _tune(name, (seed, 7, len(found)))
            sound = sampled.play_notes(notes, tune, PHRASE_S, RATE)
            found += [
                _dry(name, "tonejs-instruments", False, piece)
                for piece in np.split(sound, round(PHRASE_S / TAKE_S))
                if np.abs(piece).max() > 1e-4
            ]
    return found


def _synthesised(seed: int) -> list[_Dry]:
    makers = defaultdict(list)
    for name, synth in (*synthesis.SYNTHS.items(), *VOICES.items()):
        makers[name].append(synth)
    jobs = [
        (name, makers[name][take % len(makers[name])], (seed, index, take))
        for index, name in enumerate(makers)
        for take in range(TAKES)
    ]
    with ProcessPoolExecutor(2) as workers:
        takes = list(workers.map(_take, jobs, chunksize=16))
    return [_dry(job[0], "synth", False, take) for job, take in zip(jobs, takes, strict=True)]


def _take(job: tuple) -> np.ndarray:
    _, synth, seed = job
    return resample(
        synth(TAKE_S, np.random.default_rng(seed)).astype(np.float32), synthesis.RATE, RATE
    )


def _dry(name: str, source: str, held: bool, mono: np.ndarray) -> _Dry:
    """At most `LONGEST_S`, without the silence around it, as int16 at full scale."""
    mono = mono - mono.mean()
    peak = float(np.abs(mono).max())
    loud = np.flatnonzero(np.abs(mono) > 0.01 * peak)
    mono = mono[loud[0] : loud[-1] + 1][: round(LONGEST_S * RATE)]
    return _Dry(name, source, held, np.round(mono / peak * 32_000).astype(np.int16))
