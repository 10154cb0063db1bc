// @ts-check
// A close-up of the doubt in question, cut from the picture on the screen, covers included.

import { $, fit } from "./dom.js";
import { boxOf } from "./overlay.js";
import { question } from "./question.js";
import { marks, player } from "./review.js";
import { panel, state } from "./state.js";
/** @import { Box } from "./protocol.js" */

const AROUND = 1.5; // sizes of the box on each side of its centre
const LEAST = 40; // pixels of the clip from the centre to the edge

const canvas = $("#closeup", HTMLCanvasElement);

panel(() => [state.queueing && question(), player.showing, player.frame, player.place, marks.arrived(player.frame)], (doubt, showing) => {
  const box = doubt && boxOf(doubt, player.frame);
  canvas.hidden = !box || !showing;
  if (!box || !state.clip) return;
  const { width } = state.clip;
  canvas.classList.toggle("left", box[0] > width / 2);
  draw(box, width);
});

/** @param {Box} box @param {number} width of the clip */
function draw([cx, cy, w, h], width) {
  const c = fit(canvas, canvas);
  const { across, down } = player.place;
  const reach = Math.max(LEAST, AROUND * Math.max(w, h));
  const [x, y] = [cx - reach, cy - (reach * across) / down];
  const from = player.video.hidden ? player.shown?.picture : player.video;
  if (!from) return;
  const scale = (from instanceof HTMLVideoElement ? from.videoWidth : from.width) / width;
  const high = (from instanceof HTMLVideoElement ? from.videoHeight : from.height) / (state.clip?.height ?? 1);
  c.fillStyle = "#0b0c0e";
  c.fillRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  c.imageSmoothingQuality = "high";
  c.drawImage(from, x * scale, y * high, 2 * reach * scale, ((2 * reach * across) / down) * high, 0, 0, canvas.clientWidth, canvas.clientHeight);
}
