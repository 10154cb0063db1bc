// @ts-check
// Keeps the list of clips as new as the server's, and notices when the open clip changed elsewhere.

import { readList } from "./protocol.js";
import { set, state } from "./state.js";
/** @import { ClipList, Progress } from "./protocol.js" */

export const ENDED = new Set(["done", "failed", "stopped"]);

export class Listing {
  turn = 0;
  /** @type {Promise<void>} */ latest = Promise.resolve();

  /** @param {(key: string, ended: Progress | null) => Promise<void>} onChange `ended`: how a render of the clip ended
   * @param {(error: unknown) => void} onProblem */
  constructor(onChange, onProblem) {
    this.onChange = onChange;
    this.onProblem = onProblem;
  }

  /** Resolves when the list is at least as new as this call. */
  refresh() {
    return (this.latest = this.ask(++this.turn));
  }

  /** @param {number} turn @returns {Promise<void>} */
  async ask(turn) {
    let told;
    try {
      told = await readList();
    } catch (error) {
      return this.onProblem(error);
    }
    return turn === this.turn ? this.take(told) : this.latest; // an older answer may come after a newer
  }

  async watch() {
    try {
      if (!document.hidden) await this.refresh();
    } finally {
      setTimeout(() => this.watch(), state.rendering || state.progress.size ? 1000 : 4000);
    }
  }

  async take(/** @type {ClipList} */ { folder, clips, rendering, progress, flights }) {
    const { key } = state;
    const here = () => ({ row: state.rows.find((row) => row.key === key), at: state.progress.get(key ?? "") });
    const [before, under] = [here(), new Map(progress.map((one) => [one.key, one]))];
    for (const flight of flights) {
      const flying = clips.find((clip) => clip.name === flight.name);
      if (flying) under.set(flying.key, { ...flight, key: flying.key });
    }
    set({ folder, rows: clips, rendering, progress: under });
    const { row, at } = here();
    const ended = before.at && at && before.at.stage !== at.stage && ["done", "failed"].includes(at.stage) ? at : null;
    const changed = before.row && row && JSON.stringify(before.row) !== JSON.stringify(row);
    if (key && (ended || changed)) await this.onChange(key, ended);
  }
}
