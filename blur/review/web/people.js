// @ts-check
// Who appears in which clips. Known while the list is open, and forgotten when it closes; faces are
// shown clear only after a press, and kept clear only when a person confirms the pictures.

import { $, el, plural, short } from "./dom.js";
import { listing, problem, reload } from "./review.js";
import { forgetPeople, keepPerson, personPicture, readOffers, readPeople } from "./protocol.js";
import { say } from "./state.js";
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
    about.textContent = `Looking for people: ${people.looked} of ${plural(people.total, "clip")}…`;
    await new Promise((done) => setTimeout(done, AGAIN));
  }
}

function list(/** @type {People} */ { people, problems }) {
  const found = people ?? [];
  const left = problems.length ? ` Left out: ${problems.join("; ")}.` : "";
  about.textContent = `${plural(found.length, "person")}, as far as faces look alike. Nobody is kept clear by that alone.${left}`;
  room.replaceChildren(...found.map(card));
}

function card(/** @type {Person} */ person) {
  const pictures = person.pictures.map(([covered]) => picture(covered));
  const made = el("section.card", { "aria-label": `Person ${person.id}` },
    el("h3", {}, `Appears in ${plural(person.clips, "clip")}`),
    el("p.dim", {}, `${plural(person.tracks, "track")}, ${short(person.seconds)}`),
    el("div.faces", {}, ...pictures),
    el("menu", {},
      el("button.show", { onclick: () => pictures.forEach((image, i) => (image.src = personPicture(person.pictures[i][1]))) }, "Show faces"),
      el("button.keep", { onclick: () => offer(person, made).catch(problem) }, "Keep clear in all clips…")));
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
  const reason = /** @type {HTMLInputElement} */ (el("input.reason", { placeholder: "Why may this person be seen?", maxLength: 200, required: true }));
  about.textContent = spans.length
    ? "Is this the same person, who may be seen, on every picture? Take out the spans where it is not."
    : "No span is sure enough to be offered. Keep faces clear one by one in each clip.";
  if (problems.length) about.textContent += ` Left out: ${problems.join("; ")}.`;
  const rows = spans.map((span, i) =>
    el("section.span", {},
      el("label", {}, boxes[i], ` ${span.name}, ${span.seconds.map((s) => `${s.toFixed(1)} s`).join(" to ")}`),
      el("div.faces", {}, ...span.pictures.map(picture))));
  const form = el("form", {}, ...rows, reason,
    el("menu", {}, el("button.back", { type: "button", onclick: () => look().catch(problem) }, "Back"),
      el("button.main.confirm", { disabled: !spans.length }, "Keep these clear")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = boxes.flatMap((box, i) => (box.checked ? [i] : []));
    keepPerson(person.id, { code, spans: wanted, reason: reason.value }).then(done, problem);
  });
  return form;
}

/** @param {{ kept: number, problems: string[] }} answer */
function done({ kept, problems }) {
  dialog.close();
  if (problems.length) say(`${plural(kept, "span")} kept clear; left out: ${problems.join("; ")}`, "bad");
  else say(`${plural(kept, "span")} kept clear.`, "good");
  listing.refresh();
  reload();
}
