// @ts-check
// Every request of the start page, and the messages of blur/start/protocol.py.

import { t } from "./text.js";

/** A folder; the user's own has no name. @typedef {{ path: string, name: string }} Place */
/** @typedef {{ here: Place, above: Place | null, folders: Place[], more: number, clips: number, writable: boolean }} Listing */
/** @typedef {{ state: "measuring" | "known" | "failed", clips: number, kept: number, seconds: number | null, bytes: number | null,
 *   free: number, failing: [string, string][], problem: string }} Estimate */
/** @typedef {{ name: string, stage: string, share: number }} InWork */
/** @typedef {{ way: "none" | "starting" | "running" | "pausing" | "paused" | "ended" | "broken", covers: boolean, clips: number, covered: number,
 *   searched: number, checked: number, frames: number, frames_done: number, left: number | null, in_work: InWork[],
 *   failed: { name: string, problem: string, remedy: string }[], problem: string }} Batch */
/** @typedef {{ footage: Place | null, out: Place | null, preset: string, presets: string[], estimate: Estimate | null,
 *   batch: Batch, review: string | null, note: string }} Start */
/** @typedef {{ footage: string, out: string, preset: string }} Choice */

/** @param {string} path @param {object} [body] @returns {Promise<any>} */
async function ask(path, body) {
  const banner = document.querySelector("#lost");
  /** @type {RequestInit | undefined} */
  const how = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  let told;
  try {
    answer = await fetch(path, how);
    told = await answer.text(); // a server that is gone cuts it off, too
  } catch {
    if (banner instanceof HTMLElement) [banner.textContent, banner.hidden] = [t("page.lost"), false];
    throw new Error(t("page.lost"));
  }
  if (banner instanceof HTMLElement) banner.hidden = true;
  const json = answer.headers.get("content-type")?.includes("json");
  const said = json ? JSON.parse(told) : { problem: told };
  if (answer.ok) return said;
  throw new Error([said.subject, said.problem].filter(Boolean).join(": ") + (said.remedy ? ` (${said.remedy})` : ""));
}

export const readStart = () => /** @type {Promise<Start>} */ (ask("api/start"));
export const readPlaces = () => /** @type {Promise<Place[]>} */ (ask("api/places"));
export const readFolder = (/** @type {string} */ path) =>
  /** @type {Promise<Listing>} */ (ask(`api/folders?path=${encodeURIComponent(path)}`));
export const makeFolder = (/** @type {string} */ path, /** @type {string} */ name) =>
  /** @type {Promise<Listing>} */ (ask("api/folders", { path, name }));
export const choose = (/** @type {Choice} */ choice) => /** @type {Promise<Start>} */ (ask("api/choose", choice));
export const run = () => /** @type {Promise<Start>} */ (ask("api/run", {}));
export const pause = () => /** @type {Promise<Start>} */ (ask("api/pause", {}));
