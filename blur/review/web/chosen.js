// @ts-check
// Tells of the selected face or region, the doubt or the faces that are picked, with what can be done.

import { cover, extend, follow, keep, noFace, split } from "./decide.js";
import { $, el } from "./dom.js";
import { covers, isAllClear, isClear, named, peopleIn, spare } from "./lane.js";
import { keepPersonIn } from "./people.js";
import { adviceOf, reasonOf } from "./asked.js";
import { faceOf } from "./protocol.js";
import { isThere, listen, mute, secondsOf, unheard } from "./sound.js";
import { writeNote } from "./remarks.js";
import { removeRegion, reshape, setEnd } from "./region.js";
import { player } from "./review.js";
import { clockOf, panel, selected, set, shown, span, state } from "./state.js";
import { short, t, tellOf } from "./words.js";
/** @import { Clip, Doubt, Lane } from "./protocol.js" */

const SURE = [0.7, 0.4]; // of a detector's score: above the first it is called high, below the second low

// In words, so that it is built anew only when they change: buttons must keep the focus while playing.
panel(() => [JSON.stringify([state.clip?.revision, state.clip?.remarks, state.ear, state.watched, state.clip?.remarks.some((one) => one.frame === player.frame) && player.frame, here(), [...state.picked], state.bare, state.clip && span(), state.pointed])], () => {
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
const button = (text, key, run, disabled = false) => el("button", { onclick: run, disabled: disabled || !shown().original }, text, el("kbd", {}, key));

const sureness = (/** @type {number} */ score) => t(score > SURE[0] ? "chosen.sure" : score > SURE[1] ? "chosen.unsure" : "chosen.weak");

function aboutClip(/** @type {Clip} */ clip) {
  const [shots, n] = [t("count.shots", { n: clip.cuts.length + 1 }), peopleIn(clip)];
  const counted = t("count.covers", { n: clip.lanes.length });
  const covers = n ? t("chosen.people", { people: t("count.people", { n }), covers: counted }) : counted;
  return [
    el("h2", {}, el("bdi", {}, clip.name)),
    el("p", {}, t("chosen.clip", { width: clip.width, height: clip.height, time: short(clockOf(clip).seconds), shots, covers })),
    ...(clip.original ? [] : [el("p.doubt", {}, t("away"))]),
    ...clip.notes.map((note) => el("p", { dir: "auto" }, note)),
    ...toHear(clip),
    ...clip.remarks.filter((one) => one.frame === player.frame).map((one) => el("p.note", { dir: "auto" }, one.by ? t("note.by", { text: one.text, by: one.by }) : one.text)),
    el("div.acts", {}, el("button", { onclick: writeNote }, t("act.note"), el("kbd", {}, "W")), ...(clip.spoken ? aboutSound(clip) : [])),
  ];
}

/** Says how much of the sound nobody listened to. @param {Clip} clip */
function toHear(clip) {
  const left = secondsOf(clip, unheard(clip));
  if (!clip.rendered || !clip.audible.length) return [];
  return [left > 0.1 ? el("p.doubt", {}, t("sound.unheard", { time: short(left) })) : el("p.good", {}, t("sound.heard"))];
}

function aboutSound(/** @type {Clip} */ clip) {
  const kept = clip.audible.length > 0;
  const hear = (/** @type {"covered" | "original"} */ which, /** @type {string} */ key, /** @type {boolean} */ can) =>
    el("button", { onclick: () => listen(which), disabled: !can, "aria-pressed": String(state.ear === which) }, t(`act.listen.${which}`), el("kbd", {}, key));
  const changes = [
    button(t(span() || !clip.mutes.length ? "act.mute" : "act.unmute"), "5", () => mute(), !span() && !clip.mutes.length),
    button(t("act.bleep"), "⇧T", () => mute(true), !span()),
  ];
  return [hear("covered", "U", isThere(clip)), hear("original", "⇧U", clip.original), ...(kept || clip.mutes.length ? changes : [])];
}

function aboutFace(/** @type {Lane} */ lane) {
  const inside = covers(lane, player.frame);
  const seen = lane.seen.reduce((sum, [a, b]) => sum + b - a, 0);
  const covered = isAllClear(lane) ? el("span.clear", {}, t("chosen.clear")) : lane.clear.length ? el("span.clear", {}, t("chosen.partly")) : t("chosen.covered");
  const source = tellOf(`chosen.${lane.source}`, t("chosen.seen", { n: seen, sure: sureness(lane.score), percent: Math.round(100 * lane.score) }));
  const told = el("div", {}, el("h2", {}, named(lane)), el("p", {}, covered, t("chosen.frames", { first: lane.start, last: lane.end - 1 })), el("p", {}, source));
  return [
    el("div.about", {}, state.bare ? el("img", { src: faceOf(shown(), lane), alt: "" }) : null, told),
    el("div.acts", {},
      button(t("act.keep"), "X", keep),
      ...(lane.person ? [el("button.person", { onclick: () => keepPersonIn(shown(), Number(lane.person)), disabled: !shown().original }, t("act.keep person", { person: lane.person }))] : []),
      button(t("act.no-face"), "6", noFace),
      button(t("act.cover"), "C", cover, !lane.clear.length && !span()),
      button(t("act.split"), "S", split, !inside || player.frame === lane.start),
      button(t("act.extend"), "E", extend, inside),
      button(t("act.follow"), "F", follow, inside),
    ),
  ];
}

function aboutRegion(/** @type {Lane} */ lane) {
  const removed = t(spare(lane, player.frame) ? "act.remove keyframe" : "act.remove region");
  return [
    el("h2", {}, named(lane)),
    el("p", {}, t("chosen.region", { first: lane.start, last: lane.end - 1, n: lane.keys.length })),
    el("div.acts", {},
      button(t("act.begin"), "I", () => setEnd(0)),
      button(t("act.end"), "O", () => setEnd(1)),
      button(t("act.track"), "F", follow),
      button(t(lane.ellipse ? "act.rectangle" : "act.ellipse"), "4", reshape),
      button(removed, "Del", removeRegion),
    ),
  ];
}

function aboutDoubt(/** @type {Doubt} */ doubt) {
  return [
    el("h2.bad", {}, reasonOf(doubt)),
    el("p", {}, t("chosen.doubt", { advice: adviceOf(doubt), first: doubt.start, last: doubt.end - 1 })),
    el("div.acts", {}, button(t("act.cover it"), "C", cover)),
  ];
}

function aboutPicked() {
  return [
    el("h2", {}, t("chosen.picked", { n: state.picked.size })),
    el("p", {}, t("chosen.picked.about")),
    el("div.acts", {}, button(t("act.keep"), "X", keep), button(t("act.no-face"), "6", noFace), button(t("act.cover"), "C", cover), el("button", { onclick: () => set({ picked: new Set() }) }, t("act.pick none"))),
  ];
}
