// What a person decides, on its way to the server. A decision belongs to the clip and the faces
// that were on the screen when it was made: it reaches those, or it is refused by name. What is
// decided about one clip is done in its order, each change on top of the one before.

import * as api from "./api.js";
import { again } from "./lane.js";

export class Changes {
  constructor({ onClip, onPending }) {
    Object.assign(this, { onClip, onPending });
    this.lines = new Map(); // one for each clip
  }

  // `clip` is the newest view; `seen` are the revisions that led to it by changes made here.
  line(key) {
    if (!this.lines.has(key)) this.lines.set(key, { last: Promise.resolve(), pending: 0, turn: 0, clip: null, seen: new Set() });
    return this.lines.get(key);
  }

  after(line, run) {
    const result = line.last.then(run);
    line.last = result.catch(() => {});
    return result;
  }

  pending(key) {
    return this.lines.has(key) && this.lines.get(key).pending > 0;
  }

  get any() {
    return [...this.lines.values()].some((line) => line.pending > 0);
  }

  // Resolves when all that was decided so far is done or refused.
  settled(key) {
    return key === undefined ? Promise.all([...this.lines.values()].map((line) => line.last)) : this.line(key).last;
  }

  // A clip as it is now, after the changes that are under way: no older view comes after a newer.
  read(key) {
    const line = this.line(key);
    return this.after(line, async () => {
      const clip = await api.clip(key);
      if (clip.revision !== line.clip?.revision) line.seen.clear(); // changed elsewhere
      return (line.clip = clip);
    });
  }

  // Make a change that was decided on with `clip` on the screen. `body` is told the lanes it is
  // `about` as they are now; `exact`: it is worth nothing once anything changed. Resolves to null
  // when an earlier change failed: what is built upon that one must not be done.
  async make(verb, clip, { about, body, exact }) {
    const line = this.line(clip.key);
    const { turn } = line;
    line.pending++;
    this.onPending();
    try {
      return await this.after(line, async () => (turn === line.turn ? this.send(line, verb, clip, { about, body, exact }) : null));
    } finally {
      line.pending--;
      this.onPending();
    }
  }

  async send(line, verb, clip, { about, body, exact }) {
    const now = line.clip;
    try {
      if (now.revision !== clip.revision && (exact || !line.seen.has(clip.revision))) {
        throw new api.Refusal({ subject: clip.name, problem: "was changed meanwhile; nothing was done", remedy: "look at it as it is now, and decide again" });
      }
      const answer = await api.change(clip.key, verb, { revision: now.revision, ...body(...about.map((lane) => again(lane, now))) });
      line.seen.add(now.revision);
      line.clip = answer.clip;
      this.onClip(answer.clip);
      return answer;
    } catch (error) {
      line.turn++;
      error.dropped = line.pending - 1;
      throw error;
    }
  }
}
