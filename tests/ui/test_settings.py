"""What the page's fields become, and what is said about what this machine lacks."""

import pytest
from huggingface_hub import constants
from PIL import Image

from spa2v_core.errors import InputError
from spa2v_core.generation import hardware
from spa2v_core.generation.controls.pictures import read_picture, references
from spa2v_core.generation.registry import BACKENDS, settle
from spa2v_core.layout import VideoSceneLayout
from tests.audio.sounds import noise
from tests.generation.test_wan_backend import track
from ui import settings
from ui.service import host
from ui.service.host import Host
from ui.settings import Settings


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """No GPU and no weights of the hub."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(hardware, "has_gpu", lambda: False)
    monkeypatch.setattr(host, "_current", Host(public=False))
    monkeypatch.delenv("SPA2V_WEIGHTS", raising=False)


def request(**values):
    """What the page asks for with these values in its fields."""
    fields = {name: values.pop(name) for name in settings.REQUEST_FIELDS if name in values}
    return Settings(**fields, options=values).request(VideoSceneLayout(duration_s=1), noise(1))


def test_untouched_fields_are_the_preset():
    for backend in ("mini",):
        for preset in BACKENDS.get(backend).presets:
            _, shown_for, *numbers = settings.choose_preset(backend, preset)
            assert shown_for == (backend, preset)
            shown = dict(zip(settings.NUMBERS, numbers, strict=True))
            made = request(backend=backend, preset=preset, shown_for=shown_for, **shown)
            assert settle(made).preset == settle(request(backend=backend, preset=preset)).preset


def test_frames_between_are_told_of_where_there_are_any():
    assert settings.choose_preset("mini", "default")[0].endswith(
        "24 frames a second by interpolation."
    )
    assert "interpolation" not in settings.choose_preset("ltx", "default")[0]


def test_fields_change_the_request():
    settled = settle(request(steps=7, fps=0, frames=24, grounding="none"))
    made = settled.preset
    assert (made.schedule.steps, made.fps, made.frames, settled.kinds) == (7, 0, 24, ())
    assert made.schedule.grounded_steps == 0
    assert settle(request(grounding_share=0.5)).preset.schedule.grounded_steps == 2
    assert settle(request(negative_prompt=" rain ")).options.negative_prompt == "rain"


def test_numbers_of_another_preset_are_not_used():
    late = {"steps": 10, "shown_for": ("mini", "default")}
    assert settle(request(preset="draft", **late)).preset.schedule.steps == 2
    assert settle(request(preset="default", **(late | {"steps": 9}))).preset.schedule.steps == 9


def test_fields_that_were_never_shown_keep_their_defaults():
    values = ["mini", "draft", 3, "mix", "default", None, *[None] * len(settings.page_options())]
    made = Settings.read(values).request(VideoSceneLayout(duration_s=1), noise(1))
    assert (made.preset, made.seed, made.options) == ("draft", 3, {})


def test_what_is_missing_is_said_with_how_to_get_it(monkeypatch):
    assert settings.missing("mini") == ""
    text = settings.missing("animatediff")
    assert "needs a GPU" in text
    assert "python -m spa2v_core fetch animatediff" in text
    assert "CreativeML Open RAIL-M" in text
    with pytest.raises(InputError, match="can't be used yet"):
        request(backend="wan")
    labels = dict(settings.backend_choices())
    assert [name for label, name in labels.items() if "not here" in label] == [
        "animatediff",
        "wan",
        "vace",
        "ltx",
    ]
    assert "hf download Wan-AI/Wan2.1-VACE" in settings.missing("vace")
    monkeypatch.setattr(hardware, "has_gpu", lambda: True)
    assert "GPU" not in settings.missing("wan")
    monkeypatch.setenv("SPA2V_WEIGHTS", "/somewhere")
    assert settings.missing("animatediff") == ""
    assert str(request(backend="animatediff").options["weights"]) == "/somewhere"


def test_every_choice_is_one_that_the_backend_takes(monkeypatch):
    for name, info in BACKENDS.all().items():
        monkeypatch.setattr(settings, "missing", lambda backend: "")
        for _, grounding in settings.grounding_choices(info):
            settle(request(backend=name, grounding=grounding))
        _, presets, _, *updates = settings.choose_backend(name)
        assert presets["choices"] == settings.preset_choices(info)
        others = [one for one in settings.page_options() if one not in settings.NUMBERS]
        visible = {one: update["visible"] for one, update in zip(others, updates, strict=False)}
        assert visible["negative_prompt"]
        assert visible["lora"] == (name == "animatediff")
        assert visible["compile"] == (name != "mini")
        assert settings.choose_preset(name, "nothing")[0] is not None


def test_visitors_of_a_public_host_name_no_file_of_it(monkeypatch):
    monkeypatch.setattr(host, "_current", Host(public=True))
    monkeypatch.setattr(settings, "missing", lambda backend: "")
    assert request(lora="/etc/passwd").options == {}  # no field of the mini's
    for field in ("base", "motion", "lora", "migc"):
        with pytest.raises(InputError, match="run the app yourself"):
            request(backend="animatediff", **{field: "/etc/passwd"})


@pytest.mark.parametrize(
    ("backend", "grounding", "views"),
    [
        ("mini", "default", []),
        ("animatediff", "default", []),
        ("wan", "default", ["draft"]),
        ("vace", "default", ["outlines"]),
        ("vace", "depth+time-to-move", ["depth", "draft"]),
        ("ltx", "trails+time-to-move", ["trails", "draft"]),
        ("ltx", "none", []),
        ("ltx", "outlines", []),  # of the backend before
    ],
)
def test_the_page_shows_what_a_model_is_shown(backend, grounding, views):
    shown = settings.views_of(backend, grounding)
    assert (shown["views"], shown["shape"]) == (views, "")
    assert shown["pictures"] == (backend == "vace")


@pytest.mark.parametrize(
    ("backend", "aspect", "shape"),
    [("vace", "9:16", "9:16"), ("vace", "layout", ""), ("ltx", None, ""), ("mini", "9:16", "")],
)
def test_the_page_shows_the_shape_that_is_rendered(backend, aspect, shape):
    assert settings.views_of(backend, "default", aspect)["shape"] == shape


@pytest.fixture
def uploads(monkeypatch, tmp_path):
    """Uploaded pictures, each in a folder of its own as Gradio keeps them: name -> path."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    monkeypatch.setattr(settings, "missing", lambda _: "")
    given = {}
    for shade, name in enumerate(("car.png", "police dog.png", "first.png")):
        path = tmp_path / "uploads" / str(shade) / name
        path.parent.mkdir(parents=True)
        Image.new("RGB", (8, 5), (shade, 0, 0)).save(path)
        given[name] = str(path)
    return given


