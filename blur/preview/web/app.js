// The review page: what is shown, what is selected, what each key and button does.

import * as api from "./api.js";
import { Clock } from "./clock.js";
import { $, Window, el, plural, short, time } from "./dom.js";
import { KEYS } from "./keys.js";
import { Overlay } from "./overlay.js";
import { Player } from "./player.js";
import { Timeline } from "./timeline.js";

const state = {
  list: [], // all clips
  key: null, // the open one
  clip: null,
  clock: null,
  selected: null, // a lane's id
  picked: new Set(), // lanes to decide about together
  span: [null, null], // first and last frame that a decision is meant for
  tab: "doubts",
  visited: new Set(),
  initials: "",
  busy: false,
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
  if (!(error instanceof api.Refusal)) throw error;
  say(error.remedy ? `${error.message} — ${error.remedy}` : error.message, "bad");
}

function hint() {
  const line = $("#status");
  line.className = "";
  const lane = selected();
  if (!state.clip) line.textContent = "Choose a clip.";
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
  onState: () => state.clip && origin(),
  onProblem: problem,
});

const overlay = new Overlay({
  canvas: $("#overlay"),
  stage: $("#stage"),
  player,
  onSelect: (lane, event) => (event.shiftKey && lane !== null ? pick(lane) : select(lane)),
  onDraw: draw,
  onMove: (region, box) => act({ do: "move", region, frame: player.frame, box }, "Moved the region."),
});

const timeline = new Timeline({
  box: $("#timeline"),
  onSeek: (frame) => (player.stop(true), player.show(frame)),
  onSelect: select,
});

const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
const clips = new Window($("#clips"), { height: () => 3.7 * rem(), make: clipRow, onEnter: (row) => (open(row.key), $("#stage").focus()), empty: "No clip matches." });
const doubts = new Window($("#doubts"), { height: () => 4 * rem(), make: doubtRow, onEnter: goDoubt, onMove: goDoubt, empty: "No doubts in this clip. Still watch it once." });
const faces = new Window($("#faces"), {
  height: (width) => width + 1.7 * rem(),
  minWidth: 84,
  make: faceTile,
  onEnter: (lane, event) => (event.shiftKey || event.ctrlKey || event.key === " " || event.target.closest?.(".pick") ? pick(lane.id) : goLane(lane)),
  onMove: goLane,
  empty: "No faces were found in this clip.",
});
const decisions = new Window($("#decisions"), { height: () => 3.6 * rem(), make: decisionRow, onEnter: goDecision, onMove: goDecision, empty: "Nothing decided yet: every face that was found is covered." });

function laneOf(id) {
  return state.lanes?.get(id);
}

const selected = () => (state.selected === null ? null : laneOf(state.selected));
const named = (lane) => (lane.region !== null ? `Region ${lane.region}` : `Face ${lane.id}`);
const covers = (lane, frame) => lane.start <= frame && frame < lane.end;
const isClear = (lane, frame) => lane.clear.some(([a, b]) => a <= frame && frame < b);
const wholly = (lane) => lane.clear.length === 1 && lane.clear[0][0] === lane.start && lane.clear[0][1] === lane.end;

// ---- the list of clips

async function refresh() {
  let told;
  try {
    told = await api.clips();
  } catch (error) {
    return problem(error);
  }
  const before = state.progress;
  state.list = told.clips;
  state.rendering = told.rendering;
  state.progress = new Map(told.progress.map((p) => [p.key, p]));
  for (const flight of told.flights) {
    const row = told.clips.find((c) => c.name === flight.name);
    if (row) state.progress.set(row.key, { ...flight, key: row.key });
  }
  $("#folder").textContent = told.folder;
  document.title = `${told.folder} — blur review`;
  const checked = told.clips.filter((c) => c.checked_by).length;
  const doubtful = told.clips.filter((c) => c.doubt_seconds > 0 && !c.checked_by).length;
  $("#tally").textContent = `${checked} of ${plural(told.clips.length, "clip")} checked, ${doubtful} in doubt`;
  const changed = renderable();
  $("#render").disabled = !changed.length || told.rendering;
  $("#render").textContent = changed.length ? `Render ${plural(changed.length, "changed clip")}` : "Nothing to render";
  $("#render").classList.toggle("main", changed.length > 0 && !told.rendering);
  $("#stop").hidden = !told.rendering;
  $("#rendering").textContent = progressText();
  listClips();
  const now = state.progress.get(state.key);
  const was = before?.get(state.key);
  if (now && was && now.stage !== was.stage && ["done", "failed"].includes(now.stage)) {
    if (now.problem) say(now.problem, "bad");
    else say("Rendered. What you see now is the rendered file.", "good");
    reload();
  }
}

