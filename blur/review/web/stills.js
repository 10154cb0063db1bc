// @ts-check
// Pictures, as published, of all uncovered places that a question is about: a loop shows each too briefly.

import { el } from "./dom.js";
import { boxOf } from "./overlay.js";
import { readFrame } from "./protocol.js";
import { asking } from "./question.js";
import { player } from "./review.js";
import { panel, state } from "./state.js";
import { t } from "./words.js";
/** @import { Clip, Doubt } from "./protocol.js" */

const SIDE = 88; // pixels of a still on the screen
const AROUND = 1.5; // sizes of the place on each side of its centre
const LEAST = 24; // pixels of the clip from the centre to the edge
const LONG = 960; // pixels on the longer side of the frames that stills are cut from

export const stills = el("div.stills");
let going = new AbortController();

panel(() => [state.queueing, state.clip?.version, asking().map(({ id }) => id).join()], (queueing, version) => {
  going.abort();
  going = new AbortController();
  const { clip } = state;
  const asked = asking().filter((doubt) => doubt.lane === null && doubt.box);
  const shown = queueing && version && clip && asked.length > 1 ? asked : [];
  const made = shown.map((doubt) => still(doubt));
  stills.replaceChildren(...made.map(([button]) => button));
  stills.hidden = !shown.length;
  if (clip && shown.length) fill(clip, made, going.signal).catch(() => {}); // another question came, or the clip changed
});

/** @param {Doubt} doubt @returns {[HTMLElement, HTMLCanvasElement, Doubt]} */
function still(doubt) {
  const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { width: SIDE, height: SIDE }));
  const look = () => {
    player.stop();
    player.seek(middle(doubt));
  };
  return [el("button.still", { type: "button", onclick: look, "aria-label": t("queue.still", { frame: middle(doubt) }) }, canvas), canvas, doubt];
}

const middle = (/** @type {Doubt} */ { start, end }) => (start + end - 1) >> 1;

/** @param {Clip} clip @param {[HTMLElement, HTMLCanvasElement, Doubt][]} made @param {AbortSignal} signal */
async function fill(clip, made, signal) {
  for (const [, canvas, doubt] of made) {
    const frame = middle(doubt);
    const picture = await readFrame(clip, frame, { beneath: false, size: LONG, signal });
    const box = boxOf(doubt, frame);
    if (!box) continue;
    const [x, y] = [picture.width / clip.width, picture.height / clip.height];
    const reach = Math.max(LEAST, AROUND * Math.max(box[2], box[3]));
    canvas.getContext("2d")?.drawImage(picture, (box[0] - reach) * x, (box[1] - reach) * y, 2 * reach * x, 2 * reach * y, 0, 0, SIDE, SIDE);
  }
}
