/* The page of the scheduler and the memory: chooses a row, offers the choices, and shows what was done. */
import { code, draw, h, lanes, sentence, source } from "./lanes.js";
import { Play } from "./play.js";
import { asked, line, option, why } from "./words.js";

const FILES = new URL("executions/", document.baseURI);
const root = document.getElementById("memory");
let rows, sites, play;

async function fetched(name) {
  const answer = await fetch(new URL(name, FILES));
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${answer.statusText}`);
  return answer.json();
}

/* ---- the parts of the page that stay ---- */

const search = h("input", { type: "search", id: "find-change", autocomplete: "off", placeholder: "file, function, access, failure" });
const found = h("div", { class: "found" });
const count = h("p", { class: "count", role: "status" });
const picker = h("details", { class: "picker" }, h("summary", {}, "Choose a change"),
  h("label", { for: "find-change" }, "Find "), search, count, found);
const pieces = h("ul", { class: "pieces", "aria-label": "Set pieces" });
const stage = h("div", { class: "stage" });
const about = h("section", { class: "about", "aria-label": "The change" });
const status = h("p", { class: "status", role: "status" });
const buttons = {
  hint: button("Hint", () => hint(), "The next step to the failure, with those that follow without a choice"),
  rest: button("Play the rest", () => playRest(), "All hints, up to the failure"),
  back: button("Step back", () => back(), "Undo the last step"),
  again: button("Start again", () => again(), "Undo all steps"),
};
const heads = h("div", { class: "heads", "aria-hidden": "true" });
const steps = h("div");
const next = h("div", { class: "next" });
const lines = document.createElementNS("http://www.w3.org/2000/svg", "svg");
const layer = h("div", { class: "layer", "aria-hidden": "true" });
layer.innerHTML = '<svg width="0" height="0"><defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs></svg>';
layer.append(lines);
const box = h("div", { class: "lanes" }, heads, steps, next, layer);
const core = h("section", { class: "core", "aria-label": "The core as it is" });
const bar = h("div", { class: "bar" }, h("div", { class: "buttons" }, Object.values(buttons)), status);

function button(text, act, title) {
  return h("button", { type: "button", onclick: act, title }, text);
}

/* ---- choosing a row ---- */

function list() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const texts = (row) => `${row.number} ${row.file} ${row.function} ${row.access} ${row.weaker} ${row.failure} ${row.client}`.toLowerCase();
  const those = rows.filter((row) => words.every((word) => texts(row).includes(word)));
  count.textContent = `${those.length} of ${rows.length} changes`;
  found.replaceChildren(
    ...[...new Set(those.map((row) => row.file))].map((file) =>
      h("section", {}, h("h2", {}, file), h("ul", {}, those.filter((row) => row.file === file).map(entry)))),
  );
}

function entry(row) {
  const here = play && play.row === row;
  return h("li", {}, h("a", { href: `#row=${row.slug}`, "aria-current": here ? "true" : null },
    h("span", {}, `${row.function}: `, h("code", {}, row.access), ` ${row.weaker === "left out" ? "is left out" : `→ ${row.weaker}`}`),
    h("span", { class: "kind" }, row.failure)));
}

