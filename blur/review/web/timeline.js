// @ts-check
// The whole clip above, a part of it with its faces as lanes below.

import { $, fit, time } from "./dom.js";
import { isExposed, named } from "./lane.js";
import { unheard } from "./sound.js";
import { loudest } from "./wave.js";
import { player } from "./review.js";
import { clockOf, panel, select, shown, span, state } from "./state.js";
import { t } from "./words.js";
/** @import { Clip, Doubt, Lane } from "./protocol.js" */

const RULER = 18;
const STRIP = 20;
const TOP = STRIP + 3; // of the part
const WAVE = 26; // height of the sound's band
const LANES = RULER + STRIP + 6; // without the sound's band
const ROWS = [16, 22]; // least and most height of a lane
const LEAST = 10; // frames in sight
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600]; // seconds between two times on the ruler
const COLOURS = { cover: "#5f6d80", seen: "#b3c3d9", drawn: "#7f64b4", edit: "#507d5d", name: "#ffffff" }; // in a light room and a dark
/** A colour of the page's style, light or dark. @param {"--dim" | "--line" | "--edge" | "--ground" | "--shot" | "--shot-next" | "--doubt" | "--bad" | "--clear" | "--drawn" | "--accent" | "--good" | "--text" | "--faint" | "--here"} name */
const themed = (name) => theme.getPropertyValue(name);
const theme = getComputedStyle(document.documentElement);

const box = $("#timeline");
const canvas = $("#timeline canvas", HTMLCanvasElement);
let [from, to] = [0, 1]; // frames in sight below
let rows = /** @type {{ lane: Lane, row: number }[]} */ ([]);
let count = 0; // of rows
let doubtful = /** @type {Map<number | null, Doubt[]>} */ (new Map()); // by lane; null: where nothing is covered
let scroll = 0; // the first row in sight
let drag = /** @type {"whole" | "part" | null} */ (null);
let waiting = 0;
let before = { clip: /** @type {Clip | null} */ (null), frame: 0, selected: /** @type {number | null} */ (null) };

new ResizeObserver(draw).observe(box);
matchMedia("(prefers-color-scheme: light)").addEventListener("change", draw);
box.addEventListener("pointerdown", press);
box.addEventListener("pointermove", pull);
box.addEventListener("pointerup", () => (drag = null));
box.addEventListener("wheel", wheel, { passive: false });

panel(() => [state.clip, player.frame, state.selected, state.span, state.watched, state.waves], (clip, frame, selected) => {
  if (clip && clip !== before.clip) pack(clip);
  if (clip && clip.key !== before.clip?.key) [from, to, scroll] = [0, clip.frames, 0];
  else if (clip && frame !== before.frame && !drag && (frame < from || frame >= to)) look(frame - (to - from) * 0.3, to - from);
  if (clip && selected !== before.selected && selected !== null) {
    const row = rows.find(({ lane }) => lane.id === selected)?.row ?? 0;
    scroll = Math.min(row, Math.max(scroll, row - room() + 1));
  }
  before = { clip, frame, selected };
  draw();
});

/** Lanes that do not meet in time share a row. @param {Clip} clip */
function pack(clip) {
  const ends = /** @type {number[]} */ ([]);
  rows = clip.lanes.toSorted((a, b) => a.start - b.start || a.id - b.id).map((lane) => {
    const free = ends.findIndex((end) => end <= lane.start);
    const row = free < 0 ? ends.length : free;
    ends[row] = lane.end;
    return { lane, row };
  });
  count = ends.length;
  doubtful = new Map();
  for (const doubt of clip.doubts) doubtful.set(doubt.lane, [...(doubtful.get(doubt.lane) ?? []), doubt]);
}

const band = () => (state.waves.covered || state.waves.original ? WAVE : 0);
const lanes = () => LANES + band();
const tall = () => Math.max(ROWS[0], Math.min(ROWS[1], Math.floor((box.clientHeight - lanes()) / (count || 1))));
const room = () => Math.max(1, Math.floor((box.clientHeight - lanes()) / tall()));
const x = (/** @type {number} */ frame) => ((frame - from) / (to - from)) * box.clientWidth;

