// @ts-check
// What a person does with a region: draws it, moves it, sets its ends, removes it.

import { spare } from "./lane.js";
import { act, actOn, marks, player, sendNudge, settled, tell } from "./review.js";
import { regionLane, say, select, selected, set, shown, span, state } from "./state.js";
import { t } from "./words.js";
/** @import { Box, Keyframe } from "./protocol.js" */

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
  const rounded = /** @type {Box} */ (box.map((v) => Math.round(v * 10) / 10));
  const answer = await act({ do: "draw", path: still(start, end, rounded) });
  if (!answer) return;
  const newest = answer.clip.lanes.reduce((a, b) => ((b.region ?? 0) > (a.region ?? 0) ? b : a));
  if (state.clip === answer.clip) select(newest.id);
  tell(clip, t("region.told", { first: start, last: end - 1 }), "good");
}

const STEPS = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });

/** Move or resize a region by a step. Steps in quick succession are one act, seen at once.
 * @param {string} key @param {boolean} resize */
export async function nudge(key, resize) {
  const clip = shown();
  const { frame } = player;
  const lane = selected();
  player.stop();
  if (lane?.region == null) return say(t("region.select"));
  const goesOn = () => (state.nudge?.lane.region === lane.region && state.nudge?.frame === frame ? state.nudge : null);
  if (!goesOn()) {
    if (!(await settled())) return;
    await marks.ready(frame);
  }
  const mark = marks.at(frame).find((m) => m.region === lane.region);
  if (!mark) return say(t("region.elsewhere"));
  const by = Math.max(2, Math.round(Math.max(clip.width, clip.height) / 100));
  const [dx, dy] = STEPS[key].map((step) => step * by);
  const [cx, cy, w, h, angle] = goesOn()?.box ?? mark.box;
  const box = /** @type {Box} */ (resize ? [cx, cy, Math.max(4, w + dx), Math.max(4, h - dy), angle] : [cx + dx, cy + dy, w, h, angle]);
  clearTimeout(state.nudge?.timer);
  set({ nudge: { lane, frame, box, timer: setTimeout(sendNudge, 300) }, ghost: box });
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
