// @ts-check
// Doubts, faces and decisions of the clip, and how to go through them.

import { adviceOf, reasonOf } from "./asked.js";
import { $, all, el, isIn, rem, time } from "./dom.js";
import { byPerson, covers, identity, isAllClear, isExposed, named, sign } from "./lane.js";
import { List } from "./list.js";
import { faceOf } from "./protocol.js";
import { marks, player } from "./review.js";
import { clockOf, laneOf, panel, pick, say, select, set, shown, state } from "./state.js";
import { t } from "./words.js";
/** @import { Clip, Decision, Doubt, Lane } from "./protocol.js" */
/** @typedef {Omit<Decision, "kind"> & { kind: Decision["kind"] | "note" }} Told */

const COLOURS = { keep: ".clear", "no-face": ".clear", cover: "", draw: ".drawn", split: "", note: ".note" };
/** Decisions, and the notes that people wrote, in the order of the clip. @param {Clip} clip @returns {Told[]} */
const toldOf = ({ decisions, remarks }) => [...decisions, ...remarks.map(({ frame, text }) => /** @type {Told} */ ({ kind: "note", start: frame, end: frame + 1, reason: text, lane: null, consent: "" }))].toSorted((a, b) => a.start - b.start);
const timeOf = (/** @type {number} */ frame) => time(clockOf(shown()).at(frame));

const doubts = new List($("#doubts"), { height: () => 4 * rem(), make: doubtRow, onEnter: goDoubt, onMove: goDoubt, empty: t("doubts.empty") });
const faces = new List($("#faces"), { height: (width) => width + 1.7 * rem(), minWidth: 84, make: faceTile, onEnter: enterFace, onMove: goFace, empty: t("covers.empty") });
const decisions = new List($("#decisions"), { height: () => 3.6 * rem(), make: decisionRow, onEnter: goDecision, onMove: goDecision, empty: t("decisions.empty") });

panel(() => [state.tab], (tab) => {
  for (const { box } of [doubts, faces, decisions]) box.hidden = box.id !== tab;
  for (const button of all("#tabs button")) button.setAttribute("aria-selected", String(button.dataset.tab === tab));
});
panel(() => [state.clip, state.visited, state.tab], (clip) => doubts.set(clip && clip.doubts));
panel(() => [state.clip, state.tab, state.picked, state.selected, state.bare], (clip) => faces.set(clip && clip.lanes.filter((lane) => lane.region === null).toSorted(byPerson)));
panel(() => [state.clip, state.tab], (clip) => decisions.set(clip && toldOf(clip)));
panel(() => [state.selected], (selected) => {
  const at = faces.items.findIndex((lane) => lane.id === selected);
  if (at >= 0 && state.tab === "faces") faces.reveal(at);
});
panel(() => [state.clip], (clip) => {
  for (const tab of all("#tabs .count")) tab.remove();
  for (const { box, items } of clip ? [doubts, faces, decisions] : []) $(`#tabs [data-tab=${box.id}]`).append(el("span.count", {}, String(items.length)));
});

export function showTab(/** @type {string} */ tab) {
  set({ tab });
  if (state.clip) $(`#${tab}`).focus();
}

function doubtRow(/** @type {Doubt} */ doubt) {
  const lane = laneOf(doubt.lane);
  const where = lane ? named(lane) : doubt.box ? t("doubts.size", { n: Math.round(doubt.box[3]) }) : "";
  const settled = doubt.said ? el("span.good", {}, t("doubts.mark")) : null;
  return el(`div.row${state.visited.has(sign(doubt)) ? ".visited" : ""}`, { title: adviceOf(doubt) },
    el("div.line", {}, el(`span.name.${isExposed(doubt) ? "bad" : "doubt"}`, {}, reasonOf(doubt)), settled),
    el("div.line", {}, el("span.name", {}, where), `${timeOf(doubt.start)} · ${t("count.frames", { n: doubt.end - doubt.start })}`),
    el(`div.bar${isExposed(doubt) ? ".worst" : ""}`, { style: `width: ${Math.max(4, 100 * doubt.weight)}%` }),
  );
}

