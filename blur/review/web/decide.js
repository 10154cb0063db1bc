// @ts-check
// What a person decides: about faces, about a clip as a whole, about what is rendered.

import { ask } from "./ask.js";
import { plural } from "./dom.js";
import { named } from "./lane.js";
import { startRender } from "./protocol.js";
import { still } from "./region.js";
import { act, actOn, change, changes, listing, player, problem, sendNudge, tell } from "./review.js";
import { picked, say, selected, set, shown, span, state } from "./state.js";
/** @import { Clip, Lane } from "./protocol.js" */

/** What a decision is meant for. @typedef {{ clip: Clip, lanes: Lane[], names: string, start: number, end: number }} Meant */

/** @returns {Meant | null} */
function meant() {
  const marked = span();
  const [start, end] = marked ?? [0, shown().frames];
  const lanes = state.picked.size ? picked() : [selected()].filter((lane) => lane !== null);
  const reached = lanes.filter((lane) => lane.start < end && start < lane.end);
  if (!lanes.length) say("Select a face first: click it, or press ↑ or ↓.");
  else if (!reached.length) say("The marked span does not touch this face. Esc forgets the span.", "bad");
  if (!reached.length) return null;
  return { clip: shown(), lanes: reached, names: reached.length === 1 ? named(reached[0]) : plural(reached.length, "face"), start, end };
}

/** @param {"keep" | "cover"} decision @param {string} reason @param {Meant} meant @param {boolean} [confirmed] */
async function decide(decision, reason, { clip, lanes, names, start, end }, confirmed = false) {
  // Span and picks are spent: what is decided next is not meant for them, however soon it comes.
  set({ span: [null, null], picked: new Set() });
  await change("act", {
    clip,
    about: lanes,
    body: (...now) => ({ act: { do: "decide", lanes: now.map((lane) => lane.id), decision, reason, start, end, confirmed } }),
    told: decision === "keep" ? `${names}: kept clear. Z undoes it.` : `${names}: covered.`,
  });
}

/** Whether a doubt about who a face is begins in the span. @param {Meant} meant */
const asksWho = ({ clip, lanes, start, end }) =>
  clip.doubts.some((doubt) => ["met", "unseen"].includes(doubt.reason) && start <= doubt.start && doubt.start < end && lanes.some((lane) => lane.id === doubt.lane));

/** @param {string} [why] the reason to begin with */
export async function keep(why = "") {
  if (selected()?.region != null && !state.picked.size) return say("A drawn region is trimmed with I and O, or removed with Delete.");
  const chosen = meant();
  if (!chosen) return;
  const where = span() ? `on frames ${chosen.start} to ${chosen.end - 1}` : "on all its frames";
  const confirmed = span() !== null && asksWho(chosen);
  const who = confirmed ? " You confirm that you looked at every frame of the span and know who it is, also where faces meet or go unseen." : "";
  const about = `${chosen.names} will be shown uncovered ${where}.${who} The reason is recorded with the decision.`;
  const reason = await ask("Keep clear", about, "Why may this person be seen?", why, "reasons");
  if (reason) await decide("keep", reason, chosen, confirmed);
}

export async function cover() {
  if (state.pointed?.box && !state.picked.size) {
    const { start, end, box } = state.pointed;
    return void act({ do: "add", path: still(start, end, box), reason: "doubtful" }, `Covered on frames ${start} to ${end - 1}. Z undoes it.`);
  }
  const chosen = meant();
  if (chosen) await decide("cover", "", chosen);
}

/** @param {"split" | "extend"} act @param {string} told */
function actHere(act, told) {
  const lane = selected();
  const { frame } = player;
  if (lane) actOn(lane, ({ id }) => ({ do: act, lane: id, frame }), `${told} ${frame}.`);
}

export const split = () => actHere("split", "Another face begins on frame");
export const extend = () => actHere("extend", "Covered up to frame");

export async function follow() {
  const lane = selected();
  const clip = shown();
  const { frame } = player;
  if (!lane) return say("Select a face or a region first.");
  const following = change("follow", { about: [lane], body: ({ id }) => ({ lane: id, frame }) });
  say("Following…");
  const answer = await following;
  if (!answer) return;
  if (answer.result === null) tell(clip, "Followed. Step through it to see that it holds.", "good");
  else tell(clip, `Lost sight of it on frame ${answer.result}; the cover waits there. Look, and correct it.`, "bad");
}

export async function render() {
  sendNudge();
  await changes.settled(); // what is being decided is rendered too
  await listing.refresh();
  if (state.rendering) return say("Clips are being rendered already. Render again when they are done.", "bad");
  const keys = state.rows.filter((row) => row.renderable).map((row) => row.key);
  if (!keys.length) return say("No clip has changed since it was rendered.");
  try {
    await startRender(keys);
    say(`Rendering ${plural(keys.length, "clip")}. You can go on looking meanwhile.`);
  } catch (error) {
    problem(error);
  }
  listing.refresh();
}
