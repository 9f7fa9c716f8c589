"""VACE: the layout as a control video, on tiny random weights in the real classes."""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
import torch

from spa2v_core.errors import BackendError, InputError
from spa2v_core.generation.backends.wan import models
from spa2v_core.generation.backends.wan.backend import WanBackend
from spa2v_core.generation.backends.wan.control import (
    GREY,
    Control,
    Pictures,
    control_of,
    read_pictures,
)
from spa2v_core.generation.backends.wan.film import runs
from spa2v_core.generation.backends.wan.loading import VACE, check_parts, load_wan
from spa2v_core.generation.backends.wan.model import WanModel
from spa2v_core.generation.base import Notice, Progress
from spa2v_core.generation.controls.outlines import outlines
from spa2v_core.generation.registry import settle
from spa2v_core.generation.schedule import WanSchedule
from tests.generation.test_wan_backend import request, track
from tests.generation.tiny_wan import (
    CAPTION,
    FRAMES,
    LATENT_FRAMES,
    NEGATIVE,
    SIZE_WH,
    conditions,
    run,
    stock_pipeline,
    stock_vace,
    tiny_vace,
)
from tests.generation.watching import inputs_of

FREE = WanSchedule(3, 4.0, grounding_share=0.0)


@torch.no_grad()  # an encoder rounds otherwise where it may have to be differentiated
def stock(control=None):
    """Latents of the stock pipeline that nothing of ours has touched."""
    texts = stock_pipeline().encode_prompt(CAPTION, NEGATIVE, True, max_sequence_length=512)
    return stock_vace()(
        prompt_embeds=texts[0],
        negative_prompt_embeds=texts[1],
        num_frames=FRAMES,
        width=SIZE_WH[0],
        height=SIZE_WH[1],
        num_inference_steps=FREE.steps,
        guidance_scale=FREE.guidance_scale,
        generator=torch.Generator().manual_seed(0),
        output_type="latent",
        **(control.arguments() if control else {}),
    ).frames


def shown(given=None, **changes):
    return Control(outlines(given or conditions(), SIZE_WH), **changes)


def render(schedule=FREE, control=None, given=None, **options):
    return run(given or conditions(), schedule, model=tiny_vace(), control=control, **options)


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 255, (*SIZE_WH[::-1], 3), np.uint8)


def test_everything_off_is_bit_identical_to_the_stock_pipeline():
    assert torch.equal(render(), stock())


def test_shown_the_layout_it_is_the_stock_pipeline_with_that_video():
    assert torch.equal(render(control=shown()), stock(shown()))
    assert not torch.equal(render(control=shown()), render())


def test_a_changed_box_and_another_seed_change_the_video():
    moved = conditions(boxes=conditions().boxes.copy())
    moved.boxes[5:, 0] = [0.25, 0.4, 0.75, 1.0]
    usual = render(control=shown())
    assert torch.equal(usual, render(control=shown()))
    assert not torch.equal(usual, render(control=shown(moved)))
    assert not torch.equal(usual, render(control=shown(), seed=1))


def test_strength_and_share_say_how_much_is_seen_of_it():
    assert torch.equal(
        render(replace(FREE, control_strength=0.0), shown()),
        render(replace(FREE, control_share=0.0), shown()),
    )
    transformer = tiny_vace().pipeline.transformer
    with inputs_of(
        transformer, lambda _, kwargs: kwargs["control_hidden_states_scale"].tolist()
    ) as scales:
        render(replace(FREE, steps=4, control_strength=0.5, control_share=0.5), shown())
    assert scales == [[0.5, 0.5]] * 4 + [[0.0, 0.0]] * 4  # two calls a step
    assert torch.equal(render(control=shown()), stock(shown()))


def test_boxes_mask_the_attention_beside_pictures_of_objects():
    grounded = replace(FREE, grounding_share=1.0)
    pictures = (picture(1), picture(2))
    latents = [render(schedule, shown(references=pictures)) for schedule in (FREE, grounded)] + [
        render(control=shown(references=pictures[:1]))
    ]
    assert {tuple(one.shape) for one in latents} == {(1, 4, LATENT_FRAMES, 10, 16)}
    assert not torch.equal(latents[0], latents[1])
    assert not torch.equal(latents[0], latents[2])


def test_a_first_frame_is_given_and_the_rest_is_generated():
    said = shown(start=picture()).arguments()
    assert (np.asarray(said["video"][0]) == picture()).all()
    assert [np.asarray(mask).max() for mask in said["mask"]] == [0] + [255] * (FRAMES - 1)
    assert not torch.equal(render(control=shown(start=picture())), render(control=shown()))


def test_without_a_layout_the_frames_are_unknown():
    assert control_of(Pictures(), ("boxes",), conditions(), SIZE_WH) is None
    control = control_of(Pictures(picture()), (), conditions(), SIZE_WH)
    assert (control.video == GREY).all()


def test_two_transformers_share_the_work():
    model = tiny_vace("unipc", True)
    first, second = (inputs_of(one, lambda *_: True) for one in model.transformers)
    with first as of_first, second as of_second:
        run(conditions(), replace(FREE, grounding_share=1.0), model=model, control=shown())
    assert of_first
    assert of_second
    assert not model.boxes.active


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("vace")
    stock_vace().save_pretrained(path)
    return path


