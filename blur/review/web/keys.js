// @ts-check
// Every key of the page as the help page names it.

/** @import { Key } from "./words.js" */

/** @type {[title: Key, rows: [key: string, does: Key][]][]} */
export const KEYS = [
  ["keys.queue", [
    ["Q", "keys.queue.q"], ["A", "keys.queue.a"], ["C", "keys.queue.c"], ["L", "keys.queue.l"], ["F", "keys.queue.f"], ["X", "keys.queue.x"],
    ["N  ] [", "keys.queue.n"], ["Z", "keys.queue.z"],
  ]],
  ["keys.moving", [
    ["Space", "keys.moving.space"], ["J K L", "keys.moving.jkl"], ["← →", "keys.moving.arrows"], ["Home End", "keys.moving.home"],
    ["[ ]", "keys.moving.doubts"], [", .", "keys.moving.cuts"], ["G", "keys.moving.g"], ["PgUp PgDn", "keys.moving.pages"],
    ["+ − 0", "keys.moving.zoom"],
  ]],
  ["keys.looking", [
    ["P", "keys.looking.p"], ["H", "keys.looking.h"], ["B", "keys.looking.b"], ["V", "keys.looking.v"], ["9 8 7", "keys.looking.zoom"], ["D", "keys.looking.d"], ["↑ ↓", "keys.looking.arrows"],
    ["1 2 3", "keys.looking.tabs"], ["Esc", "keys.looking.esc"],
  ]],
  ["keys.deciding", [
    ["X", "keys.deciding.x"], ["6", "keys.deciding.6"], ["C", "keys.deciding.c"], ["I O", "keys.deciding.io"], ["S", "keys.deciding.s"],
    ["E", "keys.deciding.e"], ["F", "keys.deciding.f"], ["T", "keys.deciding.t"],
  ]],
  ["keys.region", [
    ["R", "keys.region.r"], ["Alt + ← → ↑ ↓", "keys.region.alt"], ["Alt + [ ]", "keys.region.turn"], ["4", "keys.region.shape"], ["I O", "keys.region.io"], ["F", "keys.region.f"],
    ["Delete", "keys.region.del"],
  ]],
  ["keys.list", [
    ["↑ ↓ Enter", "keys.list.move"], ["Space", "keys.list.pick"], ["Ctrl + A  Esc", "keys.list.all"],
  ]],
  ["keys.clip", [
    ["Z  Y", "keys.clip.zy"], ["M", "keys.clip.m"], ["W", "keys.clip.w"], ["U", "keys.clip.u"], ["Shift + U", "keys.clip.original"], ["5", "keys.clip.mute"], ["Shift + T", "keys.clip.bleep"], ["Ctrl + Enter", "keys.clip.render"], ["?", "keys.clip.help"],
  ]],
];
