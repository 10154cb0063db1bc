// @ts-check
// The sound of the covered clip: heard on request, silenced in a marked span.

import { act, player } from "./review.js";
import { clockOf, panel, say, set, shown, span, state, update } from "./state.js";
import { t } from "./words.js";

/** Play the covered clip with its sound, or without. */
export function listen() {
  const { sound, rendered, video } = shown();
  if (!sound) return say(t("sound.none"));
  if (!rendered || !video) return say(t("sound.not rendered"));
  player.video.muted = !player.video.muted;
  say(t(player.video.muted ? "sound.off" : "sound.on"));
  update();
}

/** Silence the marked span; without a mark, take all silent spans back. */
export function mute() {
  const clip = shown();
  const marked = span();
  if (!clip.sound) return say(t("sound.none"));
  if (!marked && !clip.mutes.length) return say(t("sound.mark"));
  set({ span: [null, null] });
  const clock = clockOf(clip);
  if (!marked) return act({ do: "unmute" }, t("sound.unmuted"));
  return act({ do: "mute", start: clock.at(marked[0]), end: clock.at(marked[1]) }, t("sound.muted", { first: marked[0], last: marked[1] - 1 }));
}

// A voice is heard only by who asks for it, in this clip.
panel(() => [state.clip?.key], () => (player.video.muted = true));
