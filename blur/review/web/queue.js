// @ts-check
// The doubts of all clips, one after the other: a short loop of each, and three answers.

import { GROUPS, adviceOf, answersTo, placesOf, reasonOf, uncovering } from "./asked.js";
import { keep, noFace } from "./decide.js";
import { $, el, rem, time } from "./dom.js";
import { List } from "./list.js";
import { readClip, readQueue } from "./protocol.js";
import { askedItem, asking, question, same } from "./question.js";
import { change, changes, open, player, problem } from "./review.js";
import { panel, say, set, state } from "./state.js";
import { stills } from "./stills.js";
import { allShown, forget, isMarked, prepareSheet, showSheet, stripOf } from "./strips.js";
import { short, t } from "./words.js";
/** @import { Seen } from "./changes.js" */
/** @import { Clip, Doubt, Item, Said } from "./protocol.js" */

const AROUND = 0.6; // seconds of the loop before and after a doubt
const LONG = 4; // seconds from which a loop plays at double speed, which still counts as watched
const LATER = 500; // milliseconds, so that this question's pictures come first
const FAST = 4; // times the speed of loops about covers that harm nobody
const AGAIN = 150; // milliseconds between two questions how far the server has read

/** A clip's decision by an answer: there were `undo` decisions then. @typedef {Seen & { undo: number }} Step */
/** Answers of this page, newest last; of a page of questions, `sheet` are those it had.
 * @type {{ id: string, steps: Step[], sheet: Item[] }[]} */
const given = [];
const sending = new Set(); // items whose answer is on its way: what the server says of them is old
const here = new Set(); // items that were open when they came: they stay in the list when settled
let turn = 0;
let hungry = false; // the next question is asked as soon as it is read

const list = new List($("#queue"), { height: () => 3.7 * rem(), make, onEnter: (item) => go(item), empty: t("queue.empty") });

const nameOf = (/** @type {{ key: string, id: string }} */ { key, id }) => `${key} ${id}`;
const colourOf = (/** @type {{ group: Item["group"] }} */ { group }) => (group === "exposed" ? "bad" : group === "kept" ? "clear" : "dim");
const isOpen = (/** @type {Item} */ item) => item.said === null;
/** Whether an item is of a clip that is picked in the list, or none is picked. */
const isMeant = (/** @type {Item} */ { key }) => !state.marked.size || state.marked.has(key);
const waits = (/** @type {Item} */ item) => isOpen(item) && isMeant(item);
export const waiting = (/** @type {Item[]} */ queue) => queue.filter(waits);
const allRead = () => state.read !== null && state.read[0] >= state.read[1];

/** Whether C, F and X answer the question, not something else that was selected. */
export function isAnswering() {
  const doubt = question();
  return !!doubt && !state.picked.size && state.selected === doubt.lane;
}

let soon = 0;
/** Read the queue again soon; an answer of the server from before the decision is dropped. */
function refreshSoon() {
  turn++;
  clearTimeout(soon);
  soon = setTimeout(refreshQueue, 400);
}

/** Read the queue again, as far as it takes. */
export async function refreshQueue() {
  const mine = ++turn;
  try {
    for (;;) {
      const { looked, total, items } = await readQueue();
      if (mine !== turn) return;
      set({ queue: placed(items), read: [looked, total] });
      if (looked >= total) return prepareSheet(stillsOf(waiting(state.queue)[0]));
      await new Promise((done) => setTimeout(done, AGAIN));
    }
  } catch (error) {
    problem(error);
  }
}

/** Known items keep their places, so that nothing moves under the hand. @param {Item[]} items */
function placed(items) {
  const newer = new Map(items.map((item) => [nameOf(item), item]));
  const kept = state.queue.map((old) => {
    const name = nameOf(old);
    const now = newer.get(name);
    newer.delete(name);
    if (sending.has(name)) return old;
    return now ?? { ...old, said: old.said ?? "edit" };
  });
  return [...kept, ...newer.values()].toSorted((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group));
}

// Another window, a batch or a render may have changed what waits.
let before = /** @type {string | 0} */ (0);
panel(() => [state.rows], (rows) => {
  const now = rows.length && JSON.stringify(rows.map(({ key, state, edited, doubt_seconds }) => [key, state, edited, doubt_seconds]));
  if (before && now !== before) refreshQueue();
  before = now;
});

