// The model, in a thread of its own: Pyodide with the wheel of spec_model, asked one thing after the other.

import { loadPyodide } from "./pyodide/pyodide.mjs";

const here = (name) => new URL(name, import.meta.url).href;
const say = (text) => postMessage({ progress: text });

async function begin() {
  say("Loading Python");
  const archive = fetch(here("page.zip")).then((answer) => answer.arrayBuffer());
  const served = await fetch(here("served.json")).then((answer) => answer.json());
  const python = await loadPyodide({ indexURL: here("pyodide/"), packages: [here(served.model)], stdout: () => {} });
  say("Starting");
  python.unpackArchive(await archive, "zip");
  return { ask: python.pyimport("session").ask, sources: served.sources };
}

const begun = begin();

onmessage = async ({ data: { number, what, given } }) => {
  try {
    const { ask, sources } = await begun;
    const answer = JSON.parse(ask(what, JSON.stringify(given)));
    postMessage({ number, answer: what === "begin" ? { ...answer, sources } : answer });
  } catch (error) {
    postMessage({ number, broken: String(error), fatal: error.constructor.name !== "PythonError" });
  }
};
