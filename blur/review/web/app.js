// The review page: what is shown, what is selected, what each key and button does.

import * as api from "./api.js";
import { Changes } from "./changes.js";
import { Clock } from "./clock.js";
import { $, Window, el, plural, rem, short, time } from "./dom.js";
import { KEYS } from "./keys.js";
import { covers, identity, isClear, named, spare, wholly } from "./lane.js";
import { Overlay } from "./overlay.js";
import { Player } from "./player.js";
import { Shelf } from "./shelf.js";
import { Timeline } from "./timeline.js";

const state = {
  key: null, // the one that was asked for
  clip: null, // that one, once it is here: nothing is decided about a clip that is not seen yet
  clock: null,
  selected: null, // a lane's id
  picked: new Set(), // lanes to decide about together
  span: [null, null], // first and last frame that a decision is meant for
  tab: "doubts",
  visited: new Set(),
  initials: "",
  opening: false,
};

// ---- what happened

let fading;
function say(text, kind = "") {
  clearTimeout(fading);
  const line = $("#status");
  line.textContent = text;
  line.className = kind;
  fading = setTimeout(() => hint(), kind === "bad" ? 12000 : 5000);
}

function problem(error) {
  if (error.name === "AbortError") return;
  if (error instanceof api.Outdated) return void reload(); // the clip was changed elsewhere
  if (!(error instanceof api.Refusal)) throw error;
  const told = [error.message];
  if (error.remedy) told.push(` — ${error.remedy}`);
  if (error.dropped) told.push(`; ${plural(error.dropped, "later decision")} dropped with it`);
  say(told.join(""), "bad");
}

function hint() {
  const line = $("#status");
  line.className = "";
  const lane = selected();
  if (state.opening) line.textContent = "The clip is being opened…";
  else if (!state.clip) line.textContent = "Choose a clip.";
  else if (changes.pending(state.key)) line.textContent = "What was decided is being done…";
  else if (overlay.drawing) line.textContent = "Draw over what must be covered. R puts a region in the middle, Esc stops drawing.";
  else if (lane?.region != null) line.textContent = "Alt + arrows move this region, Shift + Alt resize it; I and O set its first and last frame; F follows what it covers; Delete removes it.";
  else if (lane) line.textContent = "X keeps this face clear, C covers it, S splits, E extends to here, F follows to here. I and O limit a decision to a span.";
  else line.textContent = "[ and ] jump between doubts, ↑ ↓ select a face, P peeks beneath the covers, R draws a cover, M marks the clip as checked, ? lists all keys.";
}

// ---- the parts of the page

const player = new Player({
  stage: $("#stage"),
  canvas: $("#picture"),
  video: $("#video"),
  onFrame: () => moved(),
  onState: () => origin(),
  onProblem: problem,
});

const overlay = new Overlay({
  canvas: $("#overlay"),
  stage: $("#stage"),
  player,
  onSelect: (lane, event) => (event.shiftKey && lane !== null ? pick(lane) : select(lane)),
  onDraw: draw,
  onMove: (region, box, frame) => actOn(regionLane(region), () => ({ do: "move", region, frame, box }), "Moved the region."),
  onLost: () => say("The region that you were moving is gone.", "bad"),
  onEarly: () => say("The picture is still on its way. Press again."),
  onState: () => settle(),
  onProblem: problem,
});

const changes = new Changes({
  onClip: (clip) => clip.key === state.clip?.key && take(clip, player.frame),
  onPending: () => settle(),
});

const timeline = new Timeline({
  box: $("#timeline"),
  onSeek: (frame) => (player.stop(true), player.show(frame)),
  onSelect: select,
});

const shelf = new Shelf({
  onOpen: (key) => (open(key), $("#stage").focus()),
  onChange: changedElsewhere,
  onProblem: problem,
});

const doubts = new Window($("#doubts"), { height: () => 4 * rem(), make: doubtRow, onEnter: goDoubt, onMove: goDoubt, empty: "No doubts in this clip. Still watch it once." });
const faces = new Window($("#faces"), {
  height: (width) => width + 1.7 * rem(),
  minWidth: 84,
  make: faceTile,
  onEnter: (lane, event) => asNow(lane, event.shiftKey || event.ctrlKey || event.key === " " || event.target.closest?.(".pick") ? (now) => pick(now.id) : goLane),
  onMove: goLane,
  empty: "No faces were found in this clip.",
});
const decisions = new Window($("#decisions"), { height: () => 3.6 * rem(), make: decisionRow, onEnter: goDecision, onMove: goDecision, empty: "Nothing decided yet: every face that was found is covered." });