// The open clip knows best what became of its doubts.
let [shownKey, shownRevision] = ["", ""];
panel(() => [state.clip], (clip) => {
  if (!clip) return;
  if (clip.key === shownKey && clip.revision !== shownRevision) refreshSoon();
  [shownKey, shownRevision] = [clip.key, clip.revision];
  const said = new Map(clip.doubts.map((doubt) => [doubt.id, doubt.said]));
  const queue = state.queue.map((item) => {
    if (item.key !== clip.key || sending.has(nameOf(item))) return item;
    const open = item.doubts.some((id) => said.get(id) === null);
    const now = open ? null : (said.get(item.id) ?? item.said ?? "edit");
    return now === item.said ? item : { ...item, said: now };
  });
  if (queue.some((item, i) => item !== state.queue[i])) queueMicrotask(() => set({ queue }));
});

panel(() => [state.queue, state.asked, state.queueing, state.rows, state.marked, allRead()], (queue, asked, queueing) => {
  for (const item of queue) if (isOpen(item)) here.add(nameOf(item));
  const shown = queue.filter((item) => here.has(nameOf(item)) && isMeant(item));
  $("#queue").hidden = !queueing;
  for (const part of ["#clips", "nav .tools"]) $(part).hidden = queueing;
  const at = shown.findIndex((item) => same(item, asked));
  list.set(shown.length || allRead() ? shown : null, at < 0 ? list.at : at);
});

panel(() => [state.queue, state.read, state.queueing, state.marked], (queue, read, queueing) => {
  const button = $("#look");
  const open = waiting(queue);
  const faces = open.filter((item) => item.group === "exposed").length;
  const reading = read && !allRead() ? t("queue.reading", { looked: read[0], total: read[1] }) : "";
  const look = open.length ? t("queue.look", { n: open.length }) : t(allRead() ? "queue.none" : "queue.wait");
  button.replaceChildren(queueing ? t("queue.back") : look, el("kbd", {}, "Q"));
  button.classList.toggle("main", !queueing && open.length > 0);
  $("#left").textContent = open.length ? t("queue.left", { faces, other: open.length - faces }) + reading : reading;
  $("#left").className = faces ? "bad" : "dim";
});
$("#look").addEventListener("click", toggleQueue);

export function toggleQueue() {
  if (state.queueing) return leaveQueue();
  set({ queueing: true });
  askFirst();
}

/** Ask the first question that waits, or as soon as one is read: nobody hears of an end before. */
function askFirst() {
  const first = waiting(state.queue)[0];
  hungry = !first && !allRead();
  if (first) ask(first);
  else if (hungry) say(t("queue.wait"));
  else say(t("queue.empty"), "good");
}
panel(() => [state.queue, state.read], (queue) => {
  if (hungry && (waiting(queue).length || allRead())) queueMicrotask(() => hungry && askFirst());
});

function leaveQueue() {
  hungry = false;
  player.loop = null;
  set({ queueing: false, asked: null, sheet: [] });
}

/** The questions that wait and are answered by stills, as this is, of its group and later ones. @param {Item | undefined} item */
const stillsOf = (item) => (item?.still ? waiting(state.queue).filter(({ still, group }) => still && GROUPS.indexOf(group) >= GROUPS.indexOf(item.group)) : []);
export const sheetWaits = () => waiting(state.queue).length;

/** Ask an item, with all that is answered as it is. @param {Item} item */
function ask(item) {
  const stills = stillsOf(item);
  if (stills.length < 2) return void go(item);
  player.stop();
  player.loop = null;
  showSheet(stills);
}

/** @param {Item} item */
async function go(item) {
  set({ asked: { key: item.key, id: item.id }, sheet: [] });
  const { asked } = state;
  if (state.clip?.key !== item.key) await open(item.key);
  const doubt = question();
  if (state.asked !== asked) return;
  if (doubt) show(doubt);
  else if (state.clip?.key === item.key) say(t("doubts.settled"));
  list.reveal(Math.max(0, list.items.findIndex((other) => same(other, item))));
}

/** @param {Doubt} doubt */
function show(doubt) {
  const clip = /** @type {Clip} */ (state.clip);
  const around = player.framesIn(AROUND);
  set({ selected: doubt.lane, pointed: doubt.lane === null && doubt.box ? doubt : null, picked: new Set(), span: [null, null], drawing: false });
  const { start, end } = askedItem() ?? doubt;
  player.loop = [Math.max(0, start - around), Math.min(clip.frames, end + around)];
  prepare();
  player.seek(player.loop[0]);
  player.play(pace());
}

/** Let the server open the next question's clip while this one is looked at. */
function prepare() {
  const next = state.queue.slice(state.queue.findIndex((item) => same(item, state.asked)) + 1).find(waits);
  if (next && next.key !== state.asked?.key) setTimeout(() => state.queueing && readClip(next.key).catch(() => {}), LATER); // open() says what is wrong with it
}

