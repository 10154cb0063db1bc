// @ts-check
// Who appears in which clips. Known while the list is open, and forgotten when it closes; faces are
// shown clear only after a press, and kept clear only when a person confirms the pictures.

import { remember } from "./ask.js";
import { $, el } from "./dom.js";
import { listing, problem, reload } from "./review.js";
import { forgetPeople, keepPerson, personPicture, readOffers, readPeople } from "./protocol.js";
import { say } from "./state.js";
import { short, t } from "./words.js";
/** @import { Offers, People, Person } from "./protocol.js" */

const dialog = $("#people", HTMLDialogElement);
const room = $("#people .cards");
const about = $("#people .about");
const AGAIN = 400; // milliseconds between two questions how far the search is

$("#who").addEventListener("click", () => {
  dialog.showModal();
  look().catch(problem);
});
$("#people .close").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", forget);
addEventListener("pagehide", () => dialog.open && forget());

function forget() {
  room.replaceChildren();
  forgetPeople().catch(() => {}); // the review has ended, and with it what it knew
}

async function look() {
  room.replaceChildren();
  while (dialog.open) {
    const people = await readPeople();
    if (!dialog.open) return;
    if (people.people) return list(people);
    about.textContent = t("people.looking", { looked: people.looked, n: people.total });
    await new Promise((done) => setTimeout(done, AGAIN));
  }
}

const leftOut = (/** @type {string[]} */ problems) => (problems.length ? ` ${t("people.left out", { problems: problems.join("; ") })}` : "");

function list(/** @type {People} */ { people, problems }) {
  const found = people ?? [];
  about.textContent = t("people.found", { n: found.length }) + leftOut(problems);
  room.replaceChildren(...found.map(card));
}

function card(/** @type {Person} */ person) {
  const pictures = person.pictures.map(([covered]) => picture(covered));
  const made = el("section.card", { "aria-label": t("people.card", { id: person.id }) },
    el("h3", {}, t("people.clips", { n: person.clips })),
    el("p.dim", {}, t("people.covers", { n: person.tracks, time: short(person.seconds) })),
    el("div.faces", {}, ...pictures),
    el("menu", {},
      el("button.show", { onclick: () => pictures.forEach((image, i) => (image.src = personPicture(person.pictures[i][1]))) }, t("people.show")),
      el("button.keep", { onclick: () => offer(person, made).catch(problem) }, t("people.keep"))));
  return made;
}

const picture = (/** @type {number} */ number) =>
  /** @type {HTMLImageElement} */ (el("img", { src: personPicture(number), width: 112, height: 112, alt: "" }));

/** The pictures of every span, each to be confirmed. @param {Person} person @param {HTMLElement} made */
async function offer(person, made) {
  made.setAttribute("aria-busy", "true");
  const offers = await readOffers(person.id);
  made.removeAttribute("aria-busy");
  if (dialog.open) room.replaceChildren(confirmation(person, offers));
}

function confirmation(/** @type {Person} */ person, /** @type {Offers} */ { code, spans, problems }) {
  const boxes = spans.map(() => /** @type {HTMLInputElement} */ (el("input", { type: "checkbox", checked: true })));
  const reason = /** @type {HTMLInputElement} */ (el("input.reason", { placeholder: t("people.reason"), "aria-label": t("people.reason"), maxLength: 200, required: true }));
  reason.setAttribute("list", "reasons");
  about.textContent = spans.length
    ? t("people.ask")
    : t("people.none");
  about.textContent += leftOut(problems);
  const rows = spans.map((span, i) =>
    el("section.span", {},
      el("label", {}, boxes[i], " ", t("people.span", { name: span.name, from: short(span.seconds[0]), to: short(span.seconds[1]) })),
      el("div.faces", {}, ...span.pictures.map(picture))));
  const form = el("form", {}, ...rows, reason,
    el("menu", {}, el("button.back", { type: "button", onclick: () => look().catch(problem) }, t("people.back")),
      el("button.main.confirm", { disabled: !spans.length }, t("people.confirm"))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    remember(reason.value);
    const wanted = boxes.flatMap((box, i) => (box.checked ? [i] : []));
    keepPerson(person.id, { code, spans: wanted, reason: reason.value }).then(done, problem);
  });
  return form;
}

/** @param {{ kept: number, problems: string[] }} answer */
function done({ kept, problems }) {
  dialog.close();
  if (problems.length) say(t("people.told.but", { n: kept, problems: problems.join("; ") }), "bad");
  else say(t("people.told", { n: kept }), "good");
  listing.refresh();
  reload();
}
