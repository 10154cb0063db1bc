// @ts-check
// The outlines of the covers on each frame, fetched some frames at a time around those looked at.

import { readMarks } from "./protocol.js";
import { state, update } from "./state.js";
/** @import { Clip, Mark } from "./protocol.js" */

const CHUNK = 60; // frames in one request; the server answers at most 120
const HELD = 200; // chunks

export class Marks {
  /** @type {Map<number, Mark[][]>} */ chunks = new Map();
  /** @type {Map<number, Promise<void>>} */ coming = new Map();
  /** @type {Clip | null} */ clip = null;
  /** @type {{ frame: number, marks: Mark[] } | null} */ before = null; // those on the screen before the clip changed

  constructor(/** @type {(error: unknown) => void} */ onProblem) {
    this.onProblem = onProblem;
  }

  /** @param {Clip} clip @param {number} frame on the screen */
  open(clip, frame) {
    if (clip.key !== this.clip?.key || clip.version !== this.clip.version) {
      // Known ones are shown until the new ones come, so that nothing flickers.
      const marks = clip.key === this.clip?.key ? (this.arrived(frame) ?? this.last(frame)) : null;
      this.before = marks && { frame, marks };
      this.chunks = new Map();
      this.coming = new Map();
    }
    this.clip = clip;
  }

  close() {
    this.clip = this.before = null;
  }

  /** Whether outlines that should be in sight are still to come. @param {number} frame */
  waiting(frame) {
    return !!this.clip && (state.outlines || state.selected !== null) && !this.arrived(frame);
  }

  arrived(/** @type {number} */ frame) {
    const chunk = this.chunks.get(Math.floor(frame / CHUNK));
    return chunk && (chunk[frame % CHUNK] ?? []);
  }

  last(/** @type {number} */ frame) {
    return this.before?.frame === frame ? this.before.marks : null;
  }

  /** Resolves when the marks of a frame are here, or cannot be had. @param {number} frame */
  async ready(frame) {
    let clip;
    do {
      ({ clip } = this);
      this.at(frame);
      await this.coming.get(Math.floor(frame / CHUNK));
    } while (this.clip && this.clip !== clip);
  }

  /** The marks of a frame as far as they are known; the rest is asked for. @param {number} frame */
  at(frame) {
    const here = this.arrived(frame);
    if (here) return here;
    const number = Math.floor(frame / CHUNK);
    if (this.clip && !this.coming.has(number)) this.coming.set(number, this.load(this.clip, number));
    return this.last(frame) ?? [];
  }

  /** @param {Clip} clip @param {number} number */
  async load(clip, number) {
    const { chunks, coming } = this;
    try {
      chunks.set(number, await readMarks(clip, number * CHUNK, (number + 1) * CHUNK));
      if (chunks.size > HELD) chunks.delete([...chunks.keys()][0]);
    } catch (error) {
      if (chunks === this.chunks) this.onProblem(error);
    }
    coming.delete(number);
    update();
  }
}
