// @ts-check
// The dialog in which a person chooses a folder of this machine.

import { $, el } from "./dom.js";
import { makeFolder, readFolder, readPlaces } from "./protocol.js";
import { t } from "./text.js";
/** @import { Listing, Place } from "./protocol.js" */

const dialog = $("#picker", HTMLDialogElement);
/** @type {Listing | null} */ let shown = null;
let [turn, writes] = [0, false];

/** Resolves to a folder, or to null. @param {string} title @param {string} path where to begin, "" for the user's own
 * @param {boolean} toWrite covered clips will be written there @returns {Promise<Place | null>} */
export async function pick(title, path, toWrite) {
  $("#picker-title").textContent = title;
  $("#make").hidden = !toWrite;
  writes = toWrite;
  dialog.returnValue = "";
  dialog.showModal();
  const chosen = new Promise((done) => {
    dialog.onclose = () => done(dialog.returnValue === "yes" && shown ? shown.here : null);
  });
  if (!(await go(path)) && path) await go("");
  const places = await readPlaces().catch(() => []);
  $("#places").replaceChildren(...places.map(button));
  return chosen;
}

/** @param {string} path */
const go = (path) => take(readFolder(path));

/** Shows the folder that is listed last. @param {Promise<Listing>} asked @returns {Promise<boolean>} */
async function take(asked) {
  const mine = ++turn;
  $("#unreadable").textContent = "";
  try {
    const listing = await asked;
    if (mine === turn) show(listing);
    return true;
  } catch (error) {
    if (mine === turn) $("#unreadable").textContent = error instanceof Error ? error.message : String(error);
    return false;
  }
}

function show(/** @type {Listing} */ listing) {
  shown = listing;
  const { here, above, folders, more, clips, writable } = listing;
  $("#here").textContent = here.name;
  $("#above", HTMLButtonElement).disabled = above === null;
  const rows = folders.map((place) => el("li", {}, button(place)));
  if (more) rows.push(el("li.empty", {}, t("picker.more", { n: more })));
  const pressed = $("#folders").contains(document.activeElement);
  $("#folders").replaceChildren(...(rows.length ? rows : [el("li.empty", {}, t("picker.empty"))]));
  $("#folders").scrollTop = 0;
  if (pressed) ($("#folders").querySelector("button") ?? $("#above")).focus(); // the row that was pressed is gone
  const held = clips ? t("picker.clips", { n: clips }) : t("picker.no clips");
  $("#found").textContent = writes && !writable ? t("picker.locked") : held;
  $("#take", HTMLButtonElement).disabled = writes && !writable;
}

/** @param {Place} place */
const button = (place) => el("button", { type: "button", dir: "auto", onclick: () => go(place.path) }, place.name || t("picker.home"));

$("#above").addEventListener("click", () => shown?.above && go(shown.above.path));
$("#take").addEventListener("click", () => dialog.close("yes"));
$("#cancel").addEventListener("click", () => dialog.close(""));
$("#make").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = $("#name", HTMLInputElement);
  if (shown && (await take(makeFolder(shown.here.path, name.value)))) name.value = "";
});
