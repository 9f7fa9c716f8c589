"""The kinds of grounding that are built in, as the registry and the page know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..spec import GroundingSpec

if TYPE_CHECKING:
    from .base import Grounding  # which imports torch


def _attention() -> Grounding:
    from .attention import AttentionSteering

    return AttentionSteering()


def _energy() -> Grounding:
    from .energy import EnergyGuidance

    return EnergyGuidance()


INSTANCE = GroundingSpec("Instance (trained with the model)")
GLIGEN = GroundingSpec("GLIGEN (trained boxes)")
MIGC = GroundingSpec("MIGC (your own checkpoint, research only, experimental)", alone=True)
ATTENTION = GroundingSpec("Attention steering (no extra weights)", make=_attention)
ENERGY = GroundingSpec("Energy guidance (no extra weights, slow)", make=_energy)
BOXES = GroundingSpec("Masked cross-attention", family="")
DRAFT = GroundingSpec("A draft video of the layout", family="wan", view="draft")
OUTLINES = GroundingSpec("Outlines of the boxes as control video", family="wan", view="outlines")
DEPTH = GroundingSpec("The boxes as depth, as control video", family="wan", view="depth")
TRAILS = GroundingSpec(
    "Trails of points as control video (motion tracks)", family="ltx", view="trails"
)
TIME_TO_MOVE = GroundingSpec("Time-to-Move: a draft held inside the boxes", family="", view="draft")
