// @ts-check
// A question with a line to answer.

import { $, el } from "./dom.js";
import { t } from "./words.js";

const dialog = $("#ask", HTMLDialogElement);
const consent = $("#ask .consent input", HTMLInputElement);
$("#cancel").addEventListener("click", () => dialog.close(""));

/** Offer a reason, or a consent, again while the page is open. @param {string} text @param {"reasons" | "consents"} list */
export function remember(text, list = "reasons") {
  const usual = $(`#${list}`, HTMLDataListElement);
  if (text && [...usual.options].every((option) => option.value !== text)) usual.append(el("option", { value: text }));
}

/** Resolves to the answer, or to "". @param {string} title @param {string} text @param {string} label @param {string} [value] */
export const ask = async (title, text, label, value = "") => (await question(title, text, label, value, "", true)) ?? "";

/** Resolves to a reason to uncover, and to where consent is on file; or to null. @param {string} title @param {string} text @param {string} value
 * @param {boolean} consenting whether there is a person who may have consented */
export async function askWhy(title, text, value, consenting) {
  $("#ask .consent").hidden = !consenting;
  consent.value = "";
  const reason = await question(title, text, t("keep.reason"), value, "reasons", true);
  $("#ask .consent").hidden = true;
  if (!reason) return null;
  const answer = { reason, consent: consenting ? consent.value.trim() : "" };
  remember(reason);
  remember(answer.consent, "consents");
  return answer;
}

/** Resolves to the answer, which may be "", or to null. @param {string} title @param {string} text @param {string} label @param {string} value */
export const askFreely = (title, text, label, value) => question(title, text, label, value, "", false);

/** @param {string} title @param {string} text @param {string} label @param {string} value @param {string} list @param {boolean} required
 * @returns {Promise<string | null>} */
function question(title, text, label, value, list, required) {
  const input = $("#ask .answer input", HTMLInputElement);
  $("#ask h2").textContent = title;
  $("#ask p").textContent = text;
  $("#ask .answer span").textContent = label;
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
