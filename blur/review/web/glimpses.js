// @ts-check
// Small pictures of the covered clips, fetched one after the other, and only while they are in the page.

import { el } from "./dom.js";
import { glimpseOf } from "./protocol.js";
/** @import { Row } from "./protocol.js" */

const REST = 120; // milliseconds for which a row must stay in sight: rows that fly past ask for nothing

/** By address. @type {Map<string, HTMLImageElement>} */
const known = new Map();
/** @type {HTMLImageElement | null} */ let coming = null;
let soon = 0;

/** The picture of a row, which may still be on its way; a blank where there is none. @param {Row} row */
export function glimpse(row) {
  const blank = el("div.glimpse");
  if (!row.picture) return blank;
  const address = glimpseOf(row);
  let image = known.get(address);
  if (!image) {
    image = /** @type {HTMLImageElement} */ (el("img", { alt: "", decoding: "async" }));
    image.dataset.from = address;
    known.set(address, image);
  }
  if (!image.src) rest();
  blank.append(image);
  return blank;
}

function rest() {
  clearTimeout(soon);
  soon = setTimeout(next, REST);
}

function next() {
  if (coming) return;
  const image = [...known.values()].find((one) => !one.src && one.isConnected);
  if (!image) return;
  coming = image;
  image.onload = image.onerror = () => {
    image.hidden = !image.naturalWidth; // a blank is seen in its place
    coming = null;
    next();
  };
  image.src = image.dataset.from ?? "";
}
