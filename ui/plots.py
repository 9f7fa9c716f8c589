"""Plotly figures."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from spa2v_core.audio.cues import BANDS_HZ, SpatialCues
from spa2v_core.layout import VideoSceneLayout
from spa2v_core.layout.keyframes import dense

_GREY = "#8a8f98"


def cue_figure(cues: SpatialCues, layout: VideoSceneLayout) -> go.Figure:
    """Level, level difference per band, and heard position against the boxes' centres."""
    figure = make_subplots(
        rows=3,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.09,
        subplot_titles=(
            "Level (dB)",
            "Right minus left per band (dB)",
            "Position: 0 left, 1 right",
        ),
    )
    time = cues.time_s.tolist()
    figure.add_scatter(
        x=time, y=cues.level_db.clip(-90).tolist(), name="level", line_color="#4c8bf5", row=1, col=1
    )
    colours = ("#36a2eb", "#6bcb77", "#f2a541", "#e05d5d")
    for index, values in enumerate(cues.band_level_difference_db):
        low, high = BANDS_HZ[index], BANDS_HZ[index + 1]
        figure.add_scatter(
            x=time,
            y=values.tolist(),
            name=f"{low}-{high} Hz",
            line_color=colours[index % len(colours)],
            row=2,
            col=1,
        )
    heard = [
        float(x) if kind != "none" else None for x, kind in zip(cues.x, cues.evidence, strict=True)
    ]
    figure.add_scatter(
        x=time,
        y=heard,
        name="heard",
        mode="markers+lines",
        marker={"size": [4 + 8 * float(c) for c in cues.confidence], "color": "#4c8bf5"},
        row=3,
        col=1,
    )
    for number, track in enumerate(layout.objects):
        boxes = dense(track, layout.frame_count, cues.frame_count)
        figure.add_scatter(
            x=time,
            y=[box.centre[0] if box else None for box in boxes],
            name=f"box {number + 1}",
            line={"dash": "dot", "color": colours[(number + 3) % len(colours)]},
            row=3,
            col=1,
        )
    figure.update_yaxes(range=[-0.05, 1.05], row=3, col=1)
    figure.update_xaxes(title_text="seconds", row=3, col=1)
    figure.update_layout(
        height=520,
        margin={"l": 44, "r": 12, "t": 34, "b": 40},
        legend={"orientation": "h", "y": -0.16},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font_color=_GREY,
    )
    figure.update_xaxes(gridcolor="rgba(138,143,152,0.25)", zerolinecolor="rgba(138,143,152,0.4)")
    figure.update_yaxes(gridcolor="rgba(138,143,152,0.25)", zerolinecolor="rgba(138,143,152,0.4)")
    return figure
