// @ts-check
// Lanes (a face, or a region that a person drew) and doubts: their names, and which they are.

import { Refusal } from "./protocol.js";
import { t } from "./words.js";
/** @import { Clip, Doubt, Lane } from "./protocol.js" */

export const named = (/** @type {Lane} */ { id, person, region, source }) =>
  region !== null ? t("name.region", { id: region }) : source === "dark" ? t("name.dark", { id }) : person ? t("name.person", { person, id }) : t("name.cover", { id });
/** People of a clip in order, then covers of nobody who can be told. @type {(a: Lane, b: Lane) => number} */
export const byPerson = (a, b) => (a.person ?? Infinity) - (b.person ?? Infinity) || 0;
export const peopleIn = (/** @type {Clip} */ { lanes }) => new Set(lanes.flatMap(({ person }) => person ?? [])).size;
export const covers = (/** @type {Lane | Doubt} */ { start, end }, /** @type {number} */ frame) => start <= frame && frame < end;
export const isClear = (/** @type {Lane} */ lane, /** @type {number} */ frame) => lane.clear.some(([a, b]) => a <= frame && frame < b);
export const isAllClear = (/** @type {Lane} */ { clear, start, end }) => clear.length === 1 && clear[0][0] === start && clear[0][1] === end;
/** Whether a region has a keyframe here that is not one of its ends. @type {(lane: Lane, frame: number) => boolean} */
export const spare = (lane, frame) => lane.start < frame && frame < lane.end - 1 && lane.keys.includes(frame);
/** Whether a doubt is about a face that may be seen. */
export const isExposed = (/** @type {Doubt} */ doubt) => doubt.kind === "exposed";
/** Names a doubt before and after a change. @type {(doubt: Doubt) => string} */
export const sign = ({ reason, start, end, box }) => `${reason} ${start} ${end} ${box}`;

/** Names a lane of a plan before and after a change. Its number may not: lanes that a person added
 * are numbered anew with every change. @type {(lane: Lane) => string} */
export function identity(lane) {
  if (lane.region !== null) return `region ${lane.region}`;
  return lane.source === "edit" ? `added ${lane.start} ${lane.end} ${lane.best}` : `face ${lane.id}`;
}

/** A lane as it stands in a later view of its clip. A decision about a face is meant for the frames
 * that it had; a region is the same wherever it was moved. @type {(lane: Lane, clip: Pick<Clip, "lanes">) => Lane} */
export function again(lane, clip) {
  const found = clip.lanes.find((other) => identity(other) === identity(lane));
  if (found && (lane.region !== null || (found.start === lane.start && found.end === lane.end))) return found;
  throw new Refusal({ problem: t("refusal.other", { name: named(lane) }), remedy: t("refusal.look") });
}
