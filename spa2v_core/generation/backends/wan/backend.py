"""The backends wan (Wan 2.1 / 2.2 text-to-video) and vace (the same with a control video), grounded
without training.

What places the objects: the first share of the steps runs with box-masked cross-attention
(`grounding/wan_boxes.py`); a draft video of the layout is noised and denoised instead of pure noise
(`controls/drafts.py`), or held inside the boxes (`grounding/time_to_move.py`); VACE is shown the
layout (`control.py`). All run on stock pipelines of diffusers.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ... import hardware
from ...base import Frames, Progress, RenderEvent, RenderRequest
from ...cache import MODELS
from ...controls.drafts import Draft, paint_draft
from ...full_size.card import Keep
from ...full_size.parts import Parts, weights_folder
from ...registry import Settled, settle
from ...rendering import Emit, on_card, tell
from .control import Pictures, read_pictures
from .film import Film, uses_of_draft
from .loading import VACE, WAN, check_parts, load_wan


class WanBackend:
    """Up to five seconds at the model's own size and rate, of VACE up to ten; one render at a time.

    Attributes
    ----------
    draft
        makes the draft video of a request.
    parts
        of the model: Wan's, or VACE's.
    """

    def __init__(self, draft: Draft = paint_draft, parts: Parts = WAN) -> None:
        self.draft, self.parts = draft, parts

    def render(self, request: RenderRequest) -> Iterator[RenderEvent]:
        settled = settle(request)
        folder, keep = weights_folder(settled), Keep.of(settled.options)
        check_parts(folder, self.parts, keep.gguf)
        shows = self.parts is VACE
        pictures = read_pictures(request.layout, settled) if shows else Pictures()
        render = partial(self._render, request, settled, folder, pictures)
        return on_card(render, "choose the preset draft, --memory low, or fewer frames")

    def _render(
        self,
        request: RenderRequest,
        settled: Settled,
        folder: Path,
        pictures: Pictures,
        emit: Emit,
    ) -> None:
        tell([pictures.note], emit)
        emit(Progress("load", 0, 1))
        device, keep = hardware.cuda_or_cpu(), Keep.of(settled.options)
        drafted = uses_of_draft(request, settled) and pictures.first is None
        # before the model, which it may be made with
        draft = self.draft(request) if drafted else None
        with MODELS.using(
            (folder, device, keep),
            lambda: load_wan(folder, device, parts=self.parts, keep=keep),
        ) as model:
            emit(Progress("load", 1, 1))
            emit(Frames(Film(request, settled, model, pictures, draft, emit).frames()))
