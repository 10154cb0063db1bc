// @ts-check
// The list of clips, and how far what is being rendered is.

import { render } from "./decide.js";
import { $, el, isIn, rem } from "./dom.js";
import { glimpse } from "./glimpses.js";
import { List } from "./list.js";
import { ENDED } from "./listing.js";
import { listing, open, problem } from "./review.js";
import { stopRender } from "./protocol.js";
import { toggleQueue } from "./queue.js";
import { panel, say, set, state } from "./state.js";
import { isRightToLeft, short, t, tellOf } from "./words.js";
/** @import { Row } from "./protocol.js" */

const WHICH = /** @type {Record<string, (row: Row) => unknown>} */ ({
  all: () => true,
  doubt: (row) => row.doubt_seconds > 0,
  edited: (row) => row.edited,
  unchecked: (row) => !row.checked_by,
  failed: (row) => row.state === "failed" || row.state === "residual",
});

/** @type {Record<string, (a: Row, b: Row) => number>} */
const ORDERS = {
  gravest: () => 0, // as the server sends them
  name: (a, b) => compare(a.name, b.name),
  folder: (a, b) => compare(folderOf(a), folderOf(b)) || compare(a.name, b.name),
  covers: (a, b) => b.tracks - a.tracks,
  longest: (a, b) => b.frames - a.frames,
};
const compare = new Intl.Collator(undefined, { numeric: true }).compare;
const folderOf = (/** @type {Row} */ { name }) => name.slice(0, Math.max(0, name.lastIndexOf("/")));

/** A folder's line above its clips. @typedef {{ folder: string, rows: Row[] }} Folder */

const filter = $("#filter", HTMLInputElement);
const which = $("#which", HTMLSelectElement);
const order = $("#order", HTMLSelectElement);
/** Folders whose clips are not listed. @type {Set<string>} */
const folded = new Set();
/** @type {Row[]} */ let found = []; // the clips that match, in order, also those of folded folders
let anchor = 0; // place in `found` of the clip that was picked last
const list = new List($("#clips"), { height: () => 3.9 * rem(), make, onEnter: enter, empty: t("clips.empty") });

/** The clip before or after the chosen one, scrolled into sight. @param {1 | -1} way */
export function goClip(way) {
  const next = found[found.findIndex((row) => row.key === state.key) + way];
  if (next) show(next);
}

/** The clip after this one that nobody checked, round the end. @param {string} key */
export function nextUnchecked(key) {
  const at = found.findIndex((row) => row.key === key);
  const next = [...found.slice(at + 1), ...found.slice(0, Math.max(0, at))].find((row) => !row.checked_by && row.key !== key);
  if (next) show(next);
  else say(t("clips.all checked"), "good");
}

function show(/** @type {Row} */ row) {
  if (folded.delete(folderOf(row))) list.set(listed());
  list.reveal(list.items.indexOf(row));
  open(row.key);
}

/** @param {Row | Folder} item @param {Event} event */
function enter(item, event) {
  const isPick = event instanceof KeyboardEvent ? event.key === " " : isIn(event, ".pick");
  const isMore = (event instanceof KeyboardEvent || event instanceof MouseEvent) && (event.ctrlKey || event.metaKey);
  const isRange = event instanceof MouseEvent && event.shiftKey;
  if ("folder" in item) {
    if (isPick || isMore) mark(item.rows);
    else {
      if (!folded.delete(item.folder)) folded.add(item.folder);
      list.set(listed());
    }
    return;
  }
  const at = found.findIndex((row) => row.key === item.key);
  if (isRange) set({ marked: new Set([...state.marked, ...found.slice(Math.min(at, anchor), Math.max(at, anchor) + 1).map((row) => row.key)]) });
  else if (isPick || isMore) mark([item]);
  else {
    open(item.key);
    $("#stage").focus();
  }
  anchor = at;
}

/** Pick these clips, or pick them no longer when all of them are. @param {Row[]} rows */
function mark(rows) {
  const marked = new Set(state.marked);
  const all = rows.every((row) => marked.has(row.key));
  for (const { key } of rows) if (all) marked.delete(key); else marked.add(key);
  set({ marked });
}

list.box.addEventListener("keydown", (event) => {
  const isAll = (event.ctrlKey || event.metaKey) && event.key === "a";
  if (!isAll && !(event.key === "Escape" && state.marked.size)) return;
  set({ marked: new Set(isAll ? found.map((row) => row.key) : []) });
  event.preventDefault();
  event.stopPropagation();
});

/** Places in the chosen order, as it was when a clip was first seen in it: nothing moves while somebody works. @type {Map<string, number>} */
const places = new Map();
order.addEventListener("change", () => places.clear());

/** @param {Row[]} rows */
function placed(rows) {
  for (const { key } of rows.toSorted(ORDERS[order.value])) if (!places.has(key)) places.set(key, places.size);
  return rows.toSorted((a, b) => (places.get(a.key) ?? 0) - (places.get(b.key) ?? 0));
}

/** The list's rows, and the folders above them. @returns {(Row | Folder)[]} */
function listed() {
  if (order.value !== "folder") return found;
  const folders = /** @type {Map<string, Row[]>} */ (new Map());
  for (const row of found) {
    const folder = folderOf(row);
    if (!folders.has(folder)) folders.set(folder, []);
    folders.get(folder)?.push(row);
  }
  return [...folders].flatMap(([folder, rows]) => [{ folder, rows }, ...(folded.has(folder) ? [] : rows)]);
}

