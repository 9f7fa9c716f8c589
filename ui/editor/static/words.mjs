// What the page says, in the visitor's language. A text is found by its English, which stands in
// the code; "{}" are places for values. What the table does not hold stays as it is.

import TABLE from "./table.mjs";

/** The columns of the table. */
export const LANGUAGES = ["de", "zh", "es"];

/** The language of a browser's tag, wherever it is spoken. */
export function languageOf(tag = "") {
  const [first] = tag.toLowerCase().split("-");
  return LANGUAGES.includes(first) ? first : "en";
}

/** Function (text, ...values) -> that text in a language. */
export function wordsOf(language) {
  const column = LANGUAGES.indexOf(language);
  return (text, ...values) => {
    const row = TABLE[text];
    const parts = ((column >= 0 && row?.[column]) || text).split("{}");
    return parts.map((part, k) => part + (k + 1 < parts.length ? (values[k] ?? "{}") : "")).join("");
  };
}

export const language = globalThis.document ? languageOf(navigator.language) : "en";
export const say = wordsOf(language);