const renderable = () => state.list.filter((c) => c.renderable).map((c) => c.key);

function progressText() {
  if (!state.rendering) return "";
  const all = [...state.progress.values()];
  const at = all.findIndex((p) => !["done", "failed", "stopped", "waiting"].includes(p.stage));
  if (at < 0) return "Rendering…";
  const { stage, done, total } = all[at];
  return `${at + 1} of ${all.length}: ${stage} ${total ? `${Math.floor((100 * done) / total)} %` : ""}`;
}

function listClips() {
  const words = $("#filter").value.trim().toLowerCase();
  const which = {
    all: () => true,
    doubt: (c) => c.doubt_seconds > 0,
    edited: (c) => c.edited,
    unchecked: (c) => !c.checked_by,
    failed: (c) => c.state === "failed" || c.state === "residual",
  }[$("#which").value];
  const rows = state.list.filter((c) => which(c) && c.name.toLowerCase().includes(words));
  const at = rows.findIndex((c) => c.key === state.key);
  clips.set(rows, at >= 0 ? at : clips.at);
}

function clipRow(row) {
  const progress = state.progress.get(row.key);
  const working = progress && !["done", "failed", "stopped"].includes(progress.stage);
  const tags = [];
  if (row.state === "failed") tags.push(el("span.tag.bad", {}, "failed"));
  else if (row.state !== "done") tags.push(el("span.tag.dim", {}, row.state));
  if (row.edited) tags.push(el("span.tag.drawn", {}, "changed"));
  if (row.checked_by) tags.push(el("span.tag.good", { title: "checked" }, `✓ ${row.checked_by}`));
  const doubt = row.doubt_seconds > 0 ? el("span.doubt", {}, `${short(row.doubt_seconds)} in doubt`) : row.state === "done" ? "no doubts" : "";
  return el(
    "div.row",
    { "aria-selected": String(row.key === state.key), title: row.problem || row.name },
    el("div.line", {}, el("span.name", {}, row.name), ...tags),
    el("div.line", {}, el("span.name", {}, row.problem ? el("span.bad", {}, row.problem) : doubt), plural(row.tracks, "face")),
    working ? el("progress", { value: progress.done, max: progress.total || 1, "aria-label": progress.stage }) : null,
  );
}

// ---- one clip

async function open(key) {
  const same = state.key === key && state.clip;
  if (!same) Object.assign(state, { selected: null, span: [null, null], picked: new Set(), visited: new Set() });
  state.key = key;
  listClips();
  location.replace(`#${key}`);
  try {
    const clip = await api.clip(key);
    if (state.key !== key) return;
    take(clip, same ? player.frame : 0);
    hint();
  } catch (error) {
    if (!(error instanceof api.Refusal)) throw error;
    state.clip = state.clock = null;
    player.close();
    overlay.close();
    timeline.close();
    for (const list of [doubts, faces, decisions]) list.set([]);
    panel();
    $("#notice").hidden = false;
    $("#notice").replaceChildren(el("p.bad", {}, error.message), el("p.dim", {}, error.remedy));
    $("#origin").hidden = true;
  }
}

async function reload() {
  const { key } = state;
  try {
    const clip = await api.clip(key);
    if (state.key === key) take(clip, player.frame);
  } catch (error) {
    problem(error);
  }
}

