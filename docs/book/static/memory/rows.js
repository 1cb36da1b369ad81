/* The rows of the table of necessity: found by their words or by the address, and the one that is played. */
import { h, source } from "./lanes.js";

const textOf = ({ number, file, function: name, access, weaker, failure, client }) =>
  [number, file, name, access, weaker, failure, client].join(" ").toLowerCase();

/* Those that have all these words, by file; `here` is marked. */
export function list(rows, text, here) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const those = rows.filter((row) => words.every((word) => textOf(row).includes(word)));
  const files = [...new Set(those.map((row) => row.file))];
  const found = files.map((file) => {
    const entries = those.filter((row) => row.file === file).map((row) => entry(row, row === here));
    return h("section", {}, h("h2", {}, file), h("ul", {}, entries));
  });
  return { found, count: those.length };
}

function entry(row, isHere) {
  const change = row.weaker === "left out" ? " is left out" : ` → ${row.weaker}`;
  return h(
    "li",
    {},
    h(
      "a",
      { href: `#row=${row.slug}`, "aria-current": isHere ? "true" : null },
      h("span", {}, `${row.function}: `, h("code", {}, row.access), change),
      h("span", { class: "kind" }, row.failure),
    ),
  );
}

/* The links of the page's own text, each in the section about its row. */
const pieces = () =>
  [...document.querySelectorAll("a.set-piece")].map((link) => {
    const section = link.closest("section");
    return { href: link.getAttribute("href"), section, title: section.querySelector("h2, h3").firstChild.textContent };
  });

/* The row that the address names, by its key or by its number; the first set piece where it names none; or, where there
 * is no such row, the name. */
export function wanted(rows) {
  const name = decodeURIComponent(location.hash.match(/^#row=(.+)$/)?.[1] ?? "");
  if (!name) return rows.find((row) => pieces()[0]?.href === `#row=${row.slug}`) ?? rows[0];
  return rows.find((row) => row.slug === name || String(row.number) === name) ?? name;
}

/* Links to the set pieces; `here` is marked. */
export function links(here) {
  return pieces().map(({ href, title }) => {
    const isHere = href === `#row=${here.slug}`;
    return h("li", {}, h("a", { href, "aria-current": isHere ? "true" : null }, title));
  });
}

/* What is to be played: the change, the client, and the failure. */
export function introduction(row) {
  const piece = pieces().find(({ href }) => href === `#row=${row.slug}`);
  const parts = [
    h("h2", {}, piece ? piece.title : `${row.file}: ${row.function}`),
    piece ? piece.section.querySelector("p").cloneNode(true) : null,
    h("p", {}, `The change, in ${row.function}, `, source(row.file, row.line), ":"),
    h(
      "pre",
      { class: "change", tabindex: "0" },
      h("del", {}, `the core  ${row.access}`),
      "\n",
      h("ins", {}, `changed   ${row.changed || "left out"}`),
    ),
    h(
      "dl",
      {},
      row.setup ? term("first", row.setup) : null,
      row.threads.map((calls, thread) => term(`thread ${thread}`, calls)),
      row.handler ? term("handler", row.handler) : null,
    ),
    h(
      "p",
      { class: "goal" },
      "Reach the failure: ",
      h("strong", {}, row.failure),
      `. The shortest way there has ${row.steps} steps. `,
      `The channel has ${row.capacity} ${row.capacity === 1 ? "slot" : "slots"}.`,
    ),
  ];
  return parts.filter(Boolean);
}

const term = (name, calls) => [h("dt", {}, name), h("dd", {}, h("code", {}, calls))];
