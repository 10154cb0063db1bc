// @ts-check
// Who appears in which clips. Known while the list is open, and forgotten when it closes; faces are
// shown clear only after a press, and decided about only when a person confirms the pictures.

import { remember } from "./ask.js";
import { $, el } from "./dom.js";
import { listing, problem, reload } from "./review.js";
import { decidePeople, forgetPeople, personPicture, readOffers, readPeople, undoPeople } from "./protocol.js";
import { say } from "./state.js";
import { short, t } from "./words.js";
/** @import { Clip, Decided, Offers, People, Person, Verdict } from "./protocol.js" */

const dialog = $("#people", HTMLDialogElement);
const room = $("#people .cards");
const bar = $("#people .bar");
const about = $("#people .about");
const AGAIN = 400; // milliseconds between two questions how far the search is
/** @type {Verdict[]} */
const VERDICTS = ["keep", "cover", "no-face"];
/** Persons who are picked, to decide about at once. @type {Set<string>} */
let picked = new Set();
let canUndo = false;
let home = look; // where a question leads back to

$("#who").addEventListener("click", () => {
  home = look;
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

async function look(told = "") {
  picked = new Set();
  room.replaceChildren();
  bar.replaceChildren();
  while (dialog.open) {
    const people = await readPeople();
    if (!dialog.open) return;
    if (people.people) return list(people, told);
    about.textContent = t("people.looking", { looked: people.looked, n: people.total });
    await new Promise((done) => setTimeout(done, AGAIN));
  }
}

const leftOut = (/** @type {string[]} */ problems) => (problems.length ? ` ${t("people.left out", { problems: problems.join("; ") })}` : "");
const button = (/** @type {string} */ name, /** @type {string} */ text, /** @type {() => unknown} */ onclick) => el(`button.${name}`, { onclick, type: "button" }, text);
/** A button for each decision. @param {() => string[]} people */
const verdicts = (people) => VERDICTS.map((verdict) => button(verdict, t(`people.${verdict}`), () => offer(people(), verdict).catch(problem)));

function list(/** @type {People} */ { people, problems }, told = "") {
  const found = people ?? [];
  about.textContent = told || t("people.found", { n: found.length }) + leftOut(problems);
  room.replaceChildren(...found.map(card));
  showBar();
}

function showBar() {
  const acts = picked.size ? [el("span", {}, t("people.picked", { n: picked.size })), ...verdicts(() => [...picked])] : [];
  bar.replaceChildren(...acts, ...(canUndo ? [button("undo", t("people.undo"), () => undoPeople().then((done) => decided(t("people.undone", { n: done.done }), done, false), problem))] : []));
}

function card(/** @type {Person} */ person) {
  const pictures = person.pictures.map(([covered]) => picture(covered));
  const box = /** @type {HTMLInputElement} */ (el("input", { type: "checkbox", "aria-label": t("people.pick", { id: person.id }) }));
  box.addEventListener("change", () => {
    if (box.checked) picked.add(person.id);
    else picked.delete(person.id);
    showBar();
  });
  const clear = person.clear ? el("span.clear", {}, ` · ${t("people.clear", { n: person.clear })}`) : null;
  return el("section.card", { "aria-label": t("people.card", { id: person.id }) },
    el("h3", {}, el("label", {}, box, t("people.clips", { n: person.clips }))),
    el("p.dim", {}, t("people.covers", { n: person.tracks, time: short(person.seconds) }), clear),
    el("div.faces", {}, ...pictures),
    el("menu", {},
      button("show", t("people.show"), () => pictures.forEach((image, i) => (image.src = personPicture(person.pictures[i][1])))),
      ...verdicts(() => [person.id])));
}

const picture = (/** @type {number} */ number) =>
  /** @type {HTMLImageElement} */ (el("img", { src: personPicture(number), width: 112, height: 112, alt: "" }));

/** The pictures of every span, each to be confirmed. @param {string[]} people @param {Verdict} verdict */
async function offer(people, verdict, meanwhile = t("people.comparing")) {
  const told = about.textContent;
  room.setAttribute("aria-busy", "true");
  about.textContent = meanwhile;
  try {
    const offers = await readOffers(people, verdict);
    if (!dialog.open) return;
    bar.replaceChildren();
    room.replaceChildren(confirmation(people, verdict, offers));
    dialog.scrollTop = 0;
  } catch (error) {
    about.textContent = told;
    throw error;
  } finally {
    room.removeAttribute("aria-busy");
  }
}

/** A person's spans in one clip, each to be confirmed. @param {Clip} clip @param {number} person */
export async function keepPersonIn(clip, person) {
  home = async () => dialog.close();
  dialog.showModal();
  room.replaceChildren();
  bar.replaceChildren();
  try {
    await offer([`${clip.key}:${person}`], "keep", t("people.looking here", { person }));
  } catch (error) {
    dialog.close();
    problem(error);
  }
}

/** @param {string} name @param {string} label @param {string} list @param {Record<string, unknown>} [more] */
function field(name, label, list, more = {}) {
  const input = /** @type {HTMLInputElement} */ (el(`input.${name}`, { placeholder: label, "aria-label": label, maxLength: 200, dir: "auto", ...more }));
  input.setAttribute("list", list);
  return input;
}

/** @param {string[]} people @param {Verdict} verdict @param {Offers} offers */
function confirmation(people, verdict, { code, spans, problems }) {
  const boxes = spans.map(() => /** @type {HTMLInputElement} */ (el("input", { type: "checkbox", checked: true })));
  const reason = field("reason", t(`people.reason.${verdict}`), "reasons", { required: verdict !== "cover", value: verdict === "no-face" ? t("keep.no face") : "" });
  const consent = field("consent", t("keep.consent"), "consents");
  about.textContent = t(spans.length ? `people.ask.${verdict}` : `people.none.${verdict}`) + leftOut(problems);
  const rows = spans.map((span, i) =>
    el("section.span", {},
      el("label", {}, boxes[i], t("people.span", { name: span.name, from: short(span.seconds[0]), to: short(span.seconds[1]) })),
      el("div.faces", {}, ...span.pictures.map(picture))));
  const form = el("form", {}, ...rows, reason, ...(verdict === "no-face" ? [] : [consent]),
    el("menu", {}, button("back", t("people.back"), () => home().catch(problem)),
      el("button.main.confirm", { disabled: !spans.length }, t(`people.confirm.${verdict}`))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    remember(reason.value);
    remember(consent.value, "consents");
    const wanted = boxes.flatMap((box, i) => (box.checked ? [i] : []));
    decidePeople(people, { decision: verdict, code, spans: wanted, reason: reason.value, consent: consent.value }).then(
      (done) => decided(t(`people.told.${verdict}`, { n: done.done }), done, done.done > 0), problem);
  });
  return form;
}

/** @param {string} text @param {Decided} done @param {boolean} undoable */
function decided(text, { problems }, undoable) {
  canUndo = undoable;
  const told = text + leftOut(problems);
  say(told, problems.length ? "bad" : "good");
  home(told).catch(problem);
  listing.refresh();
  reload();
}
