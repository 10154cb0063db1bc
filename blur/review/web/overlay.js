// Outlines over the picture: where covers are, what is selected, and regions being drawn.

import * as api from "./api.js";

const CHUNK = 60;
const COLOURS = { cover: "#ffffff", clear: "#5fd0ec", drawn: "#c8a8ff", doubt: "#f2bd52", selected: "#74b3ff" };
const HANDLES = [[-1, -1], [0, -1], [1, -1], [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0]];

export class Overlay {
  constructor({ canvas, stage, player, onSelect, onDraw, onMove, onLost, onEarly, onState, onProblem }) {
    Object.assign(this, { canvas, stage, player, onSelect, onDraw, onMove, onLost, onEarly, onState, onProblem });
    this.chunks = new Map();
    this.coming = new Map();
    this.before = null; // what was drawn before the clip changed
    this.visible = true;
    this.selected = null;
    this.pointed = null; // a doubt where nothing is covered
    this.drawing = false;
    this.drag = null;
    this.ghost = null; // where a region is going
    stage.addEventListener("pointerdown", (event) => this.press(event));
    stage.addEventListener("pointermove", (event) => this.pull(event));
    stage.addEventListener("pointerup", (event) => this.release(event));
    stage.addEventListener("pointercancel", () => this.cancel());
  }

  open(clip) {
    const same = clip.key === this.clip?.key;
    const { frame } = this.player;
    if (!same || clip.version !== this.clip.version) {
      // What was known is shown until the new marks come, so that nothing flickers.
      const marks = same && (this.arrived(frame) ?? (this.before?.frame === frame && this.before.marks));
      this.before = marks ? { frame, marks } : null;
      this.chunks = new Map();
      this.coming = new Map();
    }
    this.clip = clip;
    const { drag } = this;
    if (!same) this.drag = null;
    else if (drag?.mark && !clip.lanes.some((lane) => lane.region === drag.mark.region)) {
      this.cancel();
      this.onLost();
    }
  }

  close() {
    this.clip = this.before = this.ghost = null;
    this.setDrawing(false);
  }

  // Whether outlines that should be in sight are still to come.
  get waiting() {
    return !!this.clip && (this.visible || this.selected !== null) && !this.arrived(this.player.frame);
  }

  arrived(frame) {
    const number = Math.floor(frame / CHUNK);
    const chunk = this.chunks.get(number);
    return chunk && (chunk[frame - number * CHUNK] || []);
  }

  // Resolves when the marks of a frame are here, or cannot be had.
  async ready(frame) {
    let clip;
    do {
      ({ clip } = this);
      this.marks(frame);
      await this.coming.get(Math.floor(frame / CHUNK));
    } while (this.clip && this.clip !== clip);
  }

  marks(frame) {
    const here = this.arrived(frame);
    if (here) return here;
    const number = Math.floor(frame / CHUNK);
    if (!this.coming.has(number)) this.coming.set(number, this.load(number));
    return this.before?.frame === frame ? this.before.marks : [];
  }

  async load(number) {
    const { clip, chunks, coming } = this;
    try {
      chunks.set(number, await api.marks(clip, number * CHUNK, (number + 1) * CHUNK));
      if (chunks.size > 200) chunks.delete(chunks.keys().next().value);
    } catch (error) {
      if (chunks === this.chunks) this.onProblem(error);
    }
    coming.delete(number);
    if (chunks !== this.chunks || !chunks.has(number)) return;
    this.redraw();
    this.onState();
  }

  redraw() {
    const { canvas, player, stage } = this;
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(stage.clientWidth * ratio);
    canvas.height = Math.round(stage.clientHeight * ratio);
    if (!this.clip || !player.place) return;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const { x, y, width, height } = player.place;
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    if (this.visible || this.selected !== null) {
      for (const mark of this.marks(player.frame)) {
        if (this.visible || mark.lane === this.selected) this.outline(context, mark);
      }
    }
    if (this.pointed && this.pointed.start <= player.frame && player.frame < this.pointed.end) {
      this.rectangle(context, this.pointed.box, COLOURS.doubt);
    }
    const box = this.drag?.box ?? this.ghost;
    if (box) this.rectangle(context, box, COLOURS.drawn);
    else if (this.editable()) this.handles(context, this.editable());
  }

  outline(context, mark) {
    const selected = mark.lane === this.selected;
    const colour = mark.clear ? COLOURS.clear : mark.region !== null ? COLOURS.drawn : COLOURS.cover;
    context.beginPath();
    for (const point of mark.outline) context.lineTo(...this.player.toScreen(point));
    context.closePath();
    context.setLineDash(mark.clear ? [7, 4] : mark.how === "detected" || mark.region !== null ? [] : [2, 3]);
    context.lineWidth = selected ? 4 : 2.5;
    context.strokeStyle = "#000b";
    context.stroke();
    context.lineWidth = selected ? 2.5 : 1;
    context.strokeStyle = selected ? COLOURS.selected : colour;
    context.globalAlpha = selected || mark.clear ? 1 : 0.75;
    context.stroke();
    context.globalAlpha = 1;
    context.setLineDash([]);
    if (selected || mark.clear) {
      const top = mark.outline.reduce((a, b) => (b[1] < a[1] ? b : a));
      const [x, y] = this.player.toScreen(top);
      const text = `${mark.region !== null ? "Region" : "Face"} ${mark.region ?? mark.lane}${mark.clear ? " · kept clear" : ""}`;
      this.label(context, text, x, Math.max(18, y - 5), selected ? COLOURS.selected : colour);
    }
  }

