// @ts-check
// Which key and which button does what.

import { cover, extend, follow, keep, noFace, render, split } from "./decide.js";
import { answer, isAnswering, nextItem, toggleQueue, uncover, undoAnswer } from "./queue.js";
import { $, all, el } from "./dom.js";
import { KEYS } from "./keys.js";
import { nextDoubt, nextFace, showTab } from "./lists.js";
import { STEPS, isNudge, nudge, removeRegion, reshape, setEnd, startDrawing } from "./region.js";
import { change, changes, player } from "./review.js";
import { goClip } from "./shelf.js";
import { check } from "./watch.js";
import { NOTHING, clockOf, isOpening, pick, say, set, shown, state } from "./state.js";
import { lookAtAll, zoom } from "./timeline.js";
import { pressed } from "./sheet.js";
import { listen, mute } from "./sound.js";
import { writeNote } from "./remarks.js";
import { closer, compare, further, pan, round, whole } from "./view.js";
import { t } from "./words.js";

const undo = () => undoAnswer() || change("undo", { body: () => ({}), told: t("undo.told") });
const redo = () => change("redo", { body: () => ({}), told: t("redo.told") });
const second = () => Math.max(1, Math.round(1 / clockOf(shown()).usual)); // in frames

function bare() {
  set({ bare: !state.bare });
}

function goCut(/** @type {1 | -1} */ way) {
  const cuts = [0, ...shown().cuts];
  const to = way > 0 ? cuts.find((cut) => cut > player.frame) : cuts.findLast((cut) => cut < player.frame);
  if (to !== undefined) player.seek(to);
}

function shuttle(/** @type {1 | -1} */ way) {
  const speed = Math.sign(player.speed) === way ? player.speed * 2 : way;
  player.play(Math.max(-8, Math.min(8, speed)));
}

/** @type {Record<string, ((event: KeyboardEvent | MouseEvent) => unknown) | undefined>} */
const COMMANDS = {
  Space: () => (player.speed ? player.stop() : player.play(player.pace)),
  j: () => shuttle(-1), k: () => player.stop(), l: () => shuttle(1),
  ArrowLeft: (event) => player.step(event.shiftKey ? -second() : -1),
  ArrowRight: (event) => player.step(event.shiftKey ? second() : 1),
  ArrowUp: () => nextFace(-1), ArrowDown: () => nextFace(1),
  Home: () => player.seek(0), End: () => player.seek(shown().frames - 1),
  PageUp: () => goClip(-1), PageDown: () => goClip(1),
  "[": () => (state.queueing ? nextItem(-1) : nextDoubt(-1)), "]": () => (state.queueing ? nextItem(1) : nextDoubt(1)),
  q: toggleQueue, n: () => (state.queueing ? nextItem(1) : nextDoubt(1)), a: () => answer("ok"),
  ",": () => goCut(-1), ".": () => goCut(1),
  g: () => $("#goto", HTMLInputElement).select(),
  h: () => set({ outlines: !state.outlines }), b: bare,
  1: () => showTab("doubts"), 2: () => showTab("faces"), 3: () => showTab("decisions"),
  x: () => (isAnswering() ? uncover() : keep()),
  c: () => (isAnswering() ? answer("cover") : cover()),
  f: () => (isAnswering() ? answer("track") : follow()),
  s: split, e: extend, 6: noFace,
  i: () => setEnd(0), o: () => setEnd(1),
  u: (event) => listen(event.shiftKey ? "original" : "covered"), 5: () => mute(), w: writeNote, v: compare, d: round, 7: whole, 8: further, 9: closer,
  t: (event) => (event.shiftKey ? mute(true) : state.selected !== null && pick(state.selected)),
  r: startDrawing, 4: reshape, Delete: removeRegion, Backspace: removeRegion,
  z: (event) => (event.shiftKey ? redo() : undo()), y: redo,
  m: (event) => check(event.shiftKey),
  "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), 0: lookAtAll,
  Escape: () => set({ ...NOTHING, said: null }),
};
const ALWAYS = new Set(["q", "PageUp", "PageDown", "1", "2", "3"]); // without a clip, too
const ORIGINAL = new Set(["b", "p", "v", "x", "c", "f", "s", "e", "r", "4", "5", "6", "Delete", "Backspace"]); // nothing without the clip itself
const REPEATED = /^Arrow|^[+\-=89]$/; // while the key is held

