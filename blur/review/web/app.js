// @ts-check
// The review page: the panels that show the state, the commands that change it, and the first clip.

import "./shelf.js";
import "./lists.js";
import "./chosen.js";
import "./overlay.js";
import "./timeline.js";
import "./panels.js";
import "./pointer.js";
import "./people.js";
import "./view.js";
import "./sheet.js";
import "./watch.js";
import "./wave.js";
import "./closeup.js";
import { refreshQueue } from "./queue.js";
import "./commands.js";
import "./language.js";
import { listing, open } from "./review.js";
import { say, state, update } from "./state.js";
import { t } from "./words.js";

for (const event of ["input", "change", "focusout"]) addEventListener(event, update); // fields are shown as they stand
update();
await listing.watch();
const first = state.rows.find((row) => row.key === location.hash.slice(1)) ?? state.rows[0];
if (first) await open(first.key);
else say(t("page.none"));
refreshQueue(); // after the picture: a thousand plans take a while to read
