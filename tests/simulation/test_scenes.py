import numpy as np
import pytest

from spa2v_core.audio.io import read_audio
from spa2v_core.layout import io as layout_io
from spa2v_core.layout import motion_category
from spa2v_core.layout.keyframes import dense
from spa2v_core.simulation import __main__ as command
from spa2v_core.simulation.scenes import (
    KINDS,
    SIDES,
    draw_scene,
    scene_set,
    sizes,
    synthesised_sounds,
)
from spa2v_core.simulation.synthesis import RATE, SYNTHS
from spa2v_core.simulation.voices import VOICES
from spa2v_core.vocabulary import BY_NAME

SOUNDS = synthesised_sounds()


@pytest.mark.parametrize("name", [*SYNTHS, *VOICES])
def test_every_synth_makes_sound_of_its_own(name):
    for synth in (table[name] for table in (SYNTHS, VOICES) if name in table):
        one, other = (synth(2.0, np.random.default_rng(seed)) for seed in (0, 1))
        assert len(one) == len(other) == 2 * RATE
        assert np.isfinite(one).all()
        assert np.abs(one).max() > 1e-3
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.5
        assert np.array_equal(one, synth(2.0, np.random.default_rng(0)))


def test_sizes_are_of_the_vocabulary():
    assert set(sizes()) <= set(BY_NAME)
    for size in sizes().values():
        assert all(
            low < high
            for key in ("width", "height", "base", "near", "far")
            for low, high in [size[key]]
        )


def test_a_set_is_the_same_for_a_seed_and_different_for_another():
    one, again, other = ([scene for _, scene in scene_set(SOUNDS, 3, seed)] for seed in (1, 1, 2))
    for a, b in zip(one, again, strict=True):
        assert a.layout == b.layout
        assert np.array_equal(a.clip.samples, b.clip.samples)
    assert [s.layout for s in one] != [s.layout for s in other]


def test_shares_of_kinds_are_whole():
    assert sum(share for share, *_ in KINDS) == pytest.approx(1)


@pytest.mark.parametrize("count", [1, 2])
def test_scenes_hold_what_was_drawn(count):
    for seed in range(4):
        scene = draw_scene("s", SOUNDS, np.random.default_rng(seed), count=count, reverberant=True)
        assert len(scene.layout.objects) == count
        assert 4 <= scene.clip.duration_s <= 8
        for track in scene.layout.objects:
            category = motion_category(track, 16)
            centre = dense(track, 16)[0].centre[0]
            if category.startswith("stationary"):
                assert any(low <= centre <= high for low, high in SIDES)


def test_the_command_writes_clips_with_layouts(tmp_path, capsys):
    command.main(["--out", str(tmp_path), "--count", "3", "--seed", "4"])
    layouts = sorted(tmp_path.glob("*.layout.json"))
    assert layouts
    assert f"wrote {len(layouts)} scenes" in capsys.readouterr().out
    for path in layouts:
        clip = read_audio(path.with_name(path.name.replace(".layout.json", ".wav")))
        assert clip.channels == 2
        assert layout_io.read(path).duration_s == pytest.approx(clip.duration_s, abs=1e-3)