function laneOf(id) {
  return state.lanes?.get(id);
}

const selected = () => (state.selected === null ? null : laneOf(state.selected));
// A tile may be of the clip as it was when it was pressed.
const asNow = (lane, run) => {
  const now = state.clip?.lanes.find((other) => identity(other) === identity(lane));
  if (now) run(now);
  else say("That face is gone.");
};
const regionLane = (region) => state.clip.lanes.find((lane) => lane.region === region);

// Says on the stage whether what it shows is all there and as it was decided, or something is
// still on its way.
function settle() {
  const stage = $("#stage");
  const { clip } = state;
  const waits = clip ? changes.pending(clip.key) || nudging || player.waiting || overlay.waiting : state.opening;
  if (waits) stage.setAttribute("aria-busy", "true");
  else stage.removeAttribute("aria-busy");
  if (clip) stage.dataset.clip = clip.key;
  else delete stage.dataset.clip;
}

// ---- one clip

async function open(key) {
  sendNudge();
  if (state.clip?.key !== key) leave(key);
  shelf.choose(key);
  location.replace(`#${key}`);
  try {
    const clip = await changes.read(key);
    if (state.key !== key) return;
    take(clip, state.clip ? player.frame : 0);
    hint();
  } catch (error) {
    if (!(error instanceof api.Refusal)) throw error;
    if (state.key !== key) return;
    leave(key);
    state.opening = false;
    for (const list of [doubts, faces, decisions]) list.set([]);
    $("#notice").hidden = false;
    $("#notice").replaceChildren(el("p.bad", {}, error.message), el("p.dim", {}, error.remedy));
    hint();
    settle();
  }
}

// Nothing of the clip that was open stays, so that nothing can be decided about it, or about
// another in its name.
function leave(key) {
  Object.assign(state, { key, clip: null, clock: null, lanes: null, opening: true });
  Object.assign(state, { selected: null, span: [null, null], picked: new Set(), visited: new Set() });
  overlay.selected = overlay.pointed = null;
  overlay.close();
  player.close();
  timeline.close();
  for (const list of [doubts, faces, decisions]) list.clear();
  for (const told of [...document.querySelectorAll("#tabs .count"), $("#time"), $("#length")]) told.textContent = "";
  $("#goto").value = "";
  $("#draw").setAttribute("aria-pressed", "false");
  $("#notice").hidden = true;
  checkedBy(null);
  panel();
  hint();
  settle();
}

async function reload() {
  const { key } = state;
  try {
    const clip = await changes.read(key);
    if (state.clip?.key === key) take(clip, player.frame);
  } catch (error) {
    problem(error);
  }
}

// `render`: how a render of the clip ended.
async function changedElsewhere(key, render) {
  if (state.clip?.key !== key) return;
  await reload();
  if (!render || state.clip?.key !== key) return;
  if (render.problem) say(render.problem, "bad");
  else if (state.clip.rendered) say("Rendered. What you see now is the rendered file.", "good");
  else say("Rendered, but not with what was decided meanwhile. Render it again.", "bad");
}

function take(clip, frame) {
  const known = state.clip?.plan === clip.plan; // a new scan numbers all faces anew
  const chosen = known ? selected() : null;
  const picked = known ? [...state.picked].map(laneOf) : [];
  Object.assign(state, { clip, clock: new Clock(clip), opening: false });
  state.lanes = new Map(clip.lanes.map((lane) => [lane.id, lane]));
  const ids = new Map(clip.lanes.map((lane) => [identity(lane), lane.id]));
  state.selected = overlay.selected = (chosen && ids.get(identity(chosen))) ?? null;
  state.picked = new Set(picked.map((lane) => ids.get(identity(lane))).filter((id) => id !== undefined));
  if (overlay.pointed) overlay.pointed = clip.doubts.find((doubt) => sign(doubt) === sign(overlay.pointed)) ?? null;
  $("#notice").hidden = true;
  $("#length").textContent = `of ${clip.frames - 1}`;
  $("#undo").disabled = !clip.undo;
  $("#redo").disabled = !clip.redo;
  checkedBy(clip.checked_by);
  overlay.open(clip);
  timeline.open(clip, state.clock);
  player.open(clip, state.clock, Math.min(frame, clip.frames - 1));
  lists();
  moved();
}

function checkedBy(initials) {
  $("#check").textContent = initials ? `✓ ${initials}` : "Check";
  $("#check").classList.toggle("good", !!initials);
}

