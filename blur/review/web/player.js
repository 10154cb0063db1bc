// @ts-check
// Shows one exact frame, or plays. Frames come from the server as pictures; the rendered file
// plays as a video where the browser can, and every pause shows the exact frame again.

import { $, fit } from "./dom.js";
import { readFrame, videoOf } from "./protocol.js";
import { clockOf, update } from "./state.js";
/** @import { Clip, Point } from "./protocol.js" */

const HELD = 64; // pictures kept around the playhead
const AHEAD = 12; // frames that are fetched before they are due
const SIZES = [480, 640, 960, 1280, 1600, 1920, 2560]; // longest sides that are asked for, in pixels
const VIDEO = { name: "", picture: null, beneath: false, rendered: true };

export class Player {
  stage = $("#stage");
  canvas = $("#picture", HTMLCanvasElement);
  video = $("#video", HTMLVideoElement);
  context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d", { alpha: false }));
  /** @type {Map<string, ImageBitmap>} */ pictures = new Map();
  /** @type {Clip | null} */ clip = null;
  frame = 0;
  speed = 0;
  beneath = false;
  size = 0;
  place = { x: 0, y: 0, width: 0, height: 0, across: 1, down: 1 }; // the picture on the stage; its pixels in one of the clip
  /** @type {{ name: string, picture: ImageBitmap, beneath: boolean, rendered: boolean } | null} */ shown = null;
  /** @type {object | null} */ run = null;
  /** @type {AbortController | null} */ abort = null;
  /** Frames [start, end) that are played again and again, from within them. @type {[number, number] | null} */ loop = null;

  constructor(/** @type {(error: unknown) => void} */ onProblem) {
    this.onProblem = onProblem;
    new ResizeObserver(() => this.resize()).observe(this.stage);
  }

  /** Whether the picture of this very frame, as the clip stands now, is still to come. */
  get waiting() {
    return !!this.clip && !this.speed && this.shown?.name !== this.name(this.frame);
  }

  /** Tells of the picture on the screen, whatever was asked for since. */
  get showing() {
    return this.video.hidden ? this.shown : VIDEO;
  }

  /** @param {Clip} clip @param {number} frame */
  open(clip, frame) {
    const same = clip.key === this.clip?.key;
    const current = same && clip.version === this.clip?.version;
    if (!current) this.stop(true);
    if (!same) this.pictures.clear();
    this.clip = clip;
    if (!current && clip.video) this.video.src = videoOf(clip);
    this.measure();
    if (!this.speed) this.show(frame);
  }

  close() {
    this.abort?.abort();
    this.clip = this.shown = null;
    this.frame = 0;
    this.video.hidden = true;
    delete this.stage.dataset.shown;
    this.paint();
    this.stop(true);
  }

  resize() {
    const { size } = this;
    this.measure();
    if (this.clip && size !== this.size && !this.speed) this.show(this.frame);
    else update();
  }

