// @ts-check
// Draws outlines over the picture: covers, the selected face, regions that are being drawn.

import { $, fit } from "./dom.js";
import { covers, named } from "./lane.js";
import { asking } from "./question.js";
import { marks, player } from "./review.js";
import { laneOf, panel, state } from "./state.js";
import { t } from "./words.js";
/** @import { Box, Doubt, Mark, Point } from "./protocol.js" */

const COLOURS = { cover: "#ffffff", clear: "#5fd0ec", drawn: "#c8a8ff", doubt: "#ff8078", selected: "#74b3ff" };
export const HANDLES = [[-1, -1], [0, -1], [1, -1], [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0]];
export const TURN = HANDLES.length; // number of the handle that turns
export const REACH = 9; // pixels of the screen around a handle
const STEM = 26; // pixels of the screen from the top to the handle that turns

const stage = $("#stage");
const canvas = $("#overlay", HTMLCanvasElement);

panel(
  () => [state.clip, player.place, player.frame, player.speed, state.selected, state.outlines, places(), state.drag?.box ?? state.ghost,
    marks.arrived(player.frame), marks.before],
  (clip, on, frame, _, selected, outlines, doubts, going) => {
    const c = fit(canvas, stage);
    if (!clip) return;
    c.rect(on.x, on.y, on.width, on.height);
    c.clip();
    c.beginPath();
    c.rect(0, 0, player.room, stage.clientHeight);
    c.clip();
    if (outlines || selected !== null) {
      for (const mark of marks.at(frame)) if (outlines || mark.lane === selected) outline(c, mark);
    }
    for (const doubt of doubts) {
      const place = covers(doubt, frame) && boxOf(doubt, frame);
      if (place) rectangle(c, place, COLOURS.doubt);
    }
    const mark = movable();
    if (going) rectangle(c, going, COLOURS.drawn);
    else if (mark) handles(c, placeOf(mark));
  },
);

/** The doubts whose places are marked: pointed at, or asked about beside what is selected. */
let marked = /** @type {Doubt[]} */ ([]);
function places() {
  const asked = state.queueing ? asking().filter((doubt) => doubt !== state.pointed && doubt.lane !== state.selected) : [];
  const now = [state.pointed, ...asked].filter((doubt) => doubt !== null);
  if (now.length !== marked.length || now.some((doubt, i) => doubt !== marked[i])) marked = now;
  return marked; // the very list while nothing changed
}

/** Where a doubt is on a frame: on its lane, on its path, or where it began. @param {Doubt} doubt @param {number} frame @returns {Box | null} */
export function boxOf(doubt, frame) {
  const mark = marks.at(frame).find((one) => one.lane === doubt.lane);
  if (mark) return mark.box;
  const after = doubt.path.find(([at]) => at >= frame);
  const before = doubt.path.findLast(([at]) => at <= frame);
  if (!before || !after) return (before ?? after)?.[1] ?? doubt.box;
  const share = after[0] === before[0] ? 0 : (frame - before[0]) / (after[0] - before[0]);
  return /** @type {Box} */ (before[1].map((value, i) => value + share * (after[1][i] - value)));
}

/** The selected cover on this frame, which can be moved. */
export function movable() {
  if (!state.clip?.original || player.speed || state.selected === null) return null;
  return marks.at(player.frame).find((mark) => mark.lane === state.selected && !mark.clear) ?? null;
}

