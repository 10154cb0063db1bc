// @ts-check
// The messages between page and server, all of them here. On the server's side the views stand in
// protocol.py, acts in acts.py, the list and the requests in server.py. Frames count from 0, spans
// are [start, end), boxes and points are pixels of the displayed clip.

import { t } from "./words.js";

/** @typedef {[number, number]} Span */
/** @typedef {[number, number]} Point */
/** Centre, width from ear to ear, height, clockwise degrees. @typedef {[number, number, number, number, number]} Box */
/** @typedef {[frame: number, box: Box]} Keyframe */

/** A face, or a drawn region: then `region` is the region's number and `keys` its keyframes. `clear`: kept clear,
 * `ellipse`: the region is one, `seen`: seen by a detector, `best`: where to take a thumbnail, `person`: who in the clip.
 * @typedef {{ id: number, start: number, end: number, source: string, region: number | null, clear: Span[],
 *   seen: Span[], keys: number[], ellipse: boolean, score: number, size: number, best: Keyframe, person: number | null }} Lane */
/** @typedef {"exposed" | "kept" | "excess"} Group */
/** @typedef {"ok" | "cover" | "track"} Said */
/** `exposed` may show a face, `excess` covers too much; a weight is at most 1, the heaviest doubt's. `path`: where
 * detectors saw what is not covered; `said`: the answer that settles it.
 * @typedef {{ id: string, group: Group, said: Said | null, path: Keyframe[], start: number, end: number, kind: "exposed" | "excess", reason: string, explanation: string, weight: number,
 *   lane: number | null, box: Box | null }} Doubt */
/** Doubts of any clip that are asked about together, the frames to play, and the `first` and `last` of all; `id`: the gravest's. One that an edit settled is said to be `edit`.
 * @typedef {{ key: string, id: string, doubts: string[], start: number, end: number, first: number, last: number, at: number, seconds: number, group: Group, reason: string,
 *   weight: number, said: Said | "edit" | null, still: boolean }} Item */
/** The moments of a question, `columns` beside each other, each shown for so many tenths of a second; as published by the
 * clip's `revision`. @typedef {{ picture: ImageBitmap, beats: number[], columns: number, revision: string }} Strip */
/** @typedef {{ looked: number, total: number, items: Item[] }} Queue */
/** @typedef {{ kind: Verdict | "draw" | "split", start: number, end: number, reason: string,
 *   lane: number | null, consent: string }} Decision */
/** A note beside a frame. @typedef {{ frame: number, text: string, by: string, at: string }} Remark */
/** A face on one frame: the outline of its cover. @typedef {{ lane: number, region: number | null, box: Box,
 *   outline: Point[], clear: boolean, how: "detected" | "followed" | "bridged" | "held" }} Mark */
/** `watched` of `seconds` were played at twice the speed at most. @typedef {{ by: string, at: string, watched: number, seconds: number }} Signature */
/** `plan` names the numbering of lanes, `revision` plan and edits, `version` the pictures and outlines. `steps`:
 * runs of (ticks between frames, how many), `original`: the clip itself is here, `mutes` and `bleeps`: seconds of the clip's clock, `spoken`: it has sound, `whole`: the covered file
 * shows all of it, `audible`: frames during which that keeps sound, `heard`: those that were heard, `time_base`: seconds in a tick as a fraction, `first`: tick of frame 0.
 * @typedef {{ key: string, name: string, plan: string, revision: string, version: string, width: number,
 *   height: number, aspect: number, frames: number, time_base: Span, first: number, steps: Span[], cuts: number[],
 *   lanes: Lane[], doubts: Doubt[], decisions: Decision[], rendered: boolean, video: boolean,
 *   checked_by: string | null, checks: Signature[], watched: Span[], undo: number, redo: number, original: boolean, notes: string[], remarks: Remark[], mutes: Span[], bleeps: Span[],
 *   spoken: boolean, whole: boolean, audible: Span[], heard: Span[] }} Clip */

/** A clip in the list; `picture` names its covered file, where that may be shown small. @typedef {{ key: string, name: string, state: string, frames: number, tracks: number, people: number,
 *   doubt_seconds: number, edited: boolean, renderable: boolean, checked_by: string | null, problem: string | null, picture: string | null }} Row */