function lists() {
  const { clip } = state;
  doubts.set(clip.doubts);
  faces.set(clip.lanes.filter((lane) => lane.region === null));
  decisions.set(clip.decisions);
  const counts = { doubts: clip.doubts.length, faces: faces.items.length, decisions: clip.decisions.length };
  for (const tab of document.querySelectorAll("#tabs button")) {
    const name = tab.dataset.tab;
    tab.setAttribute("aria-selected", String(name === state.tab));
    tab.replaceChildren(tab.textContent.replace(/\d+$/, ""), el("span.count", {}, String(counts[name])));
  }
}

function show(tab, focus) {
  state.tab = tab;
  for (const list of [doubts, faces, decisions]) list.box.hidden = list.box.id !== tab;
  if (!state.clip) return;
  lists();
  if (focus) $(`#${tab}`).focus();
}

function moved() {
  const { clip, clock } = state;
  if (!clip) return;
  const frame = player.frame;
  $("#time").textContent = time(clock.at(frame));
  if (document.activeElement !== $("#goto")) $("#goto").value = frame;
  timeline.set(frame, state.selected, span());
  overlay.redraw();
  panel();
  settle();
}

// Says what the picture is that is on the screen, not the one that was asked for.
function origin() {
  const chip = $("#origin");
  const { showing } = player;
  chip.hidden = !showing;
  if (showing) {
    chip.className = `chip ${showing.beneath ? "bad" : showing.rendered ? "good" : "doubt"}`;
    chip.textContent = showing.beneath
      ? "Beneath the covers — never published"
      : showing.rendered
        ? "The rendered file"
        : "As it will be covered — not rendered yet";
  }
  $("#stage").classList.toggle("beneath", !!showing?.beneath);
  $("#play").textContent = player.speed ? "❚❚" : "▶";
  $("#stage").dataset.speed = player.speed;
  overlay.redraw();
  settle();
}

// ---- doubts, faces, decisions

// Which doubt it is, before and after a change.
const sign = ({ reason, start, end, box }) => `${reason} ${start} ${end} ${box}`;