/** The box that a cover fills: a region's own, and the one around a detected cover. @param {Mark} mark @returns {Box} */
export function placeOf({ box, outline, region }) {
  if (region !== null) return box;
  const [cx, cy, , , angle] = box;
  const turn = (angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const along = outline.map(([x, y]) => cos * (x - cx) + sin * (y - cy));
  const across = outline.map(([x, y]) => cos * (y - cy) - sin * (x - cx));
  const [left, right, top, bottom] = [Math.min(...along), Math.max(...along), Math.min(...across), Math.max(...across)];
  const [u, v] = [(left + right) / 2, (top + bottom) / 2];
  return [cx + cos * u - sin * v, cy + sin * u + cos * v, right - left, bottom - top, angle];
}

/** Whether the handle that turns stands above the box (-1), or below it where it would be out of sight (1). @param {Box} box */
export function stemOf([cx, cy, , h, angle]) {
  const turn = (angle * Math.PI) / 180;
  const reach = h / 2 + STEM / player.place.down;
  const [x, y] = player.toScreen(cx + Math.sin(turn) * reach, cy - Math.cos(turn) * reach);
  return x < REACH || y < REACH || x > player.room - REACH || y > stage.clientHeight - REACH ? 1 : -1;
}

/** Where the handles of a box are on the stage, the one that turns last. @param {Box} box @returns {Point[]} */
export function corners(box) {
  const [cx, cy, w, h, angle] = box;
  const turn = (angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return [...HANDLES, [0, stemOf(box) * (1 + (2 * STEM) / (h * player.place.down))]].map(([i, j]) => {
    const [u, v] = [(i * w) / 2, (j * h) / 2];
    return player.toScreen(cx + cos * u - sin * v, cy + sin * u + cos * v);
  });
}

/** @param {CanvasRenderingContext2D} c @param {Mark} mark */
function outline(c, mark) {
  const selected = mark.lane === state.selected;
  const colour = selected ? COLOURS.selected : mark.clear ? COLOURS.clear : mark.region !== null ? COLOURS.drawn : COLOURS.cover;
  c.beginPath();
  for (const point of mark.outline) c.lineTo(...player.toScreen(...point));
  c.closePath();
  c.setLineDash(mark.clear ? [7, 4] : mark.how === "detected" || mark.region !== null ? [] : [2, 3]);
  c.lineWidth = selected ? 4 : 2.5;
  c.strokeStyle = "#000b";
  c.stroke();
  c.lineWidth = selected ? 2.5 : 1;
  c.strokeStyle = colour;
  c.globalAlpha = selected || mark.clear ? 1 : 0.75;
  c.stroke();
  c.globalAlpha = 1;
  c.setLineDash([]);
  if (!selected && !mark.clear) return;
  const top = mark.outline.reduce((a, b) => (b[1] < a[1] ? b : a));
  const [x, y] = player.toScreen(...top);
  const lane = laneOf(mark.lane);
  const name = lane ? named(lane) : "";
  label(c, mark.clear ? t("outline.clear", { name }) : name, x, Math.max(18, y - 5), colour);
}

/** @param {CanvasRenderingContext2D} c @param {string} text @param {number} x @param {number} y @param {string} colour */
function label(c, text, x, y, colour) {
  c.font = "12px system-ui, sans-serif";
  const width = c.measureText(text).width + 10;
  const left = Math.max(2, Math.min(x - width / 2, stage.clientWidth - width - 2));
  c.fillStyle = "#131518e0";
  c.fillRect(left, y - 14, width, 18);
  c.fillStyle = colour;
  c.fillText(text, left + 5, y);
}

/** @param {CanvasRenderingContext2D} c @param {Box} box @param {string} colour */
function rectangle(c, [cx, cy, w, h, angle], colour) {
  const { across, down } = player.place;
  c.save();
  c.translate(...player.toScreen(cx, cy));
  c.rotate((angle * Math.PI) / 180);
  for (const [style, width] of /** @type {const} */ ([["#000b", 4], [colour, 2]])) {
    c.strokeStyle = style;
    c.lineWidth = width;
    c.strokeRect((-w / 2) * across, (-h / 2) * down, w * across, h * down);
  }
  c.restore();
}

/** @param {CanvasRenderingContext2D} c @param {Box} box */
function handles(c, box) {
  c.fillStyle = COLOURS.drawn;
  c.strokeStyle = "#000";
  c.lineWidth = 1;
  const places = corners(box);
  for (const [x, y] of places.slice(0, TURN)) {
    c.fillRect(x - 4, y - 4, 8, 8);
    c.strokeRect(x - 4, y - 4, 8, 8);
  }
  c.beginPath();
  c.arc(...places[TURN], 5, 0, 2 * Math.PI);
  c.fill();
  c.stroke();
}
