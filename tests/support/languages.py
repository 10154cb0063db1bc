"""Whether all texts of a page are in its catalogues: scripts for a browser."""

from __future__ import annotations

PSEUDO = """
import { ENGLISH } from "./english.js";
const letters = { a: "á", e: "é", i: "í", o: "ó", u: "ú" };
const strange = (text) => `⟦${text.replaceAll(/\\{\\w+\\}|[aeiou]/g, (c) => letters[c] ?? c)}⟧`;
const forms = (all) => Object.fromEntries(Object.entries(all).map(([k, v]) => [k, strange(v)]));
const of = (text) => (typeof text === "string" ? strange(text) : forms(text));
export const ARABIC = Object.fromEntries(Object.entries(ENGLISH).map(([k, v]) => [k, of(v)]));
"""
"""A catalogue whose texts are told from others by their brackets."""

UNTRANSLATED = """() => {
  const found = [];
  const told = (text) => !/[A-Za-z]{2}/.test(text.replaceAll(/⟦[^]*⟧|\\u2068[^]*?\\u2069/g, ""));
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest("bdi, kbd, #status.bad, #language, #here, .path, script")) continue;
    for (const name of ["title", "aria-label", "placeholder"]) {
      const text = e.getAttribute(name) ?? "";
      if (text && !told(text) && !/\\.mp4$/.test(text)) found.push(`${name}: ${text}`);
    }
    const own = [...e.childNodes].filter((n) => n.nodeType === 3);
    found.push(...own.map((n) => n.textContent).filter((text) => !told(text)));
  }
  return found;
}"""

WHOLE = """async () => {
  const [{ ENGLISH }, { ARABIC }] = await Promise.all(
    [import("./web/english.js"), import("./web/arabic.js")]);
  const values = (text) => [...new Set(text.match(/\\{\\w+\\}/g) ?? [])].sort().join();
  const wrong = [];
  const rules = new Intl.PluralRules("ar").resolvedOptions().pluralCategories;
  for (const [key, text] of Object.entries(ENGLISH)) {
    const here = ARABIC[key];
    if (typeof text === "string") {
      if (values(text) !== values(here)) wrong.push(key);
      continue;
    }
    const without = (form) => values(form.replaceAll("{n}", ""));
    if (Object.keys(here).length > 1 && rules.some((rule) => !(rule in here))) wrong.push(key);
    for (const rule of ["few", "many", "other"]) {
      if (values(here[rule] ?? here.other) !== values(text.other)) wrong.push(`${key} ${rule}`);
    }
    for (const form of Object.values(here)) {
      if (!values(text.other).includes(without(form))) wrong.push(`${key}: ${form}`);
    }
  }
  return wrong;
}"""


def speaks_strangely(page) -> None:
    """Let the page's Arabic be its English in brackets."""
    page.route(
        "**/web/arabic.js",
        lambda route: route.fulfill(body=PSEUDO, content_type="text/javascript; charset=utf-8"),
    )
