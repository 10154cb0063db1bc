// @ts-check
// Words of the questions about doubts: reasons, advice and answers.

import { isExposed } from "./lane.js";
import { t, tellOf } from "./words.js";
/** @import { Doubt, Group, Said } from "./protocol.js" */

/** In the order in which they are asked about. @type {Group[]} */
export const GROUPS = ["exposed", "kept", "excess"];

export const reasonOf = (/** @type {{ reason: string }} */ { reason }) => tellOf(`reason.${reason}`, reason);
export const adviceOf = (/** @type {Doubt} */ { reason, explanation }) => tellOf(`advice.${reason}`, explanation);

/** The three answers and what each does here; null: there is no such answer.
 * @type {(doubt: Doubt) => Record<Said, string | null>} */
export function answersTo(doubt) {
  const bare = doubt.lane === null;
  if (bare && !doubt.box) return { ok: t("answer.nobody"), cover: t("answer.cover picture"), track: null };
  const ok = bare ? (isExposed(doubt) ? "answer.no face" : "answer.leave") : isExposed(doubt) && doubt.group !== "kept" ? "answer.well" : "answer.leave covered";
  return { ok: t(ok), cover: bare ? t("answer.cover") : t("answer.more"), track: t("answer.track") };
}

/** A fourth answer that uncovers, in a dialog of its own. @type {(doubt: Doubt) => string | null} */
export const uncovering = ({ lane, group }) => (lane === null ? null : group === "kept" ? t("answer.same") : group === "excess" ? t("answer.not") : null);
