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
const VIDEO = { name: "", picture: null, other: null, beneath: false, rendered: true };
export const NEAREST = 8; // times: more shows nothing that the file holds

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
  zoom = 1;
  centre = { x: 0.5, y: 0.5 }; // of the view, in shares of the picture
  /** The original, beside the covered picture or behind a line: only while a person asks for it. @type {"" | "wipe" | "beside"} */ compare = "";
  line = 0.5; // between both, in shares of the picture
  pace = 1; // times the clip's speed that playing begins with
  /** @type {{ name: string, picture: ImageBitmap, other: ImageBitmap | null, beneath: boolean, rendered: boolean } | null} */ shown = null;
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
    if (!same) {
      this.pictures.clear();
      this.zoom = 1;
      this.compare = "";
    }
    this.clip = clip;
    if (!current && clip.video) this.video.src = videoOf(clip);
    this.measure();
    if (!this.speed) this.show(frame);
  }

  close() {
    this.abort?.abort();
    this.clip = this.shown = null;
    this.frame = 0;
    this.compare = "";
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
    const room = this.compare === "beside" ? width / 2 : width;
    const wide = Math.min(room, height * this.clip.aspect) * this.zoom;
    const tall = wide / this.clip.aspect;
    const [x, y] = [within(room, wide, this.centre.x), within(height, tall, this.centre.y)];
    this.place = { x, y, width: wide, height: tall, across: wide / this.clip.width, down: tall / this.clip.height };
    Object.assign(this.video.style, { left: `${x}px`, top: `${y}px`, width: `${wide}px`, height: `${tall}px` });
    this.size = SIZES.find((size) => size >= Math.max(wide, tall) * (devicePixelRatio || 1)) ?? SIZES[SIZES.length - 1];
    this.paint();
  }

  /** Look closer, or from further away. @param {number} zoom @param {Point} [at] this point of the stage stays where it is */
  closer(zoom, at = [this.stage.clientWidth / 2, this.stage.clientHeight / 2]) {
    const { place } = this;
    const [x, y] = [(at[0] - place.x) / place.width, (at[1] - place.y) / place.height];
    const by = Math.max(1, Math.min(zoom, NEAREST)) / this.zoom;
    this.zoom *= by;
    this.lookAt(x - (at[0] - this.room / 2) / (place.width * by), y - (at[1] - this.stage.clientHeight / 2) / (place.height * by));
  }

  /** @param {number} x @param {number} y in shares of the picture */
  lookAt(x, y) {
    this.centre = { x: Math.max(0, Math.min(x, 1)), y: Math.max(0, Math.min(y, 1)) };
    this.resize();
  }

  /** Width of the part of the stage that has the covered picture. */
  get room() {
    return this.stage.clientWidth / (this.compare === "beside" ? 2 : 1);
  }

  /** The line between covered and original, in pixels of the stage. */
  get border() {
    return this.compare === "beside" ? this.room : this.place.x + this.place.width * this.line;
  }

  /** Show the original, too, for as long as a person wants. @param {Player["compare"]} how */
  compareWith(how) {
    if (!this.clip || how === this.compare) return;
    this.stop(true);
    this.compare = how;
    this.measure();
    this.show(this.frame);
  }

  /** Whether the original is shown beside what is covered. */
  get compared() {
    return this.compare !== "" && !this.beneath;
  }

  /** Names all that is to be seen of a frame. */
  name(/** @type {number} */ frame) {
    return `${this.nameOf(frame, this.beneath)} ${this.compared}`;
  }

  /** Names a picture. @param {number} frame @param {boolean} beneath */
  nameOf(frame, beneath) {
    return `${frame} ${this.size} ${beneath ? "beneath" : this.clip?.version}`;
  }

  async show(/** @type {number} */ frame) {
    if (!this.clip) return;
    this.frame = Math.max(0, Math.min(frame, this.clip.frames - 1));
    this.abort?.abort();
    const wanted = this.name(this.frame);
    if (this.draw()) return;
    update();
    this.abort = new AbortController();
    const isWanted = () => this.clip && wanted === this.name(this.frame);
    try {
      await this.fetch(this.frame, this.abort.signal);
    } catch (error) {
      if (isWanted()) this.onProblem(error);
      return;
    }
    if (isWanted()) this.draw();
  }

  /** Show a frame without playing on. @param {number} frame */
  seek(frame) {
    this.stop(true);
    this.show(frame);
  }

  /** Shows the frame if all of it is here. */
  draw() {
    const { frame } = this;
    if (!this.clip) return false;
    const picture = this.pictures.get(this.nameOf(frame, this.beneath));
    const other = this.compared ? this.pictures.get(this.nameOf(frame, true)) : null;
    if (!picture || other === undefined) return false;
    this.keep(this.nameOf(frame, this.beneath), picture);
    if (other) this.keep(this.nameOf(frame, true), other);
    this.shown = { name: this.name(frame), picture, other, beneath: this.beneath || this.compared, rendered: this.clip.rendered };
    this.video.hidden = true;
    this.paint();
    this.stage.dataset.shown = String(frame);
    update();
    return true;
  }

  /** Keeps a picture the longest. @param {string} name @param {ImageBitmap} picture */
  keep(name, picture) {
    this.pictures.delete(name);
    this.pictures.set(name, picture);
    if (this.pictures.size > HELD) this.pictures.delete([...this.pictures.keys()][0]);
  }

  paint() {
    const { context, stage, shown, border } = this;
    context.fillStyle = "#0b0c0e";
    context.fillRect(0, 0, stage.clientWidth, stage.clientHeight);
    context.imageSmoothingQuality = "high";
    if (!shown) return;
    if (!shown.other) return this.paintPart(shown.picture, 0, this.room, 0);
    this.paintPart(shown.picture, 0, border, 0);
    this.paintPart(shown.other, border, stage.clientWidth, this.compare === "beside" ? this.room : 0);
    context.fillStyle = "#ff8078";
    context.fillRect(border - 1, 0, 2, stage.clientHeight);
  }

  /** @param {ImageBitmap} picture @param {number} from @param {number} to pixels of the stage @param {number} by how far it is moved */
  paintPart(picture, from, to, by) {
    const { context, stage } = this;
    const { x, y, width, height } = this.place;
    context.save();
    context.beginPath();
    context.rect(from, 0, to - from, stage.clientHeight);
    context.clip();
    context.drawImage(picture, x + by, y, width, height);
    context.restore();
  }

  /** @param {number} frame @param {AbortSignal} [signal] */
  async fetch(frame, signal) {
    const sides = this.compared ? [false, true] : [this.beneath];
    await Promise.all(sides.map((beneath) => this.fetchPicture(frame, beneath, signal)));
  }

  /** @param {number} frame @param {boolean} beneath @param {AbortSignal} [signal] */
  async fetchPicture(frame, beneath, signal) {
    const { clip, size } = this;
    const name = this.nameOf(frame, beneath);
    if (!clip || this.pictures.has(name)) return;
    const picture = await readFrame(clip, frame, { beneath, size, signal });
    if (this.clip?.key === clip.key) this.keep(name, picture);
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
    if (speed > 0 && this.clip.video && !this.beneath && !this.compare) this.playVideo(run, this.clip);
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
      if (!round) {
        this.frame = clip.frames - 1; // a busy browser may end before it draws the last frames
        update();
        return this.stop();
      }
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
      if (!this.draw()) update();
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
  toClip = (x, y) => [((this.compare === "beside" && x > this.room ? x - this.room : x) - this.place.x) / this.place.across, (y - this.place.y) / this.place.down];
  /** A point of the clip on the stage. @type {(x: number, y: number) => Point} */
  toScreen = (x, y) => [this.place.x + x * this.place.across, this.place.y + y * this.place.down];
}

/** Where something so long begins in a room, its share `centre` in the middle as far as no room stays empty.
 * @param {number} room @param {number} long @param {number} centre */
function within(room, long, centre) {
  return long <= room ? (room - long) / 2 : Math.max(room - long, Math.min(0, room / 2 - centre * long));
}