/** Times the speed that what is asked about plays at. */
function pace() {
  const item = askedItem();
  return item?.group === "excess" ? FAST : item?.group === "exposed" && item.seconds > LONG ? 2 : 1;
}

/** The next open item, round the end. @param {1 | -1} way */
export function nextItem(way) {
  const { queue, asked } = state;
  const at = queue.findIndex((item) => same(item, asked));
  const turned = way > 0 ? [...queue.slice(at + 1), ...queue.slice(0, Math.max(0, at))] : [...queue.slice(0, Math.max(0, at)).toReversed(), ...queue.slice(at + 1).toReversed()];
  const next = turned.find(waits);
  if (next) return void (way > 0 ? ask(next) : go(next));
  player.stop();
  set({ asked: null, sheet: [] });
  askFirst();
}

/** From a page of questions to those after it, which are unanswered. */
export function leaveSheet() {
  const { queue, sheet } = state;
  const last = queue.findIndex((item) => same(item, sheet[sheet.length - 1]));
  const next = [...queue.slice(last + 1), ...queue.slice(0, last)].find((item) => waits(item) && !sheet.some((one) => same(one, item)));
  if (!next) return say(t("queue.last"));
  const after = stillsOf(next).filter((item) => queue.indexOf(item) > last);
  if (after.length > 1) showSheet(after);
  else go(next);
}

/** Play a question of the page. @param {Item} item */
export const closer = (item) => go(item);

/** Answer the page: what is marked is covered, or, if it is covered too much, looked at next. */
export async function answerSheet() {
  if (!allShown()) return say(t("sheet.wait"));
  const sheet = state.sheet.filter((item) => stripOf(item));
  const marked = sheet.filter(isMarked);
  const left = marked.find(({ group }) => group === "excess");
  const answers = [...answersOf(sheet.filter((item) => !isMarked(item)), "ok"), ...answersOf(marked.filter(({ group }) => group !== "excess"), "cover")];
  for (const { items } of answers) for (const item of items) sending.add(nameOf(item));
  const sent = answers.map(({ items, clip, said }) => change("answer", { clip, body: () => ({ doubts: items.flatMap(({ doubts }) => doubts), said }) }));
  settle(answers.flatMap(({ items, said }) => items.map((item) => ({ ...item, said }))));
  if (left) go(left);
  else if (answers.length) nextItem(1);
  else leaveSheet();
  const steps = /** @type {Step[]} */ ([]);
  for (const [i, { items, clip }] of answers.entries()) {
    const done = await sent[i];
    for (const item of items) sending.delete(nameOf(item));
    if (done) steps.push({ ...clip, revision: done.clip.revision, undo: done.clip.undo });
    else {
      settle(items);
      forget(clip.key);
      changes.read(clip.key).catch(() => {}); // the next answer tells
    }
  }
  refreshSoon();
  if (steps.length) given.push({ id: sheet[0].id, steps, sheet });
  if (steps.length === answers.length && steps.length) say(t("queue.ok"), "good");
}

/** The answer to some questions, gathered by clip. @param {Item[]} items @param {Said} said */
const answersOf = (items, said) =>
  [...new Set(items.map(({ key }) => key))].map((key) => {
    const its = items.filter((item) => item.key === key);
    /** @type {Seen} */
    const clip = { key, name: state.rows.find((row) => row.key === key)?.name ?? "", revision: stripOf(its[0])?.revision ?? "", lanes: [] };
    return { items: its, clip, said };
  });

/** Items as they are by now. @param {Item[]} items */
function settle(items) {
  const newer = new Map(items.map((item) => [nameOf(item), item]));
  set({ queue: state.queue.map((item) => newer.get(nameOf(item)) ?? item) });
}

/** @param {Said} said */
export async function answer(said) {
  const doubt = question();
  const clip = state.clip;
  if (!doubt || !clip) return say(t("queue.choose"));
  if (!answersTo(asking())[said]) return say(t("queue.no track"));
  const name = { key: clip.key, id: doubt.id };
  const settled = (/** @type {Item["said"]} */ said) => settle(state.queue.filter((item) => same(item, name)).map((item) => ({ ...item, said })));
  sending.add(nameOf(name));
  const doubts = asking().map(({ id }) => id);
  const sent = change("answer", { clip, body: () => ({ doubts, said }) });
  settled(said);
  if (state.queueing) nextItem(1);
  const done = await sent;
  sending.delete(nameOf(name));
  refreshSoon();
  if (!done) settled(null);
  else {
    given.push({ id: doubt.id, steps: [{ key: clip.key, name: clip.name, revision: done.clip.revision, lanes: [], undo: done.clip.undo }], sheet: [] });
    if (done.result !== null) say(t("queue.lost", { frame: done.result }), "bad");
    else say(t(`queue.${said}`), "good");
  }
  goOn();
}