/** @param {number} begin @param {number} frames */
function look(begin, frames) {
  const length = Math.max(LEAST, Math.min(frames, shown().frames));
  from = Math.max(0, Math.min(begin, shown().frames - length));
  to = from + length;
  draw();
}

export const lookAtAll = () => look(0, shown().frames);

/** @param {number} factor of the frames in sight @param {number} [around] this frame, which stays where it is */
export function zoom(factor, around = player.frame) {
  const share = (around - from) / (to - from);
  const length = Math.max(LEAST, Math.min((to - from) * factor, shown().frames));
  look(around - (share >= 0 && share <= 1 ? share : 0.5) * length, length);
}

function draw() {
  waiting ||= requestAnimationFrame(() => {
    waiting = 0;
    const c = fit(canvas, box);
    if (!state.clip) return;
    c.font = "11px system-ui, sans-serif";
    paintWhole(c, state.clip);
    paintRuler(c, state.clip);
    if (band()) paintWave(c, state.clip);
    paintLanes(c);
    bar(c, themed("--here"), player.frame, player.frame + 1, TOP, box.clientHeight);
    c.fillStyle = themed("--text");
    c.fillRect(Math.round(x(player.frame)), TOP, 1.5, box.clientHeight);
  });
}

/** Fill frames [start, end) of the part, from `y` down. @param {CanvasRenderingContext2D} c @param {string} colour
 * @param {number} start @param {number} end @param {number} y @param {number} high @param {number} [least] width */
function bar(c, colour, start, end, y, high, least = 1) {
  c.fillStyle = colour;
  c.fillRect(x(start), y, Math.max(least, x(end) - x(start)), high);
}

const colourOf = (/** @type {Doubt} */ doubt) => (isExposed(doubt) ? themed("--bad") : themed("--doubt"));
/** @type {(clip: Clip) => [start: number, end: number, colour: string][]} */
const shots = ({ cuts, frames }) => [0, ...cuts].map((start, i) => [start, cuts[i] ?? frames, themed(i % 2 ? "--shot" : "--shot-next")]);

/** Shots, doubts, and which part is below. @param {CanvasRenderingContext2D} c @param {Clip} clip */
function paintWhole(c, clip) {
  const whole = (/** @type {number} */ frame) => (frame / clip.frames) * box.clientWidth;
  for (const [start, end, colour] of shots(clip)) {
    c.fillStyle = colour;
    c.fillRect(whole(start), 0, Math.max(1, whole(end) - whole(start)), STRIP);
  }
  for (const doubt of clip.doubts) {
    c.fillStyle = colourOf(doubt);
    c.fillRect(whole(doubt.start), isExposed(doubt) ? 2 : 6, Math.max(2, whole(doubt.end) - whole(doubt.start)), 8);
  }
  c.fillStyle = themed("--good");
  for (const [start, end] of clip.rendered ? clip.watched : []) c.fillRect(whole(start), STRIP - 3, whole(end) - whole(start), 3);
  c.fillStyle = themed("--accent");
  for (const [start, end] of clip.rendered ? clip.heard : []) c.fillRect(whole(start), STRIP - 6, whole(end) - whole(start), 2);
  c.fillStyle = c.strokeStyle = themed("--text");
  c.lineWidth = 1;
  if (to - from < clip.frames) c.strokeRect(whole(from) + 0.5, 0.5, Math.max(6, whole(to) - whole(from)) - 1, STRIP - 1);
  c.fillRect(whole(player.frame) - 1, 0, 2, STRIP);
}

/** Times, shots and their cuts, the marked span. @param {CanvasRenderingContext2D} c @param {Clip} clip */
function paintRuler(c, clip) {
  const { clientWidth: width, clientHeight: height } = box;
  for (const [start, end, colour] of shots(clip)) {
    const [a, b] = [Math.max(start, from), Math.min(end, to)];
    if (a >= b) continue;
    bar(c, colour, a, b, TOP, RULER - 1);
    c.fillStyle = themed("--line");
    if (start > from) c.fillRect(x(a), TOP, 1, height);
  }
  const clock = clockOf(clip);
  const [first, last] = [clock.at(Math.floor(from)), clock.at(Math.floor(to))];
  const step = STEPS.find((seconds) => (seconds / (last - first)) * width > 84) ?? 3600;
  c.fillStyle = themed("--dim");
  for (let t = Math.ceil(first / step) * step; t <= last; t += step) {
    const at = x(clock.frame(t + 1e-3));
    c.fillRect(at, TOP, 1, 4);
    c.fillText(step < 1 ? time(t).slice(2, -1) : time(t).slice(0, -3), at + 3, STRIP + RULER - 1);
  }
  for (const [start, end] of clip.mutes) bar(c, themed("--drawn"), ...framesOf(clip, start, end), TOP + RULER - 3, 3);
  c.fillStyle = themed("--accent");
  for (const { frame } of clip.remarks) paintFlag(c, x(frame + 0.5));
  const marked = span();
  if (marked) bar(c, "#74b3ff33", ...marked, TOP, height);
}

