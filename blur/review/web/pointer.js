// @ts-check
// The pointer on the picture: selects covers, draws regions, moves, resizes and turns covers.

import { marks, player } from "./review.js";
import { $ } from "./dom.js";
import { HANDLES, REACH, TURN, corners, movable, placeOf, stemOf } from "./overlay.js";
import { draw, place } from "./region.js";
import { laneOf, pick, say, select, set, state } from "./state.js";
import { moveLine } from "./view.js";
import { t } from "./words.js";
/** @import { Box, Point } from "./protocol.js" */

const LEAST = 4; // pixels of the clip: a smaller drag is a slip of the hand
const SLIP = 4; // pixels of the screen: a shorter drag is a click
const UPRIGHT = 4; // degrees: a turn this near to a quarter snaps to it

const stage = $("#stage");
stage.addEventListener("pointerdown", press);
stage.addEventListener("pointermove", (event) => {
  held?.(here(event));
  const { drag } = state;
  if (!drag || (!drag.box && isSlip(drag, event))) return;
  set({ drag: { ...drag, box: pulled(drag, event) } });
});
stage.addEventListener("pointerup", release);
stage.addEventListener("pointercancel", () => set({ drag: null }));
stage.addEventListener("lostpointercapture", () => (held = null));
/** Moves the view while the pointer is down. */
let held = /** @type {((at: Point) => void) | null} */ (null);

/** @param {PointerEvent} event @param {(at: Point) => void} move */
function hold(event, move) {
  held = move;
  stage.setPointerCapture(event.pointerId);
}

/** @param {PointerEvent} event @returns {Point} */
function here(event) {
  const frame = stage.getBoundingClientRect();
  return [event.clientX - frame.left, event.clientY - frame.top];
}

function press(/** @type {PointerEvent} */ event) {
  if (!state.clip || event.button !== 0) return;
  stage.focus();
  const [x, y] = here(event);
  const { frame } = player;
  // What is pressed is what is seen: not an old picture, nor an outline of the clip as it was.
  if (player.waiting || (marks.waiting(frame) && !state.drawing)) return say(t("stage.coming"));
  const from = player.toClip(x, y);
  if (player.compare === "wipe" && !state.drawing && Math.abs(x - player.border) < REACH) {
    return hold(event, ([at]) => moveLine((at - player.place.x) / player.place.width));
  }
  const mark = state.drawing ? null : movable();
  const box = mark && placeOf(mark);
  const handle = box ? corners(box).findIndex(([a, b]) => Math.hypot(a - x, b - y) < REACH) : -1;
  const hit = marks.at(frame).filter((other) => inside(from, other.outline));
  const under = hit.sort((a, b) => a.box[2] * a.box[3] - b.box[2] * b.box[3]).map((other) => other.lane);
  const kind = state.drawing ? "draw" : handle >= 0 ? "size" : mark && under.includes(mark.lane) ? "move" : null;
  if (kind && !(event.shiftKey && kind === "move")) {
    set({ drag: { kind, from, frame, mark, place: box, handle, under } });
    return stage.setPointerCapture(event.pointerId);
  }
  if (!under.length && player.zoom > 1) {
    const { x: left, y: top } = player.centre;
    hold(event, ([u, v]) => player.lookAt(left - (u - x) / player.place.width, top - (v - y) / player.place.height));
  }
  if (event.shiftKey && under.length) pick(under[0]);
  else select(under[0] ?? null);
}

/** @param {import("./state.js").Drag} drag @param {PointerEvent} event */
function isSlip({ from }, event) {
  const [x, y] = player.toScreen(...from);
  const [u, v] = here(event);
  return Math.hypot(u - x, v - y) < SLIP;
}

/** The box that a drag makes. @param {import("./state.js").Drag} drag @param {PointerEvent} event @returns {Box} */
function pulled({ kind, from, place, handle }, event) {
  const to = player.toClip(...here(event));
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  if (!place) return [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2, Math.abs(dx), Math.abs(dy), 0];
  const [cx, cy, w, h, angle] = place;
  if (kind === "move") return [cx + dx, cy + dy, w, h, angle];
  if (handle === TURN) {
    const side = stemOf(place);
    const aim = (Math.atan2(-side * (to[0] - cx), side * (to[1] - cy)) * 180) / Math.PI;
    const quarter = 90 * Math.round(aim / 90);
    return [cx, cy, w, h, Math.abs(aim - quarter) < UPRIGHT ? quarter : aim];
  }
  const turn = (angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const [i, j] = HANDLES[handle];
  const wide = Math.max(LEAST, w + i * (cos * dx + sin * dy));
  const tall = Math.max(LEAST, h + j * (cos * dy - sin * dx));
  const [u, v] = [(i * (wide - w)) / 2, (j * (tall - h)) / 2];
  return [cx + cos * u - sin * v, cy + sin * u + cos * v, wide, tall, angle];
}

function release() {
  const { drag } = state;
  set({ drag: null });
  if (!drag) return;
  if (!drag.box && drag.kind === "move") return select(drag.under[(drag.under.indexOf(drag.mark?.lane ?? -1) + 1) % drag.under.length]);
  if (!drag.box || drag.box[2] < LEAST || drag.box[3] < LEAST) return;
  const lane = laneOf(drag.mark?.lane ?? null);
  if (lane) place(lane, drag.frame, drag.box);
  else if (!drag.mark) draw(drag.box, drag.frame);
}

/** @param {Point} point @param {Point[]} outline */
function inside([x, y], outline) {
  let within = false;
  outline.forEach(([xi, yi], i) => {
    const [xj, yj] = outline.at(i - 1) ?? [xi, yi];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  });
  return within;
}
