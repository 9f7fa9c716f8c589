"""Places by pairs of microphones that the localiser knows: exact where the cells agree."""

from dataclasses import replace

import numpy as np
import pytest

from spa2v_core.audio.clip import AudioClip
from spa2v_core.audio.crossed import are_alike, crossed_cells
from spa2v_core.audio.cues import measure
from spa2v_core.audio.hearing import hear
from spa2v_core.audio.localiser import get_localiser
from spa2v_core.audio.located import sources_of
from spa2v_core.audio.weighted import weighted_median
from tests.audio.sounds import binaural, crossed, panned


def place(azimuth_deg):
    """Where in a picture of 90 degrees that is."""
    return 0.5 + 0.5 * np.tan(np.radians(azimuth_deg))


def share(pattern):
    """Of the panning range that the picture of a crossed pair takes up."""
    right, left = (
        pattern + (1 - pattern) * np.cos(np.pi / 4 - side * np.pi / 4) for side in (1, -1)
    )
    return 4 / np.pi * np.arctan2(right, left) - 1


def heard(clip):
    """The one source that is heard."""
    (only,) = hear(measure(clip), None, 1)
    return only.source


@pytest.mark.parametrize("pattern", [0.6, 0.5, 0.25, 0.02])
@pytest.mark.parametrize("azimuth", [-42, 15])
def test_cells_of_a_crossed_pair_are_where_the_sound_is(pattern, azimuth):
    cues = measure(crossed(azimuth, pattern))
    cells = crossed_cells(cues.rising, share(pattern))
    assert weighted_median(cells.x, cells.weight) == pytest.approx(place(azimuth), abs=0.01)


@pytest.mark.parametrize("azimuth", [-35, 20])
def test_a_room_does_not_draw_a_crossed_pair_to_the_middle(azimuth):
    cues = measure(crossed(azimuth, diffuse=0.3))
    cells = crossed_cells(cues.rising, share(0.5))
    assert weighted_median(cells.x, cells.even) == pytest.approx(place(azimuth), abs=0.03)


def test_only_a_room_that_is_alike_in_both_channels_may_be_a_crossed_pairs():
    clip = crossed(20, diffuse=0.3)
    assert are_alike(measure(clip).rising)
    unlike = np.random.default_rng(1).normal(0, 0.04, clip.samples.shape)
    noisy = AudioClip((clip.samples + unlike).astype(np.float32), clip.rate)
    assert not are_alike(measure(noisy).rising)


@pytest.mark.parametrize("way", [-1, 1])
def test_what_crosses_before_a_crossed_pair_crosses_the_picture(way):
    azimuths = np.degrees(np.arctan(np.linspace(-0.78, 0.78, 4 * 24_000) * way))
    x = heard(crossed(azimuths)).x
    ends = 0.5 - 0.36 * way, 0.5 + 0.36 * way
    assert (x[0], x[-1]) == (pytest.approx(ends[0], abs=0.05), pytest.approx(ends[1], abs=0.05))


def test_a_width_that_is_given_spreads_from_where_a_crossed_pair_pans_to():
    azimuths = np.degrees(np.arctan(np.linspace(-0.78, 0.78, 4 * 24_000)))
    cues = measure(crossed(azimuths), width=1.5)
    (only,) = hear(cues, None, 1)
    assert only.source.x == pytest.approx(cues.x, abs=0.1)


@pytest.mark.parametrize(
    ("azimuth", "radius"), [(-43, 0.0875), (-30, 0.093), (-12, 0.0875), (0, 0.08), (34, 0.08)]
)
def test_a_head_hears_the_whole_picture(azimuth, radius):
    x = heard(binaural(azimuth, radius=radius)).x
    assert x == pytest.approx(np.full(16, place(azimuth)), abs=0.05)


@pytest.mark.parametrize("clip", [binaural(-30), crossed(25, diffuse=0.2)])
def test_mirrored_it_is_mirrored_and_its_level_changes_nothing(clip):
    one, other = heard(clip), heard(clip.swapped())
    softer = heard(AudioClip(clip.samples * np.float32(0.01), clip.rate))
    np.testing.assert_allclose(one.x, 1 - other.x, atol=1e-3)
    np.testing.assert_allclose(one.x, softer.x, atol=1e-3)


@pytest.mark.parametrize(
    ("chances", "named", "number"),
    [
        ((0, 0.1, 0.8, 0.1, 0), None, 2),
        ((0, 0.01, 0.43, 0.33, 0.23), None, 2),  # several, surely, if not how many
        ((0, 0.38, 0.47, 0.11, 0.04), None, None),
        ((0, 0.55, 0.45, 0, 0), None, None),
        ((0, 0.01, 0.43, 0.33, 0.23), 1, None),
        ((0, 0.9, 0.1, 0, 0), 2, 2),
        ((0.6, 0.4, 0, 0, 0), None, 1),
    ],
)
def test_so_many_as_are_sure_are_told_apart(chances, named, number):
    clip = panned(0.15, 0.85)
    located = replace(get_localiser().locate(clip), count=np.array(chances))
    found = sources_of(measure(clip), located, named)
    assert (found and len(found)) == number