/** @typedef {{ key: string, stage: string, done: number, total: number | null, problem?: string | null }} Progress */
/** @typedef {{ folder: string, clips: Row[], rendering: boolean, progress: Progress[],
 *   flights: { name: string, stage: string, done: number, total: number | null }[] }} ClipList */

/** @typedef {{ do: "decide", lanes: number[], decision: Verdict, reason: string, start: number, end: number, confirmed?: boolean, consent?: string }
 *   | { do: "extend" | "split", lane: number, frame: number } | { do: "add" | "draw", path: Keyframe[], reason?: string }
 *   | { do: "move", region: number, frame: number, box: Box } | { do: "unkey", region: number, frame: number }
 *   | { do: "shape", region: number, ellipse: boolean } | { do: "correct", lane: number, frame: number, box: Box, start: number, end: number }
 *   | { do: "mute", start: number, end: number, tone: boolean } | { do: "unmute" } | { do: "span", region: number, start: number, end: number } | { do: "erase", region: number }} Act */
/** The changes of a clip; each is sent with the revision that it was decided on.
 * @typedef {{ act: { act: Act }, follow: { lane: number, frame: number }, undo: {}, redo: {}, answer: { doubts: string[], said: Said },
 *   note: { frame: number, text: string, by: string }, check: { initials: string } }} Change */
/** @typedef {keyof Change} Verb */
/** `result`: the frame on which a follower lost sight. @typedef {{ result: number | null, clip: Clip }} Answer */

/** A decision about a face. @typedef {"keep" | "cover" | "no-face"} Verdict */
/** Faces that look alike, `clear` of them uncovered; `pictures`: numbers of a covered and a clear picture each.
 * @typedef {{ id: string, clips: number, tracks: number, clear: number, seconds: number, pictures: [covered: number, clear: number][] }} Person */
/** Known when all clips are looked at. @typedef {{ looked: number, total: number, people: Person[] | null, problems: string[] }} People */
/** Spans to decide about, with pictures: as published where they are to be covered, else clear; `code` names these very spans.
 * @typedef {{ code: string, problems: string[],
 *   spans: { name: string, start: number, end: number, seconds: [number, number], pictures: number[] }[] }} Offers */

/** `done`: spans decided about, or clips where that was undone. @typedef {{ done: number, problems: string[] }} Decided */

/** The server, or the page before it asks, says no: `problem` and its remedy, for a person. */
export class Refusal extends Error {
  dropped = 0; // later decisions that fall with the refused decision

  /** @param {{ problem: string, subject?: string | null, remedy?: string }} told @param {number} [status] */
  constructor({ subject, problem, remedy = "" }, status = 0) {
    super([subject, problem].filter(Boolean).join(": "));
    this.remedy = remedy;
    this.status = status;
  }
}

/** The request names a version of the clip that is no longer shown. */
export class Outdated extends Error {}


/** Says it for as long as it lasts. @param {boolean} now */
function lost(now) {
  const banner = document.querySelector("#lost");
  if (!(banner instanceof HTMLElement) || banner.hidden === !now) return;
  banner.textContent = now ? t("page.lost") : "";
  banner.hidden = !now;
}

/** Resolves with the whole body here, as a server that is gone cuts it off, too. @param {string} path @param {RequestInit} [options] */
async function ask(path, options) {
  let answer;
  let body;
  try {
    answer = await fetch(path, options);
    body = await answer.blob();
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    lost(true);
    throw new Refusal({ problem: t("page.lost") });
  }
  lost(false);
  if (answer.status === 204) throw new Outdated();
  if (answer.ok) return new Response(body, answer);
  const told = await body.text();
  throw new Refusal(body.type.includes("json") ? JSON.parse(told) : { problem: told }, answer.status);
}

const json = async (/** @type {string} */ path) => (await ask(path)).json();
const post = async (/** @type {string} */ path, /** @type {object} */ body) =>
  (await ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })).json();
const of = (/** @type {string} */ key) => `api/clips/${key}`;
/** @type {(clip: Clip, beneath: boolean) => string} */
const side = (clip, beneath) => (beneath ? "beneath" : `v=${clip.version}`);

