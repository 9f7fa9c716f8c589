"""The page's texts: complete in every language, and none of them outside the table."""

import re
from pathlib import Path

import gradio as gr
import pytest
from gradio.routes import templates

from spa2v_core.generation.registry import BACKENDS, GROUNDINGS, kinds_of
from ui import settings, words
from ui.service.served import FOLDERS
from ui.words import LANGUAGES, TABLE, Words

MODULES = [
    path for folder in FOLDERS.values() for path in folder.glob("*.mjs") if path.stem != "table"
]
SOURCES = [*MODULES, *Path(words.__file__).parent.rglob("*.py")]
#: Looks like a text: a capital and more, or words.
TEXT = re.compile(r"[A-Z{…][a-z{},]+( |$)|[^:]*[A-Za-z]{2,} [a-z]{2,}")
#: Names of keys and types.
NO_TEXT = {"Enter", "Escape", "Backspace", "Files", "{}"}


class Session:
    def __init__(self, accepted):
        self.headers = {"accept-language": accepted} if accepted else {}


def without_comments(text):
    """Nor classes and selectors."""
    rest = re.sub(r"^\s*(//|/?\*).*$|\s// .*$", "", text, flags=re.M)
    return re.sub(r'class: ("[^"]*"|.*\? "[^"]*" : "[^"]*")|"[.#][^"]*"', "", rest)


def test_every_text_is_in_every_language_with_the_same_places():
    for english, row in TABLE.items():
        assert len(row) == len(LANGUAGES), english
        for said in row:
            assert said.strip() == said != "", english
            assert said.count("{}") == english.count("{}"), english


def test_the_scripts_hold_no_text_that_is_not_in_the_table():
    missing = []
    for path in MODULES:
        code = without_comments(path.read_text("utf-8"))
        for found in re.finditer(r'"([^"\\\n]*)"|(?:say\(|text: )\'([^\'\n]*)\'', code):
            text = found[1] or found[2] or ""
            base = re.sub(r" \([^()]+\)$", "", text)
            if TEXT.match(text) and not {text, base} & (TABLE.keys() | NO_TEXT):
                missing.append((path.name, text))
    assert missing == []


def test_what_python_says_is_in_the_table():
    called = re.compile(r'\bwords(?:_for\(session\))?\(\s*"((?:[^"\\]|\\.)+)"')
    for path in Path(words.__file__).parent.rglob("*.py"):
        for text in called.findall(path.read_text("utf-8")):
            assert text in TABLE, (path.name, text)


def visible(demo):
    """Texts of a built page, shown or not yet: (what it is of, text)."""
    parts = ("spa2v-head", "spa2v-page", "spa2v-why")
    for one in children(*(one for one in demo.blocks.values() if one.elem_id in parts)):
        for name in ("label", "placeholder", "info"):
            text = getattr(one, name, None)
            if isinstance(text, str) and getattr(one, "show_label", True):
                yield one, text
        if isinstance(one, gr.Button | gr.Markdown):
            yield one, one.value
        if isinstance(one, gr.Dropdown | gr.Radio):
            for label, _ in one.choices or []:
                yield one, label


def notes(demo):
    return [one for one in demo.blocks.values() if isinstance(one, gr.Textbox)]


def children(*blocks):
    for block in blocks:
        yield block
        yield from children(*getattr(block, "children", []))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    from spa2v_core.jobs.limits import Limits
    from spa2v_core.jobs.service import Jobs
    from ui.build import build_demo

    jobs = Jobs(tmp_path_factory.mktemp("home"), Limits.of(False), "inline")
    yield build_demo(jobs)
    jobs.close()


def test_the_built_page_shows_no_text_that_is_not_in_the_table(demo):
    names = re.compile(
        r"MODEL|\d+:\d+|FILE.*|ID|DIR|LoRA|LCM|Wan 2.1|http.*|[a-z ]+( · \d+%)?|.*API.*"
    )
    texts = {text for _, text in visible(demo) if text}
    for spec in BACKENDS.all().values():
        texts |= {label for label, _ in settings.preset_choices(spec)}
        texts |= {GROUNDINGS.get(kind).label for kind in kinds_of(spec)}
        texts |= {re.sub(r"\d+", "{}", preset.about) for preset in spec.presets.values()}
    assert [text for text in texts - TABLE.keys() if not names.fullmatch(text)] == []


def test_the_table_holds_nothing_that_is_not_used(demo):
    code = "\n".join(path.read_text("utf-8") for path in SOURCES)
    core = Path(words.__file__).parent.parent / "spa2v_core"
    code += "\n".join(path.read_text("utf-8") for path in core.rglob("*.py"))
    shown = {text for _, text in visible(demo)} | {one.value for one in notes(demo)}
    code += re.sub(r"\{[^{}\n]*\}", "{}", code) + re.sub(r"\d+", "{}", code)
    code = re.sub(r'"\n\s*f?"', "", code).replace('\\"', '"').lower()
    assert [text for text in TABLE.keys() - shown if text.lower() not in code] == []


def test_the_visitors_language_is_his_browsers():
    told = {"de-AT,de;q=0.9,en;q=0.8": "de", "zh-CN": "zh", "es-MX,es;q=0.9": "es", "fr,de": "en"}
    told |= {"zh": "zh", "zh-HK,zh;q=0.9": "zh", "zh-Hant-TW;q=0.5": "zh", "es": "es", "": "en"}
    for accepted, language in told.items():
        assert words.words_for(Session(accepted)).language == language
    assert words.words_for(None).language == "en"


def test_gradios_page_is_told_of_other_chinese_before_its_own_scripts_run():
    words.speak_all_chinese()
    words.speak_all_chinese()  # as where the app is started anew in one process
    for page in ("index", "share"):
        source = templates.env.loader.get_source(templates.env, f"frontend/{page}.html")[0]
        assert source.count("zh-(CN|TW)") == 1
        assert source.index("navigator.language") < source.index('type="module"')


def test_values_stand_where_they_belong():
    german = Words("de")
    assert german("Done in {} s", 7) == "Fertig in 7 s"
    assert german.told("Step 3 of 8") == "Schritt 3 von 8"
    assert german.told("{} is broken") == "{} is broken"
    assert german.choices([("Draft", "draft"), ("car", "car")]) == [
        ("Entwurf", "draft"),
        ("car", "car"),
    ]
    assert Words("en")("{} covers {}", "a{}", "b") == "a{} covers b"
