// node --test: the page's words in the visitor's language.
import assert from "node:assert/strict";
import { test } from "node:test";

import { languageOf, say, wordsOf } from "../../ui/editor/static/words.mjs";

test("the language is the browser's, wherever it is spoken", () => {
  const told = { "de-AT": "de", "zh-CN": "zh", "zh-HK": "zh", "zh-Hans-SG": "zh", zh: "zh", "es-MX": "es", fr: "en", "": "en" };
  for (const [tag, language] of Object.entries(told)) assert.equal(languageOf(tag), language);
});

test("values stand where they belong, and what is unknown stays", () => {
  assert.equal(wordsOf("de")("{} covers {}", "a{}", "b"), "a{} verdeckt b");
  assert.equal(say("{} covers {}", "car", "dog"), "car covers dog");
  assert.equal(wordsOf("zh")("hovercraft"), "hovercraft");
});
