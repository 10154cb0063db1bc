// Small helpers to build the page; text only ever enters as text.

export const $ = (selector) => document.querySelector(selector);

export const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

export function el(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const made = document.createElement(name);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key in made && !key.startsWith("aria")) made[key] = value;
    else made.setAttribute(key, value === true ? "true" : value);
  }
  made.append(...children.filter((c) => c !== null && c !== undefined && c !== false));
  return made;
}

// A list or grid of any length: only what is in sight is in the page.
export class Window {
  constructor(box, { height, minWidth = Infinity, make, onEnter, onMove, empty }) {
    Object.assign(this, { box, height, minWidth, make, onEnter, onMove, empty });
    this.items = [];
    this.at = 0;
    this.room = el("div.room");
    box.append(this.room);
    box.addEventListener("scroll", () => this.draw(), { passive: true });
    box.addEventListener("keydown", (event) => this.key(event));
    // A row that is pressed stays until it is let go: else a press between two drawings is lost.
    box.addEventListener("pointerdown", (event) => (this.held = !!event.target.closest("[role=option]")));
    for (const end of ["pointerup", "pointercancel"]) {
      addEventListener(end, () => this.held && setTimeout(() => ((this.held = false), this.draw()))); // after the click
    }
    new ResizeObserver(() => this.draw()).observe(box);
  }

  set(items, at = this.at) {
    this.items = items;
    this.at = Math.max(0, Math.min(at, items.length - 1));
    this.draw();
  }

  // Empty, without a word: what belongs here is not known yet.
  clear() {
    this.items = [];
    this.at = 0;
    this.room.replaceChildren();
  }

  get columns() {
    return Math.max(1, Math.floor(this.box.clientWidth / this.minWidth));
  }

  get rowHeight() {
    return typeof this.height === "function" ? this.height(this.box.clientWidth / this.columns) : this.height;
  }

  draw() {
    if (!this.box.clientHeight || this.held) return;
    const { columns, rowHeight: height } = this;
    const rows = Math.ceil(this.items.length / columns);
    this.room.style.height = `${rows * height}px`;
    const first = Math.max(0, Math.floor(this.box.scrollTop / height) - 2) * columns;
    const last = (Math.ceil((this.box.scrollTop + this.box.clientHeight) / height) + 2) * columns;
    const shown = [];
    for (let i = first; i < Math.min(last, this.items.length); i++) {
      const item = this.items[i];
      const made = this.make(item, i);
      made.id = `${this.box.id}-${i}`;
      made.setAttribute("role", "option");
      made.setAttribute("aria-setsize", this.items.length);
      made.setAttribute("aria-posinset", i + 1);
      made.classList.toggle("at", i === this.at);
      made.style.top = `${Math.floor(i / columns) * height}px`;
      made.style.height = `${columns > 1 ? height - 4 : height}px`;
      if (this.minWidth !== Infinity) {
        made.style.width = `calc(${100 / columns}% - 4px)`;
        made.style.left = `calc(${((i % columns) * 100) / columns}% + 2px)`;
      }
      made.addEventListener("click", (event) => {
        this.at = Math.max(0, this.items.indexOf(item));
        this.onEnter(item, event);
      });
      shown.push(made);
    }
    if (!this.items.length && this.empty) shown.push(el("p.empty", {}, this.empty));
    this.room.replaceChildren(...shown);
    this.box.setAttribute("aria-activedescendant", `${this.box.id}-${this.at}`);
  }

  reveal(index) {
    this.at = index;
    const { columns, rowHeight: height } = this;
    const top = Math.floor(index / columns) * height;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (top + height > this.box.scrollTop + this.box.clientHeight) {
      this.box.scrollTop = top + height - this.box.clientHeight;
    }
    this.draw();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.rowHeight)) * this.columns;
    const sideways = this.columns > 1;
    const step = {
      ArrowDown: this.columns,
      ArrowUp: -this.columns,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
      ...(sideways ? { ArrowRight: 1, ArrowLeft: -1 } : {}),
    }[event.key];
    if (step !== undefined) {
      const to = Math.max(0, Math.min(this.items.length - 1, this.at + step));
      if (this.items.length) {
        this.reveal(to);
        this.onMove?.(this.items[to]);
      }
    } else if ((event.key === "Enter" || event.key === " ") && this.items[this.at]) {
      this.onEnter(this.items[this.at], event);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

export function time(seconds) {
  const s = Math.max(0, seconds);
  const parts = [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60];
  return `${parts[0]}:${String(parts[1]).padStart(2, "0")}:${parts[2].toFixed(2).padStart(5, "0")}`;
}

export function short(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")} min`;
}

export const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
