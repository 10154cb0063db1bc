// @ts-check
// The sound, for the ear: of the covered file, or of the original for as long as a person wants it;
// silenced or bleeped in a marked span. It comes from the server, all its tracks together: browsers
// play the first alone, and no PCM of MOV.

import { $ } from "./dom.js";
import { soundOf, whySilent } from "./protocol.js";
import { act, player, problem } from "./review.js";
import { clockOf, panel, say, set, shown, span, state } from "./state.js";
import { t } from "./words.js";
/** @import { Clip, Span } from "./protocol.js" */

export const FASTEST = 2; // times the clip's speed: a faster word is not understood
const DRIFT = 0.25; // seconds that the sound may be away from the picture; less seeks more often

const ear = $("#sound", HTMLAudioElement);
let source = "";

/** Whether the covered file's sound is to be heard at this moment, in step with the picture. */
export const hears = () => state.ear === "covered" && !ear.paused && !ear.seeking && ear.readyState >= 3 && ear.volume > 0 && !ear.muted;

/** Listen to the covered file or to the original, or no longer. @param {"covered" | "original"} which */
export function listen(which) {
  const clip = shown();
  if (state.ear === which) return set({ ear: "" }), say(t("sound.off"));
  if (!clip.spoken) return say(t("sound.no track"));
  if (which === "original" && !clip.original) return say(t("sound.away"), "bad");
  if (which === "covered" && !clip.audible.length) return say(t("sound.none"));
  if (which === "covered" && !isThere(clip)) return say(t("sound.not rendered"));
  set({ ear: which });
  say(t(which === "original" ? "sound.on.original" : "sound.on"), which === "original" ? "bad" : "");
}

/** Whether there is a covered file to hear. @param {Clip} clip */
export const isThere = (clip) => clip.rendered && clip.whole && clip.audible.length > 0;

/** Silence or bleep the marked span; without a mark, take all of them back. @param {boolean} [tone] */
export function mute(tone = false) {
  const clip = shown();
  const marked = span();
  if (!clip.original) return say(t("away"), "bad");
  if (!clip.spoken || !(clip.audible.length || clip.mutes.length)) return say(t("sound.none"));
  if (!marked && (tone || !clip.mutes.length)) return say(t("sound.mark"));
  set({ span: [null, null] });
  if (!marked) return act({ do: "unmute" }, t("sound.unmuted"));
  const clock = clockOf(clip);
  const [start, end] = marked.map((frame) => clock.start + clock.at(frame));
  return act({ do: "mute", start, end, tone }, t(tone ? "sound.bleeped" : "sound.muted", { first: marked[0], last: marked[1] - 1 }));
}

// The original is heard only while its listener looks at this page; both end with the clip.
document.addEventListener("visibilitychange", () => document.hidden && state.ear === "original" && set({ ear: "" }));

panel(() => [state.ear, state.clip, player.speed, player.frame], (which, clip, speed, frame) => {
  const gone = which === "covered" && !!clip && !isThere(clip);
  if (gone) queueMicrotask(() => set({ ear: "" })); // it was changed, and is rendered no longer
  const wanted = which && clip && !gone ? soundOf(clip, which === "original") : "";
  if (wanted !== source) {
    source = wanted;
    if (wanted) ear.src = wanted;
    else ear.removeAttribute("src");
    ear.load();
  }
  if (!wanted || !clip || speed <= 0 || speed > FASTEST) return ear.pause();
  const clock = clockOf(clip);
  const due = clock.start + clock.at(frame);
  ear.playbackRate = speed;
  if (ear.paused) {
    ear.currentTime = due;
    ear.play().catch(() => {}); // it was paused again, or fails: told below
  } else if (!ear.seeking && Math.abs(ear.currentTime - due) > DRIFT * speed) ear.currentTime = due;
});

panel(() => [state.ear], (which) => {
  $("#ear").hidden = !which;
  $("#ear").textContent = which ? t(`stage.hears.${which}`) : "";
  $("#ear").className = `chip ${which === "original" ? "bad" : "good"}`;
});

ear.addEventListener("error", async () => {
  const { clip, ear: which } = state;
  if (!source || !clip || !which) return;
  set({ ear: "" });
  try {
    await whySilent(clip, which === "original");
    say(t("sound.lost"), "bad");
  } catch (error) {
    problem(error);
  }
});

/** The frames whose sound leaves the house and nobody heard yet. @param {Clip} clip @returns {Span[]} */
export function unheard(clip) {
  const left = /** @type {Span[]} */ ([]);
  for (const [start, end] of clip.rendered ? clip.audible : []) {
    let from = start;
    for (const [a, b] of clip.heard) {
      if (b <= from || a >= end) continue;
      if (a > from) left.push([from, a]);
      from = b;
    }
    if (from < end) left.push([from, end]);
  }
  return left;
}

/** Seconds of these frames. @param {Clip} clip @param {Span[]} spans */
export function secondsOf(clip, spans) {
  const clock = clockOf(clip);
  return spans.reduce((sum, [a, b]) => sum + clock.at(b) - clock.at(a), 0);
}
