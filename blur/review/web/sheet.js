// @ts-check
// Many questions on one page: each as a small picture that goes through its moments, as published, and
// one answer for all. A picture that is marked gets the other answer.

import { GROUPS, placesOf, reasonOf } from "./asked.js";
import { $, el, time } from "./dom.js";
import { readStrip } from "./protocol.js";
import { answerSheet, closer, leaveSheet, sheetWaits, toggleQueue } from "./queue.js";
import { problem } from "./review.js";
import { panel, set, state, update } from "./state.js";
import { t } from "./words.js";
/** @import { Item, Strip } from "./protocol.js" */

const BEAT = 100; // milliseconds
const LARGEST = 320; // pixels of a picture's side on the screen
const LEAST = 150;
const HIGH = { exposed: 1, kept: 1, excess: 0.75 }; // height of a picture, by its width
const LABEL = 30; // pixels below a picture
const HEADING = 120; // pixels above the pictures, and around them
const TITLE = 50; // pixels of what is said above the pictures of another group
const MOST = 40; // questions on a page
const AT_ONCE = 3; // pictures that the server makes meanwhile

const sheet = $("#sheet");
const stillness = matchMedia("(prefers-reduced-motion: reduce)");
/** Pictures by question; null: there is none. @type {Map<string, Strip | null>} */
const strips = new Map();
/** When its first moment was shown. @type {Map<string, number>} */
let since = new Map();
/** @type {Map<string, HTMLCanvasElement>} */
let canvases = new Map();
let paused = false;
let ticking = 0;
/** Questions whose pictures are asked for next. @type {Item[]} */
let wanted = [];
/** Requests for pictures under way, by `nameOf`. @type {Map<string, Promise<void>>} */
const coming = new Map();

const nameOf = (/** @type {Item} */ { key, doubts }) => `${key} ${doubts.join()}`;
/** The pictures of a question; null: there are none. @param {Item} item */
export const stripOf = (item) => strips.get(nameOf(item)) ?? null;
export const isMarked = (/** @type {Item} */ item) => state.wrong.has(nameOf(item));
/** Whether every moment of every question was shown. */
export const allShown = () => state.sheet.every((item) => strips.get(nameOf(item)) === null || performance.now() - (since.get(nameOf(item)) ?? Infinity) >= roundOf(item));
const sum = (/** @type {number[]} */ beats) => beats.reduce((all, beat) => all + beat, 0);
const roundOf = (/** @type {Item} */ item) => BEAT * (stillness.matches ? 1 : sum(stripOf(item)?.beats ?? []));

/** Pictures of a clip are made anew: it is not what they showed. @param {string} key */
export function forget(key) {
  for (const map of [strips, coming]) for (const name of map.keys()) if (name.startsWith(`${key} `)) map.delete(name);
}

/** Widths of the pictures by which `items` fit on a page, if they can, and how many do. @param {Item[]} items */
function fitting(items) {
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

/** @param {Item} item */
function mark(item) {
  const wrong = new Set(state.wrong);
  if (!wrong.delete(nameOf(item))) wrong.add(nameOf(item));
  set({ wrong });
}

panel(() => [state.sheet], (items) => {
  sheet.hidden = !items.length;
  clearInterval(ticking);
  if (!items.length) return sheet.replaceChildren();
  ticking = setInterval(draw, BEAT / 2);
  canvases = new Map();
  const { size } = fitting(items);
  const groups = [...new Set(items.map(({ group }) => group))];
  const parts = groups.flatMap((group) => {
    const excess = group === "excess";
    const tiles = el("div.tiles", { role: "group", "aria-labelledby": `sheeting-${group}` }, ...items.filter((item) => item.group === group).map((item) => tile(item, group)));
    return [el("h2", { id: `sheeting-${group}` }, t(excess ? "sheet.excess" : "sheet.exposed")), el("p.dim", {}, t(excess ? "sheet.about.excess" : "sheet.about.exposed")), tiles];
  });
  const acts = el("div.acts", {}, el("button.main", { id: "settle", onclick: answerSheet }), el("button", { onclick: leaveSheet }, t("queue.next"), el("kbd", {}, "N")),
    el("button", { onclick: toggleQueue }, t("queue.back"), el("kbd", {}, "Q")), el("span.dim", {}, t("queue.to go", { n: sheetWaits() })));
  const pages = el("div.parts", {}, ...parts);
  pages.style.setProperty("--tile", `${size}px`);
  sheet.replaceChildren(acts, pages);
  draw();
  tellMarks();
});
panel(() => [state.wrong], tellMarks);

/** @param {Item} item @param {Item["group"]} group */
function tile(item, group) {
  const name = state.rows.find((row) => row.key === item.key)?.name ?? "";
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { width: 0, height: 0 }));
  canvas.style.aspectRatio = `1 / ${HIGH[group]}`;
  canvases.set(nameOf(item), canvas);
  const title = [reasonOf(item), placesOf(item)].filter(Boolean).join(" · ");
  return el("div.still-tile", { role: "group", "aria-label": title, title },
    el("button.mark", { type: "button", "aria-pressed": "false", "aria-label": t(group === "excess" ? "sheet.mark.excess" : "sheet.mark.exposed"), onclick: () => mark(item) }, canvas),
    el("button.closer", { type: "button", title: t("sheet.closer"), onclick: () => closer(item) }, `${time(item.at)}${item.doubts.length > 1 ? ` × ${item.doubts.length}` : ""} · `, el("bdi", {}, name)));
}

