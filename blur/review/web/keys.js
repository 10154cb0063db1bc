// @ts-check
// Every key of the page as the help page names it.

/** @type {[title: string, rows: [key: string, does: string][]][]} */
export const KEYS = [
  ["The doubts of all clips", [
    ["Q", "look at what waits, the gravest first; back to all clips"],
    ["A", "OK: right as it is shown"], ["C", "cover it, or cover more"], ["F", "track it and cover it"],
    ["X", "uncover it (asks why)"], ["N  ] [", "next without an answer, the one before"], ["Z", "take the last answer back"],
  ]],
  ["Moving", [
    ["Space", "play or stop"],
    ["J K L", "play backwards, stop, play; again for double speed"],
    ["← →", "one frame; with Shift one second"], ["Home End", "first and last frame"],
    ["[ ]", "doubt before, next doubt"], [", .", "cut before, next cut"],
    ["G", "go to a frame by its number"], ["PgUp PgDn", "clip before, next clip"],
    ["+ − 0", "zoom the timeline; 0 shows all of it"],
  ]],
  ["Looking", [
    ["P (hold)", "peek beneath the covers"], ["H", "show or hide outlines"], ["B", "show or hide uncovered pictures of faces"],
    ["↑ ↓", "select the next face on this frame"],
    ["1 2 3", "doubts, faces, decisions"],
    ["Esc", "select nothing, forget the span, stop drawing"],
  ]],
  ["Deciding about the selected face", [
    ["X", "keep it clear (asks why)"], ["C", "cover it"],
    ["I O", "first and last frame of the span that is meant"],
    ["S", "split: another face begins here"],
    ["E", "extend the cover to this frame"], ["F", "follow it to this frame"],
    ["T", "pick it, to decide about several at once"],
  ]],
  ["Covering a region", [
    ["R", "draw with the mouse; R again puts one in the middle"],
    ["Alt + arrows", "move the selected region (a keyframe); with Shift resize"],
    ["I O", "first and last frame of the selected region"],
    ["F", "follow what it covers from here on"],
    ["Delete", "remove the keyframe on this frame, or else the region"],
  ]],
  ["The clip", [
    ["Z  Y", "undo, redo"], ["M", "mark the clip as watched, with initials; with Shift go on to the next"],
    ["Ctrl + Enter", "render the clips that changed"], ["?", "this page"],
  ]],
];
