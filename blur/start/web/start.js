// @ts-check
// The whole tool on a page: choose, start, pause, go on, watch.

import "./language.js";
import { $, all, el } from "./dom.js";
import { pick } from "./picker.js";
import { showProgress } from "./progress.js";
import { choose, pause, readStart, run } from "./protocol.js";
import { lasting, size, t } from "./text.js";
import { tellOf } from "./words.js";
/** @import { Estimate, Start } from "./protocol.js" */

/** @type {Start | null} */ let now = null;
let turn = 0;
const ACTIVE = ["starting", "running", "pausing"];
const start = $("#start", HTMLButtonElement);
for (const path of all(".path")) path.dataset.none = t("path.none");

/** Takes the newest of the answers. @param {Promise<Start>} asked */
async function take(asked) {
  const [mine, held] = [++turn, document.activeElement];
  start.disabled = true;
  try {
    const told = await asked;
    if (mine === turn) show(told);
    $("#refused").textContent = "";
  } catch (error) {
    if (now) show(now);
    $("#refused").textContent = error instanceof Error ? error.message : String(error);
  }
  if (held instanceof HTMLElement && [held, document.body].includes(/** @type {HTMLElement} */ (document.activeElement))) {
    const there = held.checkVisibility() && !held.matches(":disabled");
    (there ? held : $("#progress")).focus(); // a button that went away would take the keyboard along
  }
}

function show(/** @type {Start} */ told) {
  now = told;
  const active = ACTIVE.includes(told.batch.way);
  showProgress(told);
  $("#setup").hidden = active;
  $("#footage-name").textContent = told.footage?.name ?? "";
  $("#out-name").textContent = told.out?.name ?? "";
  $("#out", HTMLButtonElement).disabled = !told.footage;
  if (!$("#presets").hasChildNodes()) $("#presets").append(...told.presets.map((id) => el("label", {},
    el("input", { type: "radio", name: "preset", value: id }), el("b", {}, tellOf(`preset.${id}`, id)), el("span", {}, tellOf(`preset.${id}.about`, "")))));
  $(`#presets input[value=${told.preset}]`, HTMLInputElement).checked = true;
  $("#estimate").textContent = told.estimate ? estimated(told.estimate) : "";
  $("#note").textContent = told.note;
  start.disabled = !told.footage || active;
  start.textContent = t(told.batch.way === "none" ? "start" : "start.again");
}

/** @param {Estimate} told */
function estimated({ state, clips, kept, seconds, bytes, free, failing, problem }) {
  if (state === "measuring") return t("estimate.measuring");
  if (state === "failed") return t("estimate.unknown", { problem });
  if (!clips && !kept && !failing.length) return t("estimate.empty");
  const lines = [kept ? t("estimate.kept", { n: clips, kept }) : t("estimate.clips", { n: clips })];
  if (seconds !== null) lines.push(t("estimate.time", { time: lasting(seconds) }));
  if (bytes !== null) lines.push(t("estimate.space", { size: size(bytes), free: size(free) }));
  if (bytes !== null && bytes > free) lines.push(t("estimate.full"));
  if (failing.length) lines.push(t("estimate.failing", { n: failing.length, files: failing.map(([name, why]) => t("estimate.file", { name, why })).join(", ") }));
  return lines.join(" ");
}

const kind = () => now?.preset ?? "";

$("#footage").addEventListener("click", async () => {
  const found = await pick(t("footage.title"), now?.footage?.path ?? "", false);
  if (found) await take(choose({ footage: found.path, out: "", preset: kind() }));
});
$("#out").addEventListener("click", async () => {
  const found = await pick(t("out.title"), now?.out?.path ?? "", true);
  if (found && now?.footage) await take(choose({ footage: now.footage.path, out: found.path, preset: kind() }));
});
$("#presets").addEventListener("change", async ({ target }) => {
  if (!(target instanceof HTMLInputElement) || !now) return;
  now = { ...now, preset: target.value };
  if (now.footage) await take(choose({ footage: now.footage.path, out: now.out?.path ?? "", preset: target.value }));
});
$("#setup").addEventListener("submit", (event) => {
  event.preventDefault();
  if (now?.footage) {
    const choice = { footage: now.footage.path, out: now.out?.path ?? "", preset: kind() };
    void take(choose(choice).then(run));
  }
});
$("#resume").addEventListener("click", () => take(run()));
$("#pause").addEventListener("click", () => take(pause()));

/** Keeps the page as new as the batch; a choice under way comes first. */
async function watch() {
  const mine = turn;
  try {
    const told = await readStart();
    if (mine === turn && (ACTIVE.includes(told.batch.way) || JSON.stringify(told) !== JSON.stringify(now))) show(told);
  } catch {
    // the banner tells of a lost connection
  }
  setTimeout(watch, now && (ACTIVE.includes(now.batch.way) || now.estimate?.state === "measuring") ? 1000 : 4000);
}
await watch();
