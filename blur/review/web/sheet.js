// @ts-check
// Many questions on one page: each as a small picture that goes through its moments, as published, and
// one answer for all. A picture that is marked gets the other answer.

import { placesOf, reasonOf } from "./asked.js";
import { $, el, time } from "./dom.js";
import { answerSheet, closer, leaveSheet, sheetWaits, toggleQueue } from "./queue.js";
import { panel, set, state } from "./state.js";
import { BEAT, HIGH, allShown, fitting, isMarked, momentOf, nameOf, stillness, stripOf } from "./strips.js";
import { t } from "./words.js";
/** @import { Item, Strip } from "./protocol.js" */

const sheet = $("#sheet");
/** @type {Map<string, HTMLCanvasElement>} */
let canvases = new Map();
let paused = false;
let ticking = 0;

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
  for (const item of state.sheet) {
    const [canvas, strip] = [canvases.get(nameOf(item)), stripOf(item)];
    if (!canvas || !strip) continue;
    const at = momentOf(item, strip);
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