const tooEarly = () => isOpening() && say(t("stage.too early"));
function showKeys() {
  const keys = $("#keys", HTMLDialogElement);
  keys.showModal();
  keys.scrollTop = 0; // the focus is at the end
}

document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (document.querySelector("dialog[open]") || !(target instanceof HTMLElement)) return;
  if (target.id === "filter" && event.key === "ArrowDown") return $("#clips").focus();
  // A browser leaves the focus in a dialog that is closed until it draws again.
  if (target.matches("input, select") && !target.closest("dialog")) return event.key === "Escape" && target.blur();
  if (event.key === "?" || event.key === "؟") return showKeys();
  const key = keyOf(event);
  if (target.matches("button") && (key === "Space" || key === "Enter") && !event.ctrlKey && !event.metaKey) return;
  if (press(key, event)) event.preventDefault();
});

/** On a keyboard of another script, the key where a Latin one has the letter. @param {KeyboardEvent} event */
function keyOf({ key, code, altKey }) {
  if (key === " ") return "Space";
  if (key.length !== 1) return key;
  const latin = { BracketLeft: "[", BracketRight: "]", Comma: ",", Period: "." };
  if (altKey && code in latin) return /** @type {Record<string, string>} */ (latin)[code]; // a Mac writes quotes
  if (key > "~") return /** @type {Record<string, string>} */ (latin)[code] ?? code.replace(/^(Key|Digit)/, "").toLowerCase();
  return key.toLowerCase();
}

/** Whether the key means something here, and is done. @param {string} key @param {KeyboardEvent} event */
function press(key, event) {
  const command = COMMANDS[key];
  if (state.sheet.length && !event.ctrlKey && !event.metaKey && !event.altKey && pressed(key)) return true;
  if (event.ctrlKey || event.metaKey) {
    if (key === "Enter") render();
    else if ((key === "z" || key === "y") && state.clip) command?.(event);
    else return false;
  } else if (!state.clip && !ALWAYS.has(key)) {
    if (command || event.altKey) tooEarly();
    return false;
  } else if (state.clip && !state.clip.original && (ORIGINAL.has(key) || (event.altKey && player.zoom === 1))) {
    say(t("away"), "bad");
  } else if (event.altKey) {
    if (!isNudge(key)) return false;
    if (state.selected === null && player.zoom > 1) return pan(...STEPS[key] ?? [0, 0]), true;
    nudge(key, event.shiftKey);
  } else if (key === "p") {
    if (!event.repeat) player.peek(true);
  } else if (command && (!event.repeat || REPEATED.test(key))) command(event);
  else return false;
  return true;
}

document.addEventListener("keyup", (event) => event.key.toLowerCase() === "p" && player.peek(false));
addEventListener("blur", () => player.peek(false));
document.addEventListener("visibilitychange", () => document.hidden && player.peek(false));

for (const control of all("button[data-key]")) {
  control.addEventListener("click", (event) => (state.clip ? COMMANDS[control.dataset.key ?? ""]?.(event) : tooEarly()));
}
const peek = $("#peek");
peek.addEventListener("pointerdown", () => player.peek(true));
peek.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && player.peek(true));
for (const end of ["pointerup", "pointerleave", "keyup"]) peek.addEventListener(end, () => player.peek(false));

const number = $("#goto", HTMLInputElement);
number.addEventListener("change", () => {
  const frame = parseInt(number.value, 10);
  if (state.clip && Number.isFinite(frame)) player.seek(frame);
});
number.addEventListener("keydown", (event) => event.key === "Enter" && $("#stage").focus());

for (const tab of all("#tabs button")) tab.addEventListener("click", () => set({ tab: tab.dataset.tab }));
$("#render").addEventListener("click", () => render());
$("#bare").addEventListener("click", bare);
$("#help").addEventListener("click", showKeys);
$("#keys .columns").append(
  ...KEYS.flatMap(([title, rows]) => [el("h3", {}, t(title)), ...rows.map(([key, does]) => el("div", {}, el("span", {}, el("kbd", {}, key)), el("span", {}, t(does))))]),
);

// A decision that is not saved yet would be lost with the page.
addEventListener("beforeunload", (event) => (state.nudge || changes.pending()) && event.preventDefault());