function doubtRow(doubt) {
  const worst = state.clip.doubts[0]?.weight || 1;
  const where = doubt.lane !== null ? named(laneOf(doubt.lane)) : doubt.box ? `about ${Math.round(doubt.box[3])} pixels` : "";
  const row = el(
    "div.row",
    { title: doubt.explanation },
    el("div.line", {}, el(`span.name.${doubt.reason === "residual" ? "bad" : "doubt"}`, {}, words(doubt.reason)), el("span", {}, time(state.clock.at(doubt.start)))),
    el("div.line", {}, el("span.name", {}, where), plural(doubt.end - doubt.start, "frame")),
    el("div.bar"),
  );
  row.querySelector(".bar").style.width = `${Math.max(4, (100 * doubt.weight) / worst)}%`;
  row.classList.toggle("visited", state.visited.has(sign(doubt)));
  return row;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
const words = (reason) => ({ weak: "Perhaps not a face", lost: "Out of sight", weeded: "Not covered", residual: "Face in the result", stale: "Decision fits nothing" })[reason] || reason;

function goDoubt(doubt) {
  const index = state.clip.doubts.findIndex((other) => sign(other) === sign(doubt));
  if (index < 0) return say("That doubt is settled.");
  doubt = state.clip.doubts[index];
  state.visited.add(sign(doubt));
  doubts.reveal(index);
  player.stop(true);
  player.show(doubt.start);
  select(doubt.lane);
  overlay.pointed = doubt.lane === null && doubt.box ? doubt : null;
  panel();
  overlay.redraw();
  say(sentence(doubt.explanation));
}

// In the order of the clip, so that [ and ] lead through it.
function nextDoubt(way) {
  const { clip } = state;
  const ordered = clip.doubts.slice().sort((a, b) => a.start - b.start || a.end - b.end);
  const current = clip.doubts[doubts.at];
  const here = ordered.indexOf(current);
  const onIt = here >= 0 && current.start === player.frame;
  const next = onIt
    ? ordered[here + way]
    : way > 0
      ? ordered.find((d) => d.start > player.frame)
      : ordered.findLast((d) => d.start < player.frame);
  if (!next) return say(ordered.length ? "No further doubt in this clip." : "No doubts in this clip.");
  show("doubts");
  goDoubt(next);
}

function faceTile(lane) {
  const clear = wholly(lane) ? "clear" : lane.clear.length ? "partly clear" : "";
  return el(
    `div.tile${lane.id === state.selected ? ".chosen" : ""}`,
    { "aria-selected": String(state.picked.has(lane.id)), "aria-label": `${named(lane)} ${clear}` },
    el("img", { src: api.face(state.clip, lane), alt: "", loading: "lazy", decoding: "async" }),
    el("span.pick", { title: "Pick (T)" }, state.picked.has(lane.id) ? "✓" : ""),
    el("div.line", {}, el("span", {}, String(lane.id)), el("span.clear", {}, clear)),
  );
}

function goLane(lane) {
  select(lane.id);
  if (!covers(lane, player.frame)) {
    player.stop(true);
    player.show(lane.seen.length ? lane.seen[0][0] : lane.start);
  }
}

const kinds = { keep: ["Kept clear", "clear"], cover: ["Covered", ""], draw: ["Drawn region", "drawn"], split: ["Split", ""] };

function decisionRow(decision) {
  const [kind, colour] = kinds[decision.kind];
  const lane = decision.lane === null ? null : laneOf(decision.lane);
  return el(
    "div.row",
    {},
    el("div.line", {}, el(`span.name${colour ? `.${colour}` : ""}`, {}, `${kind}${lane ? `: ${named(lane).toLowerCase()}` : ""}`), time(state.clock.at(decision.start))),
    el("div.line", {}, el("span.name", {}, decision.reason), plural(decision.end - decision.start, "frame")),
  );
}

function goDecision(decision) {
  player.stop(true);
  player.show(decision.start);
  if (decision.lane !== null && state.clip.decisions.includes(decision)) select(decision.lane);
}

// ---- selection

function select(lane) {
  state.selected = lane;
  overlay.selected = lane;
  overlay.pointed = null;
  panel();
  faces.draw();
  const at = faces.items.findIndex((l) => l.id === lane);
  if (at >= 0 && state.tab === "faces") faces.reveal(at);
  timeline.set(player.frame, lane, span());
  overlay.redraw();
  hint();
}

function pick(lane) {
  if (laneOf(lane)?.region != null) return;
  if (!state.picked.delete(lane)) state.picked.add(lane);
  faces.draw();
  panel();
}

function nextFace(way) {
  const here = overlay.marks(player.frame).map((m) => m.lane).sort((a, b) => a - b);
  if (!here.length) return say("No face on this frame.");
  const at = here.indexOf(state.selected);
  select(here[(at < 0 ? (way > 0 ? 0 : here.length - 1) : at + way + here.length) % here.length]);
}

// [start, end) of the marked span; null when none is.
function span() {
  const [first, last] = state.span;
  if (first === null && last === null) return null;
  const from = first ?? 0;
  const to = (last ?? state.clip.frames - 1) + 1;
  return from < to ? [from, to] : [to - 1, from + 1];
}

function setSpan(end) {
  const lane = selected();
  const frame = player.frame;
  if (lane?.region != null) {
    const { region } = lane;
    return end === 0
      ? actOn(lane, (now) => ({ do: "span", region, start: frame, end: Math.max(frame + 1, now.end) }), "The region begins here.")
      : actOn(lane, (now) => ({ do: "span", region, start: Math.min(frame, now.start), end: frame + 1 }), "The region ends here.");
  }
  state.span[end] = frame;
  moved();
}

let drawn = "";
function panel() {
  const { clip } = state;
  const lane = selected();
  const marked = clip && span();
  const chip = $("#span");
  chip.hidden = !marked;
  if (marked) chip.textContent = `frames ${marked[0]}–${marked[1] - 1}`;
  // Built anew only when something in it changed: buttons must keep the focus while playing.
  const inside = lane && covers(lane, player.frame);
  const key = lane && spare(lane, player.frame);
  const state_ = JSON.stringify([clip?.revision, lane, inside, key, lane && isClear(lane, player.frame), [...state.picked], marked, overlay.pointed]);
  if (state_ === drawn) return;
  drawn = state_;
  const box = $("#chosen");
  if (!clip) return box.replaceChildren();
  if (state.picked.size) return box.replaceChildren(...several());
  if (overlay.pointed) return box.replaceChildren(...aboutDoubt(overlay.pointed));
  if (!lane) {
    const shots = plural(clip.cuts.length + 1, "shot");
    return box.replaceChildren(
      el("h3", {}, clip.name),
      el("p", {}, `${clip.width} × ${clip.height}, ${short(state.clock.seconds)}, ${shots}, ${plural(clip.lanes.length, "face")}`),
      ...clip.notes.map((note) => el("p", {}, note)),
    );
  }
  box.replaceChildren(...(lane.region !== null ? aboutRegion(lane) : aboutFace(lane, inside)));
}

const button = (text, key, run, properties = {}) => el("button", { onclick: run, ...properties }, text, el("kbd", {}, key));

function aboutFace(lane, inside) {
  const frames = `frames ${lane.start}–${lane.end - 1}`;
  const seen = lane.seen.reduce((sum, [a, b]) => sum + b - a, 0);
  const what = wholly(lane) ? el("span.clear", {}, "Kept clear") : lane.clear.length ? el("span.clear", {}, "Kept clear in part") : "Covered";
  const source = { audit: "Found by the audit.", edit: "Added by a person.", dark: "Black to the eye, but a brightened copy may show who is there: all of the picture is covered." }[lane.source] || `Seen on about ${plural(seen, "frame")}, score ${lane.score}.`;
  return [
    el("div.about", {}, el("img", { src: api.face(state.clip, lane), alt: "" }), el("div", {}, el("h3", {}, named(lane)), el("p", {}, what, `, ${frames}`), el("p", {}, source))),
    el(
      "div.acts",
      {},
      button("Keep clear…", "X", () => keep()),
      button("Cover", "C", () => cover(), { disabled: !lane.clear.length && !span() }),
      button("Split", "S", splitHere, { disabled: !inside || player.frame === lane.start }),
      button("Extend to here", "E", extend, { disabled: inside }),
      button("Follow to here", "F", follow, { disabled: inside }),
    ),
  ];
}

function aboutRegion(lane) {
  return [
    el("h3", {}, named(lane)),
    el("p", {}, `Drawn, frames ${lane.start}–${lane.end - 1}, ${plural(lane.keys.length, "keyframe")}`),
    el(
      "div.acts",
      {},
      button("Begins here", "I", () => setSpan(0)),
      button("Ends here", "O", () => setSpan(1)),
      button("Follow", "F", follow),
      button(spare(lane, player.frame) ? "Remove keyframe" : "Remove region", "Del", removeRegion),
    ),
  ];
}

function aboutDoubt(doubt) {
  return [
    el("h3.doubt", {}, words(doubt.reason)),
    el("p", {}, `${sentence(doubt.explanation)} Frames ${doubt.start}–${doubt.end - 1}.`),
    el("div.acts", {}, button("Cover it", "C", () => cover())),
  ];
}

function several() {
  return [
    el("h3", {}, `${plural(state.picked.size, "face")} picked`),
    el("p", {}, "A decision is made for all of them, each on all its frames unless a span is marked."),
    el("div.acts", {}, button("Keep clear…", "X", () => keep()), button("Cover", "C", () => cover()), el("button", { onclick: () => (state.picked.clear(), faces.draw(), panel()) }, "Pick none")),
  ];
}

// ---- deciding

// Says what became of a clip that may have been left meanwhile.
const tell = (clip, text, kind) => say(clip.key === state.key ? text : `${clip.name}: ${text}`, kind);

// Resolves to the server's answer, or to null when it was not done, which is said. `clip` is what
// was on the screen when it was decided, `about` the lanes it is about: see `Changes`.
async function change(verb, { clip = state.clip, about = [], body = () => ({}), told, exact }) {
  sendNudge();
  try {
    const answer = await changes.make(verb, clip, { about, body, exact });
    if (answer && told) tell(clip, told, "good");
    shelf.refresh();
    return answer;
  } catch (error) {
    problem(error);
    if (error instanceof api.Refusal && error.status === 409 && state.clip?.key === clip.key) await reload();
    return null;
  }
}

const act = (message, told) => change("act", { body: () => ({ act: message }), told });
const actOn = (lane, message, told) => change("act", { about: [lane], body: (now) => ({ act: message(now) }), told });

// For what depends on the changes that are under way: resolves to whether it may go on.
async function settled() {
  const { clip } = state;
  const { frame } = player;
  sendNudge();
  await changes.settled(clip.key);
  if (state.clip?.key === clip.key && player.frame === frame) return true;
  say("Another picture came meanwhile; nothing was done. Press again.", "bad");
  return false;
}

function meant() {
  const lanes = state.picked.size ? [...state.picked].map(laneOf) : [selected()].filter(Boolean);
  const marked = span();
  const reached = marked ? lanes.filter((l) => l.start < marked[1] && marked[0] < l.end) : lanes;
  if (!lanes.length) say("Select a face first: click it, or press ↑ or ↓.");
  else if (!reached.length) say("The marked span does not touch this face. Esc forgets the span.", "bad");
  return { clip: state.clip, lanes: reached, start: marked?.[0] ?? 0, end: marked?.[1] ?? state.clip.frames };
}

async function decide(decision, reason, { clip, lanes, start, end }) {
  const names = lanes.length === 1 ? named(lanes[0]) : plural(lanes.length, "face");
  const told = decision === "keep" ? `${names}: kept clear. Z undoes it.` : `${names}: covered.`;
  const body = (...now) => ({ act: { do: "decide", lanes: now.map((l) => l.id), decision, reason, start, end } });
  // Span and picks are spent: what is decided next is not meant for them, however soon it comes.
  state.span = [null, null];
  state.picked.clear();
  moved();
  faces.draw();
  await change("act", { clip, about: lanes, body, told });
}

async function keep() {
  if (selected()?.region != null && !state.picked.size) return say("A drawn region is trimmed with I and O, or removed with Delete.");
  const chosen = meant();
  if (!chosen.lanes.length) return;
  const names = chosen.lanes.length === 1 ? named(chosen.lanes[0]) : plural(chosen.lanes.length, "face");
  const where = span() ? `on frames ${chosen.start} to ${chosen.end - 1}` : "on all its frames";
  const reason = await ask("Keep clear", `${names} will be shown uncovered ${where}. The reason is recorded with the decision.`, "Why may this person be seen?");
  if (reason) await decide("keep", reason, chosen);
}

async function cover() {
  const doubt = overlay.pointed;
  if (doubt && !state.picked.size) {
    const { start, end, box } = doubt;
    const path = [...new Set([start, end - 1])].map((frame) => [frame, box]);
    await act({ do: "add", path, reason: "doubtful" }, `Covered on frames ${start} to ${end - 1}. Z undoes it.`);
    return;
  }
  const chosen = meant();
  if (chosen.lanes.length) await decide("cover", "", chosen);
}

function splitHere() {
  const lane = selected();
  const { frame } = player;
  if (lane) actOn(lane, ({ id }) => ({ do: "split", lane: id, frame }), `Another face begins on frame ${frame}.`);
}

function extend() {
  const lane = selected();
  const { frame } = player;
  if (lane) actOn(lane, ({ id }) => ({ do: "extend", lane: id, frame }), `Covered up to frame ${frame}.`);
}

async function follow() {
  const lane = selected();
  const { clip } = state;
  const { frame } = player;
  if (!lane) return say("Select a face or a region first.");
  const following = change("follow", { about: [lane], body: ({ id }) => ({ lane: id, frame }) });
  say("Following…");
  const answer = await following;
  if (!answer) return;
  if (answer.result === null) tell(clip, "Followed. Step through it to see that it holds.", "good");
  else tell(clip, `Lost sight of it on frame ${answer.result}; the cover waits there. Look, and correct it.`, "bad");
}

async function draw(box, frame) {
  const { clip } = state;
  overlay.setDrawing(false);
  $("#draw").setAttribute("aria-pressed", "false");
  const shots = [0, ...clip.cuts, clip.frames];
  const [start, end] = span() ?? [frame, shots.find((cut) => cut > frame)];
  const path = [...new Set([start, end - 1])].map((at) => [at, box.map((v) => Math.round(v * 10) / 10)]);
  state.span = [null, null];
  moved();
  const answer = await act({ do: "draw", path });
  if (!answer) return;
  const made = answer.clip.lanes.reduce((newest, lane) => (lane.region > (newest?.region ?? 0) ? lane : newest), null);
  if (state.clip === answer.clip && made) select(made.id);
  tell(clip, `Covered on frames ${start} to ${end - 1}. Move it on another frame to let it travel, F follows.`, "good");
}

function startDrawing() {
  player.stop();
  if (overlay.drawing) {
    const { width, height } = state.clip;
    const side = Math.min(width, height) / 5;
    return draw([width / 2, height / 2, side, side * 1.2, 0], player.frame);
  }
  overlay.setDrawing(true);
  $("#draw").setAttribute("aria-pressed", "true");
  hint();
}

// Steps in quick succession are one act, seen at once.
let nudging = null;
async function nudge(key, resize) {
  const { clip } = state;
  const { frame } = player;
  const lane = selected();
  player.stop();
  if (lane?.region == null) return say("Select a drawn region first.");
  const goesOn = () => nudging?.lane.region === lane.region && nudging.frame === frame;
  if (!goesOn()) {
    if (!(await settled())) return;
    await overlay.ready(frame);
  }
  const mark = overlay.marks(frame).find((m) => m.region === lane.region);
  if (!mark) return say("This region does not cover this frame.");
  const by = Math.max(2, Math.round(Math.max(clip.width, clip.height) / 100));
  const [dx, dy] = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[key];
  const [cx, cy, w, h, angle] = goesOn() ? nudging.box : mark.box;
  const box = resize ? [cx, cy, Math.max(4, w + dx), Math.max(4, h - dy), angle] : [cx + dx, cy + dy, w, h, angle];
  clearTimeout(nudging?.timer);
  nudging = { lane, frame, box, timer: setTimeout(sendNudge, 300) };
  overlay.preview(box);
  settle();
}

function sendNudge() {
  if (!nudging) return;
  const { lane, frame, box, timer } = nudging;
  clearTimeout(timer);
  nudging = null;
  actOn(lane, () => ({ do: "move", region: lane.region, frame, box }), "Moved the region.").then(() => nudging || overlay.preview(null));
}

async function removeRegion() {
  const { region } = selected() ?? {};
  if (region == null) return say("Only drawn regions are removed. X keeps a face clear.");
  if (!(await settled())) return;
  const lane = regionLane(region);
  const { frame } = player;
  if (!lane) return say("This region is gone.");
  if (spare(lane, frame)) return actOn(lane, () => ({ do: "unkey", region, frame }), "Removed the keyframe.");
  return actOn(lane, () => ({ do: "erase", region }), "Removed the region. Z brings it back.");
}

async function check() {
  const { key } = state;
  sendNudge();
  await changes.settled(key); // a check is of what is covered in the end
  const { clip } = state;
  if (clip?.key !== key) return say("Another clip is open: nothing was marked.", "bad");
  if (clip.checked_by) return change("check", { clip, body: () => ({ initials: "" }), told: "No longer marked as checked.", exact: true });
  const about = clip.rendered
    ? "You watched the rendered file from start to end. A new scan or a new edit takes the mark back."
    : "This clip is not rendered as it stands now. Better render it, watch the result, then mark it.";
  const initials = await ask("Mark as checked", about, "Your initials", state.initials);
  if (!initials) return;
  state.initials = initials;
  await change("check", { clip, body: () => ({ initials }), told: `Marked as checked by ${initials}.`, exact: true });
}

function ask(title, text, label, value = "") {
  const dialog = $("#ask");
  const input = dialog.querySelector("input");
  dialog.querySelector("h2").textContent = title;
  dialog.querySelector("p").textContent = text;
  dialog.querySelector("label span").textContent = label;
  input.value = value;
  if (title === "Keep clear") input.setAttribute("list", "reasons");
  else input.removeAttribute("list");
  dialog.returnValue = "";
  dialog.showModal();
  input.focus();
  return new Promise((done) => {
    dialog.onclose = () => {
      if (dialog.open) return; // the end of an earlier question, come late
      done(dialog.returnValue === "yes" ? input.value.trim() : "");
    };
  });
}

async function render() {
  sendNudge();
  await changes.settled(); // what is being decided is rendered too
  await shelf.refresh();
  if (shelf.rendering) return say("Clips are being rendered already. Render again when they are done.", "bad");
  const keys = shelf.renderable;
  if (!keys.length) return say("No clip has changed since it was rendered.");
  try {
    await api.render(keys);
    say(`Rendering ${plural(keys.length, "clip")}. You can go on looking meanwhile.`);
  } catch (error) {
    problem(error);
  }
  shelf.refresh();
}

// ---- keys

function goCut(way) {
  const cuts = [0, ...state.clip.cuts];
  const to = way > 0 ? cuts.find((c) => c > player.frame) : cuts.findLast((c) => c < player.frame);
  if (to !== undefined) (player.stop(true), player.show(to));
}

function goClip(way) {
  const key = shelf.beside(way);
  if (key) open(key);
}

function shuttle(way) {
  const doubled = Math.sign(player.speed) === way ? player.speed * 2 : way;
  player.play(Math.max(-8, Math.min(8, doubled)));
}

const second = () => Math.max(1, Math.round(1 / state.clock.usual));

const commands = {
  Space: () => (player.speed ? player.stop() : player.play(1)),
  j: () => shuttle(-1),
  k: () => player.stop(),
  l: () => shuttle(1),
  ArrowLeft: (event) => player.step(event.shiftKey ? -second() : -1),
  ArrowRight: (event) => player.step(event.shiftKey ? second() : 1),
  ArrowUp: () => nextFace(-1),
  ArrowDown: () => nextFace(1),
  Home: () => (player.stop(true), player.show(0)),
  End: () => (player.stop(true), player.show(state.clip.frames - 1)),
  PageUp: () => goClip(-1),
  PageDown: () => goClip(1),
  "[": () => nextDoubt(-1),
  "]": () => nextDoubt(1),
  ",": () => goCut(-1),
  ".": () => goCut(1),
  g: () => $("#goto").select(),
  h: () => ((overlay.visible = !overlay.visible), overlay.redraw()),
  1: () => show("doubts", true),
  2: () => show("faces", true),
  3: () => show("decisions", true),
  x: keep,
  c: cover,
  i: () => setSpan(0),
  o: () => setSpan(1),
  s: splitHere,
  e: extend,
  f: follow,
  t: () => state.selected !== null && pick(state.selected),
  r: startDrawing,
  Delete: removeRegion,
  Backspace: removeRegion,
  z: (event) => (event.shiftKey ? commands.y() : change("undo", { told: "Undone." })),
  y: () => change("redo", { told: "Done again." }),
  m: check,
  "+": () => timeline.zoom(0.5),
  "=": () => timeline.zoom(0.5),
  "-": () => timeline.zoom(2),
  0: () => timeline.fit(),
  Escape: () => {
    overlay.setDrawing(false);
    $("#draw").setAttribute("aria-pressed", "false");
    state.span = [null, null];
    state.picked.clear();
    select(null);
    faces.draw();
    moved();
  },
};

const ALWAYS = new Set(["PageUp", "PageDown", "1", "2", "3"]);

const tooEarly = () => state.opening && say("The clip is being opened. Press again when you see it.");

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  const field = event.target.matches("input, select");
  if (event.target.id === "filter" && event.key === "ArrowDown") return $("#clips").focus();
  if (field) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "?") return $("#keys").showModal();
  if (event.ctrlKey || event.metaKey) {
    if (event.key === "Enter") render();
    else if (event.key.toLowerCase() === "z" && state.clip) commands.z(event);
    else if (event.key.toLowerCase() === "y" && state.clip) commands.y(event);
    else return;
    return event.preventDefault();
  }
  const key = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.target.matches("button") && (key === "Space" || key === "Enter")) return;
  if (!state.clip && !ALWAYS.has(key)) return (commands[key] || event.altKey) && tooEarly();
  if (event.altKey) {
    if (!key.startsWith("Arrow")) return;
    event.preventDefault();
    return nudge(key, event.shiftKey);
  }
  if (key === "p") {
    if (!event.repeat) player.peek(true);
  } else if (commands[key]) {
    if (event.repeat && !/^Arrow|^[+\-=]$/.test(key)) return;
    commands[key](event);
  } else return;
  event.preventDefault();
});

