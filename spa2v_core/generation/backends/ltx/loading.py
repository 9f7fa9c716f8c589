"""LTX-2 from a folder in diffusers' form, and the adapter that reads trails."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from diffusers import (
    FlowMatchEulerDiscreteScheduler,
    LTX2InContextPipeline,
    LTX2VideoTransformer3DModel,
)

from ....errors import BackendError
from ....hub import looks_like_safetensors
from ...full_size.card import ON_THE_CARD, Keep, Working, place
from ...full_size.parts import Parts
from ...full_size.stored import check_stored, read_transformer
from ...library_logs import quiet_libraries
from .model import TRACKS, LtxModel
from .models import REPO, TRACKS_REPO

PARTS = Parts(
    "LTX-2",
    REPO,
    ("transformer", "vae", "audio_vae", "text_encoder", "connectors", "vocoder"),
)
#: Scaled, to the most frames and with the mask of "boxes", from what was measured with LTX-2.3 at
#: 512x320 and 1024x640 and 121 frames (docs/figures.md).
WORKING = Working(whole=20.0, tiled=8.0)


def load_ltx(
    folder: Path,
    device: str,
    *,
    distilled: bool = False,
    tracks: Path | None = None,
    keep: Keep = ON_THE_CARD,
) -> LtxModel:
    """The parts in `folder` on `device`, bf16 on a GPU, fp32 on a CPU.

    distilled: the noise levels are those that are given, not shifted by the size. tracks: the file
    of an adapter.

    Raises
    ------
    BackendError
        a part is missing or broken, or the adapter does not fit.
    """
    check_stored(PARTS, folder, keep.gguf)
    quiet_libraries()
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    with PARTS.loading(folder):
        pipeline = LTX2InContextPipeline.from_pretrained(
            folder,
            transformer=read_transformer(
                LTX2VideoTransformer3DModel, folder / "transformer", dtype, keep
            ),
            dtype=dtype,
            local_files_only=True,
            use_safetensors=True,
        )
    if distilled:
        pipeline.scheduler = FlowMatchEulerDiscreteScheduler.from_config(
            pipeline.scheduler.config, use_dynamic_shifting=False, shift_terminal=None
        )
    if tracks is not None:
        _load_tracks(pipeline, tracks)
    pipeline.set_progress_bar_config(disable=True)
    return LtxModel(pipeline, place(pipeline, device, keep, WORKING))


def check_tracks(path: Path | None) -> None:
    """BackendError if there is no adapter that could read trails."""
    if path is None:
        raise BackendError(
            f"LTX-2 reads trails by an adapter: get it with `hf download {TRACKS_REPO} --local-dir "
            "DIR` and give its .safetensors file as --motion-tracks FILE, or choose --grounding "
            "time-to-move"
        )
    if not path.is_file() or not looks_like_safetensors(path):
        raise BackendError(f"{path} is no adapter: give the .safetensors file of {TRACKS_REPO}")


def reference_factor(path: Path) -> int:
    """How much smaller than the output the control video is, as the file's name says: "ref0.5" is
    2."""
    named = re.search(r"ref(\d*\.\d+)", path.stem)
    return round(1 / float(named[1])) if named else 1


def _load_tracks(pipeline: LTX2InContextPipeline, path: Path) -> None:
    fits_not = BackendError(f"the adapter {path.name} does not fit this model: give another")
    try:
        pipeline.load_lora_weights(
            path.parent, weight_name=path.name, adapter_name=TRACKS, local_files_only=True
        )
    except ValueError as error:
        if "PEFT" not in str(error):
            raise fits_not from error
        raise BackendError(
            "adapters need peft: pip install -r requirements-animatediff.txt"
        ) from error
    except (OSError, RuntimeError, KeyError, TypeError) as error:
        raise fits_not from error
    if TRACKS not in getattr(pipeline.transformer, "peft_config", {}):  # of another model: skipped
        raise fits_not
