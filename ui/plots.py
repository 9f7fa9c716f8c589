"""Plotly figures."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from spa2v_core.audio.cues import BANDS_HZ, SpatialCues
from spa2v_core.audio.hearing import Heard
from spa2v_core.audio.io import AudioClip
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.layout.keyframes import dense

from .words import ENGLISH, Words

_GREY = "#8a8f98"
_GRID = "rgba(138,143,152,0.25)"
_BANDS = ("#36a2eb", "#6bcb77", "#f2a541", "#e05d5d")
#: Colours of the heard sources, the loudest first, as red, green, blue.
_SOURCES = ((76, 139, 245), (242, 165, 65), (107, 203, 119))
#: Half the height of the band around a position that can't be trusted at all.
_WIDEST = 0.3
_COLUMNS = 400


def cue_figure(
    clip: AudioClip,
    cues: SpatialCues,
    heard: tuple[Heard, ...],
    layout: VideoSceneLayout,
    words: Words = ENGLISH,
) -> go.Figure:
    """What was heard: waveform with level, band differences, positions with their confidence
    against the boxes' centres, and what sounds when."""
    figure = make_subplots(
        rows=4,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.07,
        row_heights=[0.22, 0.24, 0.34, 0.2],
        subplot_titles=(
            "Waveform: left above, right below; level (dB)",
            "Right minus left per band (dB)",
            "Position: 0 left, 1 right; wide band: unsure",
            "What sounds when",
        ),
        specs=[[{"secondary_y": True}], [{}], [{}], [{}]],
    )
    _waveform(figure, clip, cues)
    _band_differences(figure, cues)
    for number, one in enumerate(heard):
        _position(figure, cues, one, number)
        _spans(figure, one, number, cues.duration_s)
    _box_centres(figure, cues, layout)
    figure.update_yaxes(range=[-0.05, 1.05], row=3, col=1)
    figure.update_yaxes(autorange="reversed", row=4, col=1)
    figure.update_xaxes(title_text="seconds", range=[0, cues.duration_s], row=4, col=1)
    figure.update_layout(
        height=640,
        margin={"l": 44, "r": 44, "t": 34, "b": 40},
        legend={"orientation": "h", "y": -0.12},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font_color=_GREY,
        barmode="overlay",
    )
    figure.update_xaxes(gridcolor=_GRID, zerolinecolor=_GRID)
    figure.update_yaxes(gridcolor=_GRID, zerolinecolor=_GRID)
    return in_words(figure, words)


def in_words(figure: go.Figure, words: Words) -> go.Figure:
    """The figure with its own texts in a language."""
    figure = go.Figure(figure)
    figure.for_each_annotation(lambda one: one.update(text=words(one.text)))
    figure.for_each_trace(lambda one: one.update(name=words.told(one.name)), {"showlegend": None})
    figure.for_each_xaxis(lambda one: one.update(title_text=words(one.title.text or "")))
    return figure


def _colour(number: int, alpha: float = 1.0) -> str:
    red, green, blue = _SOURCES[number % len(_SOURCES)]
    return f"rgba({red},{green},{blue},{alpha})"


def _waveform(figure: go.Figure, clip: AudioClip, cues: SpatialCues) -> None:
    count = clip.samples.shape[1]
    edges = np.linspace(0, count, min(_COLUMNS, count) + 1).astype(int)[:-1]
    peaks = np.maximum.reduceat(np.abs(clip.samples), edges, axis=1)
    peaks = peaks / max(float(peaks.max()), 1e-9)
    time = (edges / clip.rate).tolist()
    for values, name in ((peaks[0], "left"), (-peaks[-1], "right")):
        figure.add_scatter(
            x=time, y=values.tolist(), name=name, fill="tozeroy", mode="none",
            fillcolor=_colour(0, 0.45), showlegend=False, row=1, col=1,
        )  # fmt: skip
    figure.add_scatter(
        x=cues.time_s.tolist(), y=cues.level_db.clip(-90).tolist(), name="level",
        line_color=_GREY, row=1, col=1, secondary_y=True,
    )  # fmt: skip
    figure.update_yaxes(range=[-1.05, 1.05], showticklabels=False, row=1, col=1, secondary_y=False)


def _band_differences(figure: go.Figure, cues: SpatialCues) -> None:
    for index, values in enumerate(cues.band_level_difference_db):
        figure.add_scatter(
            x=cues.time_s.tolist(),
            y=values.tolist(),
            name=f"{BANDS_HZ[index]:.0f}-{BANDS_HZ[index + 1]:.0f} Hz",
            line_color=_BANDS[index % len(_BANDS)],
            row=2,
            col=1,
        )


def _position(figure: go.Figure, cues: SpatialCues, one: Heard, number: int) -> None:
    """The heard path, with a band that is as wide as it is unsure; gaps where nothing tells."""
    sure = one.source.confidence > 0
    x = np.where(sure, one.source.x, np.nan)
    half = _WIDEST * (1 - one.source.confidence)
    time = cues.time_s.tolist()
    for edge, fill in ((x + half, None), (x - half, "tonexty")):
        figure.add_scatter(
            x=time, y=_gaps(edge.clip(0, 1)), mode="lines", line={"width": 0}, fill=fill,
            fillcolor=_colour(number, 0.18), showlegend=False, hoverinfo="skip", row=3, col=1,
        )  # fmt: skip
    figure.add_scatter(
        x=time, y=_gaps(x), name=f"sound {number + 1}", mode="lines+markers",
        line_color=_colour(number), row=3, col=1,
    )  # fmt: skip


def _gaps(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def _spans(figure: go.Figure, one: Heard, number: int, duration_s: float) -> None:
    """Bars of the likely tags of a source; a pale one over the whole if none is likely."""
    if one.tags is None:
        return
    likely = [(n, p, one.tags.spans(n)) for n, p in one.tags.ranked(3) if p >= one.tags.threshold]
    if not likely and one.naming.known:
        likely = [(one.naming.name, one.naming.probability, one.spans_s)]
    for name, p, spans in likely or [("unknown", 0.3, [(0.0, duration_s)])]:
        for start, end in spans:
            figure.add_bar(
                x=[min(end, duration_s) - start], base=[start], y=[f"{number + 1}: {name}"],
                orientation="h", marker_color=_colour(number, 0.25 + 0.7 * p),
                hovertemplate=f"{p:.2f}<extra></extra>", showlegend=False, row=4, col=1,
            )  # fmt: skip


def _box_centres(figure: go.Figure, cues: SpatialCues, layout: VideoSceneLayout) -> None:
    for number, track in enumerate(layout.objects):
        boxes = dense(track, layout.frame_count, cues.frame_count)
        figure.add_scatter(
            x=cues.time_s.tolist(),
            y=[box.centre[0] if box else None for box in boxes],
            name=f"box {number + 1}",
            line={"dash": "dot", "color": _BANDS[(number + 1) % len(_BANDS)]},
            row=3,
            col=1,
        )
