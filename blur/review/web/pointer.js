// @ts-check
// The pointer on the picture: selects faces, draws regions, moves and resizes them.

import { marks, move, player } from "./review.js";
import { $ } from "./dom.js";
import { HANDLES, corners, movable } from "./overlay.js";
import { draw } from "./region.js";
import { pick, regionLane, say, select, set, state } from "./state.js";
import { t } from "./words.js";
/** @import { Box, Point } from "./protocol.js" */

const LEAST = 4; // pixels of the clip: a smaller drag is a slip of the hand
const REACH = 9; // pixels of the screen around a handle

const stage = $("#stage");
stage.addEventListener("pointerdown", press);
stage.addEventListener("pointermove", (event) => state.drag && set({ drag: { ...state.drag, box: pulled(state.drag, event) } }));
stage.addEventListener("pointerup", release);
stage.addEventListener("pointercancel", () => set({ drag: null }));

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
  const mark = state.drawing ? null : movable();
  const handle = mark ? corners(mark.box).findIndex(([a, b]) => Math.hypot(a - x, b - y) < REACH) : -1;
  const kind = state.drawing ? "draw" : handle >= 0 ? "size" : mark && inside(from, mark.outline) ? "move" : null;
  if (kind) {
    set({ drag: { kind, from, frame, mark, handle } });
    return stage.setPointerCapture(event.pointerId);
  }
  const hit = marks.at(frame).filter((other) => inside(from, other.outline));
  const [smallest] = hit.sort((a, b) => a.box[2] * a.box[3] - b.box[2] * b.box[3]);
  if (event.shiftKey && smallest) pick(smallest.lane);
  else select(smallest?.lane ?? null);
}

/** The box that a drag makes. @param {import("./state.js").Drag} drag @param {PointerEvent} event @returns {Box} */
function pulled({ kind, from, mark, handle }, event) {
  const to = player.toClip(...here(event));
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  if (!mark) return [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2, Math.abs(dx), Math.abs(dy), 0];
  const [cx, cy, w, h, angle] = mark.box;
  if (kind === "move") return [cx + dx, cy + dy, w, h, angle];
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
  if (!drag?.box || drag.box[2] < LEAST || drag.box[3] < LEAST) return;
  const lane = drag.mark && regionLane(drag.mark.region);
  if (lane) move(lane, drag.frame, drag.box);
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
