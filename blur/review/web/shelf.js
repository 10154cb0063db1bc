// @ts-check
// The list of clips, and how far what is being rendered is.

import { $, el, rem } from "./dom.js";
import { List } from "./list.js";
import { ENDED } from "./listing.js";
import { listing, open, problem } from "./review.js";
import { stopRender } from "./protocol.js";
import { panel, say, state } from "./state.js";
import { short, t, tellOf } from "./words.js";
/** @import { Row } from "./protocol.js" */

const WHICH = /** @type {Record<string, (row: Row) => unknown>} */ ({
  all: () => true,
  doubt: (row) => row.doubt_seconds > 0,
  edited: (row) => row.edited,
  unchecked: (row) => !row.checked_by,
  failed: (row) => row.state === "failed" || row.state === "residual",
});

const filter = $("#filter", HTMLInputElement);
const which = $("#which", HTMLSelectElement);
const list = new List($("#clips"), { height: () => 3.7 * rem(), make, onEnter: ({ key }) => (open(key), $("#stage").focus()), empty: t("clips.empty") });

/** The clip before or after the chosen one, scrolled into sight. @param {1 | -1} way */
export function goClip(way) {
  const at = list.items.findIndex((row) => row.key === state.key) + way;
  if (!list.items[at]) return;
  list.reveal(at);
  open(list.items[at].key);
}

/** The clip after this one that nobody checked, round the end. @param {string} key */
export function nextUnchecked(key) {
  const { items } = list;
  const at = items.findIndex((row) => row.key === key);
  const next = [...items.slice(at + 1), ...items.slice(0, Math.max(0, at))].find((row) => !row.checked_by && row.key !== key);
  if (!next) return say(t("clips.all checked"), "good");
  list.reveal(items.indexOf(next));
  open(next.key);
}

/** Rows in the order in which they were first seen: nothing moves while somebody works. @type {Map<string, number>} */
const order = new Map();

/** @param {Row[]} rows */
function fixed(rows) {
  for (const { key } of rows) if (!order.has(key)) order.set(key, order.size);
  return rows.toSorted((a, b) => (order.get(a.key) ?? 0) - (order.get(b.key) ?? 0));
}

panel(() => [state.rows, state.progress, state.key, filter.value, which.value], (rows, _, key, name, kind) => {
  const words = name.trim().toLowerCase();
  const found = fixed(rows).filter((row) => WHICH[kind](row) && row.name.toLowerCase().includes(words));
  const at = found.findIndex((row) => row.key === key);
  list.set(found, at < 0 ? list.at : at);
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

function make(/** @type {Row} */ row) {
  const progress = state.progress.get(row.key);
  const tags = [];
  if (row.state !== "done") tags.push(el(`span.tag.${row.state === "failed" ? "bad" : "dim"}`, {}, tellOf(`state.${row.state}`, row.state)));
  if (row.edited) tags.push(el("span.tag.drawn", {}, t("clips.changed")));
  if (row.checked_by) tags.push(el("span.tag.good", { title: t("clips.checked") }, "✓ ", el("bdi", {}, row.checked_by)));
  const doubt = row.doubt_seconds > 0 ? el("span.bad", {}, t("clips.exposed", { time: short(row.doubt_seconds) })) : row.state === "done" ? t("clips.no doubts") : "";
  return el("div.row", { "aria-selected": String(row.key === state.key), title: row.problem || row.name },
    el("div.line", {}, el("span.name", {}, el("bdi", {}, row.name)), ...tags),
    el("div.line", {}, el("span.name", {}, row.problem ? el("bdi.bad", {}, row.problem) : doubt), t("count.covers", { n: row.tracks })),
    progress && !ENDED.has(progress.stage) ? el("progress", { value: progress.done, max: progress.total || 1, "aria-label": stageOf(progress.stage) }) : null,
  );
}
