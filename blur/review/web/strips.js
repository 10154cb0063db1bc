// @ts-check
// The pictures of the questions that are answered on one page: which fit on it, and which were shown.

import { GROUPS } from "./asked.js";
import { $ } from "./dom.js";
import { readStrip } from "./protocol.js";
import { problem } from "./review.js";
import { set, state, update } from "./state.js";
/** @import { Item, Strip } from "./protocol.js" */

export const BEAT = 100; // milliseconds
const LARGEST = 320; // pixels of a picture's side on the screen
const LEAST = 150;
export const HIGH = { exposed: 1, kept: 1, excess: 0.75 }; // height of a picture, by its width
const LABEL = 30; // pixels below a picture
const HEADING = 120; // pixels above the pictures, and around them
const TITLE = 50; // pixels of what is said above the pictures of another group
const MOST = 40; // questions on a page
const AT_ONCE = 3; // pictures that the server makes meanwhile

export const stillness = matchMedia("(prefers-reduced-motion: reduce)");
/** Pictures by question; null: there is none. @type {Map<string, Strip | null>} */
const strips = new Map();
/** When its first moment was shown. @type {Map<string, number>} */
let since = new Map();
/** Questions whose pictures are asked for next. @type {Item[]} */
let wanted = [];
/** Requests for pictures under way, by `nameOf`. @type {Map<string, Promise<void>>} */
const coming = new Map();

export const nameOf = (/** @type {Item} */ { key, doubts }) => `${key} ${doubts.join()}`;
/** The pictures of a question; null: there are none. @param {Item} item */
export const stripOf = (item) => strips.get(nameOf(item)) ?? null;
export const isMarked = (/** @type {Item} */ item) => state.wrong.has(nameOf(item));
/** Whether every moment of every question was shown. */
export const allShown = () => state.sheet.every((item) => strips.get(nameOf(item)) === null || performance.now() - (since.get(nameOf(item)) ?? Infinity) >= roundOf(item));

/** Which of its moments a question's pictures are at; the first time, its first. @param {Item} item @param {Strip} strip */
export function momentOf(item, strip) {
  const now = performance.now();
  const begun = since.get(nameOf(item)) ?? now;
  since.set(nameOf(item), begun);
  let left = Math.floor((now - begun) / BEAT) % sum(strip.beats);
  return strip.beats.findIndex((beat) => (left -= beat) < 0);
}
const sum = (/** @type {number[]} */ beats) => beats.reduce((all, beat) => all + beat, 0);
const roundOf = (/** @type {Item} */ item) => BEAT * (stillness.matches ? 1 : sum(stripOf(item)?.beats ?? []));

/** Pictures of a clip are made anew: it is not what they showed. @param {string} key */
export function forget(key) {
  for (const map of [strips, coming]) for (const name of map.keys()) if (name.startsWith(`${key} `)) map.delete(name);
}

/** Widths of the pictures by which `items` fit on a page, if they can, and how many do. @param {Item[]} items */
export function fitting(items) {
  const width = innerWidth - 32;
  const groups = GROUPS.map((group) => ({ group, n: items.filter((item) => item.group === group).length })).filter(({ n }) => n);
  for (let size = LARGEST; ; size -= 10) {
    const across = Math.max(1, Math.floor(width / (size + 6)));
    let [room, fits] = [innerHeight - $("header").clientHeight - HEADING, 0];
    for (const { group, n } of groups) {
      const high = size * HIGH[group] + LABEL;
      const some = Math.min(n, across * Math.max(0, Math.floor(room / high)));
      fits += some;
      room = some < n ? 0 : room - Math.ceil(some / across) * high - TITLE;
    }
    if (fits >= items.length || size <= LEAST) return { size, fits: Math.min(MOST, Math.max(fits, Math.min(groups[0].n, 4))) };
  }
}

/** Show the first of these questions; the pictures of the next come meanwhile. @param {Item[]} items */
export function showSheet(items) {
  const { fits } = fitting(items);
  since = new Map();
  set({ sheet: items.slice(0, fits), wrong: new Set(), asked: null });
  fetchAll(items.slice(0, 2 * MOST));
}

/** Have the pictures of the first page ready. @param {Item[]} items */
export function prepareSheet(items) {
  if (items.length) fetchAll(items.slice(0, fitting(items).fits));
}

/** @param {Item[]} items */
function fetchAll(items) {
  wanted = [...items];
  while (coming.size < AT_ONCE && fetchNext());
}

/** Ask for one more, if any is wanted. */
function fetchNext() {
  wanted = wanted.filter((one) => !strips.has(nameOf(one)) && !coming.has(nameOf(one)));
  const item = wanted.shift();
  if (!item) return false;
  const name = nameOf(item);
  const made = read(item).then((strip) => {
    if (coming.get(name) !== made) return; // forgotten
    coming.delete(name);
    strips.set(name, strip);
    update();
  }).finally(fetchNext);
  coming.set(name, made);
  return true;
}

/** The pictures of a question; null: there are none. @param {Item} item */
const read = (item) => readStrip(item).catch((error) => (problem(error), null));
