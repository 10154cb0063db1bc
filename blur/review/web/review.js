// @ts-check
// The open clip: how it comes and goes, how it is changed, and how that is told.

import { Changes } from "./changes.js";
import { identity, sign } from "./lane.js";
import { Listing } from "./listing.js";
import { Marks } from "./marks.js";
import { Player } from "./player.js";
import { Outdated, Refusal } from "./protocol.js";
import { NOTHING, picked, say, selected, set, shown, state, update } from "./state.js";
import { t } from "./words.js";
/** @import { Act, Box, Clip, Lane, Progress, Verb } from "./protocol.js" */
/** @import { Wish } from "./changes.js" */

export const player = new Player(problem);
export const marks = new Marks(problem);
export const changes = new Changes((clip) => clip.key === state.clip?.key && take(clip));
export const listing = new Listing(changedElsewhere, problem);

export function problem(/** @type {unknown} */ error) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  if (error instanceof Outdated) return void reload(); // the clip was changed elsewhere
  if (!(error instanceof Refusal)) throw error;
  const remedy = error.remedy && t("refusal.remedy", { remedy: error.remedy });
  const dropped = error.dropped ? t("refusal.dropped", { n: error.dropped }) : "";
  say(t("refusal", { problem: error.message, remedy, dropped }), "bad");
}

/** Says what became of a clip that may have been left meanwhile.
 * @param {Pick<Clip, "key" | "name">} clip @param {string} text @param {"good" | "bad"} kind */
export const tell = (clip, text, kind) => say(clip.key === state.key ? text : t("refusal.of", { name: clip.name, text }), kind);

// ---- it comes and goes

export async function open(/** @type {string} */ key) {
  sendNudge();
  if (state.clip?.key !== key) leave(key);
  location.replace(`#${key}`);
  try {
    const clip = await changes.read(key);
    if (state.key !== key) return;
    take(clip);
    set({ said: null });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (state.key !== key) return;
    leave(key, error);
  }
}

/** Nothing of the clip that was open stays, so that nothing can be decided about it, or about
 * another in its name. @param {string} key of the next @param {Refusal | null} [refusal] */
function leave(key, refusal = null) {
  Object.assign(state, { ...NOTHING, key, refusal, clip: null, ghost: null, visited: new Set(), said: null, ear: "" });
  marks.close();
  player.close();
}

export async function reload() {
  const { key } = state;
  if (!key) return;
  try {
    const clip = await changes.read(key);
    if (state.clip?.key === key) take(clip);
  } catch (error) {
    problem(error);
  }
}

/** @param {string} key @param {Progress | null} render that ended */
async function changedElsewhere(key, render) {
  if (state.clip?.key !== key) return;
  await reload();
  if (!render || state.clip?.key !== key) return;
  if (render.problem) say(render.problem, "bad");
  else if (state.clip.rendered) say(t("render.done"), "good");
  else say(t("render.changed"), "bad");
}

/** Show a clip, or the clip that is open as it is now. @param {Clip} clip */
function take(clip) {
  const known = state.clip?.plan === clip.plan; // a new scan numbers all faces anew
  const ids = new Map(clip.lanes.map((lane) => [identity(lane), lane.id]));
  const idOf = (/** @type {Lane | null} */ lane) => (known && lane ? (ids.get(identity(lane)) ?? null) : null);
  const { pointed, drag } = state;
  const isLost = !!drag?.mark && !clip.lanes.some((lane) => lane.region === drag.mark?.region);
  Object.assign(state, {
    selected: idOf(selected()),
    picked: new Set(picked().map(idOf).filter((id) => id !== null)),
    pointed: pointed && (clip.doubts.find((doubt) => sign(doubt) === sign(pointed)) ?? null),
    drag: isLost ? null : drag,
    clip,
    refusal: null,
  });
  marks.open(clip, player.frame);
  player.open(clip, Math.min(player.frame, clip.frames - 1));
  if (isLost) say(t("region.lost"), "bad");
  else update();
}

// ---- it is changed

/** Resolves to the server's answer, or to null when it was not done, which is said. `clip` was on the
 * screen when it was decided, `about` are the lanes it is about: see `Changes`.
 * @template {Verb} V @param {V} verb
 * @param {Pick<Wish<V>, "body"> & Partial<Wish<V>> & { told?: string }} wish */
export async function change(verb, { clip = shown(), about = [], body, exact = false, told }) {
  sendNudge();
  try {
    const answer = await changes.make(verb, { clip, about, body, exact });
    if (answer && told) tell(clip, told, "good");
    listing.refresh();
    return answer;
  } catch (error) {
    problem(error);
    if (error instanceof Refusal && error.status === 409 && state.clip?.key === clip.key) await reload();
    return null;
  }
}

/** @param {Act} act @param {string} [told] when it is done */
export const act = (act, told) => change("act", { body: () => ({ act }), told });

/** @param {Lane} lane @param {(now: Lane) => Act} act @param {string} told when it is done */
export const actOn = (lane, act, told) => change("act", { about: [lane], body: (now) => ({ act: act(now) }), told });

/** @param {Lane} lane @param {number} frame @param {Box} box */
export const move = (lane, frame, box) => actOn(lane, (now) => ({ do: "move", region: now.region ?? 0, frame, box }), t("region.moved"));

/** Send the steps that a region was moved by. */
export function sendNudge() {
  if (!state.nudge) return;
  const { lane, frame, box, timer } = state.nudge;
  clearTimeout(timer);
  state.nudge = null;
  move(lane, frame, box).then(() => state.nudge || set({ ghost: null }));
}

/** For acts that depend on the changes under way: resolves to whether they may go on. */
export async function settled() {
  const { key } = shown();
  const { frame } = player;
  sendNudge();
  await changes.settled(key);
  if (state.clip?.key === key && player.frame === frame) return true;
  say(t("stage.another"), "bad");
  return false;
}
