// What a lane is (a face, or a region that a person drew), and which one it is.

import { Refusal } from "./api.js";

export const named = (lane) => (lane.region !== null ? `Region ${lane.region}` : `${lane.source === "dark" ? "Dark" : "Face"} ${lane.id}`);
export const covers = (lane, frame) => lane.start <= frame && frame < lane.end;
export const isClear = (lane, frame) => lane.clear.some(([a, b]) => a <= frame && frame < b);
export const wholly = (lane) => lane.clear.length === 1 && lane.clear[0][0] === lane.start && lane.clear[0][1] === lane.end;
// Whether a region has a keyframe on this frame that is not one of its ends.
export const spare = (lane, frame) => lane.start < frame && frame < lane.end - 1 && lane.keys.includes(frame);

// The same lane of a plan has the same identity before and after a change. Its number may not:
// lanes that a person added are numbered anew with every change.
export function identity(lane) {
  if (lane.region !== null) return `region ${lane.region}`;
  return lane.source === "edit" ? `added ${lane.start} ${lane.end} ${lane.best}` : `face ${lane.id}`;
}

// A lane as it stands in a later view of its clip. A decision about a face is meant for the frames
// that it had; a region is the same one wherever it was moved.
export function again(lane, clip) {
  const found = clip.lanes.find((other) => identity(other) === identity(lane));
  if (found && (lane.region !== null || (found.start === lane.start && found.end === lane.end))) return found;
  throw new Refusal({ problem: `${named(lane)} is no longer what it was; nothing was done`, remedy: "look at it as it is now, and decide again" });
}
