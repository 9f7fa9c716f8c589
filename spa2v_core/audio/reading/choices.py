"""What the channels of a file are: by its own words, or as the user says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import InputError

#: Choice -> what a person reads about it.
CHANNELS = {
    "auto": "mono or stereo; what is wrong with it is noticed",
    "plain": "mono or stereo, taken as it is",
    "swap": "left and right exchanged",
    "left": "the first channel alone",
    "right": "the second channel alone",
    "inverted": "stereo with the second channel's polarity turned",
    "mid-side": "middle and side",
    "front": "surround: Lo/Ro, or the first two of more",
    "foa": "first-order ambisonics (ACN, SN3D: ambiX)",
    "fuma": "first-order ambisonics (FuMa)",
    "n3d": "first-order ambisonics (ACN, N3D)",
}
#: Choices with which faults between the channels are looked for and undone.
MENDED = ("auto", "swap")
#: (X^2 + Y^2 + Z^2) / W^2 of any sound field in each normalisation (Chapman et al., 2009): plane
#: waves and diffuse fields alike.
AMBISONICS = {"foa": 1.0, "fuma": 2.0, "n3d": 3.0}
#: Gain of the centre and the surrounds in Lo/Ro (ITU-R BS.775-3, table 2).
LO_RO = {
    "FL": (1.0, 0.0),
    "FR": (0.0, 1.0),
    "FC": (0.7071, 0.7071),
    "BL": (0.7071, 0.0),
    "SL": (0.7071, 0.0),
    "BR": (0.0, 0.7071),
    "SR": (0.0, 0.7071),
    "BC": (0.5, 0.5),
}


class ChannelsError(InputError):
    """The channels of a recording have to be explained, or are not what was said."""


def check_choice(choice: str, count: int, name: str) -> None:
    """ChannelsError if so many channels can't be what the user says, or need to be explained."""
    if choice not in CHANNELS:
        raise InputError(f"there is no channel choice '{choice}': {', '.join(CHANNELS)}")
    if choice in AMBISONICS:
        if count != 4:
            raise ChannelsError(
                f"{name} has {count} channels, first-order ambisonics has 4: choose auto or front"
            )
    elif count > 2 and choice not in ("front", "left", "right"):
        ambisonics = (
            "foa if they are first-order ambisonics (or fuma, n3d), or " if count == 4 else ""
        )
        raise ChannelsError(
            f"{name} has {count} channels: say what they are with the channels option: "
            f"{ambisonics}front to take the first two (of 5.1 with the centre: Lo/Ro)"
        )
    elif choice == "mid-side" and count != 2:
        raise ChannelsError(f"{name} has {count} channel, middle and side are 2: choose auto")


def named(names: Sequence[str]) -> bool:
    """Whether channels, as FFmpeg calls them, are a surround format by the file's own words. Four
    are left to the user: ambisonics are often written as quad."""
    return len(names) > 2 and {"FL", "FR"} <= set(names) and ("FC" in names or len(names) > 4)


def chosen(part: np.ndarray, names: Sequence[str], choice: str) -> np.ndarray:
    """(1 or 2, n) of (channels, n) samples; `names` as FFmpeg calls them ("FL", "FC", ...)."""
    if len(part) > 2 and choice not in ("left", "right"):
        part = _front(part, names)
    match choice:
        case "left":
            return part[:1]
        case "right":
            return part[1:2] if len(part) > 1 else part
        case "swap":
            return part[::-1]
        case "inverted" if len(part) == 2:
            return part * np.array([[1], [-1]], np.float32)
        case "mid-side" if len(part) == 2:
            return np.stack([part[0] + part[1], part[0] - part[1]])
    return part


def _front(part: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Lo/Ro of a surround that names its channels, else the first two."""
    if "FL" not in names or "FR" not in names:
        return part[:2]
    gains = np.array([LO_RO.get(name, (0.0, 0.0)) for name in names], np.float32)
    return gains.T @ part


def check_ambisonics(samples: np.ndarray, choice: str, name: str) -> None:
    """InputError where the energies of (4, n) components say that it is another normalisation."""
    ratio = _directional_share(samples)
    nearest = min(AMBISONICS, key=lambda kind: abs(np.log(max(ratio, 1e-6) / AMBISONICS[kind])))
    if nearest != choice and ratio > 0:
        raise InputError(
            f"{name} is not {choice}: X^2 + Y^2 + Z^2 is {ratio:.1f} times W^2, which is that of "
            f"{nearest}: choose {nearest}"
        )


def ambisonics_to_stereo(samples: np.ndarray, choice: str) -> np.ndarray:
    """(2, n) of (4, n) first-order ambisonics: two cardioids to the left and right."""
    # FuMa: W 3 dB lower, order W, X (front), Y (left), Z; ACN: W, Y, Z, X
    omni, left = (samples[0] * 2**0.5, samples[2]) if choice == "fuma" else samples[:2]
    if choice == "n3d":
        left = left / 3**0.5
    return 0.5 * np.stack([omni + left, omni - left])


def _directional_share(samples: np.ndarray) -> float:
    """(X^2 + Y^2 + Z^2) / W^2 over the first half minute, 0 if W is silent."""
    power = np.var(samples[:, : 30 * 48_000], axis=1, dtype=np.float64)
    return float(power[1:].sum() / power[0]) if power[0] > 1e-12 else 0.0
