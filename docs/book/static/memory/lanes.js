/* What was done, as a lane for each thread, and lines from each store to the loads of other threads that read it. */
import { did, option, orderOf } from "./words.js";

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== ""));
  return element;
}

const FEWEST = 3; /* dull steps in a row that are shown as one */

/* Where a line of the source is in the book. */
export function source(file, line) {
  const folder = file === "harness.c" ? "conformance/exploration/clients" : "fast_impl/core";
  return h("a", { href: `source/${folder}/${file}.html#L${line}` }, `${file}:${line}`);
}

/* The line that {file, line} is, with its text. sites: of index.json. */
export function code({ file, line }, sites) {
  const [, text] = sites[`${file}:${line}`] || ["", ""];
  return h("span", { class: "code" }, source(file, line), " ", h("code", {}, text));
}

export const id = (place) => `step-${place + 1}`;

/* A sentence of texts and places in `done`. */
export function sentence(parts) {
  return parts.map((each) => (typeof each === "number" ? link(each) : each));
}

function link(place) {
  return h("button", { type: "button", class: "to-step", onclick: () => show(place) }, `step ${place + 1}`);
}

function show(place) {
  const step = document.getElementById(id(place));
  if (!step) return;
  for (let above = step.parentElement.closest("details"); above; above = above.parentElement.closest("details"))
    above.open = true;
  step.focus({ preventScroll: true });
  step.scrollIntoView({ block: "center" });
}

/* The steps as they are shown: {place, entry, second}, where `second` is the other half of a read-modify-write. */
function shown(done) {
  return done.flatMap((entry, place) => {
    if (entry.second) return [];
    const next = done[place + 1];
    return [{ place, entry, second: next && next.second ? next : null }];
  });
}

/* Whether nothing was chosen at a step, nothing passed between threads there, and nothing was changed. */
function isDull({ place, entry, second }, play, read) {
  const { step } = entry;
  if (entry.options.length > 1 || step.core || second?.step.core) return false;
  if (["awake", "wake", "waits", "left out"].includes(step.kind)) return false;
  if (step.source && step.source.thread >= 0 && step.source.thread !== entry.thread) return false;
  if (step.order === "heavy" || (step.order === "seq_cst" && play.row.access.includes("fence_full"))) return false;
  return !read.has(place) && !(second && read.has(place + 1)) && place !== play.parting;
}

/* The list of what was done, newest last. open: the first steps of the groups that are. */
export function lanes(play, sites, open) {
  const read = new Set();
  for (const { thread, step } of play.done)
    if (step.source && step.source.thread >= 0 && step.source.thread !== thread)
      read.add(play.placeOf(step.source.thread, step.source.number));
  const list = h("ol", { class: "steps", "aria-label": "What was done" });
  let dull = [];
  const flush = () => {
    if (dull.length < FEWEST) list.append(...dull.map((each) => item(each, play, sites, true)));
    else list.append(group(dull, play, sites, open));
    dull = [];
  };
  for (const each of shown(play.done)) {
    const isOne = isDull(each, play, read);
    if (dull.length && (!isOne || dull[0].entry.thread !== each.entry.thread)) flush();
    if (isOne) dull.push(each);
    else list.append(item(each, play, sites, false));
  }
  flush();
  return list;
}

const badge = (thread) => h("span", { class: "badge" }, `thread ${thread}`);

function group(dull, play, sites, open) {
  const functions = [
    ...new Set(dull.map(({ entry }) => sites[`${entry.step.file}:${entry.step.line}`]?.[0]).filter(Boolean)),
  ];
  const { thread } = dull[0].entry;
  const first = dull[0].place + 1;
  const { place, second } = dull[dull.length - 1];
  const last = place + (second ? 2 : 1);
  return h(
    "li",
    { class: "group", "data-thread": thread, style: `--lane: ${thread + 1}` },
    h(
      "details",
      { "data-first": first, open: open.includes(String(first)) },
      h(
        "summary",
        {},
        badge(thread),
        h("span", { class: "number" }, `${first}–${last}`),
        ` ${last - first + 1} steps without a choice: ${functions.join(", ")}`,
      ),
      h(
        "ol",
        {},
        dull.map((each) => item(each, play, sites, true)),
      ),
    ),
  );
}

