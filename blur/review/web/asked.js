// @ts-check
// Words of the questions about doubts: reasons, advice and answers.

import { isExposed } from "./lane.js";
import { t, tellOf } from "./words.js";
/** @import { Doubt, Group, Item, Said } from "./protocol.js" */

/** In the order in which they are asked about. @type {Group[]} */
export const GROUPS = ["exposed", "kept", "excess"];

export const reasonOf = (/** @type {{ reason: string }} */ { reason }) => tellOf(`reason.${reason}`, reason);
export const adviceOf = (/** @type {Doubt} */ { reason, explanation }) => tellOf(`advice.${reason}`, explanation);

/** Of several places: how many, and on which frames. @type {(item: Item | null) => string | null} */
export const placesOf = (item) => (item && item.doubts.length > 1 ? `${t("queue.places", { n: item.doubts.length })} · ${t("queue.frames", { first: item.first, last: item.last })}` : null);

/** The three answers to doubts, the gravest first, and what each does here; null: there is no such answer.
 * @type {(doubts: Doubt[]) => Record<Said, string | null>} */
export function answersTo([doubt, ...others]) {
  const bare = doubt.lane === null;
  if (others.some(({ lane }) => (lane === null) !== bare)) return { ok: t("answer.nobody"), cover: t("answer.cover"), track: t("answer.track") };
  if (bare && !doubt.box) return { ok: t("answer.nobody"), cover: t("answer.cover picture"), track: null };
  const ok = bare ? (isExposed(doubt) ? "answer.no face" : "answer.leave") : isExposed(doubt) && doubt.group !== "kept" ? "answer.well" : "answer.leave covered";
  return { ok: t(ok), cover: bare ? t("answer.cover") : t("answer.more"), track: t("answer.track") };
}

/** A fourth answer that uncovers, in a dialog of its own. @type {(doubt: Doubt) => string | null} */
export const uncovering = ({ lane, group }) => (lane === null ? null : group === "kept" ? t("answer.same") : group === "excess" ? t("answer.not") : null);