function take(clip, frame) {
  state.clip = clip;
  state.clock = new Clock(clip);
  state.lanes = new Map(clip.lanes.map((lane) => [lane.id, lane]));
  if (!state.lanes.has(state.selected)) state.selected = null;
  state.picked = new Set([...state.picked].filter((id) => state.lanes.has(id)));
  $("#notice").hidden = true;
  $("#length").textContent = `of ${clip.frames - 1}`;
  $("#undo").disabled = !clip.undo;
  $("#redo").disabled = !clip.redo;
  $("#check").textContent = clip.checked_by ? `✓ ${clip.checked_by}` : "Check";
  $("#check").classList.toggle("good", !!clip.checked_by);
  overlay.open(clip);
  timeline.open(clip, state.clock);
  player.open(clip, state.clock, Math.min(frame, clip.frames - 1));
  lists();
  panel();
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
}

function origin() {
  const chip = $("#origin");
  const { clip } = state;
  const peeking = player.beneath;
  chip.hidden = false;
  chip.className = `chip ${peeking ? "bad" : clip.rendered ? "good" : "doubt"}`;
  chip.textContent = peeking
    ? "Beneath the covers — never published"
    : clip.rendered
      ? "The rendered file"
      : "As it will be covered — not rendered yet";
  $("#stage").classList.toggle("beneath", peeking);
  $("#play").textContent = player.speed ? "❚❚" : "▶";
  $("#stage").dataset.speed = player.speed;
  overlay.redraw();
}

// ---- doubts, faces, decisions

