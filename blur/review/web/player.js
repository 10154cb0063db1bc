// Shows one exact frame, or plays. Frames come from the server as pictures; the rendered file
// plays as a video where the browser can, and every pause shows the exact frame again.

import * as api from "./api.js";

const HELD = 64; // pictures kept around the playhead
const AHEAD = 12;
const SIZES = [480, 640, 960, 1280, 1600, 1920, 2560];

export class Player {
  constructor({ stage, canvas, video, onFrame, onState, onProblem }) {
    Object.assign(this, { stage, canvas, video, onFrame, onState, onProblem });
    this.context = canvas.getContext("2d", { alpha: false });
    this.pictures = new Map();
    this.clip = null;
    this.frame = 0;
    this.speed = 0;
    this.beneath = false;
    this.shown = null;
    new ResizeObserver(() => this.resize()).observe(stage);
  }

  // Whether the picture of this very frame, as the clip stands now, is still to come.
  get waiting() {
    return !!this.clip && !this.speed && this.shown?.name !== this.name(this.frame);
  }

  // What the picture on the screen is, whatever was asked for since.
  get showing() {
    return this.video.hidden ? this.shown : { beneath: false, rendered: true };
  }

  open(clip, clock, frame) {
    const same = clip.key === this.clip?.key;
    const current = same && clip.version === this.clip.version;
    if (!current) this.stop(true);
    if (!same) this.pictures.clear();
    Object.assign(this, { clip, clock });
    if (!current && clip.video) this.video.src = api.video(clip);
    this.measure();
    if (!this.speed) this.show(frame);
  }

  close() {
    this.stop(true);
    this.abort?.abort();
    this.clip = this.shown = null;
    this.video.hidden = true;
    delete this.stage.dataset.shown;
    this.paint();
    this.onState();
  }

  resize() {
    const { size } = this;
    this.measure();
    if (!this.clip) return;
    if (size !== this.size && !this.speed) this.show(this.frame);
    this.onState();
  }

  measure() {
    const ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.stage;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    if (!this.clip) return;
    const wide = Math.min(width, height * this.clip.aspect);
    const tall = wide / this.clip.aspect;
    this.place = { x: (width - wide) / 2, y: (height - tall) / 2, width: wide, height: tall };
    Object.assign(this.video.style, {
      left: `${this.place.x}px`, top: `${this.place.y}px`, width: `${wide}px`, height: `${tall}px`,
    });
    const needed = Math.max(wide, tall) * ratio;
    this.size = SIZES.find((s) => s >= needed) || SIZES.at(-1);
    this.paint();
  }

  // ---- one frame

  name(frame) {
    return `${frame} ${this.size} ${this.beneath ? "beneath" : this.clip.version}`;
  }

  async show(frame) {
    this.frame = Math.max(0, Math.min(frame, this.clip.frames - 1));
    this.abort?.abort();
    const wanted = this.name(this.frame);
    const here = this.draw(wanted);
    this.onFrame(this.frame);
    if (here) return;
    this.abort = new AbortController();
    this.onState();
    try {
      await this.fetch(this.frame, this.abort.signal);
    } catch (error) {
      if (this.clip && wanted === this.name(this.frame)) this.onProblem(error);
      return;
    }
    if (this.clip && wanted === this.name(this.frame)) this.draw(wanted);
  }

  draw(name) {
    const picture = this.pictures.get(name);
    if (!picture) return false;
    this.pictures.delete(name);
    this.pictures.set(name, picture);
    this.shown = { name, picture, beneath: this.beneath, rendered: this.clip.rendered };
    this.video.hidden = true;
    this.paint();
    this.stage.dataset.shown = this.frame;
    this.onState();
    return true;
  }

  paint() {
    const { context, canvas } = this;
    const ratio = devicePixelRatio || 1;
    context.fillStyle = "#0b0c0e";
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (!this.shown) return;
    const { x, y, width, height } = this.place;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.shown.picture, x * ratio, y * ratio, width * ratio, height * ratio);
  }

  async fetch(frame, signal) {
    const { clip, beneath, size } = this;
    const name = this.name(frame);
    if (this.pictures.has(name)) return;
    const picture = await api.frame(clip, frame, { beneath, size, signal });
    if (this.clip?.key !== clip.key) return;
    this.pictures.set(name, picture);
    for (const oldest of this.pictures.keys()) {
      if (this.pictures.size <= HELD) break;
      this.pictures.delete(oldest);
    }
  }

  step(frames) {
    this.stop();
    this.show(this.frame + frames);
    for (let i = 1; i <= 2; i++) {
      const next = this.frame + i * Math.sign(frames);
      if (next >= 0 && next < this.clip.frames) this.fetch(next).catch(() => {});
    }
  }

  peek(on) {
    if (!this.clip || on === this.beneath) return;
    if (on) this.stop(true);
    this.beneath = on;
    this.show(this.frame);
  }

  // ---- playing

  play(speed) {
    if (!this.clip) return;
    this.stop(true);
    if (!speed) return this.show(this.frame);
    if (speed > 0 && this.frame >= this.clip.frames - 1) this.frame = 0;
    this.speed = speed;
    const run = (this.run = {});
    if (speed > 0 && this.clip.video && !this.beneath) this.playVideo(run);
    else this.playFrames(run);
    this.onState();
  }

  stop(silent) {
    const was = this.speed;
    this.run = null;
    this.speed = 0;
    this.video.pause(); // it stays in sight until the exact frame is there
    if (was && !silent && this.clip) this.show(this.frame);
    this.onState();
  }

  async playVideo(run) {
    const { video, clock } = this;
    const begin = this.frame;
    video.currentTime = clock.start + (clock.at(begin) + clock.at(begin + 1)) / 2;
    video.playbackRate = this.speed;
    const seen = (_, { mediaTime }) => {
      if (this.run !== run) return;
      if (!video.seeking) {
        this.frame = clock.frame(mediaTime - clock.start);
        video.hidden = false;
        this.onFrame(this.frame);
      }
      video.requestVideoFrameCallback(seen);
    };
    video.requestVideoFrameCallback(seen);
    video.onended = () => this.run === run && this.stop();
    // The browser lacks the codec, or the file is another one by now.
    const failed = () => this.run === run && this.playFrames((this.run = {}));
    video.onerror = failed;
    try {
      await video.play();
    } catch {
      failed();
    }
  }

  async playFrames(run) {
    const { clock, speed } = this;
    const began = performance.now();
    const origin = clock.at(this.frame);
    const way = Math.sign(speed);
    while (this.run === run) {
      const due = clock.frame(origin + ((performance.now() - began) / 1000) * speed);
      const next = way > 0 ? Math.max(this.frame + 1, due) : Math.min(this.frame - 1, due);
      if (next < 0 || next >= this.clip.frames) return this.stop();
      const stride = Math.max(1, Math.abs(next - this.frame));
      const coming = [];
      for (let i = 0; i < Math.min(AHEAD, 4 * stride + 4); i += stride) {
        const frame = next + i * way;
        if (frame >= 0 && frame < this.clip.frames) coming.push(this.fetch(frame));
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
      this.draw(this.name(next));
      this.onFrame(next);
    }
  }

  // ---- between the screen and the clip

  toClip(x, y) {
    const { place, clip } = this;
    return [((x - place.x) / place.width) * clip.width, ((y - place.y) / place.height) * clip.height];
  }

  toScreen([x, y]) {
    const { place, clip } = this;
    return [place.x + (x / clip.width) * place.width, place.y + (y / clip.height) * place.height];
  }
}
