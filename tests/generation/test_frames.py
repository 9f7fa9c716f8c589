"""Interpolation: new frames where things really are, on synthetic motion with known truth."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa2v_core.generation.frames import Between, box_flow, carry, sample, smooth
from spa2v_core.layout import Box, VideoSceneLayout

HEIGHT, WIDTH = 160, 256


def pattern(seed, coarse_hw, size_wh):
    """A soft random pattern (H, W, 3) float32, the same for the same seed."""
    coarse = np.random.default_rng(seed).uniform(60, 200, (*coarse_hw, 3)).astype(np.float32)
    return cv2.resize(coarse, size_wh, interpolation=cv2.INTER_CUBIC)


def background():
    return pattern(0, (6, 9), (WIDTH, HEIGHT))


def scene(x, size=48):
    """A patterned square whose left edge is at x pixels, on a background that stays."""
    picture, thing = background(), pattern(1, (8, 8), (size, size)) * [1.2, 0.5, 0.2]
    low = round(x)
    left, right = max(0, low), min(WIDTH, low + size)
    picture[70 : 70 + size, left:right] = thing[:, left - low : right - low]
    return np.clip(picture, 0, 255).astype(np.uint8)


def box(x, size=48):
    return Box(x / WIDTH, 70 / HEIGHT, (x + size) / WIDTH, (70 + size) / HEIGHT)


def psnr(a, b):
    return 10 * np.log10(255**2 / max(np.mean((a.astype(float) - b) ** 2), 1e-9))


def shift(picture):
    """Where the square is, found by looking for it: pixels of its left edge."""
    fits = [np.abs(picture.astype(float) - scene(x)).sum() for x in range(200)]
    return int(np.argmin(fits))


def layout(boxes, frames):
    keys = [{"frame": k, "box": b} for k, b in enumerate(boxes)]
    track = {"id": 0, "name": "car", "start": 0, "end": frames - 1, "keyframes": keys}
    return VideoSceneLayout(frame_count=frames, duration_s=2, objects=[track])


@pytest.mark.parametrize("step", [8, 16, 32])
def test_a_moving_thing_is_where_it_should_be(step):
    """Large steps are found because the boxes lead; blending shows two ghosts."""
    first, last, truth = scene(60), scene(60 + step), scene(60 + step / 2)
    made = Between(first, last, [(box(60), box(60 + step))]).at(0.5)
    blend = (first.astype(float) + last) / 2
    assert psnr(made, truth) > psnr(blend, truth) + 6
    assert psnr(made, truth) > 26


def test_large_pictures_are_moved_by_a_small_flow():
    large = [cv2.resize(scene(x), (2 * WIDTH, 2 * HEIGHT)) for x in (60, 84, 72)]
    made = Between(large[0], large[1], [(box(60), box(84))]).at(0.5)
    assert made.shape == large[0].shape
    assert psnr(made, large[2]) > psnr((large[0].astype(float) + large[1]) / 2, large[2]) + 5


def test_the_boxes_lead_the_flow():
    first, last, truth = scene(40), scene(110), scene(75)
    led = Between(first, last, [(box(40), box(110))]).at(0.5)
    alone = Between(first, last, []).at(0.5)
    assert psnr(led, truth) > psnr(alone, truth) + 3


def test_what_appears_fades_in_and_the_rest_stays():
    first, last = background().astype(np.uint8), scene(100)
    made = Between(first, last, [(None, box(100))]).at(0.5).astype(float)
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[60:130, 90:160] = False
    assert np.abs(made - first)[outside].mean() < 1
    middle = made[80:110, 110:140].mean()
    ends = sorted((first[80:110, 110:140].mean(), last[80:110, 110:140].mean()))
    assert ends[0] - 1 < middle < ends[1] + 1


def test_stills_stay_as_they_are():
    still = scene(60)
    made = np.stack(list(smooth(np.stack([still] * 4), layout([box(60)] * 4, 4), 24)))
    assert made.shape == (24, HEIGHT, WIDTH, 3)
    assert np.abs(made.astype(int) - still).max() <= 1


@given(st.integers(2, 6), st.integers(1, 40))
@settings(max_examples=15, deadline=None)
def test_counts_and_the_frames_that_were_given(frames, count):
    video = np.stack([scene(20 + 10 * k) for k in range(frames)])[:, ::4, ::4].copy()
    plan = layout([box(20 + 10 * k) for k in range(frames)], frames)
    made = np.stack(list(smooth(video, plan, count)))
    assert len(made) == max(count, frames)
    assert (made[0] == video[0]).all()
    assert (made[-1] == video[-1]).all()
    if count % frames == 0 and (count // frames) % 2 == 1:  # then each is met again in its middle
        middle = count // frames // 2
        assert (made[middle :: count // frames] == video).all()


def test_frames_are_evenly_spaced_in_time():
    video = np.stack([scene(20 + 24 * k) for k in range(6)])
    plan = layout([box(20 + 24 * k) for k in range(6)], 6)
    made = list(smooth(video, plan, 36))
    lefts = [shift(frame) for frame in made]
    truth = [20 + 24 * ((k + 0.5) / 36 * 6 - 0.5) for k in range(36)]
    assert lefts[3:-3] == pytest.approx(truth[3:-3], abs=1.5)


def test_the_flow_of_boxes():
    flow = box_flow((10, 20), [(Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1)), (None, Box(0, 0, 1, 1))])
    assert np.allclose(flow[:, :10], [10, 0])
    assert np.allclose(flow[:, 10:], 0)
    growing = box_flow((10, 20), [(Box(0, 0, 1, 1), Box(-0.5, -0.5, 1.5, 1.5))])
    assert np.allclose(growing[0, 0], [-9.5, -4.5])


def test_a_uniform_flow_is_carried_everywhere():
    flow = np.zeros((12, 16, 2), np.float32)
    flow[..., 0] = 4
    carried, seen = carry(flow, np.ones((12, 16), np.float32), 0.5)
    assert np.allclose(carried[:, 2:], [4, 0], atol=1e-4)
    assert (seen[:, :2] == 0).all()
    assert (seen[:, 2:] > 0.9).all()


def test_sampling_reads_where_the_flow_points():
    picture = np.tile(np.arange(16, dtype=np.float32)[None, :, None], (12, 1, 3))
    moved = sample(picture, np.full((12, 16, 2), (3, 0), np.float32))
    assert np.allclose(moved[:, :12], picture[:, 3:15], atol=1e-3)


def test_what_is_not_the_same_thing_any_more_is_no_ghost():
    """A thing that takes another pose in its box is seen in one or the other, never in both."""
    still = box(100)
    poses = []
    for seed in (2, 3):
        picture = background()
        picture[70:118, 100:148] = (
            pattern(seed, (3, 3), (48, 48)) * [[1.2, 0.3, 0.2], [0.2, 0.4, 1.3]][seed - 2]
        )
        poses.append(np.clip(picture, 0, 255).astype(np.uint8))
    between = Between(*poses, [(still, still)])
    inside = np.s_[74:114, 104:144]
    for part, nearer, other in ((0.3, *poses), (0.7, *poses[::-1])):
        made = between.at(part)
        assert psnr(made[inside], nearer[inside]) > psnr(made[inside], other[inside]) + 12
        assert np.abs(made.astype(float) - nearer)[:60].max() <= 1  # and nothing else changes