def test_a_saved_folder_loads_and_others_are_one_line(folder, tmp_path):
    model = load_wan(folder, "cpu", parts=VACE)
    given = {"model": model, "control": shown()}
    assert torch.allclose(run(conditions(), FREE, **given), render(control=shown()), atol=1e-4)
    with pytest.raises(BackendError, match="are of VACE, not Wan: choose the other backend"):
        check_parts(folder)
    stock_pipeline().transformer.save_pretrained(tmp_path / "transformer")
    for part in ("vae", "text_encoder", "tokenizer", "scheduler"):
        (tmp_path / part).symlink_to(folder / part)
    with pytest.raises(BackendError, match="are of another model, not VACE"):
        check_parts(tmp_path, VACE)
    with pytest.raises(BackendError, match=r"needs a folder of weights: .*hf download .*VACE"):
        WanBackend(parts=VACE).render(request(backend="vace"))


def asked(**options):
    given = request(backend="vace")
    return settle(replace(given, grounding=options.pop("grounding", "default"), options=options))


def test_pictures_that_cannot_be_used_are_one_line(tmp_path):
    layout = request().layout
    cv2.imwrite(str(tmp_path / "Car.png"), picture())
    found = read_pictures(layout, asked(references=tmp_path, start_picture=tmp_path / "Car.png"))
    assert len(found.objects) == 1
    assert found.first.shape == picture().shape
    (tmp_path / "bad.png").write_text("no picture")
    with pytest.raises(InputError, match="bad.png is no picture"):
        read_pictures(layout, asked(start_picture=tmp_path / "bad.png"))
    with pytest.raises(InputError, match="there is no picture none.png"):
        read_pictures(layout, asked(start_picture=tmp_path / "none.png"))
    (tmp_path / "Car.png").unlink()
    with pytest.raises(InputError, match="call one car.png"):
        read_pictures(layout, asked(references=tmp_path))
    with pytest.raises(InputError, match="outlines or depth, not both"):
        read_pictures(layout, asked(grounding="outlines+depth"))


def test_an_object_s_picture_is_the_one_that_the_layout_names(tmp_path):
    for name, shade in (("car.png", 10), ("mine.png", 20), ("red.png", 30)):
        cv2.imwrite(str(tmp_path / name), np.full((8, 8, 3), shade, np.uint8))
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "car.png").write_bytes((tmp_path / "car.png").read_bytes())

    def shades(folder, *named):
        objects = tuple(
            track(id=k, name="car", start=0, end=15, reference=name) for k, name in enumerate(named)
        )
        layout = request().layout.model_copy(update={"objects": objects})
        found = read_pictures(layout, asked(references=folder))
        return [one[0, 0, 0] for one in found.objects]

    assert shades(tmp_path, "mine.png", "red.png") == [20, 30]
    assert shades(tmp_path, "mine.png", "", "mine.png") == [20, 10]
    for bad in ("../mine.png", str(tmp_path / "mine.png"), "none.png", "\0", "."):
        with pytest.raises(InputError, match="the layout names a picture .* which pictures lacks"):
            shades(tmp_path / "pictures", bad)
    with pytest.raises(InputError, match="pictures is no picture that can be read"):
        shades(tmp_path, "pictures")


def test_pictures_that_are_named_and_not_given_are_told(folder):
    car = track(name="car", start=0, end=15, reference="mine.png")
    made = request(backend="vace", options={"weights": folder, "steps": 1})
    made = replace(made, layout=made.layout.model_copy(update={"objects": (car,)}))
    first = next(iter(WanBackend(parts=VACE).render(made)))
    assert first == Notice(
        "pictures that the layout names are not used: mine.png (--references names their folder)"
    )


def test_a_long_clip_is_joined_of_runs_that_start_where_the_last_ended(folder, monkeypatch):
    monkeypatch.setitem(models.NATIVE, 8, models.Native(SIZE_WH, 16, 9))
    seen, texts = [], []

    def spied(self, *arguments, **options):
        seen.append((options["control"], options["seed"]))
        texts.append(arguments[0].text)
        return denoise(self, *arguments, **options)

    denoise = WanModel.denoise
    monkeypatch.setattr(WanModel, "denoise", spied)
    given = request(1.2, backend="vace", preset="default", steps=2, weights=folder)
    given = replace(given, grounding="outlines+time-to-move")
    events = list(WanBackend(parts=VACE).render(given))
    frames = events[-1].frames
    assert len(frames) == 21  # 9 + 8 + 4
    assert [len(control.video) for control, _ in seen] == [9, 9, 5]
    assert [control.start is None for control, _ in seen] == [True, False, False]
    assert (seen[1][0].start == frames[8]).all()
    assert (seen[2][0].start == frames[16]).all()
    assert len({seed for _, seed in seen}) == 3
    assert ["rain" in text for text in texts] == [True, True, False]  # at the beginning
    assert ["a street" in text for text in texts] == [False, True, True]
    assert any("21 are joined of 3 runs" in e.text for e in events if isinstance(e, Notice))
    done = [e.done for e in events if isinstance(e, Progress) and e.stage == "denoise"]
    assert done == [1, 2, 3, 4, 5, 6]


def test_runs_share_their_ends():
    for count, most in ((5, 81), (81, 81), (85, 81), (161, 81), (21, 9)):
        made = runs(count, most)
        assert made[0].start == 0
        assert made[-1].stop == count
        assert all(b.start == a.stop - 1 for a, b in pairwise(made))
        assert all(4 < part.stop - part.start <= most for part in made)
