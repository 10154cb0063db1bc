// @ts-check
// Which frames of the rendered file were played at twice its speed at most, and the check that says so.

import { $ } from "./dom.js";
import { ask } from "./ask.js";
import { sendWatched } from "./protocol.js";
import { change, changes, player, sendNudge } from "./review.js";
import { clockOf, panel, say, set, shown, state } from "./state.js";
import { nextUnchecked } from "./shelf.js";
import { FASTEST, hears, secondsOf, unheard } from "./sound.js";
import { short, t } from "./words.js";
/** @import { Clip, Span } from "./protocol.js" */

const SEND = 2000; // milliseconds between two reports

/** @type {Set<number>} */ let played = new Set();
/** @type {Set<number>} */ let heard = new Set();
let of = /** @type {Clip | null} */ (null);
let last = -1;
let timer = 0;
let reports = Promise.resolve(); // ends once the server has all of them

panel(() => [player.frame, player.speed, player.showing, state.clip], (frame, speed, showing, clip) => {
  if (clip !== of) flush(clip);
  const counts = clip?.rendered && showing?.rendered && !showing.beneath && speed > 0 && speed <= FASTEST && !document.hidden;
  if (!counts) return void (last = -1);
  // A busy browser draws fewer frames than it plays.
  const from = last >= 0 && last < frame && frame - last <= player.framesIn(0.5) ? last + 1 : frame;
  const listening = hears();
  for (let at = from; at <= frame; at++) {
    played.add(at);
    if (listening) heard.add(at);
  }
  last = frame;
  timer ||= setTimeout(() => flush(clip), SEND);
});

/** Report the frames that were played and heard. @param {Clip | null} next */
function flush(next) {
  clearTimeout(timer);
  timer = 0;
  const [clip, frames, listened] = [of ?? next, played, heard];
  of = next;
  played = new Set();
  heard = new Set();
  if (!clip || !frames.size) return;
  const sent = sendWatched(clip, spansOf(frames), spansOf(listened)).then((now) => {
    if (state.clip?.key === clip.key && state.clip.version === clip.version) Object.assign(state.clip, now);
    set({ watched: state.watched + 1 });
  }, () => {}); // rendered anew meanwhile: that file was not watched
  reports = reports.then(() => sent);
}

/** @param {Set<number>} frames @returns {Span[]} */
function spansOf(frames) {
  const spans = /** @type {Span[]} */ ([]);
  for (const frame of [...frames].sort((a, b) => a - b)) {
    const end = spans.at(-1);
    if (end && end[1] === frame) end[1] = frame + 1;
    else spans.push([frame, frame + 1]);
  }
  return spans;
}

/** Seconds of a clip that were not watched. @param {Clip} clip */
export function unwatched(clip) {
  return clockOf(clip).seconds - secondsOf(clip, clip.watched);
}

panel(() => [state.clip, state.watched], (clip) => {
  const share = clip?.rendered ? Math.floor(100 * (1 - unwatched(clip) / clockOf(clip).seconds) + 0.01) : null;
  const button = $("#check");
  button.textContent = clip?.checked_by ? `✓ ${clip.checked_by}` : share ? t("bar.watched", { percent: share }) : t("bar.check");
  button.classList.toggle("good", !!clip?.checked_by);
});

/** Mark the clip as watched, or take the mark back. @param {boolean} [goOn] to the next that nobody checked */
export async function check(goOn = false) {
  const { key } = shown();
  sendNudge();
  await changes.settled(key); // a check is of what is covered in the end
  flush(state.clip);
  await reports; // a signature says how much of its clip was watched and heard
  const { clip } = state;
  if (clip?.key !== key) return say(t("check.other clip"), "bad");
  if (!clip.rendered) return say(t("check.not rendered"), "bad");
  if (clip.checks.some(({ by }) => by === state.initials) || (clip.checked_by && !state.initials)) {
    const sure = await ask(t("check.back"), t("check.back.about", { names: clip.checked_by ?? "" }), t("check.back.label"), clip.checks[0].by);
    if (!sure) return;
    if (clip.checks.some(({ by }) => by === sure)) return change("check", { clip, body: () => ({ initials: "" }), told: t("check.back.told"), exact: true });
    return sign(clip, sure, goOn);
  }
  const left = unwatched(clip);
  const about = left > 0.1
    ? t("check.left", { time: short(left) })
    : t("check.all");
  const unknown = secondsOf(clip, unheard(clip));
  const told = [about, ...(unknown > 0.1 ? [t("check.unheard", { time: short(unknown) })] : []), t("check.until")].join(" ");
  const initials = Math.max(left, unknown) <= 0.1 && state.initials && goOn ? state.initials : await ask(t("check.title"), told, t("check.initials"), state.initials);
  if (initials) await sign(clip, initials, goOn);
}

/** @param {Clip} clip @param {string} initials @param {boolean} goOn */
async function sign(clip, initials, goOn) {
  state.initials = initials;
  const done = await change("check", { clip, body: () => ({ initials }), told: t("check.told", { initials }), exact: true });
  if (done && goOn) nextUnchecked(clip.key);
}

addEventListener("pagehide", () => flush(null));