  measure() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    fit(this.canvas, this.stage);
    if (!this.clip) return;
    const wide = Math.min(width, height * this.clip.aspect);
    const tall = wide / this.clip.aspect;
    const [x, y] = [(width - wide) / 2, (height - tall) / 2];
    this.place = { x, y, width: wide, height: tall, across: wide / this.clip.width, down: tall / this.clip.height };
    Object.assign(this.video.style, { left: `${x}px`, top: `${y}px`, width: `${wide}px`, height: `${tall}px` });
    this.size = SIZES.find((size) => size >= Math.max(wide, tall) * (devicePixelRatio || 1)) ?? SIZES[SIZES.length - 1];
    this.paint();
  }

  name(/** @type {number} */ frame) {
    return `${frame} ${this.size} ${this.beneath ? "beneath" : this.clip?.version}`;
  }

  async show(/** @type {number} */ frame) {
    if (!this.clip) return;
    this.frame = Math.max(0, Math.min(frame, this.clip.frames - 1));
    this.abort?.abort();
    const wanted = this.name(this.frame);
    if (this.draw(wanted)) return;
    update();
    this.abort = new AbortController();
    const isWanted = () => this.clip && wanted === this.name(this.frame);
    try {
      await this.fetch(this.frame, this.abort.signal);
    } catch (error) {
      if (isWanted()) this.onProblem(error);
      return;
    }
    if (isWanted()) this.draw(wanted);
  }

  /** Show a frame without playing on. @param {number} frame */
  seek(frame) {
    this.stop(true);
    this.show(frame);
  }

  draw(/** @type {string} */ name) {
    const picture = this.pictures.get(name);
    if (!picture || !this.clip) return false;
    this.pictures.delete(name);
    this.pictures.set(name, picture);
    this.shown = { name, picture, beneath: this.beneath, rendered: this.clip.rendered };
    this.video.hidden = true;
    this.paint();
    this.stage.dataset.shown = String(this.frame);
    update();
    return true;
  }

  paint() {
    const { context, stage } = this;
    const { x, y, width, height } = this.place;
    context.fillStyle = "#0b0c0e";
    context.fillRect(0, 0, stage.clientWidth, stage.clientHeight);
    context.imageSmoothingQuality = "high";
    if (this.shown) context.drawImage(this.shown.picture, x, y, width, height);
  }

  /** @param {number} frame @param {AbortSignal} [signal] */
  async fetch(frame, signal) {
    const { clip, beneath, size } = this;
    const name = this.name(frame);
    if (!clip || this.pictures.has(name)) return;
    const picture = await readFrame(clip, frame, { beneath, size, signal });
    if (this.clip?.key !== clip.key) return;
    this.pictures.set(name, picture);
    if (this.pictures.size > HELD) this.pictures.delete([...this.pictures.keys()][0]);
  }

  step(/** @type {number} */ frames) {
    if (!this.clip) return;
    this.stop();
    this.show(this.frame + frames);
    for (let i = 1; i <= 2; i++) {
      const next = this.frame + i * Math.sign(frames);
      if (next >= 0 && next < this.clip.frames) this.fetch(next).catch(() => {});
    }
  }

  peek(/** @type {boolean} */ on) {
    if (!this.clip || on === this.beneath) return;
    if (on) this.stop(true);
    this.beneath = on;
    this.show(this.frame);
  }

  play(/** @type {number} */ speed) {
    if (!this.clip) return;
    this.stop(true);
    if (speed > 0 && this.frame >= this.clip.frames - 1) this.frame = 0;
    this.speed = speed;
    const run = (this.run = {});
    if (speed > 0 && this.clip.video && !this.beneath) this.playVideo(run, this.clip);
    else this.playFrames(run, this.clip);
    update();
  }

  /** @param {boolean} [silent] whether another frame is asked for at once */
  stop(silent) {
    const was = this.speed;
    this.run = null;
    this.speed = 0;
    this.video.pause(); // it stays in sight until the exact frame is there
    if (was && !silent && this.clip) this.show(this.frame);
    else update();
  }

  /** @param {object} run @param {Clip} clip */
  async playVideo(run, clip) {
    const { video, frame: begin } = this;
    const clock = clockOf(clip);
    const round = this.round;
    const put = (/** @type {number} */ frame) => (video.currentTime = clock.start + (clock.at(frame) + clock.at(frame + 1)) / 2);
    put(begin);
    video.playbackRate = this.speed;
    /** @type {VideoFrameRequestCallback} */
    const seen = (_, { mediaTime }) => {
      if (this.run !== run) return;
      if (!video.seeking) {
        this.frame = clock.frame(mediaTime - clock.start);
        if (round && this.frame >= round[1] - 1) put(round[0]);
        video.hidden = false;
        update();
      }
      video.requestVideoFrameCallback(seen);
    };
    video.requestVideoFrameCallback(seen);
    video.onended = () => {
      if (this.run !== run) return;
      if (!round) return this.stop();
      put(round[0]);
      video.play().catch(failed);
    };
    // The browser lacks the codec, or the file is another one by now.
    const failed = () => void (this.run === run && this.playFrames((this.run = {}), clip));
    video.onerror = failed;
    try {
      await video.play();
    } catch {
      failed();
    }
  }

  /** @param {object} run @param {Clip} clip */
  async playFrames(run, clip) {
    const { speed } = this;
    const clock = clockOf(clip);
    const round = this.round;
    let began = performance.now();
    let origin = clock.at(this.frame);
    const way = Math.sign(speed);
    while (this.run === run) {
      const due = clock.frame(origin + ((performance.now() - began) / 1000) * speed);
      let next = way > 0 ? Math.max(this.frame + 1, due) : Math.min(this.frame - 1, due);
      if (round && next >= round[1]) {
        next = round[0];
        began = performance.now();
        origin = clock.at(next);
      }
      if (next < 0 || next >= clip.frames) return this.stop();
      const stride = Math.max(1, Math.abs(next - this.frame));
      const coming = [];
      for (let i = 0; i < Math.min(AHEAD, 4 * stride + 4); i += stride) {
        const frame = next + i * way;
        if (frame >= 0 && frame < clip.frames) coming.push(this.fetch(frame));
      }
      for (const later of coming) later.catch(() => {}); // told when its turn comes
      try {
        await coming[0];
        await Promise.allSettled(coming.slice(1, 2));
      } catch (error) {
        this.stop();
        return this.onProblem(error);
      }
      const wait = (Math.abs(clock.at(next) - origin) / Math.abs(speed)) * 1000 - (performance.now() - began);
      if (wait > 2) await new Promise((done) => setTimeout(done, wait));
      if (this.run !== run) return;
      this.frame = next;
      if (!this.draw(this.name(next))) update();
    }
  }

  /** The frames of so many seconds, 1 at least. @param {number} seconds */
  framesIn(seconds) {
    return this.clip ? Math.max(1, Math.round(seconds / clockOf(this.clip).usual)) : 1;
  }

  /** The loop that playing from here goes round. */
  get round() {
    const { loop, frame, speed } = this;
    return loop && speed > 0 && loop[0] <= frame && frame < loop[1] ? loop : null;
  }

  /** A point of the stage in the clip. @type {(x: number, y: number) => Point} */
  toClip = (x, y) => [(x - this.place.x) / this.place.across, (y - this.place.y) / this.place.down];
  /** A point of the clip on the stage. @type {(x: number, y: number) => Point} */
  toScreen = (x, y) => [this.place.x + x * this.place.across, this.place.y + y * this.place.down];
}