@pytest.mark.parametrize("public", [False, True])
def test_uploaded_pictures_are_options(monkeypatch, uploads, public):
    monkeypatch.setattr(host, "_current", Host(public=public))
    first, *objects = uploads["first.png"], uploads["car.png"], uploads["police dog.png"]
    made = settle(request(backend="vace", start_picture=first, references=objects)).options
    assert read_picture(made.start_picture)[0, 0].tolist() == [2, 0, 0]
    there = [track(name=name) for name in ("car", "police dog", "cat")]
    found = references(made.references, there)
    assert {name: picture[0, 0, 0] for name, picture in found.items()} == {
        "car.png": 0,
        "police dog.png": 1,
    }
    assert settle(request(backend="vace", start_picture=None, references=[])).options == (
        settle(request(backend="vace")).options
    )
    for backend, name in (("vace", "references"), ("ltx", "start_picture")):
        assert settings.is_offered(backend, settings.page_options()[name])


def test_what_was_not_uploaded_is_no_picture_for_visitors(monkeypatch, uploads, tmp_path):
    monkeypatch.setattr(host, "_current", Host(public=True))
    outside = tmp_path / "car.png"
    outside.write_bytes(b"x")
    car, up = uploads["car.png"], f"{tmp_path}/uploads/../car.png"
    for bad in (str(outside), up, [str(outside)], [car, str(outside)], [car, 3], {"path": car}, 7):
        for name in ("start_picture", "references"):
            with pytest.raises(InputError, match="run the app yourself"):
                request(backend="vace", **{name: bad})
    with pytest.raises(InputError, match="police dog.png is gone: upload it again"):
        monkeypatch.setattr(host, "_current", Host(public=False))
        request(backend="vace", references=[car, str(tmp_path / "police dog.png")])
    with pytest.raises(InputError, match="start picture must be a text"):
        settle(request(backend="vace", start_picture=[car]))
