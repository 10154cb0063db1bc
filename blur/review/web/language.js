// @ts-check
// Offers other languages, of the start page too; the page's address names the one that was chosen.

import { $, el } from "./dom.js";
import { LANGUAGES, language } from "./words.js";

const tongue = $("#language", HTMLSelectElement);
tongue.append(...Object.entries(LANGUAGES).map(([tag, { name }]) => el("option", { value: tag, lang: tag, selected: tag === language }, name)));
tongue.addEventListener("change", () => (location.search = `?language=${tongue.value}`)); // all decisions are with the server
