// @ts-check
// The queue's question: doubts of the open clip that a single look answers.

import { state } from "./state.js";
/** @import { Doubt, Item } from "./protocol.js" */

/** @type {(one: { key: string, id: string }, other: { key: string, id: string } | null) => boolean} */
export const same = (one, other) => one.key === other?.key && one.id === other.id;

/** The gravest of them, once its clip is open and while it is what a key would decide on. */
export function question() {
  const { asked, clip } = state;
  if (!asked || clip?.key !== asked.key) return null;
  return clip.doubts.find((doubt) => doubt.id === asked.id) ?? null;
}

/** The gravest, and the others that are open. @returns {Doubt[]} */
export function asking() {
  const gravest = question();
  if (!gravest) return [];
  const item = askedItem();
  const doubts = new Map(state.clip?.doubts.map((doubt) => [doubt.id, doubt]));
  const others = (item?.doubts ?? []).flatMap((id) => doubts.get(id) ?? []).filter((doubt) => doubt !== gravest && doubt.said === null);
  return [gravest, ...others];
}

/** @returns {Item | null} */
export const askedItem = () => state.queue.find((item) => same(item, state.asked)) ?? null;
