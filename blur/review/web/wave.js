// @ts-check
// Loudness for the timeline: of the covered file's sound, and of the original's where its disk is there.

import { readLoudness } from "./protocol.js";
import { player } from "./review.js";
import { isThere } from "./sound.js";
import { clockOf, panel, set, state } from "./state.js";
/** @import { Clip } from "./protocol.js" */

const BINS = 50; // a second, as the server counts
/** @typedef {{ covered: Uint8Array | null, original: Uint8Array | null }} Waves */

/** @type {AbortController | null} */ let asking = null;
let asked = "";

// After the picture: a sound is decoded as a whole.
panel(() => [state.clip, state.ear, player.showing !== null], (clip, ear, showing) => {
  const covered = clip && isThere(clip) ? clip.version : "";
  const original = clip?.original && clip.spoken && (clip.audible.length || clip.mutes.length || ear === "original") ? clip.key : "";
  const wanted = clip ? `${clip.key} ${covered} ${original}` : "";
  if (wanted === asked || (wanted && !showing)) return;
  const same = asked.split(" ");
  asked = wanted;
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const kept = state.waves;
  const known = same[0] === clip?.key;
  const waves = { covered: known && same[1] === covered ? kept.covered : null, original: known && same[2] === original ? kept.original : null };
  queueMicrotask(() => set({ waves }));
  if (!clip) return;
  if (covered && !waves.covered) read(clip, false, signal);
  if (original && !waves.original) read(clip, true, signal);
});

/** @param {Clip} clip @param {boolean} beneath @param {AbortSignal} signal */
async function read(clip, beneath, signal) {
  const wave = await readLoudness(clip, beneath, signal).catch(() => null); // a band without a wave; listening says why
  if (wave && !signal.aborted) set({ waves: { ...state.waves, [beneath ? "original" : "covered"]: wave } });
}

/** The loudest of frames [start, end) as a share of the band's height. @param {Clip} clip @param {Uint8Array} wave
 * @param {number} start @param {number} end */
export function loudest(clip, wave, start, end) {
  const clock = clockOf(clip);
  const at = (/** @type {number} */ frame) => {
    const whole = Math.floor(frame);
    const part = (frame - whole) * (clock.at(whole + 1) - clock.at(whole));
    return (clock.start + clock.at(whole) + part) * BINS;
  };
  const first = Math.floor(at(start));
  const last = Math.max(first + 1, Math.floor(at(end)));
  let most = 0;
  for (let bin = first; bin < last && bin < wave.length; bin++) most = Math.max(most, wave[bin]);
  return most / 255;
}
