// The whole clip above, a part of it with its faces as lanes below.

import { time } from "./dom.js";
import { named } from "./lane.js";

const RULER = 18;
const STRIP = 20;
const LANES = RULER + STRIP + 6;
const ROWS = [16, 22];
const COLOURS = {
  text: "#a6adb9", line: "#343a43", shot: ["#262b33", "#323944"], doubt: "#f2bd52", bad: "#ff8078",
  cover: "#69788c", seen: "#b3c3d9", clear: "#5fd0ec", drawn: "#8f74c4", edit: "#5f8f6c",
  selected: "#74b3ff", head: "#ffffff", window: "#ffffff",
};

export class Timeline {
  constructor({ box, onSeek, onSelect }) {
    Object.assign(this, { box, onSeek, onSelect });
    this.canvas = box.querySelector("canvas");
    this.frame = 0;
    this.selected = null;
    this.scroll = 0;
    new ResizeObserver(() => this.draw()).observe(box);
    box.addEventListener("pointerdown", (event) => this.press(event));
    box.addEventListener("pointermove", (event) => this.pull(event));
    box.addEventListener("pointerup", () => (this.drag = null));
    box.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  open(clip, clock) {
    if (clip.key !== this.clip?.key) {
      this.view = [0, clip.frames];
      this.scroll = 0;
    }
    this.clip = clip;
    this.clock = clock;
    this.pack();
    this.draw();
  }

  close() {
    this.clip = null;
    this.draw();
  }

  // Lanes that do not meet in time share a row.
  pack() {
    const ends = [];
    this.rows = this.clip.lanes
      .slice()
      .sort((a, b) => a.start - b.start || a.id - b.id)
      .map((lane) => {
        let row = ends.findIndex((end) => end <= lane.start);
        if (row < 0) row = ends.length;
        ends[row] = lane.end;
        return { lane, row };
      });
    this.count = ends.length;
  }

  get tall() {
    const [least, most] = ROWS;
    return Math.max(least, Math.min(most, Math.floor((this.box.clientHeight - LANES) / (this.count || 1))));
  }

  room() {
    return Math.max(1, Math.floor((this.box.clientHeight - LANES) / this.tall));
  }

  set(frame, selected, span) {
    const moved = frame !== this.frame;
    const other = selected !== this.selected;
    Object.assign(this, { frame, selected, span });
    if (!this.clip) return;
    const [from, to] = this.view;
    if (moved && !this.drag && (frame < from || frame >= to)) this.look(frame - (to - from) * 0.3, to - from);
    if (other && selected !== null) {
      const row = this.rows.find(({ lane }) => lane.id === selected)?.row ?? 0;
      const room = this.room();
      if (row < this.scroll) this.scroll = row;
      else if (row >= this.scroll + room) this.scroll = row - room + 1;
    }
    this.draw();
  }

  look(from, length) {
    length = Math.max(10, Math.min(length, this.clip.frames));
    from = Math.max(0, Math.min(from, this.clip.frames - length));
    this.view = [from, from + length];
  }

  zoom(factor, around = this.frame) {
    if (!this.clip) return;
    const [from, to] = this.view;
    const share = (around - from) / (to - from);
    const length = Math.max(10, Math.min((to - from) * factor, this.clip.frames));
    this.look(around - (share >= 0 && share <= 1 ? share : 0.5) * length, length);
    this.draw();
  }

  fit() {
    if (this.clip) this.view = [0, this.clip.frames];
    this.draw();
  }

  draw() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = null;
      this.paint();
    });
  }

  paint() {
    const ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.box;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    if (!this.clip) return;
    const c = this.canvas.getContext("2d");
    c.scale(ratio, ratio);
    c.font = "11px system-ui, sans-serif";
    const { clip } = this;
    const [from, to] = this.view;
    const whole = (frame) => (frame / clip.frames) * width;
    const x = (this.x = (frame) => ((frame - from) / (to - from)) * width);
    const end = (a, b) => Math.max(1, b - a);

    // the whole clip: shots, doubts, the part below
    const shots = [0, ...clip.cuts, clip.frames];
    for (let i = 1; i < shots.length; i++) {
      c.fillStyle = COLOURS.shot[i % 2];
      c.fillRect(whole(shots[i - 1]), 0, end(whole(shots[i - 1]), whole(shots[i])), STRIP);
    }
    for (const doubt of clip.doubts) {
      c.fillStyle = doubt.reason === "residual" ? COLOURS.bad : COLOURS.doubt;
      c.fillRect(whole(doubt.start), doubt.reason === "residual" ? 2 : 6, Math.max(2, whole(doubt.end) - whole(doubt.start)), 8);
    }
    if (to - from < clip.frames) {
      c.strokeStyle = COLOURS.window;
      c.lineWidth = 1;
      c.strokeRect(whole(from) + 0.5, 0.5, Math.max(6, whole(to) - whole(from)) - 1, STRIP - 1);
    }
    c.fillStyle = COLOURS.head;
    c.fillRect(whole(this.frame) - 1, 0, 2, STRIP);

    // the ruler, its shots and cuts
    for (let i = 1; i < shots.length; i++) {
      const [a, b] = [Math.max(shots[i - 1], from), Math.min(shots[i], to)];
      if (a >= b) continue;
      c.fillStyle = COLOURS.shot[i % 2];
      c.fillRect(x(a), STRIP + 3, end(x(a), x(b)), RULER - 1);
      if (shots[i - 1] > from) {
        c.fillStyle = COLOURS.line;
        c.fillRect(x(a), STRIP + 3, 1, height);
      }
    }
    this.ruler(c, width);
    if (this.span) {
      c.fillStyle = "#74b3ff33";
      c.fillRect(x(this.span[0]), STRIP + 3, x(this.span[1]) - x(this.span[0]), height);
    }

    // faces
    c.save();
    c.beginPath();
    c.rect(0, LANES, width, height - LANES);
    c.clip();
    const doubtful = new Map();
    for (const doubt of clip.doubts) {
      if (doubt.lane === null) continue;
      if (!doubtful.has(doubt.lane)) doubtful.set(doubt.lane, []);
      doubtful.get(doubt.lane).push(doubt);
    }
    for (const { lane, row } of this.rows) {
      const y = LANES + (row - this.scroll) * this.tall;
      if (lane.end <= from || lane.start >= to || y < LANES - this.tall || y > height) continue;
      this.lane(c, lane, y, x, doubtful.get(lane.id));
    }
    for (const doubt of clip.doubts) {
      if (doubt.lane !== null || doubt.end <= from || doubt.start >= to) continue;
      c.fillStyle = doubt.reason === "residual" ? COLOURS.bad : COLOURS.doubt;
      c.fillRect(x(doubt.start), LANES - 4, Math.max(2, x(doubt.end) - x(doubt.start)), 3);
    }
    c.restore();
    const room = this.room();
    if (this.count > room) {
      const tall = ((height - LANES) * room) / this.count;
      c.fillStyle = "#59616e";
      c.fillRect(width - 5, LANES + ((height - LANES) * this.scroll) / this.count, 4, tall);
    }
    if (!clip.lanes.length) {
      c.fillStyle = COLOURS.text;
      c.fillText("No face was found in this clip.", 12, LANES + 16);
    }

    // the playhead, one frame wide
    const head = x(this.frame);
    c.fillStyle = "#ffffff30";
    c.fillRect(head, STRIP + 3, Math.max(1, x(this.frame + 1) - head), height);
    c.fillStyle = COLOURS.head;
    c.fillRect(Math.round(head), STRIP + 3, 1.5, height);
  }

  ruler(c, width) {
    const [from, to] = this.view;
    const { clock } = this;
    const seconds = clock.at(Math.floor(to)) - clock.at(Math.floor(from));
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
    const step = steps.find((s) => (s / seconds) * width > 84) || 3600;
    c.fillStyle = COLOURS.text;
    for (let t = Math.ceil(clock.at(Math.floor(from)) / step) * step; t <= clock.at(Math.floor(to)); t += step) {
      const x = this.x(clock.frame(t + 1e-3));
      c.fillRect(x, STRIP + 3, 1, 4);
      c.fillText(step < 1 ? time(t).slice(2, -1) : time(t).slice(0, -3), x + 3, STRIP + RULER - 1);
    }
  }

  lane(c, lane, y, x, doubts) {
    const chosen = lane.id === this.selected;
    const [a, b] = [x(lane.start), Math.max(x(lane.start) + 2, x(lane.end) - 0.5)];
    const tall = this.tall - 3;
    c.fillStyle = { person: COLOURS.drawn, edit: COLOURS.edit }[lane.source] || COLOURS.cover;
    c.fillRect(a, y, b - a, tall);
    c.fillStyle = COLOURS.seen;
    for (const [start, end] of lane.seen) c.fillRect(x(start), y + tall - 3, Math.max(1, x(end) - x(start)), 3);
    for (const [start, end] of lane.clear) {
      const [u, v] = [x(start), Math.max(x(start) + 2, x(end))];
      c.fillStyle = "#131518";
      c.fillRect(u, y, v - u, tall);
      c.strokeStyle = COLOURS.clear;
      c.setLineDash([4, 2]);
      c.strokeRect(u + 0.5, y + 0.5, v - u - 1, tall - 1);
      c.setLineDash([]);
    }
    for (const doubt of doubts || []) {
      c.fillStyle = doubt.reason === "residual" ? COLOURS.bad : COLOURS.doubt;
      c.fillRect(x(doubt.start), y, Math.max(2, x(doubt.end) - x(doubt.start)), 3);
    }
    for (const key of lane.keys) {
      c.save();
      c.translate(x(key + 0.5), y + tall / 2);
      c.rotate(Math.PI / 4);
      c.fillStyle = "#fff";
      c.fillRect(-3, -3, 6, 6);
      c.restore();
    }
    if (b - a > 46) {
      const kept = lane.clear.length && lane.clear[0][0] === lane.start;
      c.fillStyle = kept ? COLOURS.clear : "#fff";
      const left = Math.max(a, 0) + 5;
      const label = `${named(lane).toLowerCase()}${kept ? " · clear" : ""}`;
      if (lane.keys.length) {
        const colour = c.fillStyle;
        c.fillStyle = COLOURS.drawn;
        c.fillRect(left - 3, y + 1, c.measureText(label).width + 6, tall - 2);
        c.fillStyle = colour;
      }
      if (b - left > 40) c.fillText(label, left, y + tall / 2 + 4, b - left - 4);
    }
    if (chosen) {
      c.strokeStyle = COLOURS.selected;
      c.lineWidth = 2;
      c.strokeRect(a - 1, y - 1, b - a + 2, tall + 2);
      c.lineWidth = 1;
    }
  }

  // ---- the pointer

  press(event) {
    if (!this.clip || event.button !== 0) return;
    this.box.setPointerCapture(event.pointerId);
    const y = event.clientY - this.box.getBoundingClientRect().top;
    this.drag = y < STRIP ? "whole" : "part";
    if (y > LANES) {
      const hit = this.hit(event);
      if (hit) this.onSelect(hit.id);
    }
    this.pull(event);
  }

  hit(event) {
    const area = this.box.getBoundingClientRect();
    const row = Math.floor((event.clientY - area.top - LANES) / this.tall) + this.scroll;
    const px = event.clientX - area.left;
    return this.rows.find(({ lane, row: at }) => at === row && this.x(lane.start) - 3 <= px && px <= this.x(lane.end) + 3)?.lane;
  }

  pull(event) {
    if (!this.drag || !this.clip) return;
    const area = this.box.getBoundingClientRect();
    const share = (event.clientX - area.left) / area.width;
    const [from, to] = this.drag === "whole" ? [0, this.clip.frames] : this.view;
    const frame = Math.max(0, Math.min(this.clip.frames - 1, Math.floor(from + share * (to - from))));
    if (this.drag === "whole") this.look(frame - (this.view[1] - this.view[0]) / 2, this.view[1] - this.view[0]);
    this.onSeek(frame);
  }

  wheel(event) {
    if (!this.clip) return;
    event.preventDefault();
    const [from, to] = this.view;
    const area = this.box.getBoundingClientRect();
    const around = from + ((event.clientX - area.left) / area.width) * (to - from);
    const room = this.room();
    if (event.ctrlKey || event.altKey) this.zoom(Math.exp(event.deltaY / 300), around);
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY) || this.count <= room) {
      const by = ((event.deltaX || event.deltaY) / area.width) * (to - from);
      this.look(from + by, to - from);
    } else {
      this.scroll = Math.max(0, Math.min(this.count - room, this.scroll + Math.sign(event.deltaY) * 2));
    }
    this.draw();
  }
}