export const readList = () => /** @type {Promise<ClipList>} */ (json("api/clips"));
export const readClip = (/** @type {string} */ key) => /** @type {Promise<Clip>} */ (json(of(key)));
/** The marks of each frame of [start, end). @type {(clip: Clip, start: number, end: number) => Promise<Mark[][]>} */
export const readMarks = (clip, start, end) => json(`${of(clip.key)}/marks?start=${start}&end=${end}&v=${clip.version}`);
/** @type {<V extends Verb>(key: string, verb: V, body: Change[V] & { revision: string }) => Promise<Answer>} */
export const sendChange = (key, verb, body) => post(`${of(key)}/${verb}`, body);
/** Resolves to all frames that were played, and heard. @type {(clip: Clip, spans: Span[], heard: Span[]) => Promise<{ watched: Span[], heard: Span[] }>} */
export const sendWatched = (clip, spans, heard) => post(`${of(clip.key)}/watched`, { v: clip.version, spans, heard });
/** The peaks of a sound, 50 a second, in equal steps of dB. @param {Clip} clip @param {boolean} beneath @param {AbortSignal} signal */
export const readLoudness = async (clip, beneath, signal) =>
  new Uint8Array(await (await ask(`${of(clip.key)}/loudness?${side(clip, beneath)}`, { signal })).arrayBuffer());
/** Resolves where the server has the sound. @type {(clip: Clip, beneath: boolean) => Promise<unknown>} */
export const whySilent = (clip, beneath) => ask(soundOf(clip, beneath), { headers: { Range: "bytes=0-43" } });
export const startRender = (/** @type {string[]} */ keys) => post("api/render", { clips: keys });
export const stopRender = () => post("api/render/stop", {});

export const readQueue = () => /** @type {Promise<Queue>} */ (json("api/queue"));
/** @type {(item: Item) => Promise<Strip>} */
export async function readStrip({ key, doubts }) {
  const answer = await ask(`${of(key)}/strip.jpg?doubts=${doubts.join()}`);
  const told = (/** @type {string} */ name) => answer.headers.get(name) ?? "";
  return { picture: await createImageBitmap(await answer.blob()), beats: told("Beats").split(",").map(Number), columns: Number(told("Columns")), revision: told("Revision") };
}
export const readPeople = () => /** @type {Promise<People>} */ (json("api/people"));
/** @type {(people: string[], verdict: Verdict) => Promise<Offers>} */
export const readOffers = (people, verdict) => json(`api/people/${people.join(",")}/offers?decision=${verdict}`);
/** @type {(people: string[], body: { decision: Verdict, code: string, spans: number[], reason: string, consent: string }) => Promise<Decided>} */
export const decidePeople = (people, body) => post(`api/people/${people.join(",")}/decide`, body);
export const undoPeople = () => /** @type {Promise<Decided>} */ (post("api/people/undo", {}));
export const forgetPeople = () => ask("api/people/forget", { method: "POST", keepalive: true });
export const personPicture = (/** @type {number} */ number) => `api/people/pictures/${number}.jpg`;

export const glimpseOf = (/** @type {Row} */ { key, picture }) => `${of(key)}/glimpse.jpg?v=${picture}`;
export const videoOf = (/** @type {Clip} */ clip) => `${of(clip.key)}/video.mp4?v=${clip.version}`;
/** @type {(clip: Clip, beneath: boolean) => string} */
export const soundOf = (clip, beneath) => `${of(clip.key)}/sound.wav?${side(clip, beneath)}`;
/** Named by place, so that no thumbnail is taken for that of another face. @type {(clip: Clip, lane: Lane) => string} */
export const faceOf = (clip, { best: [frame, box] }) => `${of(clip.key)}/faces/${frame}.jpg?box=${box}`;

/** @param {Clip} clip @param {number} frame @param {{ beneath: boolean, size: number, signal?: AbortSignal }} how */
export async function readFrame(clip, frame, { beneath, size, signal }) {
  const answer = await ask(`${of(clip.key)}/frames/${frame}.jpg?size=${size}&${side(clip, beneath)}`, { signal });
  return createImageBitmap(await answer.blob());
}
