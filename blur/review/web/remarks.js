// @ts-check
// Notes beside frames: for others who look, covers stay as they are.

import { askFreely } from "./ask.js";
import { change, player } from "./review.js";
import { shown, state } from "./state.js";
import { t } from "./words.js";

/** Write a note beside this frame, change it or, without a text, remove it. */
export async function writeNote() {
  const clip = shown();
  player.stop();
  const { frame } = player;
  const old = clip.remarks.find((one) => one.frame === frame);
  const text = await askFreely(t("note.title"), t(old ? "note.about.old" : "note.about", { frame }), t("note.label"), old?.text ?? "");
  if (text === null || text === (old?.text ?? "")) return;
  const told = t(text ? "note.told" : "note.removed", { frame });
  await change("note", { clip, body: () => ({ frame, text, by: state.initials }), told });
}