/** The frames of a span in seconds of the clip's clock. @param {Clip} clip @param {number} start @param {number} end
 * @returns {[number, number]} */
function framesOf(clip, start, end) {
  const clock = clockOf(clip);
  return [clock.frame(start - clock.start), clock.frame(end - clock.start - 1e-3) + 1];
}

/** The sound's loudness: the covered file's before the original's, unheard seconds above, muted and bleeped spans over it.
 * @param {CanvasRenderingContext2D} c @param {Clip} clip */
function paintWave(c, clip) {
  const { clientWidth: width } = box;
  const top = TOP + RULER;
  const sides = /** @type {const} */ ([[state.waves.original, "--faint"], [state.waves.covered, "--accent"]]);
  const frames = (to - from) / width; // in a pixel
  for (const [wave, colour] of sides) {
    c.fillStyle = themed(colour);
    for (let at = 0; wave && at < width; at++) {
      const high = (WAVE - 6) * loudest(clip, wave, from + at * frames, from + (at + 1) * frames);
      if (high > 0.5) c.fillRect(at, top + 4 + (WAVE - 6 - high) / 2, 1, high);
    }
  }
  for (const [start, end] of unheard(clip)) bar(c, themed("--doubt"), start, end, top + 1, 2);
  for (const [start, end] of clip.mutes) bar(c, themed("--ground"), ...framesOf(clip, start, end), top + 4, WAVE - 6);
  for (const [start, end] of clip.mutes) bar(c, themed("--edge"), ...framesOf(clip, start, end), top + WAVE / 2, 1);
  for (const [start, end] of clip.bleeps) paintBleep(c, ...framesOf(clip, start, end), top + WAVE / 2);
}

/** A tone is a wave. @param {CanvasRenderingContext2D} c @param {number} start @param {number} end @param {number} y */
function paintBleep(c, start, end, y) {
  c.strokeStyle = themed("--drawn");
  c.lineWidth = 1.5;
  c.beginPath();
  for (let at = Math.max(0, x(start)); at < Math.min(box.clientWidth, Math.max(x(start) + 2, x(end))); at++) c.lineTo(at, y + 6 * Math.sin(at * 0.8));
  c.stroke();
}

/** A note. @param {CanvasRenderingContext2D} c @param {number} at */
function paintFlag(c, at) {
  c.beginPath();
  c.moveTo(at - 5, TOP);
  c.lineTo(at + 5, TOP);
  c.lineTo(at, TOP + 8);
  c.fill();
}

function paintLanes(/** @type {CanvasRenderingContext2D} */ c) {
  const { clientWidth: width, clientHeight: height } = box;
  c.save();
  c.beginPath();
  c.rect(0, lanes(), width, height - lanes());
  c.clip();
  for (const { lane, row } of rows) {
    const y = lanes() + (row - scroll) * tall();
    if (lane.end <= from || lane.start >= to || y < lanes() - tall() || y > height) continue;
    paintLane(c, lane, y, tall() - 3, doubtful.get(lane.id) ?? []);
  }
  for (const doubt of doubtful.get(null) ?? []) bar(c, colourOf(doubt), doubt.start, doubt.end, lanes() - 4, 3, 2);
  c.restore();
  c.fillStyle = themed("--edge");
  if (count > room()) c.fillRect(width - 5, lanes() + ((height - lanes()) * scroll) / count, 4, ((height - lanes()) * room()) / count);
  c.fillStyle = themed("--dim");
  if (!count) c.fillText(t("timeline.empty"), 12, lanes() + 16);
}

