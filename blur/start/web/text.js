// @ts-check
// Numbers in words.

/** @type {(n: number, word: string) => string} */
export const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

export function lasting(/** @type {number} */ seconds) {
  if (seconds < 90) return plural(Math.max(1, Math.round(seconds / 10) * 10), "second");
  if (seconds < 5400) return plural(Math.round(seconds / 60), "minute");
  return `${(seconds / 3600).toFixed(1)} hours`;
}