/* The row that the address names, by its key or by its number; or the first set piece. */
function wanted() {
  const name = decodeURIComponent(location.hash.match(/^#row=(.+)$/)?.[1] ?? "");
  if (!name) {
    const first = document.querySelector("a.set-piece");
    return rows.find((row) => first?.getAttribute("href") === `#row=${row.slug}`) ?? rows[0];
  }
  return rows.find((row) => row.slug === name || String(row.number) === name) ?? name;
}

async function load() {
  if (location.hash && !location.hash.startsWith("#row=")) return;
  const row = wanted();
  if (typeof row === "string") {
    say(`No change is called ${row}: choose one of the ${rows.length} in the list.`);
    picker.open = true;
    return;
  }
  if (play?.row === row) return;
  play = new Play(row, await fetched(`${row.slug}.json`));
  picker.open = false;
  list();
  introduce();
  again();
  if (location.hash) root.scrollIntoView();
}

function introduce() {
  const { row } = play;
  const piece = document.querySelector(`a.set-piece[href="#row=${row.slug}"]`)?.closest("section");
  const links = [...document.querySelectorAll("a.set-piece")];
  pieces.replaceChildren(...links.map((link) => h("li", {}, h("a", { href: link.getAttribute("href"),
    "aria-current": link.closest("section") === piece ? "true" : null }, titleOf(link.closest("section"))))));
  const { access, changed } = row;
  about.replaceChildren(...[ /* without those that are not there */
    h("h2", {}, piece ? titleOf(piece) : `${row.file}: ${row.function}`),
    piece ? piece.querySelector("p").cloneNode(true) : null,
    h("p", {}, `The change, in ${row.function}, `, source(row.file, row.line), ":"),
    h("pre", { class: "change", tabindex: "0" },
      h("del", {}, `the core  ${access}`), "\n", h("ins", {}, `changed   ${changed || "left out"}`)),
    h("dl", {}, row.setup ? [h("dt", {}, "first"), h("dd", {}, h("code", {}, row.setup))] : null,
      row.threads.map((calls, thread) => [h("dt", {}, `thread ${thread}`), h("dd", {}, h("code", {}, calls))])),
    h("p", { class: "goal" }, "Reach the failure: ", h("strong", {}, row.failure), `. The shortest way there has ${row.steps} steps.`),
  ].filter(Boolean));
  stage.dataset.threads = row.threads.length;
  heads.replaceChildren(...row.threads.map((calls, thread) => h("div", {}, `Thread ${thread}`)));
  box.style.setProperty("--lanes", row.threads.length);
}

const titleOf = (section) => section.querySelector("h2, h3").firstChild.textContent;

/* ---- playing ---- */

function say(...parts) {
  status.replaceChildren(...parts.flat());
}

function last() {
  const { done } = play;
  let place = done.length - 1;
  if (place < 0) return ["Nothing is done yet."];
  const second = done[place].second ? done[place--].step : null;
  const thread = done[place].thread;
  return ["Step ", String(place + 1), `: thread ${thread}, `, ...sentence(line(done[place], second, play)), "."];
}

/* What was done last, and where that led. */
function report(...more) {
  const { failure } = play;
  if (failure) say(`Reached: ${failure.failure}. `, ...last());
  else if (play.isOver) say(...last(), " No thread can go on, and nothing has failed.");
  else say(...last(), ...more);
  render();
}

function again() {
  play.restart();
  say("Nothing is done yet: let a thread go on.");
  render();
}

function back() {
  play.back();
  say("Undone. ", ...last());
  render();
}

function hint() {
  if (play.failure) return say("The failure is reached.");
  if (!play.hint()) {
    play.back();
    say("From there this failure could not be reached any more: the last step is undone.");
    return render();
  }
  let of;
  do {
    of = play.hint().thread;
    play.follow();
    if (play.failure) break;
    const { thread } = play.hint();
    if (thread !== of || play.options(thread).length > 1) break;
  } while (true);
  report(` At least ${play.away} steps are left.`);
}

function playRest() {
  while (!play.failure) play.follow();
  report();
}

function take(thread, node) {
  play.take(thread, node);
  report();
}

function runOn(thread) {
  play.run(thread);
  report();
}

/* ---- what is shown ---- */

function render() {
  const focus = document.activeElement?.dataset?.key;
  const acted = bar.contains(document.activeElement);
  steps.replaceChildren(lanes(play, sites));
  next.replaceChildren(...(play.failure || play.isOver ? [ending()] : play.at.map((_, thread) => card(thread))));
  core.replaceChildren(...coreSays());
  buttons.hint.disabled = buttons.rest.disabled = Boolean(play.failure);
  buttons.back.disabled = buttons.again.disabled = !play.done.length;
  draw(box, lines, play);
  if (focus) (next.querySelector(`[data-key="${focus}"]`) ?? next.querySelector(`[data-key^="${focus.slice(0, 2)}"]`) ?? next.querySelector("button, [tabindex]"))?.focus();
  else if (acted && (document.activeElement === document.body || document.activeElement.disabled)) next.querySelector("button, [tabindex]")?.focus({ preventScroll: true });
  if (play.done.length) next.scrollIntoView({ block: "nearest" });
}

function ending() {
  const { failure } = play;
  if (!failure)
    return h("section", { class: "ending well", tabindex: "-1" }, h("h3", {}, "Nothing has failed"), h("p", {}, "No thread can go on. This execution ends as it may: step back, and choose otherwise."));
  const other = failure.failure !== play.row.failure;
  return h("section", { class: "ending", tabindex: "-1" }, h("h3", {}, failure.failure[0].toUpperCase() + failure.failure.slice(1)),
    h("p", {}, failure.message.replace(`${failure.failure}: `, ""), "."),
    [...failure.message.matchAll(/(\w+\.[ch]):(\d+)/g)].map(([, file, number]) => code({ file, line: number }, sites)),
    other ? h("p", {}, `The table names another failure of this change: ${play.row.failure}.`) : null);
}

function card(thread) {
  const options = play.options(thread);
  const title = h("h3", {}, `Thread ${thread}`);
  const one = h("section", { class: "card", "data-thread": thread, "aria-label": `Thread ${thread}: next`, style: `--lane: ${thread + 1}` }, title);
  if (!options.length) {
    one.append(h("p", {}, play.isAsleep(thread) ? "asleep" : play.now.some((each) => !each.end.failure) ? "has ended" : "has ended, or stands before an access that fails"));
    return one;
  }
  const { step } = options[0];
  one.append(h("p", {}, asked(step), options.some((each) => each.step.core) ? h("span", { class: "mark" }, "changed") : null), code(step, sites));
  if (options.length === 1) {
    const [{ node, there }] = options;
    if (there)
      one.append(h("div", { class: "buttons" },
        h("button", { type: "button", "data-key": `${thread} run`, onclick: () => runOn(thread) }, "Run to its next choice"),
        h("button", { type: "button", "data-key": `${thread} step`, onclick: () => take(thread, node) }, "One step")));
    else one.append(h("p", { class: "later" }, "waits: ", sentence(option(options[0], play))));
    return one;
  }
  one.append(h("ul", { class: "options" }, options.map((each, at) => choice(thread, each, at, step.kind === "choose"))));
  return one;
}

function choice(thread, each, at, ofSystem) {
  const words = option(each, play).map((part) => (typeof part === "number" ? `step ${part + 1}` : part));
  const apart = play.parting === null && !each.core ? h("span", { class: "mark apart" }, "not in the core") : null;
  if (!each.there) return h("li", { class: "later" }, words, apart);
  const text = ofSystem || each.step.kind === "woken" ? words : ["read ", ...words];
  return h("li", {}, h("button", { type: "button", "data-key": `${thread} ${at}`, onclick: () => take(thread, each.node) }, text), apart);
}

function coreSays() {
  const { done, parting } = play;
  const chosen = done.map((entry, place) => ({ entry, place })).filter(({ entry, place }) => entry.options.length > 1 || place === parting);
  const rows = chosen.map(({ entry, place }) => {
    const state = parting === null || place < parting ? "offered" : place === parting ? "not offered" : "behind what is not offered";
    const mark = { offered: "✓ ", "not offered": "✗ " }[state] ?? "– ";
    const second = done[place + 1]?.second ? done[place + 1].step : null;
    return h("li", { class: state === "not offered" ? "apart" : "" }, h("span", { "aria-hidden": "true" }, mark), sentence([place]), `: thread ${entry.thread}, `,
      sentence(line(entry, second, play)), h("span", { class: "hidden" }, ` (${state})`), place === parting ? instead(entry) : null);
  });
  const reasons = why(play).map((each) => h("p", { class: "why" }, sentence(each)));
  const verdict = parting === null ? (done.length ? "The core offers every step so far." : "Here you see whether the core offers the same choices.") : "The core parts from this execution:";
  return [h("h3", {}, "The core as it is"), h("p", {}, play.failure && parting === null ? "" : verdict), ...reasons, rows.length ? h("ol", { class: "choices" }, rows) : null].filter(Boolean);
}

/* What the core offers where it does not offer what was chosen. */
function instead(entry) {
  const others = entry.options.filter((each) => each.core);
  if (!others.length) return null;
  return h("div", {}, "It offers only: ", others.map((each, at) => [at ? "; " : "", sentence(option(each, play))]), ".");
}

/* ---- the start ---- */

async function start() {
  ({ rows, sites } = await fetched("index.json"));
  search.addEventListener("input", list);
  stage.append(box, core);
  root.replaceChildren(pieces, picker, about, stage, bar);
  root.addEventListener("toggle", () => draw(box, lines, play), true);
  addEventListener("resize", () => play && draw(box, lines, play));
  addEventListener("hashchange", () => load().catch(broken));
  list();
  await load();
}

function broken(error) {
  root.append(h("p", { role: "alert", class: "broken" }, `The executions could not be loaded: ${error.message}. make docs-serve serves them with this page.`));
}

start().catch(broken);