/** @param {CanvasRenderingContext2D} c @param {Lane} lane @param {number} y @param {number} high @param {Doubt[]} doubts */
function paintLane(c, lane, y, high, doubts) {
  const [a, b] = [x(lane.start), Math.max(x(lane.start) + 2, x(lane.end) - 0.5)];
  c.fillStyle = lane.region !== null ? COLOURS.drawn : lane.source === "edit" ? COLOURS.edit : COLOURS.cover;
  c.fillRect(a, y, b - a, high);
  for (const seen of lane.seen) bar(c, COLOURS.seen, ...seen, y + high - 3, 3);
  for (const [start, end] of lane.clear) {
    const [u, v] = [x(start), Math.max(x(start) + 2, x(end))];
    bar(c, themed("--ground"), start, end, y, high, 2);
    c.strokeStyle = themed("--clear");
    c.setLineDash([4, 2]);
    c.strokeRect(u + 0.5, y + 0.5, v - u - 1, high - 1);
    c.setLineDash([]);
  }
  for (const doubt of doubts) bar(c, colourOf(doubt), doubt.start, doubt.end, y, 3, 2);
  c.fillStyle = "#fff";
  for (const key of lane.keys) {
    c.save();
    c.translate(x(key + 0.5), y + high / 2);
    c.rotate(Math.PI / 4);
    c.fillRect(-3, -3, 6, 6);
    c.restore();
  }
  if (b - a > 46) paintName(c, lane, Math.max(a, 0) + 5, b, y, high);
  if (lane.id !== state.selected) return;
  c.strokeStyle = themed("--accent");
  c.lineWidth = 2;
  c.strokeRect(a - 1, y - 1, b - a + 2, high + 2);
  c.lineWidth = 1;
}

/** @param {CanvasRenderingContext2D} c @param {Lane} lane @param {number} left @param {number} right @param {number} y @param {number} high */
function paintName(c, lane, left, right, y, high) {
  const kept = lane.clear.length > 0 && lane.clear[0][0] === lane.start;
  const label = kept ? t("timeline.clear", { name: named(lane) }) : named(lane);
  c.fillStyle = COLOURS.drawn; // over the keyframes
  if (lane.keys.length) c.fillRect(left - 3, y + 1, c.measureText(label).width + 6, high - 2);
  c.fillStyle = kept ? themed("--clear") : COLOURS.name;
  if (right - left > 40) c.fillText(label, left, y + high / 2 + 4, right - left - 4);
}

// ---- the pointer

function press(/** @type {PointerEvent} */ event) {
  if (!state.clip || event.button !== 0) return;
  box.setPointerCapture(event.pointerId);
  const area = box.getBoundingClientRect();
  const [left, y] = [event.clientX - area.left, event.clientY - area.top];
  drag = y < STRIP ? "whole" : "part";
  const row = Math.floor((y - lanes()) / tall()) + scroll;
  const hit = rows.find(({ lane, row: at }) => at === row && x(lane.start) - 3 <= left && left <= x(lane.end) + 3);
  if (y > lanes() && hit) select(hit.lane.id);
  pull(event);
}

function pull(/** @type {PointerEvent} */ event) {
  if (!drag || !state.clip) return;
  const { frames } = state.clip;
  const area = box.getBoundingClientRect();
  const [first, last] = drag === "whole" ? [0, frames] : [from, to];
  const frame = Math.max(0, Math.min(frames - 1, Math.floor(first + ((event.clientX - area.left) / area.width) * (last - first))));
  if (drag === "whole") look(frame - (to - from) / 2, to - from);
  player.seek(frame);
}

function wheel(/** @type {WheelEvent} */ event) {
  if (!state.clip) return;
  event.preventDefault();
  const area = box.getBoundingClientRect();
  const frames = (/** @type {number} */ pixels) => (pixels / area.width) * (to - from);
  if (event.ctrlKey || event.altKey) zoom(Math.exp(event.deltaY / 300), from + frames(event.clientX - area.left));
  else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY) || count <= room()) {
    look(from + frames(event.deltaX || event.deltaY), to - from);
  } else scroll = Math.max(0, Math.min(count - room(), scroll + Math.sign(event.deltaY) * 2));
  draw();
}