/* The line of code below shows the core's order. */
function changed(...steps) {
  const core = steps.find((each) => each?.core)?.core;
  return core ? `changed, in the core ${core}` : "changed";
}

function item({ place, entry, second }, play, sites, isDullOne) {
  const { step, thread } = entry;
  const others = entry.options.filter((each) => each.there && each.node !== entry.node);
  const order = orderOf(step, second?.step);
  const isChanged = step.core || second?.step.core || step.kind === "left out";
  const classes = [
    "step",
    isDullOne && "dull",
    entry.options.length > 1 && "chosen",
    isChanged && "changed",
    place === play.parting && "parts",
  ];
  return h(
    "li",
    {
      class: classes.filter(Boolean).join(" "),
      id: id(place),
      tabindex: "-1",
      "data-thread": thread,
      style: `--lane: ${thread + 1}`,
    },
    h(
      "div",
      { class: "what" },
      badge(thread),
      h("span", { class: "number" }, second ? `${place + 1}–${place + 2}` : `${place + 1}`),
      " ",
      did(step, second?.step),
      order ? h("span", { class: "order" }, order) : null,
      isChanged ? h("span", { class: "mark" }, changed(step, second?.step)) : null,
      place === play.parting ? h("span", { class: "mark apart" }, "not in the core") : null,
    ),
    code(step, sites),
    from(entry, play),
    others.length
      ? h(
          "div",
          { class: "others" },
          step.kind === "choose" ? "Or: " : "Could have read: ",
          others.map((each, at) => [at ? "; " : "", sentence(option(each, play))]),
        )
      : null,
  );
}

function from({ step, sleeps }, play) {
  if (step.kind === "choose") return h("div", { class: "from" }, option({ step, sleeps }, play));
  if (!step.source || step.kind === "waits") return null;
  if (step.source.thread < 0) return h("div", { class: "from" }, "the initial value");
  const place = play.placeOf(step.source.thread, step.source.number);
  const source = play.done[place].step;
  return h(
    "div",
    { class: "from" },
    step.kind === "awake" ? "by " : "read from ",
    link(place),
    ` (thread ${step.source.thread}, ${source.file}:${source.line})`,
  );
}

/* ---- lines ---- */

export function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const HEAD = { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" };

/* Draws them into `lines`, over `box`, which has the lanes, where these are beside each other. */
export function draw(box, lines, play) {
  lines.replaceChildren(svg("defs", {}, svg("marker", HEAD, svg("path", { d: "M0 0L8 4L0 8z" }))));
  if (getComputedStyle(box).getPropertyValue("--beside").trim() !== "1") return;
  const frame = box.getBoundingClientRect();
  lines.setAttribute("viewBox", `0 0 ${frame.width} ${frame.height}`);
  play.done.forEach(({ thread, step }, place) => {
    if (!step.source || step.source.thread < 0 || step.source.thread === thread) return;
    const source = play.placeOf(step.source.thread, step.source.number);
    const [one, other] = [visible(source, play), visible(place, play)];
    if (!one || !other) return;
    const rightwards = step.source.thread < thread;
    const x1 = (rightwards ? one.right : one.left) - frame.left;
    const x2 = (rightwards ? other.left : other.right) - frame.left;
    const [y1, y2] = [one.top + 14 - frame.top, other.top + 14 - frame.top];
    const bend = Math.max(24, Math.abs(x2 - x1) / 2) * (rightwards ? 1 : -1);
    const d = `M ${x1} ${y1} C ${x1 + bend} ${y1}, ${x2 - bend} ${y2}, ${x2} ${y2}`;
    lines.append(
      svg("path", { d, class: place === play.parting ? "line apart" : "line", "marker-end": "url(#arrow)" }),
    );
  });
}

/* Where a step is, or the one that it is a half of, or the row that it is in. */
function visible(place, play) {
  const element = document.getElementById(id(play.done[place].second ? place - 1 : place));
  const closed = element?.closest("details:not([open])");
  return (closed ? closed.closest("li") : element)?.getBoundingClientRect();
}
