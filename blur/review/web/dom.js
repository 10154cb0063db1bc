// @ts-check
// Small helpers to build a page, the start page too; text only ever enters as text.

/** The page's own element. Throws when there is none of that kind.
 * @template {Element} [T=HTMLElement] @param {string} selector @param {new () => T} [kind] */
export function $(selector, kind) {
  const found = document.querySelector(selector);
  if (!(found instanceof (kind ?? HTMLElement))) throw new Error(`the page has no ${selector}`);
  return /** @type {T} */ (found);
}

/** @type {(selector: string) => NodeListOf<HTMLElement>} */
export const all = (selector) => document.querySelectorAll(selector);
/** Whether an event is of an element, or of a part of it. @type {(event: Event, selector: string) => boolean} */
export const isIn = ({ target }, selector) => target instanceof Element && target.closest(selector) !== null;

export const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

/** @param {string} tag with its classes: "div.row" @param {Record<string, unknown>} [properties]
 * @param {(Node | string | null)[]} children */
export function el(tag, properties = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const made = document.createElement(name);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if (key in made && !key.startsWith("aria")) Reflect.set(made, key, value);
    else made.setAttribute(key, String(value));
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Makes a canvas as sharp as the screen. @param {HTMLCanvasElement} canvas @param {HTMLElement} box that it fills */
export function fit(canvas, { clientWidth: width, clientHeight: height }) {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(ratio, ratio);
  return context;
}

export function time(/** @type {number} */ seconds) {
  const s = Math.max(0, seconds);
  const minutes = String(Math.floor(s / 60) % 60).padStart(2, "0");
  return `${Math.floor(s / 3600)}:${minutes}:${(s % 60).toFixed(2).padStart(5, "0")}`;
}
