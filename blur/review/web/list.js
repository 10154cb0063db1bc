// @ts-check
// A list or grid of any length: only what is in sight is in the page.

import { el, isIn } from "./dom.js";

/** @template T */
export class List {
  /** @type {T[]} */ items = [];
  known = false; // what belongs here, though it be nothing
  at = 0;
  held = /** @type {symbol | null} */ (null); // the press under way
  room = el("div.room");

  /** @param {HTMLElement} box @param {{ height: (width: number) => number, minWidth?: number, empty: string,
   *   make: (item: T) => HTMLElement, onEnter: (item: T, event: Event) => void, onMove?: (item: T) => void }} how */
  constructor(box, { height, minWidth = Infinity, empty, make, onEnter, onMove }) {
    this.box = box;
    this.how = { height, minWidth, empty, make, onEnter, onMove };
    box.append(this.room);
    box.addEventListener("scroll", () => this.draw(), { passive: true });
    box.addEventListener("keydown", (event) => this.key(event));
    // A row that is pressed stays until it is let go: else a press between two drawings is lost.
    box.addEventListener("pointerdown", (event) => isIn(event, "[role=option]") && (this.held = Symbol("press")));
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => this.release(this.held));
    new ResizeObserver(() => this.draw()).observe(box);
  }

  /** Draw again after the click of this press, unless the next press has begun. @param {symbol | null} press */
  release(press) {
    setTimeout(() => {
      if (!press || this.held !== press) return;
      this.held = null;
      this.draw();
    });
  }

  /** Null: what belongs here is not known yet. @param {T[] | null} items @param {number} [at] */
  set(items, at = this.at) {
    this.items = items ?? [];
    this.known = items !== null;
    this.at = Math.max(0, Math.min(at, this.items.length - 1));
    if (items) this.draw();
    else {
      this.room.replaceChildren();
      this.box.removeAttribute("aria-activedescendant");
    }
  }

  get columns() {
    return Math.max(1, Math.floor(this.box.clientWidth / this.how.minWidth));
  }

  get rowHeight() {
    return this.how.height(this.box.clientWidth / this.columns);
  }

  draw() {
    if (!this.known || !this.box.clientHeight || this.held) return;
    const { items, columns, rowHeight: height } = this;
    this.room.style.height = `${Math.ceil(items.length / columns) * height}px`;
    const first = Math.max(0, Math.floor(this.box.scrollTop / height) - 2) * columns;
    const last = (Math.ceil((this.box.scrollTop + this.box.clientHeight) / height) + 2) * columns;
    const shown = items.slice(first, last).map((item, i) => this.place(item, first + i, columns, height));
    const none = el("p.empty", { role: "option", "aria-disabled": "true", id: `${this.box.id}-0` }, this.how.empty);
    this.room.replaceChildren(...(items.length ? shown : [none]));
    if (!items.length || (first <= this.at && this.at < last)) this.box.setAttribute("aria-activedescendant", `${this.box.id}-${this.at}`);
    else this.box.removeAttribute("aria-activedescendant"); // out of sight, and not in the page
  }

  /** @param {T} item @param {number} i @param {number} columns @param {number} height */
  place(item, i, columns, height) {
    const made = this.how.make(item);
    const told = { id: `${this.box.id}-${i}`, role: "option", "aria-setsize": `${this.items.length}`, "aria-posinset": `${i + 1}` };
    for (const [name, value] of Object.entries(told)) made.setAttribute(name, value);
    made.classList.toggle("at", i === this.at);
    made.style.top = `${Math.floor(i / columns) * height}px`;
    made.style.height = `${columns > 1 ? height - 4 : height}px`;
    if (this.how.minWidth !== Infinity) {
      made.style.width = `calc(${100 / columns}% - 4px)`;
      made.style.insetInlineStart = `calc(${((i % columns) * 100) / columns}% + 2px)`;
    }
    made.addEventListener("click", (event) => {
      this.at = Math.max(0, this.items.indexOf(item));
      this.how.onEnter(item, event);
    });
    return made;
  }

  reveal(/** @type {number} */ index) {
    this.at = index;
    const { box, rowHeight: height } = this;
    const top = Math.floor(index / this.columns) * height;
    box.scrollTop = Math.min(top, Math.max(box.scrollTop, top + height - box.clientHeight));
    this.draw();
  }

  key(/** @type {KeyboardEvent} */ event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { columns } = this;
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.rowHeight)) * columns;
    const on = document.documentElement.dir === "rtl" ? -1 : 1;
    const sideways = columns > 1 ? { ArrowRight: on, ArrowLeft: -on } : {};
    const steps = { ArrowDown: columns, ArrowUp: -columns, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity, ...sideways };
    const step = /** @type {Record<string, number>} */ (steps)[event.key];
    if (step !== undefined) {
      if (this.items.length) {
        this.reveal(Math.max(0, Math.min(this.items.length - 1, this.at + step)));
        this.how.onMove?.(this.items[this.at]);
      }
    } else if ((event.key === "Enter" || event.key === " ") && this.items[this.at]) {
      this.how.onEnter(this.items[this.at], event);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
