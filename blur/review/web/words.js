// @ts-check
// The page's texts in the reader's language: the browser's, or the one that the address names.

import { ENGLISH } from "./english.js";
/** @import { Text } from "./english.js" */

/** A catalogue of another language: the same keys, and forms where English has some.
 * @typedef {{ [K in keyof typeof ENGLISH]: (typeof ENGLISH)[K] extends string ? string : Exclude<Text, string> }} Catalogue */
/** @typedef {keyof typeof ENGLISH} Key */

/** By the tag of each; what is read from right to left has `rtl`. @type {Record<string, { name: string, rtl?: true, read: () => Promise<Catalogue> }>} */
export const LANGUAGES = {
  en: { name: "English", read: async () => ENGLISH },
  ar: { name: "العربية", rtl: true, read: async () => (await import("./arabic.js")).ARABIC },
};
const wanted = [new URLSearchParams(location.search).get("language"), ...navigator.languages].map((tag) => tag?.split("-")[0] ?? "");
export const language = wanted.find((tag) => Object.hasOwn(LANGUAGES, tag)) ?? "en";
export const isRightToLeft = !!LANGUAGES[language].rtl;

const catalogue = await LANGUAGES[language].read();
const rules = new Intl.PluralRules(language);

const FOREIGN = isRightToLeft ? /\p{L}/u : /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
/** A value that may run the other way keeps its own order, and moves nothing around it: <bdi> where there are no elements. */
const isolated = (/** @type {string} */ value) => (FOREIGN.test(value) ? `\u2068${value}\u2069` : value);

/** The text of a key with its values. Throws for a value that is missing. @param {Key} key @param {Record<string, string | number>} [values] */
export function t(key, values = {}) {
  const text = /** @type {Text} */ (catalogue[key]);
  const form = typeof text === "string" ? text : (text[rules.select(Number(values.n))] ?? text.other);
  return form.replaceAll(/\{(\w+)\}/g, (_, name) => {
    if (!Object.hasOwn(values, name)) throw new Error(`the text ${key} lacks ${name}`);
    return typeof values[name] === "number" ? String(values[name]) : isolated(values[name]);
  });
}

export function short(/** @type {number} */ seconds) {
  if (seconds < 60) return t("time.seconds", { n: seconds.toFixed(1) });
  return t("time.minutes", { n: `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}` });
}

/** The text of a key that is made of a word of the server, or that word. @param {string} key @param {string} word */
export const tellOf = (key, word) => (Object.hasOwn(catalogue, key) ? t(/** @type {Key} */ (key)) : word);

const PLACES = /** @type {const} */ ({ text: "", title: "title", label: "aria-label", hint: "placeholder", value: "value" });
document.documentElement.lang = language;
document.documentElement.dir = isRightToLeft ? "rtl" : "ltr";
for (const [place, attribute] of Object.entries(PLACES)) {
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`[data-${place}]`))) {
    const text = t(/** @type {Key} */ (element.dataset[place]));
    if (attribute) element.setAttribute(attribute, text);
    else element.textContent = text;
  }
}
