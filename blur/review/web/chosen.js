// @ts-check
// Tells of the selected face or region, the doubt or the faces that are picked, with what can be done.

import { cover, extend, follow, keep, split } from "./decide.js";
import { $, el, plural, short } from "./dom.js";
import { covers, isAllClear, isClear, named, spare } from "./lane.js";
import { adviceOf, reasonOf } from "./asked.js";
import { faceOf } from "./protocol.js";
import { removeRegion, setEnd } from "./region.js";
import { player } from "./review.js";
import { clockOf, panel, selected, set, shown, span, state } from "./state.js";
/** @import { Clip, Doubt, Lane } from "./protocol.js" */

const SOURCES = /** @type {Record<string, string>} */ ({
  audit: "Found by the audit.",
  edit: "Added by a person.",
  dark: "Black to the eye, but a brightened copy may show who is there: all of the picture is covered.",
});

// In words, so that it is built anew only when they change: buttons must keep the focus while playing.
panel(() => [JSON.stringify([state.clip?.revision, here(), [...state.picked], state.bare, state.clip && span(), state.pointed])], () => {
  const { clip, pointed } = state;
  const lane = selected();
  const about = !clip ? [] : state.picked.size ? aboutPicked() : pointed ? aboutDoubt(pointed) : !lane ? aboutClip(clip) : lane.region !== null ? aboutRegion(lane) : aboutFace(lane);
  $("#chosen").replaceChildren(...about);
});

/** The selected lane as it stands on this frame. */
function here() {
  const lane = selected();
  const { frame } = player;
  return lane && [lane, covers(lane, frame), spare(lane, frame), isClear(lane, frame), frame === lane.start];
}

/** @param {string} text @param {string} key @param {() => unknown} run @param {boolean} [disabled] */
const button = (text, key, run, disabled = false) => el("button", { onclick: run, disabled }, text, el("kbd", {}, key));

function aboutClip(/** @type {Clip} */ clip) {
  const shots = plural(clip.cuts.length + 1, "shot");
  return [
    el("h3", {}, clip.name),
    el("p", {}, `${clip.width} × ${clip.height}, ${short(clockOf(clip).seconds)}, ${shots}, ${plural(clip.lanes.length, "face")}`),
    ...clip.notes.map((note) => el("p", {}, note)),
  ];
}

function aboutFace(/** @type {Lane} */ lane) {
  const inside = covers(lane, player.frame);
  const seen = lane.seen.reduce((sum, [a, b]) => sum + b - a, 0);
  const covered = isAllClear(lane) ? el("span.clear", {}, "Kept clear") : lane.clear.length ? el("span.clear", {}, "Kept clear in part") : "Covered";
  const source = SOURCES[lane.source] ?? `Seen on about ${plural(seen, "frame")}, score ${lane.score}.`;
  const told = el("div", {}, el("h3", {}, named(lane)), el("p", {}, covered, `, frames ${lane.start}–${lane.end - 1}`), el("p", {}, source));
  return [
    el("div.about", {}, state.bare ? el("img", { src: faceOf(shown(), lane), alt: "" }) : null, told),
    el("div.acts", {},
      button("Keep clear…", "X", keep),
      button("Cover", "C", cover, !lane.clear.length && !span()),
      button("Split", "S", split, !inside || player.frame === lane.start),
      button("Extend to here", "E", extend, inside),
      button("Follow to here", "F", follow, inside),
    ),
  ];
}

function aboutRegion(/** @type {Lane} */ lane) {
  const removed = spare(lane, player.frame) ? "keyframe" : "region";
  return [
    el("h3", {}, named(lane)),
    el("p", {}, `Drawn, frames ${lane.start}–${lane.end - 1}, ${plural(lane.keys.length, "keyframe")}`),
    el("div.acts", {},
      button("Begins here", "I", () => setEnd(0)),
      button("Ends here", "O", () => setEnd(1)),
      button("Follow", "F", follow),
      button(`Remove ${removed}`, "Del", removeRegion),
    ),
  ];
}

function aboutDoubt(/** @type {Doubt} */ doubt) {
  return [
    el("h3.bad", {}, reasonOf(doubt)),
    el("p", {}, `${adviceOf(doubt)} Frames ${doubt.start}–${doubt.end - 1}.`),
    el("div.acts", {}, button("Cover it", "C", cover)),
  ];
}

function aboutPicked() {
  return [
    el("h3", {}, `${plural(state.picked.size, "face")} picked`),
    el("p", {}, "A decision is made for all of them, each on all its frames unless a span is marked."),
    el("div.acts", {}, button("Keep clear…", "X", keep), button("Cover", "C", cover), el("button", { onclick: () => set({ picked: new Set() }) }, "Pick none")),
  ];
}
