"""The whole training chain on a CPU, for a few steps, with drawn discs instead of the art."""

import json

import cv2
import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerFast

from spa2v_core.generation.backends.mini.backend import WEIGHTS, load_mini
from spa2v_core.generation.schedule import Schedule
from spa2v_core.training.mini import __main__ as command
from spa2v_core.training.mini import models, trainer
from spa2v_core.training.mini.detector import Detector, detect
from spa2v_core.training.mini.objective import focus
from spa2v_core.training.mini.pool import change_of
from spa2v_core.training.mini.sheet import CASES, conditions
from spa2v_core.training.mini.vae import around_objects
from spa2v_core.training.world.choreography import FRAMES, Backdrop, Choreographer
from spa2v_core.training.world.interiors import INTERIORS
from spa2v_core.training.world.outdoors import ALONG, SCENE_PAINTERS, draw_scene
from spa2v_core.training.world.sprites import COLOURED, PICTURES, SIZE, SpritePack
from spa2v_core.training.world.toys.catalogue import TOYS
from spa2v_core.training.world.toys.views import VOICES, Look, Views, join_views
from spa2v_core.training.world.world import World
from spa2v_core.vocabulary import COLOURS, INDOORS, LIGHTS, SCENES, drawn_things


def discs() -> SpritePack:
    """A red disc for every drawn thing, its left half dark, so that facing can be seen."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE - 0.5
    picture = np.zeros((SIZE, SIZE, 4), np.uint8)
    picture[..., 0] = np.where(x < 0, 60, 250)
    picture[..., 3] = 255 * (x**2 + y**2 < 0.24)
    count = len(PICTURES)
    facings = np.array([facing for _, facing in PICTURES.values()], np.int8)
    return SpritePack(
        np.stack([picture] * count), list(PICTURES), [""] * count, np.ones(count), facings
    )


def disc_views(*_) -> Views:
    """A disc for every drawn thing; what has a toy is drawn from four sides, in its paint."""
    spot = discs().pictures[0][:: SIZE // 16, :: SIZE // 16]
    small = cv2.resize(spot, (16, 16))
    parts = []
    for name in PICTURES:
        toy = TOYS.get(name)
        gaits = 2 if toy and toy.goes else 0
        look = Look(0, 4 if toy else 2, gaits, len(VOICES), "3f7de0", toy is not None)
        view = np.concatenate([small, small[..., 3:]], -1)
        boxes = np.tile(np.array([[-0.5, 1, 0.5, 0]], np.float32), (look.count, 1))
        parts.append((name, np.stack([view] * look.count), boxes, look))
    return join_views(parts)


@pytest.fixture(scope="module")
def world():
    return World(disc_views(), models.build_tokenizer(), "cpu", seed=3, backgrounds=2)


def test_every_drawn_thing_has_a_picture_or_a_toy_and_every_scene_a_painter():
    assert set(PICTURES) == {thing.name for thing in drawn_things()}
    assert set(TOYS) <= set(PICTURES)
    assert len(TOYS) >= 44
    assert len(PICTURES) >= 60
    assert set(SCENE_PAINTERS) == set(SCENES)
    assert set(INTERIORS) == set(INDOORS)


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("name", SCENES)
def test_scenes_are_whole_and_seeded(name, light):
    for along in (False, True) if name in ALONG else (False,):
        scenery, again = (
            draw_scene(name, np.random.default_rng(1), light, along) for _ in range(2)
        )
        assert scenery.picture.shape == (160, 256, 3)
        assert (scenery.picture == again.picture).all()
        assert 0.3 < scenery.ground < 1
        assert (scenery.vanishing_x is not None) == along
        assert (scenery.picture.sum(-1) == 0).mean() < 0.01


def test_ways_along_the_view_meet_at_the_vanishing_point():
    scenery = draw_scene("road", np.random.default_rng(4), "day", along=True)
    grey = (
        np.abs(scenery.picture.astype(int) - scenery.picture.mean(-1, keepdims=True)).max(-1) < 12
    )
    rows = [round(160 * share) for share in (0.62, 0.75, 0.9)]
    columns = [np.flatnonzero(grey[row]) for row in rows]
    widths = [np.ptp(found) for found in columns]
    assert widths == sorted(widths)
    middle = (columns[0].min() + columns[0].max()) / 2 / 256
    assert middle == pytest.approx(scenery.vanishing_x, abs=0.05)


def test_night_is_darker_than_day():
    for name in ("street", "field", "sea", "room"):
        day, night = (
            draw_scene(name, np.random.default_rng(2), x).picture for x in ("day", "night")
        )
        assert night.mean() < 0.9 * day.mean()


def test_colours_are_painted_over_the_body_and_nothing_else():
    pack = discs().coloured()
    assert len(pack.things) == len(PICTURES) + len(COLOURED) * len(COLOURS)
    blue = pack.pictures[
        [pair == ("car", "blue") for pair in zip(pack.things, pack.colours, strict=True)]
    ][0]
    assert blue[64, 96, 2] > 1.5 * blue[64, 96, 0]  # was red
    assert (blue[..., 3] == discs().pictures[0][..., 3]).all()


def test_crops_are_taken_where_objects_are():
    frames = torch.zeros(2, 3, 160, 256, dtype=torch.uint8)
    inside = torch.zeros(2, 160, 256, dtype=torch.bool)
    inside[:, 150:158, 240:250] = True
    frames[:, 0][inside] = 200
    pixels, mask = around_objects(frames, inside, torch.tensor([1, 0] * 100))
    assert pixels.shape == (200, 3, 96, 160)
    assert (mask.sum((1, 2)) == 80).float().mean() > 0.9  # a few are anywhere
    assert (pixels[:, 0][mask] == 200).all()


def test_words_keep_their_embedding_when_the_vocabulary_changes():
    old, fresh = torch.arange(3.0)[:, None], -torch.ones(4, 1)
    weights = {"token_embedding.weight": old}
    before, after = {"a": 0, "dog": 1, "gone": 2}, {"dog": 0, "new": 1, "a": 2, "cat": 3}
    models.keep_words(weights, {"token_embedding.weight": fresh}, before, after)
    assert weights["token_embedding.weight"][:, 0].tolist() == [1, -1, 0, -1]


def test_clips_show_each_object_in_its_box(world):
    clips = world.clips(6)
    assert clips.frames.shape == (6, FRAMES, 3, 160, 256)
    for c in range(6):
        for f in (0, 8, 15):
            inside = clips.inside[c, f].numpy() > 0
            allowed = np.zeros_like(inside)
            for box, shown in zip(clips.boxes[c, f], clips.present[c, f], strict=True):
                if shown:
                    x1, y1, x2, y2 = (box.numpy() * [256, 160, 256, 160]).tolist()
                    rows = slice(max(0, int(y1) - 1), max(0, int(y2) + 2))
                    allowed[rows, max(0, int(x1) - 1) : max(0, int(x2) + 2)] = True
            assert not (inside & ~allowed).any()


def test_what_comes_is_told_to_be_turned_to_the_camera(world):
    ways = {"approach": [], "recede": [], "cross": []}
    for _ in range(60):
        for kind, found in ways.items():
            actor = world.choreographer._actor("bus", kind, world.backdrops[0])
            found.append(float(actor.pose[8, 1]))
    assert np.median(ways["approach"]) > 0.9
    assert np.median(ways["recede"]) < -0.9
    assert abs(np.median(ways["cross"])) < 0.4


def test_boxes_say_nothing_of_strokes_and_steps():
    views = disc_views()
    for name in ("bell", "man"):
        look = views.looks[name]
        for row in range(look.first, look.first + look.count):
            views.boxes[row] *= 1 + 0.1 * ((row - look.first) // look.azimuths)
    choreographer = Choreographer(views, [Backdrop("street", "day", 0.6)], seed=1)
    bells = [choreographer._actor("bell", "stay", choreographer.backdrops[0]) for _ in range(9)]
    assert any(np.ptp(heights(bell.drawn)) > 0.1 for bell in bells)
    assert all(np.ptp(heights(bell.boxes)) < 0.01 for bell in bells)
    steps = [views.boxes[views.looks["man"].row(90, gait, 0.0)] for gait in (0.0, 0.5)]
    assert views.outline("man", 90, goes=True) == pytest.approx(np.mean(steps, axis=0))


def heights(boxes):
    """(F,) of boxes."""
    return np.array(boxes)[:, 3] - np.array(boxes)[:, 1]


def test_errors_weigh_most_inside_boxes_where_something_changes():
    latents = torch.zeros(1, FRAMES, 8, 4, 4)
    latents[0, 3, :, 1, 1] = 5.0
    change = change_of(latents)
    assert change[0, 3, 1, 1] > 0.9
    assert change[0, 3, 2, 2] == 0
    box, there = torch.tensor([[[0.0, 0.0, 0.5, 1.0]]]), torch.ones(1, 1)
    weight = focus(box, there, change[:, 3])[0, 0]
    assert weight[1, 1] > weight[2, 1] > weight[2, 3] == 1


def test_captions_use_known_words_only(world):
    clips = world.clips(8)
    unknown = world.tokenizer.unk_token_id
    assert not (clips.plain == unknown).any()
    assert not (clips.captions == unknown).any()
    assert not (clips.phrases == unknown).any()


def test_new_inputs_start_from_nothing():
    old, fresh = {"embed.0.weight": torch.ones(2, 3)}, {"embed.0.weight": torch.ones(2, 5)}
    models.widen(old, fresh)
    assert old["embed.0.weight"].tolist() == [[1, 1, 1, 0, 0]] * 2


def test_all_stages_run_and_export_a_model_that_renders(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "draw_views", disc_views)
    work, out = tmp_path / "work", tmp_path / "mini"
    discs().save(work / "sprites.npz")
    options = ["--device", "cpu", "--backgrounds", "1", "--clips-at-once", "2", "--work", str(work)]
    options += ["--vae-frames", "64", "--vae-batch", "2", "--vae-seconds", "0.1"]
    options += ["--pool-clips", "4", "--base-batch", "4", "--base-seconds", "0.1"]
    options += ["--motion-batch", "1", "--motion-seconds", "0.1", "--out", str(out)]
    options += ["--walk-seconds", "0.1", "--distill-seconds", "0.1"]
    options += ["--detector-seconds", "0.1", "--detector-batch", "2"]
    options += ["--detector-out", str(tmp_path / "detector")]
    command.main(["vae", "latents", "base", "motion", "walks", "distill", "export", *options])
    card = json.loads((out / "training.json").read_text())
    assert {"vae", "base", "motion", "distill"} <= {line["stage"] for line in card["figures"]}
    sizes = [path.stat().st_size for path in out.rglob("*") if path.is_file()]
    assert sum(sizes) < 38e6
    assert max(sizes) < 10e6
    model = load_mini(out)
    latents = model.denoise(
        conditions(*CASES[0]), Schedule(1, 1.0), seed=0, size=(64, 40), kinds=["instance"]
    )
    assert latents.shape == (1, 8, FRAMES, 5, 8)
    go_on = [*options, "--start", str(out), "--resume"]
    command.main(["transfer", *go_on, "--distilled", str(out)])
    assert (work / "student.pt").exists()
    command.main(["base", "detector", *go_on])
    assert not (work / "student.pt").exists()
    found, features = detect(
        Detector.from_pretrained(tmp_path / "detector").float(),
        np.zeros((2, 160, 256, 3), np.uint8),
    )
    assert len(found) == 2
    assert np.isfinite(features).all()


def test_the_published_tokenizer_is_the_one_that_training_goes_on_with():
    published = PreTrainedTokenizerFast.from_pretrained(WEIGHTS / "tokenizer")
    assert published.get_vocab() == models.build_tokenizer().get_vocab()