  label(context, text, x, y, colour) {
    context.font = "12px system-ui, sans-serif";
    const width = context.measureText(text).width + 10;
    const left = Math.max(2, Math.min(x - width / 2, this.stage.clientWidth - width - 2));
    context.fillStyle = "#131518e0";
    context.fillRect(left, y - 14, width, 18);
    context.fillStyle = colour;
    context.fillText(text, left + 5, y);
  }

  rectangle(context, [cx, cy, w, h, angle], colour) {
    const [x, y] = this.player.toScreen([cx, cy]);
    const [sx, sy] = this.scale();
    context.save();
    context.translate(x, y);
    context.rotate((angle * Math.PI) / 180);
    context.strokeStyle = "#000b";
    context.lineWidth = 4;
    context.strokeRect((-w / 2) * sx, (-h / 2) * sy, w * sx, h * sy);
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.strokeRect((-w / 2) * sx, (-h / 2) * sy, w * sx, h * sy);
    context.restore();
  }

  handles(context, mark) {
    for (const [x, y] of this.corners(mark.box)) {
      context.fillStyle = COLOURS.drawn;
      context.strokeStyle = "#000";
      context.lineWidth = 1;
      context.fillRect(x - 4, y - 4, 8, 8);
      context.strokeRect(x - 4, y - 4, 8, 8);
    }
  }

  scale() {
    const { place, clip } = this.player;
    return [place.width / clip.width, place.height / clip.height];
  }

  corners([cx, cy, w, h, angle]) {
    const turn = (angle * Math.PI) / 180;
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    return HANDLES.map(([i, j]) => {
      const [u, v] = [(i * w) / 2, (j * h) / 2];
      return this.player.toScreen([cx + cos * u - sin * v, cy + sin * u + cos * v]);
    });
  }

  // The selected drawn region on this frame, which can be moved.
  editable() {
    if (!this.clip || this.player.speed || this.selected === null) return null;
    const found = this.marks(this.player.frame).find((mark) => mark.lane === this.selected);
    return found && found.region !== null ? found : null;
  }

  setDrawing(on) {
    this.drawing = on;
    this.stage.classList.toggle("drawing", on);
    if (!on) this.cancel();
  }

  cancel() {
    this.drag = null;
    this.redraw();
  }

  // Show where a region is going; null when it is there.
  preview(box) {
    this.ghost = box;
    this.redraw();
  }

  // ---- the pointer

  here(event) {
    const frame = this.stage.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  }

  press(event) {
    if (!this.clip || event.button !== 0) return;
    this.stage.focus();
    const [x, y] = this.here(event);
    // What is pressed is what is seen: not an old picture, nor an outline of the clip as it was.
    if (this.player.waiting || (this.waiting && !this.drawing)) return this.onEarly();
    const from = this.player.toClip(x, y);
    const { frame } = this.player;
    if (this.drawing) this.drag = { kind: "draw", from, frame };
    else {
      const mark = this.editable();
      const handle = mark ? this.corners(mark.box).findIndex(([a, b]) => Math.hypot(a - x, b - y) < 9) : -1;
      if (handle >= 0) this.drag = { kind: "size", from, frame, mark, handle };
      else if (mark && inside(from, mark.outline)) this.drag = { kind: "move", from, frame, mark };
      else {
        const hit = this.marks(frame).filter((m) => inside(from, m.outline));
        hit.sort((a, b) => a.box[2] * a.box[3] - b.box[2] * b.box[3]);
        this.onSelect(hit.length ? hit[0].lane : null, event);
        return;
      }
    }
    this.stage.setPointerCapture(event.pointerId);
  }

  pull(event) {
    if (!this.drag) return;
    const { kind, from, mark, handle } = this.drag;
    const to = this.player.toClip(...this.here(event));
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    if (kind === "draw") {
      this.drag.box = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2, Math.abs(dx), Math.abs(dy), 0];
    } else if (kind === "move") {
      const [cx, cy, ...rest] = mark.box;
      this.drag.box = [cx + dx, cy + dy, ...rest];
    } else {
      const [cx, cy, w, h, angle] = mark.box;
      const turn = (angle * Math.PI) / 180;
      const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
      const [i, j] = HANDLES[handle];
      const du = i * (cos * dx + sin * dy);
      const dv = j * (-sin * dx + cos * dy);
      const wide = Math.max(4, w + (i ? du : 0));
      const tall = Math.max(4, h + (j ? dv : 0));
      const [u, v] = [(i * (wide - w)) / 2, (j * (tall - h)) / 2];
      this.drag.box = [cx + cos * u - sin * v, cy + sin * u + cos * v, wide, tall, angle];
    }
    this.redraw();
  }

  release() {
    const { drag } = this;
    this.cancel();
    if (!drag?.box || drag.box[2] < 4 || drag.box[3] < 4) return;
    if (drag.kind === "draw") this.onDraw(drag.box, drag.frame);
    else this.onMove(drag.mark.region, drag.box, drag.frame);
  }
}

function inside([x, y], outline) {
  let within = false;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [[xi, yi], [xj, yj]] = [outline[i], outline[j]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}
