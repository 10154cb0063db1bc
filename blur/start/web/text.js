// @ts-check
// The start page's texts, by the review's words.js, which finds this page's catalogues beside it; and numbers in words.

import { t as tell } from "./words.js";
/** @import { ENGLISH, Text } from "./english.js" */

/** A catalogue of another language, as in words.js.
 * @typedef {{ [K in keyof typeof ENGLISH]: (typeof ENGLISH)[K] extends string ? string : Exclude<Text, string> }} Catalogue */
/** @typedef {keyof typeof ENGLISH} Key */

export const t = /** @type {(key: Key, values?: Record<string, string | number>) => string} */ (/** @type {unknown} */ (tell));

export function lasting(/** @type {number} */ seconds) {
  if (seconds < 90) return t("lasting.seconds", { n: Math.max(1, Math.round(seconds / 10) * 10) });
  if (seconds < 5400) return t("lasting.minutes", { n: Math.round(seconds / 60) });
  return t("lasting.hours", { n: (seconds / 3600).toFixed(1) });
}

export const size = (/** @type {number} */ bytes) => (bytes >= 1e9 ? t("size.giga", { n: (bytes / 1e9).toFixed(1) }) : t("size.mega", { n: Math.max(1, Math.round(bytes / 1e6)) }));
