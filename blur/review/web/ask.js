// @ts-check
// A question with a line to answer.

import { $, el } from "./dom.js";

const dialog = $("#ask", HTMLDialogElement);
$("#cancel").addEventListener("click", () => dialog.close(""));

/** Offer a reason again while the page is open. @param {string} reason */
export function remember(reason) {
  const usual = $("#reasons", HTMLDataListElement);
  if ([...usual.options].every((option) => option.value !== reason)) usual.append(el("option", { value: reason }));
}

/** Resolves to the answer, or to "". @param {string} title @param {string} text @param {string} label @param {string} [value]
 * @param {string} [list] id of the list of usual answers */
export async function ask(title, text, label, value = "", list = "") {
  const answer = (await question(title, text, label, value, list, true)) ?? "";
  if (answer && list) remember(answer);
  return answer;
}

/** Resolves to the answer, which may be "", or to null. @param {string} title @param {string} text @param {string} label @param {string} value */
export const askFreely = (title, text, label, value) => question(title, text, label, value, "", false);

/** @param {string} title @param {string} text @param {string} label @param {string} value @param {string} list @param {boolean} required
 * @returns {Promise<string | null>} */
function question(title, text, label, value, list, required) {
  const input = $("#ask input", HTMLInputElement);
  $("#ask h2").textContent = title;
  $("#ask p").textContent = text;
  $("#ask label span").textContent = label;
  input.value = value;
  input.required = required;
  if (list) input.setAttribute("list", list);
  else input.removeAttribute("list");
  dialog.returnValue = "";
  dialog.showModal();
  input.focus();
  return new Promise((done) => {
    dialog.onclose = () => {
      if (dialog.open) return; // the end of an earlier question, come late
      done(dialog.returnValue === "yes" ? input.value.trim() : null);
    };
  });
}
