// @ts-check
// The batch's progress, in words and bars.

import { $, el } from "./dom.js";
import { lasting, plural } from "./text.js";
/** @import { Batch, Start } from "./protocol.js" */

/** @type {Record<Batch["way"], string>} */
const WAYS = {
  none: "",
  starting: "Looking through the footage…",
  running: "At work",
  pausing: "Pausing…",
  paused: "Paused. Finished clips are kept.",
  ended: "Done",
  broken: "It did not work",
};
/** @type {Record<string, string>} */
const STAGES = { scan: "searching", follow: "following faces", render: "covering", audit: "looking again" };

/** @param {Start} now */
export function showProgress({ batch, review }) {
  const { way, covers, clips, covered, searched, checked, failed, in_work: work, problem } = batch;
  const active = ["starting", "running", "pausing"].includes(way);
  $("#progress").hidden = way === "none";
  $("#way").textContent = way === "ended" && failed.length ? "Ended, but some clips failed" : WAYS[way];
  $("#left").textContent = active && batch.left !== null ? `about ${lasting(batch.left)} left` : "";
  const whole = $("#whole", HTMLProgressElement);
  whole.hidden = way === "broken";
  if (way === "starting" || (active && !batch.frames)) whole.removeAttribute("value");
  else whole.value = way === "ended" ? (covered + searched) / Math.max(1, clips) : batch.frames_done / Math.max(1, batch.frames);
  const done = covers || covered ? `${covered} of ${plural(clips, "clip")} covered` : `${searched} of ${plural(clips, "clip")} searched`;
  $("#count").textContent = clips ? done + (checked ? `, ${checked} of them watched and signed` : "") : "";
  $("#problem").textContent = problem;
  $("#problem").hidden = !problem;
  $("#work").replaceChildren(...work.map(({ name, stage, share }) => el("li", {},
    el("span", { title: name }, name), el("span.dim", {}, STAGES[stage] ?? stage), el("progress", { max: 1, value: share }))));
  $("#failures").hidden = !failed.length;
  $("#failures h3").textContent = `${plural(failed.length, "clip")} without a covered copy`;
  $("#failures ul").replaceChildren(...failed.map(({ name, problem: why, remedy }) => el("li", {}, `${name}: ${why}`,
    el("span.dim", {}, remedy && ` (${remedy})`))));
  $("#pause").hidden = !active;
  $("#pause", HTMLButtonElement).disabled = way !== "running";
  $("#resume").hidden = way !== "paused";
  $("#closing").hidden = !active;
  const link = $("#review", HTMLAnchorElement);
  link.hidden = review === null;
  link.href = review ?? "";
}
