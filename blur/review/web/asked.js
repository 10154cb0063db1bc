// @ts-check
// Words of the questions about doubts: reasons, advice and answers.

import { isExposed } from "./lane.js";
/** @import { Doubt, Group, Said } from "./protocol.js" */

/** @type {Record<string, string>} */
const REASONS = {
  weak: "Covered, but may not be a face", large: "Very large cover", dark: "Too dark to see who is there",
  lost: "Face lost from view: cover position is a guess", weeded: "Not covered: may be a face",
  residual: "A face may show in the covered clip", stale: "“Keep clear” matches no one here",
  met: "Who is it? Faces met", unseen: "Who is it? Face out of view",
};
/** @type {Record<string, string>} */
const ADVICE = {
  weak: "Covered to be safe. If it is a wall, uncover it.",
  large: "The cover is far larger than a head, or its size jumps.",
  dark: "A brightened copy may show who is there. Cover the picture if anybody could be in it.",
  lost: "The face went out of view here. Does the cover hide it on every frame?",
  weeded: "Possibly a face. It was left uncovered; please look.",
  residual: "The second check saw a face here. Is it hidden on every frame?",
  stale: "An earlier “keep clear” no longer matches anyone, so everyone here is covered.",
  met: "This person is kept clear, but another face came near: covered until you say who it is.",
  unseen: "This person is kept clear, but went out of view: covered until you say who it is.",
};
/** @type {Record<Group, string>} */
export const GROUPS = { exposed: "may show a face", kept: "kept clear: who is it?", excess: "covers too much" };

export const reasonOf = (/** @type {{ reason: string }} */ { reason }) => REASONS[reason] ?? reason;
export const adviceOf = (/** @type {Doubt} */ { reason, explanation }) => ADVICE[reason] ?? explanation;

/** The three answers and what each does here; null: there is no such answer.
 * @type {(doubt: Doubt) => Record<Said, string | null>} */
export function answersTo(doubt) {
  const bare = doubt.lane === null;
  if (bare && !doubt.box) return { ok: "OK: nobody can be seen", cover: "Cover the picture", track: null };
  const ok = bare ? (isExposed(doubt) ? "OK: no face" : "OK: leave it") : doubt.group === "kept" ? "OK: leave covered" : isExposed(doubt) ? "OK: well covered" : "OK: leave it covered";
  return { ok, cover: bare ? "Cover it" : "Cover more", track: "Track it" };
}

/** A fourth answer that uncovers, in a dialog of its own. @type {(doubt: Doubt) => string | null} */
export const uncovering = ({ lane, group }) => (lane === null ? null : group === "kept" ? "Same person…" : group === "excess" ? "Not a face…" : null);