/** A new view of the clip stops the player; the loop goes on. */
function goOn() {
  if (state.queueing && player.loop && question() && !player.speed && !document.querySelector("dialog[open]")) player.play(pace());
}

/** Take the last answer back, in whichever clip it was; false: there is none. */
export function undoAnswer() {
  const last = given.at(-1);
  const { clip } = state;
  if (!state.queueing || !last || last.steps.some(({ key, undo }) => clip?.key === key && clip.undo > undo)) return false;
  given.pop();
  if (last.sheet.length) takeSheetBack(last.steps, last.sheet).catch(problem);
  else takeBack({ ...last.steps[0], id: last.id }).catch(problem);
  return true;
}

/** @param {{ key: string, id: string }} last */
async function takeBack(last) {
  if (state.clip?.key !== last.key) await open(last.key);
  if (state.clip?.key !== last.key) return;
  const done = await change("undo", { body: () => ({}), told: t("undo.told") });
  const item = state.queue.find((one) => same(one, last));
  if (done && item) go({ ...item, said: null });
}

/** Take the answers of a page back, and show it again. @param {Step[]} steps @param {Item[]} sheet */
async function takeSheetBack(steps, sheet) {
  const done = await Promise.all(steps.toReversed().map((clip) => change("undo", { clip, body: () => ({}), exact: true })));
  if (done.every((one) => one)) say(t("undo.told"), "good");
  const back = new Set(steps.filter((_, i) => done[steps.length - 1 - i]).map(({ key }) => key));
  const open = sheet.filter(({ key }) => back.has(key)).map((item) => ({ ...item, said: null }));
  settle(open);
  refreshSoon();
  if (open.length) showSheet(open);
}

/** Uncover what is asked about: a dialog asks why. */
export async function uncover() {
  const doubt = question();
  if (!doubt || !uncovering(doubt)) return say(t("queue.no uncover"));
  player.stop();
  if (doubt.group === "kept") set({ span: [doubt.start, doubt.end - 1] });
  await (doubt.group === "excess" ? noFace : keep)();
  if (state.queueing && !question()) nextItem(1);
}

function make(/** @type {Item} */ item) {
  const name = state.rows.find((row) => row.key === item.key)?.name ?? "";
  const colour = colourOf(item);
  const done = item.said ? el("span.tag.good", {}, t(`queue.mark.${item.said}`)) : null;
  const places = item.doubts.length > 1 ? el("span.tag.dim", { title: placesOf(item) }, `× ${item.doubts.length}`) : null;
  return el(`div.row${item.said ? ".settled" : ""}`, { "aria-selected": String(same(item, state.asked)), title: name },
    el("div.line", {}, el(`span.name.${colour}`, {}, reasonOf(item)), done ?? places),
    el("div.line", {}, el("span.name", {}, el("bdi", {}, name)), `${time(item.at)} · ${short(item.seconds)}`));
}

const bar = $("#question");
panel(() => [state.queueing, question(), state.queue, state.rows, state.marked], (queueing, doubt, queue) => {
  bar.hidden = !queueing || !doubt;
  if (!doubt || !state.clip || !queueing) return;
  const open = waiting(queue);
  const words = answersTo(asking());
  const acts = [button(words.ok, "A", () => answer("ok")), ...(state.clip.original ? [button(words.cover, "C", () => answer("cover")), button(words.track, "F", () => answer("track")),
    button(uncovering(doubt), "X", uncover)] : []), button(t("queue.next"), "N", () => nextItem(1))];
  const colour = colourOf(doubt);
  bar.replaceChildren(
    el("div.told", {}, el(`strong.${colour}`, {}, reasonOf(doubt)), " ", el("span", {}, adviceOf(doubt)),
      el("p.dim", {}, el("bdi", {}, state.clip.name), ` · ${placesOf(askedItem()) ?? t("count.frames", { n: doubt.end - doubt.start })} · ${doubt.said ? t("queue.settled") : t("queue.to go", { n: open.length })}`)),
    el("div.acts", {}, ...acts), stills);
});

/** @param {string | null} text @param {string} key @param {() => unknown} run */
const button = (text, key, run) => (text === null ? null : el("button", { onclick: run }, text, el("kbd", {}, key)));
