// @ts-check
// The stage, the controls below it and the line that says what happened.

import { $, el, time } from "./dom.js";
import { changes, marks, player } from "./review.js";
import { clockOf, isOpening, panel, selected, set, span, state } from "./state.js";
import { t } from "./words.js";

const stage = $("#stage");
const number = $("#goto", HTMLInputElement);

panel(() => [state.said, state.said ? "" : hint()], (said, hinted) => {
  $("#status").textContent = said ? said.text : hinted;
  $("#status").dir = said ? "auto" : ""; // hints are of the page's language
  $("#status").className = said ? said.kind : "";
});

function hint() {
  const lane = selected();
  if (isOpening()) return t("stage.opening");
  if (!state.clip) return t("hint.choose");
  if (changes.pending(state.clip.key)) return t("hint.doing");
  if (!state.clip.original) return t("away");
  if (state.drawing) return t("hint.drawing");
  if (!lane) return t("hint.clip");
  if (lane.region !== null) return t("hint.region");
  return t("hint.cover");
}

// Says on the stage whether what it shows is all there and as it was decided, or something is
// still on its way.
panel(() => [state.clip?.key, isBusy()], (key, busy) => {
  if (busy) stage.setAttribute("aria-busy", "true");
  else stage.removeAttribute("aria-busy");
  if (key) stage.dataset.clip = key;
  else delete stage.dataset.clip;
});

const isBusy = () =>
  isOpening() || (!!state.clip && (changes.pending(state.clip.key) || !!state.nudge || player.waiting || marks.waiting(player.frame)));

panel(() => [state.bare], (bare) => $("#bare").setAttribute("aria-pressed", String(bare)));
panel(() => [state.clip?.original], (here) => {
  for (const id of ["#peek", "#draw", "#bare"]) $(id, HTMLButtonElement).disabled = here === false;
  if (here === false && state.bare) queueMicrotask(() => set({ bare: false }));
});

panel(() => [state.refusal], (refusal) => {
  $("#notice").hidden = !refusal;
  if (refusal) $("#notice").replaceChildren(el("p.bad", { dir: "auto" }, refusal.message), el("p.dim", { dir: "auto" }, refusal.remedy));
});

// Names the picture on the screen, not the one that was asked for.
panel(() => [player.showing], (showing) => {
  const chip = $("#origin");
  const kind = showing?.other ? "compared" : showing?.beneath ? "beneath" : showing?.rendered ? "rendered" : "drawn";
  chip.hidden = !showing;
  chip.className = `chip ${{ compared: "bad", beneath: "bad", rendered: "good", drawn: "doubt" }[kind]}`;
  chip.textContent = t(`stage.${kind}`);
  stage.classList.toggle("beneath", !!showing?.beneath);
});

panel(() => [player.speed, state.drawing], (speed, drawing) => {
  $("#play").textContent = !speed ? "▶" : speed === 1 ? "❚❚" : `❚❚ ${speed}×`;
  stage.dataset.speed = String(speed);
  stage.classList.toggle("drawing", drawing);
  $("#draw").setAttribute("aria-pressed", String(drawing));
});

panel(() => [state.clip, player.frame, document.activeElement === number], (clip, frame, isTyping) => {
  $("#time").textContent = clip ? time(clockOf(clip).at(frame)) : "";
  if (!clip) number.value = "";
  else if (!isTyping) number.value = String(frame);
});

panel(() => [state.clip, state.span], (clip) => {
  const marked = clip && span();
  $("#span").hidden = !marked;
  $("#span").textContent = marked ? t("bar.span", { first: marked[0], last: marked[1] - 1 }) : "";
  $("#length").textContent = clip ? t("bar.of", { n: clip.frames - 1 }) : "";
  $("#undo", HTMLButtonElement).disabled = !clip?.undo;
  $("#redo", HTMLButtonElement).disabled = !clip?.redo;
});
