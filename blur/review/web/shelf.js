// The list of clips as the server last told it, and how far what is being rendered is.

import * as api from "./api.js";
import { $, Window, el, plural, rem, short } from "./dom.js";

const ENDED = new Set(["done", "failed", "stopped"]);
const WHICH = {
  all: () => true,
  doubt: (clip) => clip.doubt_seconds > 0,
  edited: (clip) => clip.edited,
  unchecked: (clip) => !clip.checked_by,
  failed: (clip) => clip.state === "failed" || clip.state === "residual",
};

export class Shelf {
  constructor({ onOpen, onChange, onProblem }) {
    Object.assign(this, { onOpen, onChange, onProblem });
    this.rows = [];
    this.progress = new Map(); // of what is rendered, here or elsewhere, by clip
    this.rendering = false;
    this.chosen = null;
    this.turn = 0;
    this.list = new Window($("#clips"), { height: () => 3.7 * rem(), make: (row) => this.make(row), onEnter: (row) => onOpen(row.key), empty: "No clip matches." });
    $("#filter").addEventListener("input", () => this.draw());
    $("#which").addEventListener("change", () => this.draw());
  }

  get renderable() {
    return this.rows.filter((row) => row.renderable).map((row) => row.key);
  }

  row(key) {
    return this.rows.find((row) => row.key === key);
  }

  choose(key) {
    this.chosen = key;
    this.draw();
  }

  // The clip before or after the chosen one, scrolled into sight.
  beside(way) {
    const at = this.list.items.findIndex((row) => row.key === this.chosen) + way;
    if (this.list.items[at]) this.list.reveal(at);
    return this.list.items[at]?.key;
  }

  // Resolves when the list is at least as new as this call.
  refresh() {
    return (this.latest = this.ask(++this.turn));
  }

  async ask(turn) {
    let told;
    try {
      told = await api.clips();
    } catch (error) {
      return this.onProblem(error);
    }
    if (turn === this.turn) return this.take(told);
    return this.latest; // an older answer may come after a newer one
  }

  async watch() {
    try {
      if (!document.hidden) await this.refresh();
    } finally {
      setTimeout(() => this.watch(), this.rendering || this.progress.size ? 1000 : 4000);
    }
  }

  async take({ folder, clips, rendering, progress, flights }) {
    const { chosen } = this;
    const before = [this.row(chosen), this.progress.get(chosen)];
    Object.assign(this, { rows: clips, rendering });
    this.progress = new Map(progress.map((p) => [p.key, p]));
    for (const flight of flights) {
      const row = clips.find((c) => c.name === flight.name);
      if (row) this.progress.set(row.key, { ...flight, key: row.key });
    }
    $("#folder").textContent = folder;
    document.title = `${folder} — blur review`;
    const checked = clips.filter((c) => c.checked_by).length;
    const doubtful = clips.filter((c) => c.doubt_seconds > 0 && !c.checked_by).length;
    $("#tally").textContent = `${checked} of ${plural(clips.length, "clip")} checked, ${doubtful} in doubt`;
    const changed = this.renderable.length;
    $("#render").disabled = !changed || rendering;
    $("#render").textContent = changed ? `Render ${plural(changed, "changed clip")}` : "Nothing to render";
    $("#render").classList.toggle("main", changed > 0 && !rendering);
    $("#stop").hidden = !rendering;
    $("#rendering").textContent = this.rendered();
    this.draw();
    await this.tell(chosen, before, [this.row(chosen), this.progress.get(chosen)]);
  }

  // What a render, another page or another program did to the chosen clip shows in its row.
  async tell(key, [row, progress], [newRow, newProgress]) {
    const ended = progress && newProgress && progress.stage !== newProgress.stage && ["done", "failed"].includes(newProgress.stage);
    const changed = row && newRow && JSON.stringify(row) !== JSON.stringify(newRow);
    if (ended || changed) await this.onChange(key, ended ? newProgress : null);
  }

  rendered() {
    if (!this.rendering) return "";
    const all = [...this.progress.values()];
    const at = all.findIndex(({ stage }) => stage !== "waiting" && !ENDED.has(stage));
    if (at < 0) return "Rendering…";
    const { stage, done, total } = all[at];
    return `${at + 1} of ${all.length}: ${stage} ${total ? `${Math.floor((100 * done) / total)} %` : ""}`;
  }

  draw() {
    const words = $("#filter").value.trim().toLowerCase();
    const which = WHICH[$("#which").value];
    const rows = this.rows.filter((row) => which(row) && row.name.toLowerCase().includes(words));
    const at = rows.findIndex((row) => row.key === this.chosen);
    this.list.set(rows, at >= 0 ? at : this.list.at);
  }

  make(row) {
    const progress = this.progress.get(row.key);
    const tags = [];
    if (row.state === "failed") tags.push(el("span.tag.bad", {}, "failed"));
    else if (row.state !== "done") tags.push(el("span.tag.dim", {}, row.state));
    if (row.edited) tags.push(el("span.tag.drawn", {}, "changed"));
    if (row.checked_by) tags.push(el("span.tag.good", { title: "checked" }, `✓ ${row.checked_by}`));
    const doubt = row.doubt_seconds > 0 ? el("span.doubt", {}, `${short(row.doubt_seconds)} in doubt`) : row.state === "done" ? "no doubts" : "";
    return el(
      "div.row",
      { "aria-selected": String(row.key === this.chosen), title: row.problem || row.name },
      el("div.line", {}, el("span.name", {}, row.name), ...tags),
      el("div.line", {}, el("span.name", {}, row.problem ? el("span.bad", {}, row.problem) : doubt), plural(row.tracks, "face")),
      progress && !ENDED.has(progress.stage) ? el("progress", { value: progress.done, max: progress.total || 1, "aria-label": progress.stage }) : null,
    );
  }
}