panel(() => [state.rows, state.progress, state.key, filter.value, which.value, order.value, state.marked], (rows, _, key, name, kind) => {
  const words = name.trim().toLowerCase();
  found = placed(rows).filter((row) => WHICH[kind](row) && row.name.toLowerCase().includes(words));
  const items = listed();
  const at = items.findIndex((item) => "key" in item && item.key === key);
  const isMoving = list.box === document.activeElement; // the keyboard stays where it is
  list.set(items, at < 0 || isMoving ? list.at : at);
});

panel(() => [state.marked, state.rows, state.rendering], (marked, rows, rendering) => {
  const bar = $("#marked");
  bar.hidden = !marked.size;
  const held = bar.contains(document.activeElement);
  const changed = rows.filter((row) => row.renderable && marked.has(row.key)).length;
  const act = (/** @type {string} */ text, /** @type {() => unknown} */ onclick, disabled = false) => el("button", { onclick, disabled }, text);
  bar.replaceChildren(el("span", { role: "status" }, t("clips.picked", { n: marked.size })),
    act(t("clips.picked.doubts"), () => state.queueing || toggleQueue(), state.queueing),
    act(t("clips.picked.render", { n: changed }), () => render(marked), !changed || rendering),
    act(t("act.pick none"), () => (set({ marked: new Set() }), list.box.focus())));
  if (held && !bar.contains(document.activeElement)) list.box.focus();
});

panel(() => [state.folder, state.rows, state.rendering, state.progress], (folder, rows, rendering) => {
  if (!folder) return;
  $("#folder bdi").textContent = folder;
  document.title = t("page.title", { folder });
  const checked = rows.filter((row) => row.checked_by).length;
  const doubtful = rows.filter((row) => row.doubt_seconds > 0 && !row.checked_by).length;
  $("#tally").textContent = t("head.tally", { n: rows.length, checked, doubtful });
  const changed = rows.filter((row) => row.renderable).length;
  const button = $("#render", HTMLButtonElement);
  button.disabled = !changed || rendering;
  button.textContent = changed ? t("head.render", { n: changed }) : t("head.render.none");
  button.classList.toggle("main", changed > 0 && !rendering);
  $("#stop").hidden = !rendering;
  $("#rendering").textContent = rendering ? rendered() : "";
});

$("#stop").addEventListener("click", () => stopRender().then(() => listing.refresh(), problem));

function rendered() {
  const all = [...state.progress.values()];
  const at = all.findIndex(({ stage }) => stage !== "waiting" && !ENDED.has(stage));
  if (at < 0) return t("head.rendering");
  const { stage, done, total } = all[at];
  return t("head.rendering.at", { at: at + 1, total: all.length, stage: stageOf(stage), percent: total ? `${Math.floor((100 * done) / total)} %` : "" });
}

const stageOf = (/** @type {string} */ stage) => tellOf(`work.${stage}`, stage);

function make(/** @type {Row | Folder} */ item) {
  return "folder" in item ? makeFolder(item) : makeClip(item);
}

const tick = (/** @type {boolean} */ isMarked) => el("span.pick", { title: t("clips.pick") }, isMarked ? "✓" : "");

function makeFolder(/** @type {Folder} */ { folder, rows }) {
  const isMarked = rows.every((row) => state.marked.has(row.key));
  const name = folder || t("clips.folder.none");
  const doubtful = rows.filter((row) => row.doubt_seconds > 0 && !row.checked_by).length;
  const isFolded = folded.has(folder);
  return el("div.row.folder", { "aria-selected": "false", "aria-checked": String(isMarked), ...(isFolded ? { "aria-label": t("clips.folder.folded", { name }) } : {}), title: name },
    tick(isMarked),
    el("div.words", {},
      el("div.line", {}, el("span", {}, !isFolded ? "▾" : isRightToLeft ? "◂" : "▸"), el("span.name", {}, el("bdi", {}, name))),
      el("div.line", {}, el("span.name", {}, t("clips.folder", { n: rows.length })), doubtful ? el("span.bad", {}, t("clips.folder.look", { n: doubtful })) : null)));
}

function makeClip(/** @type {Row} */ row) {
  const progress = state.progress.get(row.key);
  const tags = [];
  if (row.state !== "done") tags.push(el(`span.tag.${row.state === "failed" ? "bad" : "dim"}`, {}, tellOf(`state.${row.state}`, row.state)));
  if (row.edited) tags.push(el("span.tag.drawn", {}, t("clips.changed")));
  if (row.checked_by) tags.push(el("span.tag.good", { title: t("clips.checked") }, "✓ ", el("bdi", {}, row.checked_by)));
  const isDoubtful = row.doubt_seconds > 0;
  const doubt = isDoubtful ? el("span.bad", {}, t("clips.exposed", { time: short(row.doubt_seconds) })) : row.state === "done" ? t("clips.no doubts") : "";
  const isCounted = !isDoubtful || order.value === "covers"; // both have no room
  const counted = row.people && order.value !== "covers" ? t("count.people", { n: row.people }) : t("count.covers", { n: row.tracks });
  const isMarked = state.marked.has(row.key);
  const name = order.value === "folder" ? row.name.slice(row.name.lastIndexOf("/") + 1) : row.name;
  return el("div.row", { "aria-selected": String(row.key === state.key), "aria-checked": String(isMarked), title: row.problem || row.name },
    glimpse(row), tick(isMarked),
    el("div.words", {},
      el("div.line", {}, el("span.name", {}, el("bdi", {}, name)), ...tags),
      el("div.line", {}, el("span.name", {}, row.problem ? el("bdi.bad", {}, row.problem) : doubt), isCounted ? counted : null)),
    progress && !ENDED.has(progress.stage) ? el("progress", { value: progress.done, max: progress.total || 1, "aria-label": stageOf(progress.stage) }) : null,
  );
}
