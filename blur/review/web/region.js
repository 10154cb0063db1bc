// @ts-check
// What a person does with a region: draws it, moves it, sets its ends, removes it.

import { named, spare } from "./lane.js";
import { placeOf } from "./overlay.js";
import { act, actOn, change, marks, move, player, sendNudge, settled, tell } from "./review.js";
import { regionLane, say, select, selected, set, shown, span, state } from "./state.js";
import { t } from "./words.js";
/** @import { Answer, Box, Keyframe, Lane } from "./protocol.js" */

/** A box that stays for all of [start, end). @type {(start: number, end: number, box: Box) => Keyframe[]} */
export const still = (start, end, box) => [...new Set([start, end - 1])].map((frame) => [frame, box]);

/** Draw with the pointer; asked for twice, put a region in the middle. */
export function startDrawing() {
  player.stop();
  const { width, height } = shown();
  const side = Math.min(width, height) / 5;
  if (state.drawing) draw([width / 2, height / 2, side, side * 1.2, 0], player.frame);
  else set({ drawing: true, said: null });
}

/** Cover a new region on the marked span, or else up to the next cut. @param {Box} box @param {number} frame */
export async function draw(box, frame) {
  const clip = shown();
  const [start, end] = span() ?? [frame, [...clip.cuts, clip.frames].find((cut) => cut > frame) ?? clip.frames];
  set({ drawing: false, drag: null, span: [null, null] });
  const answer = await act({ do: "draw", path: still(start, end, rounded(box)) });
  if (!answer) return;
  selectNewest(answer);
  tell(clip, t("region.told", { first: start, last: end - 1 }), "good");
}

const rounded = (/** @type {Box} */ box) => /** @type {Box} */ (box.map((v) => Math.round(v * 10) / 10));

function selectNewest(/** @type {Answer} */ { clip }) {
  const newest = clip.lanes.reduce((a, b) => ((b.region ?? 0) > (a.region ?? 0) ? b : a));
  if (state.clip === clip) select(newest.id);
}

/** Put a cover into a box on a frame: a region is moved, a detected cover gets a region that follows its face.
 * @param {Lane} lane @param {number} frame @param {Box} box */
export async function place(lane, frame, box) {
  if (lane.region !== null) return void move(lane, frame, box);
  const clip = shown();
  const [start, end] = span() ?? [lane.start, lane.end];
  const about = frame < start || frame >= end ? [lane.start, lane.end] : [start, end];
  set({ span: [null, null] });
  const answer = await change("act", {
    about: [lane],
    body: (now) => ({ act: { do: "correct", lane: now.id, frame, box: rounded(box), start: about[0], end: about[1] } }),
  });
  if (!answer) return;
  selectNewest(answer);
  tell(clip, t("region.corrected", { name: named(lane) }), "good");
}

/** Make the selected region an ellipse, or a rectangle again. */
export function reshape() {
  const lane = selected();
  if (lane?.region == null) return say(t("region.select"));
  const { region } = lane;
  const ellipse = !lane.ellipse;
  return actOn(lane, () => ({ do: "shape", region, ellipse }), t(ellipse ? "region.ellipse" : "region.rectangle"));
}

export const STEPS = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });

const TURNS = /** @type {Record<string, number>} */ ({ "[": -5, "]": 5 }); // degrees

export const isNudge = (/** @type {string} */ key) => key in STEPS || key in TURNS;

/** Move, resize or turn a cover by a step. Steps in quick succession are one act, seen at once.
 * @param {string} key @param {boolean} resize */
export async function nudge(key, resize) {
  const clip = shown();
  const { frame } = player;
  player.stop();
  let lane = selected();
  if (!lane) return say(t("select.any"));
  const goesOn = () => (lane && state.nudge?.lane.region === lane.region && state.nudge?.frame === frame ? state.nudge : null);
  if (lane.region === null || !goesOn()) {
    if (!(await settled())) return;
    await marks.ready(frame);
    lane = selected(); // a step before this one may have put a region in a detected cover's place
  }
  const mark = lane && marks.at(frame).find((m) => m.lane === lane?.id);
  if (!lane || !mark || mark.clear) return say(t("region.elsewhere"));
  const box = stepped(goesOn()?.box ?? placeOf(mark), key, resize, Math.max(2, Math.round(Math.max(clip.width, clip.height) / 100)));
  if (lane.region === null) return place(lane, frame, box);
  clearTimeout(state.nudge?.timer);
  set({ nudge: { lane, frame, box, timer: setTimeout(sendNudge, 300) }, ghost: box });
}

/** @param {Box} box @param {string} key @param {boolean} resize @param {number} by pixels of the clip @returns {Box} */
function stepped([cx, cy, w, h, angle], key, resize, by) {
  if (key in TURNS) return [cx, cy, w, h, angle + TURNS[key]];
  const [dx, dy] = STEPS[key].map((step) => step * by);
  return resize ? [cx, cy, Math.max(4, w + dx), Math.max(4, h - dy), angle] : [cx + dx, cy + dy, w, h, angle];
}

/** Mark the span that is meant, or set the end of the selected region. @param {0 | 1} end first or last frame */
export function setEnd(end) {
  const lane = selected();
  const { frame } = player;
  const region = lane?.region;
  if (!lane || region == null) return set({ span: state.span.with(end, frame) });
  if (end === 0) actOn(lane, (now) => ({ do: "span", region, start: frame, end: Math.max(frame + 1, now.end) }), t("region.begins"));
  else actOn(lane, (now) => ({ do: "span", region, start: Math.min(frame, now.start), end: frame + 1 }), t("region.ends"));
}

/** Remove the keyframe on this frame, or else the region. */
export async function removeRegion() {
  const region = selected()?.region;
  if (region == null) return say(t("region.not drawn"));
  if (!(await settled())) return;
  const lane = regionLane(region);
  const { frame } = player;
  if (!lane) return say(t("region.gone"));
  if (spare(lane, frame)) return actOn(lane, () => ({ do: "unkey", region, frame }), t("region.unkeyed"));
  return actOn(lane, () => ({ do: "erase", region }), t("region.erased"));
}
