// @ts-check
// Small helpers to build the page; text only ever enters as text. Not the review's: its module loads its texts, too.

/** The page's own element. Throws when there is none of that kind.
 * @template {HTMLElement} [T=HTMLElement] @param {string} selector @param {new () => T} [kind] */
export function $(selector, kind) {
  const found = document.querySelector(selector);
  if (!(found instanceof (kind ?? HTMLElement))) throw new Error(`the page has no ${selector}`);
  return /** @type {T} */ (found);
}

/** @param {string} tag with its classes: "li.empty" @param {object} properties @param {(Node | string)[]} children */
export function el(tag, properties, ...children) {
  const [name, ...classes] = tag.split(".");
  const made = Object.assign(document.createElement(name), properties);
  if (classes.length) made.className = classes.join(" ");
  made.append(...children);
  return made;
}

/** @type {(n: number, word: string) => string} */
export const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
