// @ts-check
// Decisions on their way to the server. A decision belongs to the clip and the faces on the screen
// when it was made: it reaches those, or it is refused by name. Decisions about one clip are done
// in their order, each on top of the one before.

import { again } from "./lane.js";
import { Refusal, readClip, sendChange } from "./protocol.js";
import { update } from "./state.js";
import { t } from "./words.js";
/** @import { Answer, Change, Clip, Lane, Verb } from "./protocol.js" */

/** `clip` is the newest view; `seen` are the revisions that led to it by changes made here.
 * @typedef {{ last: Promise<unknown>, pending: number, turn: number, clip: Clip | null, seen: Set<string> }} Line */
/** Fields of a clip, open or not, that a decision is made with. @typedef {Pick<Clip, "key" | "name" | "revision" | "lanes">} Seen */
/** A change that was decided on with `clip` on the screen. `body` is told the lanes it is `about` as they
 * are now; `exact`: it is worth nothing once anything changed.
 * @template {Verb} V @typedef {{ clip: Seen, about: Lane[], body: (...now: Lane[]) => Change[V], exact: boolean }} Wish */

export class Changes {
  /** @type {Map<string, Line>} */ lines = new Map(); // one for each clip

  constructor(/** @type {(clip: Clip) => void} */ onClip) {
    this.onClip = onClip;
  }

  /** @param {string} key @returns {Line} */
  line(key) {
    const line = this.lines.get(key) ?? { last: Promise.resolve(), pending: 0, turn: 0, clip: null, seen: new Set() };
    this.lines.set(key, line);
    return line;
  }

  /** @template T @param {Line} line @param {() => T} run @returns {Promise<Awaited<T>>} */
  after(line, run) {
    const result = line.last.then(run);
    line.last = result.catch(() => {});
    return /** @type {Promise<Awaited<T>>} */ (result);
  }

  /** @param {string | null} [key] of the clip that is asked about; all clips without it */
  pending(key) {
    return [...this.lines].some(([of, line]) => line.pending > 0 && (key === undefined || key === of));
  }

  /** Resolves when all that was decided so far is done or refused. @param {string} [key] @returns {Promise<unknown>} */
  settled(key) {
    return key === undefined ? Promise.all([...this.lines.values()].map((line) => line.last)) : this.line(key).last;
  }

  /** A clip as it is after the changes under way: no older view comes after a newer. @param {string} key */
  read(key) {
    const line = this.line(key);
    return this.after(line, async () => {
      const clip = await readClip(key);
      if (clip.revision !== line.clip?.revision) line.seen.clear(); // changed elsewhere
      return (line.clip = clip);
    });
  }

  /** Resolves to null when an earlier change failed: nothing that is built upon that one must be done.
   * @template {Verb} V @param {V} verb @param {Wish<V>} wish @returns {Promise<Answer | null>} */
  async make(verb, wish) {
    const line = this.line(wish.clip.key);
    const { turn } = line;
    line.pending++;
    update();
    try {
      return await this.after(line, async () => (turn === line.turn ? this.send(line, verb, wish) : null));
    } finally {
      line.pending--;
      update();
    }
  }

  /** @template {Verb} V @param {Line} line @param {V} verb @param {Wish<V>} wish */
  async send(line, verb, { clip, about, body, exact }) {
    const now = /** @type {Seen} */ (line.clip ?? clip);
    try {
      if (now.revision !== clip.revision && (exact || !line.seen.has(clip.revision))) {
        throw new Refusal({ subject: clip.name, problem: t("refusal.meanwhile"), remedy: t("refusal.look") });
      }
      const answer = await sendChange(clip.key, verb, { revision: now.revision, ...body(...about.map((lane) => again(lane, now))) });
      line.seen.add(now.revision);
      line.clip = answer.clip;
      this.onClip(answer.clip);
      return answer;
    } catch (error) {
      line.turn++;
      if (error instanceof Refusal) error.dropped = line.pending - 1;
      throw error;
    }
  }
}