function doubtRow(doubt, index) {
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
  row.classList.toggle("visited", state.visited.has(index));
  return row;
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;
const words = (reason) => ({ weak: "Perhaps not a face", lost: "Out of sight", weeded: "Not covered", residual: "Face in the result", stale: "Decision fits nothing" })[reason] || reason;

function goDoubt(doubt) {
  const index = state.clip.doubts.indexOf(doubt);
  state.visited.add(index);
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
    el("img", { src: api.face(state.key, lane.id), alt: "", loading: "lazy", decoding: "async" }),
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
  if (decision.lane !== null) select(decision.lane);
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
    const [start, stop] = end === 0 ? [frame, Math.max(frame + 1, lane.end)] : [Math.min(frame, lane.start), frame + 1];
    return act({ do: "span", region: lane.region, start, end: stop }, end ? "The region ends here." : "The region begins here.");
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
  const key = lane && lane.keys.includes(player.frame);
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
  box.replaceChildren(...(lane.region !== null ? aboutRegion(lane, key) : aboutFace(lane, inside)));
}

const button = (text, key, run, properties = {}) => el("button", { onclick: run, ...properties }, text, el("kbd", {}, key));

function aboutFace(lane, inside) {
  const frames = `frames ${lane.start}–${lane.end - 1}`;
  const seen = lane.seen.reduce((sum, [a, b]) => sum + b - a, 0);
  const what = wholly(lane) ? el("span.clear", {}, "Kept clear") : lane.clear.length ? el("span.clear", {}, "Kept clear in part") : "Covered";
  const source = { audit: "Found by the audit.", edit: "Added by a person." }[lane.source] || `Seen on about ${plural(seen, "frame")}, score ${lane.score}.`;
  return [
    el("div.about", {}, el("img", { src: api.face(state.key, lane.id), alt: "" }), el("div", {}, el("h3", {}, named(lane)), el("p", {}, what, `, ${frames}`), el("p", {}, source))),
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

function aboutRegion(lane, key) {
  return [
    el("h3", {}, named(lane)),
    el("p", {}, `Drawn, frames ${lane.start}–${lane.end - 1}, ${plural(lane.keys.length, "keyframe")}`),
    el(
      "div.acts",
      {},
      button("Begins here", "I", () => setSpan(0)),
      button("Ends here", "O", () => setSpan(1)),
      button("Follow", "F", follow),
      button(key && lane.keys.length > 1 ? "Remove keyframe" : "Remove region", "Del", removeRegion),
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

async function change(verb, body, told) {
  if (state.busy || !state.clip) return null;
  state.busy = true;
  const { key } = state;
  try {
    const answer = await api.change(key, verb, { revision: state.clip.revision, ...body });
    if (state.key === key) take(answer.clip, player.frame);
    if (told) say(told, "good");
    refresh();
    return answer;
  } catch (error) {
    problem(error);
    if (error instanceof api.Refusal && error.status === 409) await reload();
    return null;
  } finally {
    state.busy = false;
  }
}

const act = (message, told) => change("act", { act: message }, told);

function meant() {
  const lanes = state.picked.size ? [...state.picked].map(laneOf) : [selected()].filter(Boolean);
  const marked = span();
  const reached = marked ? lanes.filter((l) => l.start < marked[1] && marked[0] < l.end) : lanes;
  if (!lanes.length) say("Select a face first: click it, or press ↑ or ↓.");
  else if (!reached.length) say("The marked span does not touch this face. Esc forgets the span.", "bad");
  return { lanes: reached, start: marked?.[0] ?? 0, end: marked?.[1] ?? state.clip.frames };
}

async function decide(decision, reason, { lanes, start, end }) {
  const names = lanes.length === 1 ? named(lanes[0]) : plural(lanes.length, "face");
  const told = decision === "keep" ? `${names}: kept clear. Z undoes it.` : `${names}: covered.`;
  const done = await act({ do: "decide", lanes: lanes.map((l) => l.id), decision, reason, start, end }, told);
  if (done) {
    state.span = [null, null];
    state.picked.clear();
    moved();
    faces.draw();
  }
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
  if (lane) act({ do: "split", lane: lane.id, frame: player.frame }, `Another face begins on frame ${player.frame}.`);
}

function extend() {
  const lane = selected();
  if (lane) act({ do: "extend", lane: lane.id, frame: player.frame }, `Covered up to frame ${player.frame}.`);
}

async function follow() {
  const lane = selected();
  if (!lane) return say("Select a face or a region first.");
  say("Following…");
  const answer = await change("follow", { lane: lane.id, frame: player.frame });
  if (!answer) return;
  if (answer.result === null) say("Followed. Step through it to see that it holds.", "good");
  else say(`Lost sight of it on frame ${answer.result}; the cover waits there. Look, and correct it.`, "bad");
}

async function draw(box) {
  overlay.setDrawing(false);
  $("#draw").setAttribute("aria-pressed", "false");
  const shots = [0, ...state.clip.cuts, state.clip.frames];
  const marked = span();
  const start = marked ? marked[0] : player.frame;
  const end = marked ? marked[1] : shots.find((cut) => cut > player.frame);
  const path = [...new Set([start, end - 1])].map((frame) => [frame, box.map((v) => Math.round(v * 10) / 10)]);
  const before = new Set(state.clip.lanes.map((l) => l.region));
  if (!(await act({ do: "draw", path }))) return;
  state.span = [null, null];
  const made = state.clip.lanes.find((l) => l.region !== null && !before.has(l.region));
  if (made) select(made.id);
  say(`Covered on frames ${start} to ${end - 1}. Move it on another frame to let it travel, F follows.`, "good");
}

function startDrawing() {
  player.stop();
  if (overlay.drawing) {
    const { width, height } = state.clip;
    const side = Math.min(width, height) / 5;
    return draw([width / 2, height / 2, side, side * 1.2, 0]);
  }
  overlay.setDrawing(true);
  $("#draw").setAttribute("aria-pressed", "true");
  hint();
}

// Steps in quick succession are one act, seen at once.
let nudging = null;
async function nudge(key, resize) {
  const lane = selected();
  const { frame } = player;
  player.stop();
  await overlay.ready(frame);
  const mark = lane?.region != null && overlay.marks(frame).find((m) => m.lane === lane.id);
  if (!mark) return say("Select a drawn region on this frame first.");
  const by = Math.max(2, Math.round(Math.max(state.clip.width, state.clip.height) / 100));
  const [dx, dy] = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[key];
  const [cx, cy, w, h, angle] = nudging?.box ?? mark.box;
  const box = resize ? [cx, cy, Math.max(4, w + dx), Math.max(4, h - dy), angle] : [cx + dx, cy + dy, w, h, angle];
  clearTimeout(nudging?.timer);
  const send = () => {
    nudging = null;
    overlay.preview(null);
    act({ do: "move", region: lane.region, frame, box }, "Moved the region.");
  };
  nudging = { box, timer: setTimeout(send, 300) };
  overlay.preview(box);
}

function removeRegion() {
  const lane = selected();
  if (lane?.region == null) return say("Only drawn regions are removed. X keeps a face clear.");
  if (lane.keys.length > 1 && lane.keys.includes(player.frame) && player.frame !== lane.start && player.frame !== lane.end - 1) {
    return act({ do: "unkey", region: lane.region, frame: player.frame }, "Removed the keyframe.");
  }
  return act({ do: "erase", region: lane.region }, "Removed the region. Z brings it back.");
}

async function check() {
  if (state.clip.checked_by) return change("check", { initials: "" }, "No longer marked as checked.");
  const about = state.clip.rendered
    ? "You watched the rendered file from start to end. A new scan or a new edit takes the mark back."
    : "This clip is not rendered as it stands now. Better render it, watch the result, then mark it.";
  const initials = await ask("Mark as checked", about, "Your initials", state.initials);
  if (!initials) return;
  state.initials = initials;
  await change("check", { initials }, `Marked as checked by ${initials}.`);
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
  const keys = renderable();
  if (!keys.length) return say("No clip has changed since it was rendered.");
  try {
    await api.render(keys);
    say(`Rendering ${plural(keys.length, "clip")}. You can go on looking meanwhile.`);
  } catch (error) {
    problem(error);
  }
  refresh();
}

// ---- keys

function goCut(way) {
  const cuts = [0, ...state.clip.cuts];
  const to = way > 0 ? cuts.find((c) => c > player.frame) : cuts.findLast((c) => c < player.frame);
  if (to !== undefined) (player.stop(true), player.show(to));
}

function goClip(way) {
  const at = clips.items.findIndex((c) => c.key === state.key);
  const next = clips.items[at + way];
  if (next) open(next.key).then(() => clips.reveal(at + way));
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
  z: (event) => change(event.shiftKey ? "redo" : "undo", {}, event.shiftKey ? "Done again." : "Undone."),
  y: () => change("redo", {}, "Done again."),
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
  if (!state.clip && !ALWAYS.has(key)) return;
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
  control.addEventListener("click", (event) => state.clip && commands[control.dataset.key](event));
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
$("#filter").addEventListener("input", listClips);
$("#which").addEventListener("change", listClips);
for (const tab of document.querySelectorAll("#tabs button")) tab.addEventListener("click", () => show(tab.dataset.tab));
$("#render").addEventListener("click", render);
$("#stop").addEventListener("click", () => api.stopRender().then(refresh, problem));
$("#cancel").addEventListener("click", () => $("#ask").close(""));
$("#help").addEventListener("click", () => $("#keys").showModal());
$("#keys .columns").append(
  ...KEYS.flatMap(([title, rows]) => [el("h4", {}, title), ...rows.map(([key, what]) => el("div", {}, el("span", {}, el("kbd", {}, key)), el("span", {}, what)))]),
);

// ---- begin

let polling;
async function poll() {
  clearTimeout(polling);
  if (!document.hidden) await refresh();
  polling = setTimeout(poll, state.rendering || state.progress?.size ? 1000 : 4000);
}

show("doubts");
await poll();
const asked = location.hash.slice(1);
const first = state.list.find((c) => c.key === asked) || state.list[0];
if (first) await open(first.key);
else say("There is no clip in this folder yet. Run blur on it first.");
