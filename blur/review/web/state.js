// @ts-check
// All that the page knows. `set` changes it and `update` draws the panels that show something else by then.

import { Clock } from "./clock.js";
/** @import { Box, Clip, Doubt, Item, Lane, Mark, Point, Progress, Refusal, Row } from "./protocol.js" */

/** A pointer at work: drawing a region, moving a cover that has `place`, or pulling its handle number `handle`;
 * `under` are lanes under the pointer, the smallest first.
 * @typedef {{ kind: "draw" | "move" | "size", from: Point, frame: number, mark: Mark | null, place: Box | null, handle: number, under: number[], box?: Box }} Drag */

export const state = {
  key: /** @type {string | null} */ (null), // the clip that was asked for
  clip: /** @type {Clip | null} */ (null), // that clip, once it is here: nothing is decided about a clip that is not seen yet
  refusal: /** @type {Refusal | null} */ (null), // why it cannot be opened
  selected: /** @type {number | null} */ (null), // a lane's id
  pointed: /** @type {Doubt | null} */ (null), // a doubt where nothing is covered
  picked: /** @type {ReadonlySet<number>} */ (new Set()), // lanes to decide about together
  span: /** @type {readonly (number | null)[]} */ ([null, null]), // first and last frame that a decision is meant for
  visited: /** @type {ReadonlySet<string>} */ (new Set()), // doubts, by `sign`
  tab: "doubts",
  bare: false, // thumbnails of faces are shown, uncovered: never unasked, for others may see the screen
  watched: 0, // reports of what was played
  ear: /** @type {"" | "covered" | "original"} */ (""), // what is heard: nothing unasked, for others may hear it
  waves: /** @type {import("./wave.js").Waves} */ ({ covered: null, original: null }), // how loud the clip is
  queue: /** @type {Item[]} */ ([]), // the doubts of all clips, as far as they are read
  read: /** @type {readonly [number, number] | null} */ (null), // clips whose doubts are read, of how many
  queueing: false, // the queue is shown in place of the clips
  asked: /** @type {{ key: string, id: string } | null} */ (null), // the doubt of the queue that is asked about
  sheet: /** @type {Item[]} */ ([]), // the questions that are asked about together, on a page of pictures
  wrong: /** @type {ReadonlySet<string>} */ (new Set()), // those of them that are marked
  initials: "",
  outlines: true,
  drawing: false,
  drag: /** @type {Drag | null} */ (null),
  nudge: /** @type {{ lane: Lane, frame: number, box: Box, timer: number } | null} */ (null), // steps that are not sent yet
  ghost: /** @type {Box | null} */ (null), // where a region is going
  said: /** @type {{ text: string, kind: string } | null} */ (null),
  folder: "",
  rows: /** @type {Row[]} */ ([]),
  marked: /** @type {ReadonlySet<string>} */ (new Set()), // clips picked in the list, by key
  rendering: false,
  progress: /** @type {Map<string, Progress>} */ (new Map()), // of what is rendered, here or elsewhere, by clip
};

/** Nothing is chosen, marked or being drawn. @type {Partial<typeof state>} */
export const NOTHING = { selected: null, pointed: null, picked: new Set(), span: [null, null], drawing: false, drag: null };

const panels = /** @type {(() => void)[]} */ ([]);
export const update = () => panels.forEach((panel) => panel());

export function set(/** @type {Partial<typeof state>} */ changes) {
  Object.assign(state, changes);
  update();
}

/** A part of the page: `draw` is called with what `of` finds, whenever any of that is another.
 * @template {unknown[]} T @param {() => [...T]} of @param {(...found: T extends infer U extends unknown[] ? U : never) => void} draw */
export function panel(of, draw) {
  let drawn = /** @type {unknown[] | null} */ (null);
  panels.push(() => {
    const found = of();
    if (drawn && found.every((value, i) => Object.is(value, drawn?.[i]))) return;
    drawn = found;
    draw(.../** @type {any} */ (found));
  });
}

/** @template {object} K, V @param {(key: K) => V} make @returns {(key: K) => V} */
function once(make) {
  const made = new WeakMap();
  return (key) => made.get(key) ?? (made.set(key, make(key)), made.get(key));
}

export const clockOf = once((/** @type {Clip} */ clip) => new Clock(clip));
const lanesOf = once((/** @type {Clip} */ clip) => new Map(clip.lanes.map((lane) => [lane.id, lane])));

export const isOpening = () => state.key !== null && !state.clip && !state.refusal;

/** The clip on the screen. Commands run only while there is one. */
export function shown() {
  if (!state.clip) throw new Error("no clip is open");
  return state.clip;
}

export const laneOf = (/** @type {number | null} */ id) => (id === null || !state.clip ? null : (lanesOf(state.clip).get(id) ?? null));
export const selected = () => laneOf(state.selected);
export const picked = () => [...state.picked].map(laneOf).filter((lane) => lane !== null);
export const regionLane = (/** @type {number | null} */ region) => shown().lanes.find((lane) => lane.region === region);

/** The span that is marked. @returns {import("./protocol.js").Span | null} */
export function span() {
  const [first, last] = state.span;
  if (first === null && last === null) return null;
  const from = first ?? 0;
  const to = (last ?? shown().frames - 1) + 1;
  return from < to ? [from, to] : [to - 1, from + 1];
}

export const select = (/** @type {number | null} */ lane) => set({ selected: lane, pointed: null, said: null });

export function pick(/** @type {number} */ id) {
  if (laneOf(id)?.region != null) return;
  const others = new Set(state.picked);
  if (!others.delete(id)) others.add(id);
  set({ picked: others });
}

let fading = 0;
/** Tell a person, for some seconds. @param {string} text @param {"" | "good" | "bad"} [kind] */
export function say(text, kind = "") {
  clearTimeout(fading);
  fading = setTimeout(() => set({ said: null }), kind === "bad" ? 12000 : 5000);
  set({ said: { text, kind } });
}
