/* The page of the scheduler and the memory: what stays on it, and what its buttons do. */
import { cards } from "./cards.js";
import { coreSays } from "./core.js";
import { draw, h, lanes, sentence, svg } from "./lanes.js";
import { Play } from "./play.js";
import { introduction, links, list, wanted } from "./rows.js";
import { line } from "./words.js";

const FILES = new URL("executions/", document.baseURI);
const root = document.getElementById("memory");
let rows, sites, play;

async function fetched(name) {
  const answer = await fetch(new URL(name, FILES));
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${answer.statusText}`);
  return answer.json();
}

/* ---- the parts of the page that stay ---- */

const search = h("input", {
  type: "search",
  id: "find-change",
  autocomplete: "off",
  placeholder: "file, function, access, failure",
});
const found = h("div", { class: "found" });
const count = h("p", { class: "count", role: "status" });
const picker = h(
  "details",
  { class: "picker" },
  h("summary", {}, "Choose a change"),
  h("label", { for: "find-change" }, "Find "),
  search,
  count,
  found,
);
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
const lines = svg("svg", { class: "lines", "aria-hidden": "true" });
const box = h("div", { class: "lanes" }, heads, steps, next, lines);
const core = h("section", { class: "core", "aria-label": "The core as it is" });
const bar = h("div", { class: "bar" }, h("div", { class: "buttons" }, Object.values(buttons)), status);

function button(text, act, title) {
  return h("button", { type: "button", onclick: act, title }, text);
}

/* ---- choosing a row ---- */

function find() {
  const those = list(rows, search.value, play?.row);
  count.textContent = `${those.count} of ${rows.length} changes`;
  found.replaceChildren(...those.found);
}

async function load() {
  if (play && !location.hash.startsWith("#row=")) return; /* to another place on the page */
  const row = wanted(rows);
  if (typeof row === "string") {
    say(`No change is called ${row}: choose one of the ${rows.length} in the list.`);
    picker.open = true;
    return;
  }
  if (play?.row === row) return;
  const file = await fetched(`${row.slug}.json`);
  if (wanted(rows) !== row) return; /* another one has been asked for meanwhile */
  play = new Play(row, file);
  picker.open = false;
  find();
  pieces.replaceChildren(...links(row));
  about.replaceChildren(...introduction(row));
  stage.dataset.threads = row.threads.length;
  heads.replaceChildren(...row.threads.map((calls, thread) => h("div", {}, `Thread ${thread} `, h("code", {}, calls))));
  box.style.setProperty("--lanes", row.threads.length);
  again();
  if (location.hash) root.scrollIntoView();
}

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

function run(thread) {
  play.run(thread);
  report();
}

/* ---- what is shown ---- */

function render() {
  const focus = document.activeElement?.dataset?.key;
  const acted = bar.contains(document.activeElement);
  const open = [...steps.querySelectorAll("details[open]")].map((each) => each.dataset.first);
  steps.replaceChildren(lanes(play, sites, open));
  next.replaceChildren(...cards(play, sites, { take, run }));
  core.replaceChildren(...coreSays(play));
  buttons.hint.disabled = buttons.rest.disabled = Boolean(play.failure);
  buttons.back.disabled = buttons.again.disabled = !play.done.length;
  draw(box, lines, play);
  if (focus)
    (
      next.querySelector(`[data-key="${focus}"]`) ??
      next.querySelector(`[data-key^="${focus.slice(0, 2)}"]`) ??
      next.querySelector("button, [tabindex]")
    )?.focus();
  else if (acted && (document.activeElement === document.body || document.activeElement.disabled))
    next.querySelector("button, [tabindex]")?.focus({ preventScroll: true });
  if (play.done.length) next.scrollIntoView({ block: "nearest" });
}

/* ---- the start ---- */

async function start() {
  ({ rows, sites } = await fetched("index.json"));
  search.addEventListener("input", find);
  stage.append(box, core);
  root.replaceChildren(pieces, picker, about, stage, bar);
  root.addEventListener("toggle", () => draw(box, lines, play), true);
  addEventListener("resize", () => play && draw(box, lines, play));
  addEventListener("hashchange", () => load().catch(broken));
  find();
  await load();
}

function broken(error) {
  root.append(
    h(
      "p",
      { role: "alert", class: "broken" },
      `The executions could not be loaded: ${error.message}. make docs-serve serves them with this page.`,
    ),
  );
}

start().catch(broken);
