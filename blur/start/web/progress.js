// @ts-check
// The batch's progress, in words and bars.

import { $, el } from "./dom.js";
import { lasting, t } from "./text.js";
import { tellOf } from "./words.js";
/** @import { Start } from "./protocol.js" */

/** @param {Start} now */
export function showProgress({ batch, review }) {
  const { way, covers, clips, covered, searched, checked, failed, in_work: work, problem } = batch;
  const active = ["starting", "running", "pausing"].includes(way);
  $("#progress").hidden = way === "none";
  $("#way").textContent = way === "none" ? "" : t(way === "ended" && failed.length ? "progress.failed" : `progress.${way}`);
  $("#left").textContent = active && batch.left !== null ? t("progress.left", { time: lasting(batch.left) }) : "";
  const whole = $("#whole", HTMLProgressElement);
  whole.hidden = way === "broken";
  if (way === "starting" || (active && !batch.frames)) whole.removeAttribute("value");
  else whole.value = way === "ended" ? (covered + searched) / Math.max(1, clips) : batch.frames_done / Math.max(1, batch.frames);
  const done = covers || covered ? t("progress.covered", { done: covered, n: clips }) : t("progress.searched", { done: searched, n: clips });
  $("#count").textContent = !clips ? "" : checked ? t("progress.checked", { covered: done, n: checked }) : done;
  $("#problem").textContent = problem;
  $("#problem").hidden = !problem;
  $("#work").replaceChildren(...work.map(({ name, stage, share }) => el("li", {},
    el("span", { title: name, dir: "auto" }, name), el("span.dim", {}, tellOf(`stage.${stage}`, stage)), el("progress", { max: 1, value: share }))));
  $("#failures").hidden = !failed.length;
  $("#failures h3").textContent = t("progress.failures", { n: failed.length });
  $("#failures ul").replaceChildren(...failed.map(({ name, problem: why, remedy }) => el("li", { dir: "auto" }, `${name}: ${why}`,
    el("span.dim", {}, remedy && ` (${remedy})`))));
  $("#pause").hidden = !active;
  $("#pause", HTMLButtonElement).disabled = way !== "running";
  $("#resume").hidden = way !== "paused";
  $("#closing").hidden = !active;
  const link = $("#review", HTMLAnchorElement);
  link.hidden = review === null;
  link.href = review === null ? "" : review + location.search; // in the language that was chosen here
}
