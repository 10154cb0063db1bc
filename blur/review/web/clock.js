// @ts-check
// Frames and seconds of one clip; frame rates may vary, so nothing is computed from a rate.

export class Clock {
  constructor(/** @type {import("./protocol.js").Clip} */ clip) {
    const [numerator, denominator] = clip.time_base;
    this.frames = clip.frames;
    this.start = (clip.first * numerator) / denominator;
    this.times = new Float64Array(clip.frames + 1);
    let pts = 0;
    let index = 1;
    for (const [step, count] of clip.steps) {
      for (let i = 0; i < count; i++) this.times[index++] = ((pts += step) * numerator) / denominator;
    }
    const last = clip.steps.at(-1)?.[0] ?? 1;
    this.seconds = this.times[clip.frames] = ((pts + last) * numerator) / denominator;
    this.usual = this.seconds / clip.frames;
  }

  at(/** @type {number} */ frame) {
    return this.times[Math.max(0, Math.min(frame, this.frames))];
  }

  /** The frame on screen at a time: the last that has begun. @param {number} seconds */
  frame(seconds) {
    let low = 0;
    let high = this.frames - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle] <= seconds + 5e-4) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
