// The server's answers, and nothing else from anywhere.

export class Refusal extends Error {
  constructor(told, status) {
    super([told.subject, told.problem].filter(Boolean).join(": "));
    this.remedy = told.remedy || "";
    this.status = status;
  }
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal({ problem: "the review has ended", remedy: "start it again: blur review" }, 0);
  }
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
export const marks = (key, start, end) => json(`${of(key)}/marks?start=${start}&end=${end}`);
export const change = (key, verb, body) => post(`${of(key)}/${verb}`, body);
export const render = (keys) => post("/api/render", { clips: keys });
export const stopRender = () => post("/api/render/stop", {});
export const video = (key, revision) => `${of(key)}/video.mp4?v=${revision}`;
export const face = (key, lane) => `${of(key)}/faces/${lane}.jpg`;

export async function frame(key, index, { beneath, size, revision, signal }) {
  const query = `size=${size}&v=${revision}${beneath ? "&beneath" : ""}`;
  const answer = await ask(`${of(key)}/frames/${index}.jpg?${query}`, { signal });
  return createImageBitmap(await answer.blob());
}
