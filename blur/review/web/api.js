// The server's answers, and nothing else from anywhere.

export class Refusal extends Error {
  constructor(told, status) {
    super([told.subject, told.problem].filter(Boolean).join(": "));
    this.remedy = told.remedy || "";
    this.status = status;
  }
}

// What was asked for belongs to a version of the clip that is no longer shown.
export class Outdated extends Error {}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal({ problem: "the review has ended", remedy: "start it again: blur review" }, 0);
  }
  if (answer.status === 204) throw new Outdated();
  if (answer.ok) return answer;
  const kind = answer.headers.get("content-type") || "";
  const told = kind.includes("json") ? await answer.json() : { problem: await answer.text() };
  throw new Refusal(told, answer.status);
}

const json = async (path, options) => (await ask(path, options)).json();
const post = (path, body) =>
  json(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
const of = (key) => `/api/clips/${key}`;

export const clips = () => json("/api/clips");
export const clip = (key) => json(of(key));
export const marks = (clip, start, end) => json(`${of(clip.key)}/marks?start=${start}&end=${end}&v=${clip.version}`);
export const change = (key, verb, body) => post(`${of(key)}/${verb}`, body);
export const render = (keys) => post("/api/render", { clips: keys });
export const stopRender = () => post("/api/render/stop", {});
export const video = (clip) => `${of(clip.key)}/video.mp4?v=${clip.version}`;
// Named by where it is seen, so that no picture is ever taken for that of another face.
export const face = (clip, { best: [frame, box] }) => `${of(clip.key)}/faces/${frame}.jpg?box=${box}`;

export async function frame(clip, index, { beneath, size, signal }) {
  const what = beneath ? "beneath" : `v=${clip.version}`;
  const answer = await ask(`${of(clip.key)}/frames/${index}.jpg?size=${size}&${what}`, { signal });
  return createImageBitmap(await answer.blob());
}
