/* The core as it is, beside what is played: whether it offers the same choices, and why not. */
import { h, sentence } from "./lanes.js";
import { line, option, why } from "./words.js";

export function coreSays(play) {
  const { done, parting } = play;
  const chosen = done
    .map((entry, place) => ({ entry, place }))
    .filter(({ entry, place }) => entry.options.length > 1 || place === parting);
  const rows = chosen.map(({ entry, place }) => {
    const state =
      parting === null || place < parting
        ? "offered"
        : place === parting
          ? "not offered"
          : "behind what is not offered";
    const mark = { offered: "✓ ", "not offered": "✗ " }[state] ?? "– ";
    const second = done[place + 1]?.second ? done[place + 1].step : null;
    return h(
      "li",
      { class: state === "not offered" ? "apart" : "" },
      h("span", { "aria-hidden": "true" }, mark),
      sentence([place]),
      `: thread ${entry.thread}, `,
      sentence(line(entry, second, play)),
      h("span", { class: "hidden" }, ` (${state})`),
      place === parting ? instead(entry, play) : null,
    );
  });
  const reasons = why(play).map((each) => h("p", { class: "why" }, sentence(each)));
  const verdict =
    parting === null
      ? done.length
        ? "The core offers every step so far."
        : "Here you see whether the core offers the same choices."
      : "The core parts from this execution:";
  return [
    h("h3", {}, "The core as it is"),
    h("p", {}, play.failure && parting === null ? "" : verdict),
    ...reasons,
    rows.length ? h("ol", { class: "choices" }, rows) : null,
  ].filter(Boolean);
}

/* What the core offers where it does not offer what was chosen. */
function instead(entry, play) {
  const others = entry.options.filter((each) => each.core);
  if (!others.length) return null;
  return h(
    "div",
    {},
    "It offers only: ",
    others.map((each, at) => [at ? "; " : "", sentence(option(each, play))]),
    ".",
  );
}