document.addEventListener("keyup", (event) => event.key.toLowerCase() === "p" && player.peek(false));
addEventListener("blur", () => player.peek(false));
document.addEventListener("visibilitychange", () => document.hidden && player.peek(false));

for (const control of document.querySelectorAll("#transport button[data-key]")) {
  control.addEventListener("click", (event) => (state.clip ? commands[control.dataset.key](event) : tooEarly()));
}
$("#peek").addEventListener("pointerdown", () => player.peek(true));
for (const end of ["pointerup", "pointerleave"]) $("#peek").addEventListener(end, () => player.peek(false));
$("#peek").addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && player.peek(true));
$("#peek").addEventListener("keyup", () => player.peek(false));
$("#goto").addEventListener("change", (event) => {
  const frame = parseInt(event.target.value, 10);
  if (state.clip && Number.isFinite(frame)) (player.stop(true), player.show(frame));
});
$("#goto").addEventListener("keydown", (event) => event.key === "Enter" && $("#stage").focus());
for (const tab of document.querySelectorAll("#tabs button")) tab.addEventListener("click", () => show(tab.dataset.tab));
$("#render").addEventListener("click", render);
$("#stop").addEventListener("click", () => api.stopRender().then(() => shelf.refresh(), problem));
$("#cancel").addEventListener("click", () => $("#ask").close(""));
$("#help").addEventListener("click", () => $("#keys").showModal());
$("#keys .columns").append(
  ...KEYS.flatMap(([title, rows]) => [el("h4", {}, title), ...rows.map(([key, what]) => el("div", {}, el("span", {}, el("kbd", {}, key)), el("span", {}, what)))]),
);

// What was decided and is not saved yet would be lost with the page.
addEventListener("beforeunload", (event) => (nudging || changes.any) && event.preventDefault());

// ---- begin

show("doubts");
await shelf.watch();
const first = shelf.row(location.hash.slice(1)) || shelf.rows[0];
if (first) await open(first.key);
else say("There is no clip in this folder yet. Run blur on it first.");
