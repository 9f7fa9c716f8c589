"""Where LTX-2's models come from, and on what terms."""

from __future__ import annotations

#: The default; "diffusers/LTX-2.3-Distilled-Diffusers" and "Lightricks/LTX-2.5-Diffusers", whose
#: page asks for consent, load alike.
REPO = "diffusers/LTX-2.3-Diffusers"
REVISION = "8eee8edcf067e838b843f926ec4d4cc9b2be1aaf"
#: The adapter that reads trails; its revision is not known here.
TRACKS_REPO = "Lightricks/LTX-2.3-22b-IC-LoRA-Motion-Track-Control"
LICENCE = (
    "LTX-2 Community License: free below 10 million dollars of yearly revenue, with rules of use "
    "that go with what you make"
)
#: Sides are multiples of it, as trails of half the size need.
SIDES = 64
#: Of `default`: 8:5.
LARGE_WH = (1024, 640)
