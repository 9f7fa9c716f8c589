"""What the page says, in the visitor's language: one table for the page, its server, the editor.

A text is found by its English, which stands in the code; "{}" are places for values. What the table
does not hold stays as it is: messages of the core, and the labels of other packages. The table is
`editor/static/table.mjs`, so that the editor reads it too; labels of Gradio's components are
translated by Gradio, in the browser.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.i18n import I18nData
from gradio.routes import templates
from jinja2 import ChoiceLoader, DictLoader

#: The columns of the table.
LANGUAGES = ("de", "zh", "es")
#: Gradio's names of the languages; it takes the browser's, or what is before its hyphen.
_OF_GRADIO = {"de": ("de",), "zh": ("zh-CN", "zh-TW"), "es": ("es",)}
_PAGES = ("frontend/index.html", "frontend/share.html")
_CHINESE = """<script>
if (/^zh\\b/i.test(navigator.language) && !/^zh-(CN|TW)$/.test(navigator.language)) {
  const nearest = /-(Hant|HK|MO)\\b/i.test(navigator.language) ? "zh-TW" : "zh-CN";
  Object.defineProperty(navigator, "language", { get: () => nearest, configurable: true });
}
</script>"""

_T = TypeVar("_T")
_FILE = Path(__file__).resolve().parent / "editor" / "static" / "table.mjs"


#: English -> the other languages.
TABLE: dict[str, list[str]] = json.loads(_FILE.read_text("utf-8").removeprefix("export default "))


class Words:
    """The page's texts in one language."""

    def __init__(self, language: str = "en") -> None:
        self.language = language

    def __call__(self, text: str, *values: object) -> str:
        """A text with its values filled in."""
        row = TABLE.get(text)
        said = row[LANGUAGES.index(self.language)] if row and self.language in LANGUAGES else text
        if not values:
            return said
        first, *rest = said.split("{}")
        filled = zip(values, rest, strict=True)
        return first + "".join(f"{value}{part}" for value, part in filled)

    def choices(self, choices: Iterable[tuple[str, _T]]) -> list[tuple[str, _T]]:
        """(label, value) of each, with its label in this language."""
        return [(self(label), value) for label, value in choices]

    def told(self, text: str) -> str:
        """A text from elsewhere, whose numbers are its values: "Step 3 of 8"."""
        key = re.sub(r"\d+", "{}", text)
        return self(key, *re.findall(r"\d+", text)) if key in TABLE else text


ENGLISH = Words()


def words_for(session: gr.Request | None) -> Words:
    """The words of who asks: his browser's first language, wherever it is spoken."""
    tags = session.headers.get("accept-language", "") if session is not None else ""
    language = re.split("[-,;]", tags.strip().lower())[0]
    return Words(language if language in LANGUAGES else "en")


def speak_all_chinese() -> None:
    """Have Gradio's page take any Chinese for one of the two that it has; it would speak English to
    "zh", "zh-HK" or "zh-Hans-CN". It asks the browser before anything of ours runs."""
    loader = templates.env.loader
    if loader is None or isinstance(loader, ChoiceLoader):
        return
    found = {name: loader.get_source(templates.env, name)[0] for name in _PAGES}
    ours = {name: text.replace("<head>", f"<head>{_CHINESE}", 1) for name, text in found.items()}
    templates.env.loader = ChoiceLoader([DictLoader(ours), loader])


def of_components(demo: gr.Blocks) -> gr.I18n:
    """Mark the texts of a built page's components for Gradio; the languages that it needs."""
    used: set[str] = set()

    def marked(text: Any) -> Any:
        if not isinstance(text, str) or text not in TABLE:
            return text
        used.add(text)
        return str(I18nData(text))

    for one in demo.blocks.values():
        for name in ("label", "placeholder", "info"):
            if hasattr(one, name):
                setattr(one, name, marked(getattr(one, name)))
        if isinstance(one, gr.Button | gr.Markdown | gr.Textbox):
            one.value = marked(one.value)
        if isinstance(one, gr.Dropdown | gr.Radio):
            one.choices = [(marked(label), value) for label, value in one.choices]
    return gr.I18n(
        **{
            name: {text: TABLE[text][LANGUAGES.index(language)] for text in used}
            for language, names in _OF_GRADIO.items()
            for name in names
        }
    )