function goDoubt(/** @type {Doubt} */ pressed) {
  const index = shown().doubts.findIndex((other) => sign(other) === sign(pressed));
  const doubt = shown().doubts[index];
  if (!doubt) return say(t("doubts.settled"));
  state.visited = new Set([...state.visited, sign(doubt)]);
  doubts.reveal(index);
  player.seek(doubt.start);
  select(doubt.lane);
  state.pointed = doubt.lane === null && doubt.box ? doubt : null;
  say(adviceOf(doubt));
}

/** In the order of the clip, so that [ and ] lead through it. @param {1 | -1} way */
export function nextDoubt(way) {
  const ordered = shown().doubts.toSorted((a, b) => a.start - b.start || a.end - b.end);
  const current = shown().doubts[doubts.at];
  const next = current?.start === player.frame
    ? ordered[ordered.indexOf(current) + way]
    : way > 0
      ? ordered.find((doubt) => doubt.start > player.frame)
      : ordered.findLast((doubt) => doubt.start < player.frame);
  if (!next) return say(ordered.length ? t("doubts.last") : t("doubts.empty"));
  set({ tab: "doubts" });
  goDoubt(next);
}

function faceTile(/** @type {Lane} */ lane) {
  const clear = isAllClear(lane) ? t("covers.clear") : lane.clear.length ? t("covers.partly") : "";
  const isPicked = state.picked.has(lane.id);
  return el(`div.tile${lane.id === state.selected ? ".chosen" : ""}`, { "aria-selected": String(isPicked), "aria-label": `${named(lane)} ${clear}` },
    state.bare ? el("img", { src: faceOf(shown(), lane), alt: "", loading: "lazy", decoding: "async" }) : el("div.blank"),
    el("span.pick", { title: t("covers.pick") }, isPicked ? "✓" : ""),
    el("div.line", {}, el("span", {}, lane.person ? t("covers.of", { person: lane.person, id: lane.id }) : String(lane.id)), el("span.clear", {}, clear)),
  );
}

/** A tile may be of the clip as it was when it was pressed. @param {Lane} pressed @param {Event} event */
function enterFace(pressed, event) {
  const lane = shown().lanes.find((other) => identity(other) === identity(pressed));
  const isPick = event instanceof KeyboardEvent ? event.key === " " : isIn(event, ".pick");
  const isMore = (event instanceof KeyboardEvent || event instanceof MouseEvent) && (event.shiftKey || event.ctrlKey);
  if (!lane) say(t("covers.gone"));
  else if (isPick || isMore) pick(lane.id);
  else goFace(lane);
}

function goFace(/** @type {Lane} */ lane) {
  select(lane.id);
  if (!covers(lane, player.frame)) player.seek(lane.seen.length ? lane.seen[0][0] : lane.start);
}

/** Select the next face on this frame. @param {1 | -1} way */
export function nextFace(way) {
  const here = marks.at(player.frame).map((mark) => mark.lane).sort((a, b) => a - b);
  if (!here.length) return say(t("covers.none here"));
  const at = here.indexOf(state.selected ?? -1);
  select(here[(at < 0 ? (way > 0 ? 0 : here.length - 1) : at + way + here.length) % here.length]);
}

function decisionRow(/** @type {Told} */ decision) {
  const kind = t(`decisions.${decision.kind}`);
  const lane = laneOf(decision.lane);
  return el("div.row", {},
    el("div.line", {}, el(`span.name${COLOURS[decision.kind]}`, {}, lane ? t("decisions.of", { kind, name: named(lane) }) : kind), timeOf(decision.start)),
    el("div.line", {}, el("span.name", {}, el("bdi", {}, decision.reason), decision.consent ? ` · ${t("decisions.consent", { consent: decision.consent })}` : ""), t("count.frames", { n: decision.end - decision.start })),
  );
}

function goDecision(/** @type {Told} */ decision) {
  player.seek(decision.start);
  if (decision.lane !== null && shown().decisions.some((one) => one === decision)) select(decision.lane);
}
