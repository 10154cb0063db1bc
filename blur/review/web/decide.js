// @ts-check
// What a person decides: about faces, about a clip as a whole, about what is rendered.

import { askWhy, remember } from "./ask.js";
import { named } from "./lane.js";
import { startRender } from "./protocol.js";
import { still } from "./region.js";
import { act, actOn, change, changes, listing, player, problem, sendNudge, tell } from "./review.js";
import { panel, picked, say, selected, set, shown, span, state } from "./state.js";
import { t } from "./words.js";
/** @import { Clip, Lane, Verdict } from "./protocol.js" */

// Reasons and consent references of earlier decisions are offered again.
panel(() => [state.clip?.decisions], (decisions) => {
  for (const { kind, reason, consent } of decisions ?? []) {
    if (kind === "keep" || kind === "no-face") remember(reason);
    remember(consent, "consents");
  }
});

/** What a decision is meant for. @typedef {{ clip: Clip, lanes: Lane[], names: string, start: number, end: number }} Meant */

/** @returns {Meant | null} */
function meant() {
  const marked = span();
  const [start, end] = marked ?? [0, shown().frames];
  const lanes = state.picked.size ? picked() : [selected()].filter((lane) => lane !== null);
  const reached = lanes.filter((lane) => lane.start < end && start < lane.end);
  if (!lanes.length) say(t("select.first"));
  else if (!reached.length) say(t("select.elsewhere"), "bad");
  if (!reached.length) return null;
  return { clip: shown(), lanes: reached, names: reached.length === 1 ? named(reached[0]) : t("name.covers", { n: reached.length }), start, end };
}

/** @param {Verdict} decision @param {{ reason: string, consent: string }} why @param {Meant} meant @param {boolean} [confirmed] */
async function decide(decision, { reason, consent }, { clip, lanes, names, start, end }, confirmed = false) {
  // Span and picks are spent: what is decided next is not meant for them, however soon it comes.
  set({ span: [null, null], picked: new Set() });
  await change("act", {
    clip,
    about: lanes,
    body: (...now) => ({ act: { do: "decide", lanes: now.map((lane) => lane.id), decision, reason, start, end, confirmed, consent } }),
    told: t(`${decision}.told`, { names }),
  });
}

/** Whether a doubt about who a face is begins in the span. @param {Meant} meant */
const asksWho = ({ clip, lanes, start, end }) =>
  clip.doubts.some((doubt) => ["met", "unseen"].includes(doubt.reason) && start <= doubt.start && doubt.start < end && lanes.some((lane) => lane.id === doubt.lane));

export const keep = () => uncover("keep");
export const noFace = () => uncover("no-face");

/** Take covers off, of somebody who may be seen or of a place that is no face. @param {"keep" | "no-face"} decision */
async function uncover(decision) {
  if (selected()?.region != null && !state.picked.size) return say(t("keep.region"));
  const chosen = meant();
  if (!chosen) return;
  const confirmed = span() !== null && asksWho(chosen);
  const { names, start, end } = chosen;
  const where = span() ? t("keep.about.span", { names, first: start, last: end - 1 }) : t("keep.about", { names });
  const about = [where, ...(confirmed ? [t("keep.who")] : []), t("keep.recorded")].join(" ");
  const nobody = decision === "no-face";
  const why = await askWhy(t(`${decision}.title`), about, nobody ? t("keep.no face") : "", !nobody);
  if (why) await decide(decision, why, chosen, confirmed);
}

export async function cover() {
  if (state.pointed?.box && !state.picked.size) {
    const { start, end, box } = state.pointed;
    return void act({ do: "add", path: still(start, end, box), reason: "doubtful" }, t("cover.doubt", { first: start, last: end - 1 }));
  }
  const chosen = meant();
  if (chosen) await decide("cover", { reason: "", consent: "" }, chosen);
}

/** @param {"split" | "extend"} act */
function actHere(act) {
  const lane = selected();
  const { frame } = player;
  if (lane) actOn(lane, ({ id }) => ({ do: act, lane: id, frame }), t(`${act}.told`, { frame }));
}

export const split = () => actHere("split");
export const extend = () => actHere("extend");

export async function follow() {
  const lane = selected();
  const clip = shown();
  const { frame } = player;
  if (!lane) return say(t("select.any"));
  const following = change("follow", { about: [lane], body: ({ id }) => ({ lane: id, frame }) });
  say(t("follow.doing"));
  const answer = await following;
  if (!answer) return;
  if (answer.result === null) tell(clip, t("follow.told"), "good");
  else tell(clip, t("follow.lost", { frame: answer.result }), "bad");
}

/** @param {ReadonlySet<string>} [among] keys of clips; without, all that changed */
export async function render(among) {
  sendNudge();
  await changes.settled(); // what is being decided is rendered too
  await listing.refresh();
  if (state.rendering) return say(t("render.busy"), "bad");
  const keys = state.rows.filter((row) => row.renderable && (among?.has(row.key) ?? true)).map((row) => row.key);
  if (!keys.length) return say(t("render.none"));
  try {
    await startRender(keys);
    say(t("render.told", { n: keys.length }));
  } catch (error) {
    problem(error);
  }
  listing.refresh();
}