/** Which pictures are marked, and what the answer does. */
function tellMarks() {
  const { sheet: items, wrong } = state;
  if (!items.length || sheet.hidden) return;
  const marks = [...sheet.querySelectorAll(".mark")];
  items.forEach((item, i) => marks[i]?.setAttribute("aria-pressed", String(wrong.has(nameOf(item)))));
  sheet.querySelector("#settle")?.replaceChildren([...new Set(items.map(({ group }) => group))].map(told).join(" · "), el("kbd", {}, "A"));
}

/** Words of the button that answers: how many pictures of a group it covers, or leaves. @param {Item["group"]} group */
function told(group) {
  const n = state.sheet.filter((item) => item.group === group && isMarked(item)).length;
  if (group === "excess") return n ? t("sheet.ok.excess but", { n }) : t("sheet.ok.excess");
  return n ? t("sheet.ok.cover", { n }) : t("sheet.ok.exposed");
}

/** Each picture's present moment, or all of them beside each other where a person wants no motion. */
function draw() {
  if (paused) return;
  const now = performance.now();
  for (const item of state.sheet) {
    const [name, strip] = [nameOf(item), stripOf(item)];
    const canvas = canvases.get(name);
    if (!canvas || !strip) continue;
    if (!since.has(name)) since.set(name, now);
    let left = Math.floor((now - (since.get(name) ?? now)) / BEAT) % sum(strip.beats);
    const at = strip.beats.findIndex((beat) => (left -= beat) < 0);
    if (canvas.dataset.at === String(at)) continue;
    canvas.dataset.at = String(stillness.matches ? 0 : at);
    paint(canvas, strip, at);
  }
  sheet.toggleAttribute("data-shown", allShown());
}

/** @param {HTMLCanvasElement} canvas @param {Strip} strip @param {number} at */
function paint(canvas, { picture, beats, columns }, at) {
  const [width, height] = [picture.width / columns, picture.height / Math.ceil(beats.length / columns)];
  const all = stillness.matches && beats.length > 1;
  if (canvas.width !== (all ? picture.width : width)) [canvas.width, canvas.height] = all ? [picture.width, picture.height] : [width, height];
  const context = canvas.getContext("2d");
  if (all) context?.drawImage(picture, 0, 0);
  else context?.drawImage(picture, (at % columns) * width, Math.floor(at / columns) * height, width, height, 0, 0, width, height);
}

/** Acts on a key pressed on the page of pictures; false where the key has no act there. @param {string} key */
export function pressed(key) {
  const tiles = [...sheet.querySelectorAll(".mark")].filter((one) => one instanceof HTMLElement);
  const at = tiles.findIndex((one) => one.parentElement?.contains(document.activeElement));
  const across = getComputedStyle($("#sheet .tiles")).gridTemplateColumns.split(" ").length;
  const on = document.documentElement.dir === "rtl" ? -1 : 1;
  const step = /** @type {Record<string, number>} */ ({ ArrowRight: on, ArrowLeft: -on, ArrowDown: across, ArrowUp: -across })[key];
  if (step !== undefined) tiles[at < 0 ? 0 : Math.max(0, Math.min(tiles.length - 1, at + step))]?.focus();
  else if (key === "a") answerSheet();
  else if (key === "n" || key === "]") leaveSheet();
  else if (key === "c" && at >= 0) mark(state.sheet[at]);
  else if (key === "l" && at >= 0) closer(state.sheet[at]);
  else if (key === "Space") paused = !paused;
  else return key === "[" || !["q", "z", "y", "1", "2", "3"].includes(key);
  return true;
}
