"""The localiser's simulator and its training."""

import math

import numpy as np
import pytest
import torch

from spa2v_core.audio.directional import RATE
from spa2v_core.simulation.acoustics import Source, constant_power, render_source, still
from spa2v_core.training.localiser import scenes as drawn
from spa2v_core.training.localiser.acoustics import fast_length, pick_up, ways
from spa2v_core.training.localiser.bank import Bank
from spa2v_core.training.localiser.net import (
    Answers,
    LocaliserNet,
    loss_of,
    torch_features,
    torch_tables,
)
from spa2v_core.training.localiser.scenes import draw_scenes, truth_of

CPU = torch.device("cpu")


def placed(x, z, kind, seconds=0.5):
    """One still source at (x, z) in the open, heard by a pair of a kind."""
    torch.manual_seed(0)
    scenes = draw_scenes(1, seconds, CPU)
    at = torch.tensor([[[x, z]] * drawn.SOURCES])
    paths = drawn.Paths(at, at, *(torch.zeros(1, drawn.SOURCES) + v for v in (0, 1, 0)))
    pair = drawn.Pair(
        torch.tensor([kind]),
        *(torch.tensor([v]) for v in (0.18 * (kind == drawn.SPACED), 1.0, 0.785, 0.0875)),
    )
    values = {**vars(scenes), "paths": paths, "pair": pair}
    return drawn.Scenes(**values)


def heard(x, z, kind, low=1.0, high=1.0):
    """(2, n) of white noise from there, as low and as high part."""
    scenes = placed(x, z, kind)
    count = round(scenes.seconds * RATE)
    zero = torch.tensor([0])
    noise = torch.randn(1, 2 * fast_length(count), generator=torch.Generator().manual_seed(1))
    return pick_up(low * noise, high * noise, ways(scenes, zero, zero, in_room=False), count)[
        0
    ].numpy()


def level(sound):
    return np.sqrt(np.mean(sound**2, axis=1))


@pytest.mark.parametrize("x", [-1.0, -0.4, 0.0, 0.7, 1.0])
def test_panning_is_as_in_the_other_simulator(x):
    left, right = level(heard(3 * x, 3.0, drawn.PAN))
    noise = np.random.default_rng(0).normal(size=RATE)
    other = level(render_source(Source("n", noise, still(3 * x, 3.0), 1, 1), 0.5, RATE))
    assert left / math.hypot(left, right) == pytest.approx(other[0] / np.hypot(*other), abs=1e-3)
    assert left / math.hypot(left, right) == pytest.approx(
        constant_power(np.array(0.5 + 0.5 * x))[0], abs=1e-3
    )


@pytest.mark.parametrize("kind", [drawn.SPACED, drawn.BINAURAL])
def test_the_nearer_microphone_hears_first(kind):
    left, right = heard(2.0, 2.0, kind)
    lag = np.argmax(np.correlate(left, right, "full")) - (len(left) - 1)
    assert 0.2e-3 < lag / RATE < 0.6e-3


def test_a_head_shades_the_far_ear():
    low, high = (level(heard(2.0, 2.0, drawn.BINAURAL, *parts)) for parts in ((1, 0), (0, 1)))
    assert low[0] == pytest.approx(low[1], rel=0.05)
    assert high[1] > 3 * high[0]


def test_motions_have_the_layouts_names():
    torch.manual_seed(0)
    scenes = draw_scenes(200, 4.0, CPU)
    truth = truth_of(scenes, scenes.present, 40)
    still_ones = (scenes.paths.start == scenes.paths.stop).all(-1)
    assert (truth.motion[still_ones] == drawn.STILL).all()
    whole = (scenes.first == 0) & (scenes.last == 1)
    travel = (truth.place[..., -1] - truth.place[..., 0]).abs() / 2
    assert (truth.motion[whole & (travel > 0.55)] == drawn.CROSSING).all()


@pytest.fixture
def bank():
    """Three sounds: noise, a tone and clicks."""
    rng = np.random.default_rng(0)
    t = np.arange(2 * RATE) / RATE
    sounds = [rng.normal(size=2 * RATE) / 5, np.sin(2 * np.pi * 440 * t), (t % 0.2 < 0.002) * 1.0]
    return Bank.of([np.round(s * 20_000).astype(np.int16) for s in sounds], ["a", "b", "c"])


def test_a_few_steps_lower_the_loss(bank):
    from spa2v_core.training.localiser.acoustics import render
    from spa2v_core.training.localiser.faults import recorded

    torch.manual_seed(3)
    scenes = draw_scenes(3, 0.5, CPU)
    sources, can_be_heard = render(scenes, bank)
    sound = recorded(sources, scenes, bank)
    assert sound.shape == (3, 2, RATE // 2) and sound.isfinite().all()
    cells, delays = torch_features(sound, torch_tables(CPU))
    truth = truth_of(scenes, can_be_heard, delays.shape[2] // 2)
    net = LocaliserNet()
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-4)
    losses = []
    for _ in range(4):
        loss = torch.stack([*loss_of(Answers(*net(cells, delays)), truth).values()]).sum()
        losses.append(float(loss.detach()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert losses[-1] < losses[0]


def test_the_order_of_the_answers_does_not_matter(bank):
    torch.manual_seed(0)
    truth = truth_of(scenes := draw_scenes(4, 1.0, CPU), scenes.present, 10)
    shape = (4, drawn.SOURCES, 10)
    each = [torch.randn(shape) for _ in range(4)]
    rest = [torch.randn(4, 5), torch.randn(4, 5), torch.rand(4), torch.randn(4, 4, 4)]
    turned = [value.flip(1) for value in (*each, rest[3])]
    one = loss_of(Answers(*each, *rest), truth)
    other = loss_of(Answers(*turned[:4], *rest[:3], turned[4]), truth)
    assert all(torch.isclose(one[name], other[name], atol=1e-5) for name in one)
