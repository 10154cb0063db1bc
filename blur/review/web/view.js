// @ts-check
// The player's view: speed, zoom, comparison with the original, and repetition of a span.

import { $, isIn } from "./dom.js";
import { NEAREST } from "./player.js";
import { player } from "./review.js";
import { panel, say, selected, shown, span, state, update } from "./state.js";
import { t } from "./words.js";
/** @import { Player } from "./player.js" */
/** @import { Span } from "./protocol.js" */

const CLOSER = Math.SQRT2; // times the size, with each press
const PAN = 0.15; // of the view, with each press
const HOWS = /** @type {Player["compare"][]} */ (["", "wipe", "beside"]);

const stage = $("#stage");
const speed = $("#speed", HTMLSelectElement);
const zoom = $("#zoom", HTMLInputElement);
const how = $("#compare", HTMLSelectElement);
const line = $("#line", HTMLInputElement);

export const closer = () => player.closer(player.zoom * CLOSER);
export const further = () => player.closer(player.zoom / CLOSER);
export const whole = () => player.closer(1);

/** Look at another part of a picture that is larger than the stage. @param {number} right @param {number} down */
export function pan(right, down) {
  const { width, height } = player.place;
  const { x, y } = player.centre;
  player.lookAt(x + (right * PAN * player.room) / width, y + (down * PAN * stage.clientHeight) / height);
}

export const compare = () => player.compareWith(HOWS[(HOWS.indexOf(player.compare) + 1) % HOWS.length]);
document.addEventListener("visibilitychange", () => document.hidden && player.compareWith(""));

/** The span that repeats: the marked one, else that of the chosen doubt or cover. @returns {Span | null} */
function chosen() {
  const lane = selected();
  const doubt = state.pointed ?? shown().doubts.find((one) => one.lane === lane?.id && one.start <= player.frame && player.frame < one.end);
  const part = doubt ?? lane;
  return span() ?? (part ? [part.start, part.end] : null);
}

/** Play the chosen part round and round, or go on beyond it. */
export function round() {
  const part = player.loop ? null : chosen();
  if (!player.loop && !part) return say(t("view.loop.none"));
  player.stop(true);
  player.loop = part;
  if (!part) return update();
  player.frame = part[0];
  player.play(player.pace);
}

panel(() => [state.clip?.key], () => (player.loop = state.queueing ? player.loop : null));

speed.addEventListener("change", () => {
  player.pace = Number(speed.value);
  if (player.speed) player.play(player.pace);
  else update();
});
zoom.addEventListener("input", () => player.closer(2 ** Number(zoom.value)));
how.addEventListener("change", () => player.compareWith(HOWS.find((one) => one === how.value) ?? ""));
line.addEventListener("input", () => moveLine(Number(line.value) / 100));
$("#loop").addEventListener("click", () => state.clip && round());

export function moveLine(/** @type {number} */ share) {
  player.line = Math.max(0, Math.min(share, 1));
  player.paint();
  update();
}

panel(() => [player.speed, player.pace, player.zoom, player.compare, player.line, player.loop, state.clip?.original], (playing, pace, zoomed, compared, share, loop, original) => {
  const near = zoomed > 1 ? ` · ${Math.round(100 * zoomed)} %` : "";
  $("#view").textContent = `${playing || pace}×${near}`;
  speed.value = String(pace);
  zoom.max = String(Math.log2(NEAREST));
  zoom.value = String(Math.log2(zoomed));
  zoom.ariaValueText = `${Math.round(100 * zoomed)} %`;
  how.value = compared;
  how.disabled = original === false;
  line.value = String(Math.round(100 * share));
  line.disabled = compared !== "wipe";
  $("#loop").setAttribute("aria-pressed", String(loop !== null));
});

stage.addEventListener("wheel", (event) => {
  if (!state.clip || (!event.ctrlKey && !event.altKey) || isIn(event, "#notice")) return;
  event.preventDefault();
  const area = stage.getBoundingClientRect();
  player.closer(player.zoom * Math.exp(-event.deltaY / 300), [event.clientX - area.left, event.clientY - area.top]);
}, { passive: false });
