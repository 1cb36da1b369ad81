// The page of the model: its buttons and fields, the history, and what it asks of the model in worker.js.

import { drawAnswer, drawChannel, drawWhy, element, figures } from "./draw.js";

const root = document.getElementById("model");
const SIDES = ["producer", "consumer", "broker"];
const TITLES = { producer: "Producer", consumer: "Consumer", broker: "Broker" };
const CHOICES = ["on", "message", "view", "reservation", "token"];

const asked = new Map();
const parts = {};
const chosen = { channel: null };
let count = 0;
let running = 0;
let view = null;

let worker = started();

function started() {
  const made = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  made.onmessage = ({ data }) => {
    if (data.progress) return progress(`${data.progress} …`);
    const { done, fail } = asked.get(data.number);
    asked.delete(data.number);
    if (data.broken) fail(Object.assign(new Error(data.broken), { fatal: data.fatal }));
    else done(data.answer);
  };
  made.onerror = (event) => progress(`The model cannot run here: ${event.message || "its files are not beside this page"}`);
  return made;
}

function progress(text) {
  const shown = parts.status ?? root.querySelector(".loading");
  if (shown) shown.textContent = text;
}

function ask(what, ...given) {
  return new Promise((done, fail) => {
    asked.set(++count, { done, fail });
    worker.postMessage({ number: count, what, given });
  });
}

/** Do what takes more than a moment. The page is busy from the first of these to the end of the last. */
async function doing(act) {
  const begun = performance.now();
  root.dataset.state = "busy";
  running += 1;
  try {
    await act();
  } catch (error) {
    const why = `The page's own Python failed: ${error.message}`;
    if (error.fatal) await recover(why).catch((again) => progress(`The model cannot run here: ${again.message}`));
    else progress(why);
  }
  running -= 1;
  root.dataset.took = Math.round(performance.now() - begun);
  if (!running) root.dataset.state = "ready";
}

/** After what ends Python itself: begin it again, with the history that is shown. */
async function recover(why) {
  worker.terminate();
  for (const { fail } of asked.values()) fail(new Error("the page's Python was begun again"));
  asked.clear();
  worker = started();
  await ask("begin");
  show({ ...await ask("open", view.fragment), wrong: why });
}

/** Ask for a change of the history, and draw what came of it. */
function change(what, ...given) {
  return doing(async () => show(await ask(what, ...given), what === "new"));
}

// ---- the page, once ----

function button(text, act, more = {}) {
  const made = element("button", { type: "button", ...more }, text);
  made.addEventListener("click", act);
  return made;
}

function side(name, offers, fields) {
  const mine = offers.filter((each) => each.side === name);
  const wanted = (list) => new Set(list.flatMap((each) => [...each.form.matchAll(/\{(\w+)\}/g)].map((found) => found[1])));
  const inputs = {};
  const field = (key) => {
    if (CHOICES.includes(key)) {
      inputs[key] = element("select", { name: key });
      return element("label", {}, key === "on" ? name : key, inputs[key]);
    }
    const list = element("datalist", { id: `${name}-${key}` }, ...fields[key].map((value) => element("option", { value })));
    inputs[key] = element("input", { name: key, value: fields[key][0], spellcheck: "false", autocomplete: "off" });
    inputs[key].setAttribute("list", list.id);
    return element("label", {}, key, inputs[key], list);
  };
  const press = (offer) => button(offer.label, () => {
    const given = Object.fromEntries(Object.entries(inputs).map(([key, input]) => [key, input.value]));
    change("press", `${name}.${offer.label}`, given);
  }, { class: "operation" });
  const more = /^(close_detached|move|detach|is_connected|get_config|get_stats|available_|channels|attach|MailboxBroker)/;
  const first = mine.filter((each) => !more.test(each.label));
  const rest = mine.filter((each) => more.test(each.label));
  const early = wanted(first);
  const late = [...wanted(rest)].filter((key) => !early.has(key));
  const closed = first.length ? element("details", {}, element("summary", {}, "More"),
    element("div", { class: "fields" }, ...late.map(field)), element("div", { class: "operations" }, ...rest.map(press))) : "";
  parts[name] = { inputs };
  return element("section", { class: `side ${name}`, "aria-label": TITLES[name] },
    element("h2", {}, TITLES[name]),
    element("div", { class: "fields" }, ...[...early].map(field)),
    element("div", { class: "operations" }, ...first.map(press)), closed);
}

function build({ offers, fields }) {
  parts.status = element("p", { class: "status", role: "status" });
  parts.back = button("Back", () => change("go", view.path.at(-2)));
  parts.forward = button("Forward", () => change("go", ahead().at(-1)));
  parts.place = element("span", { class: "place" });
  parts.name = element("input", { name: "name", maxlength: "80", "aria-label": "Name of this step", placeholder: "Name this step" });
  parts.name.addEventListener("change", () => change("name", parts.name.value));
  parts.answer = element("div", { class: "answer" });
  parts.channel = element("section", { class: "channel", "aria-label": "Channel" });
  parts.why = element("section", { class: "why", "aria-label": "Why" });
  parts.steps = element("section", { class: "steps", "aria-label": "Steps" });
  parts.brokers = element("div", { class: "brokers" });
  const broker = side("broker", offers, fields);
  broker.append(parts.brokers);
  root.replaceChildren(
    element("div", { class: "bar", role: "toolbar", "aria-label": "History" },
      parts.back, parts.forward, parts.place, parts.name,
      button("Copy link", () => doing(copyLink)), button("Export", () => doing(exported)), button("New", anew)),
    element("div", { class: "desk" },
      element("div", { class: "now" }, parts.answer, parts.channel),
      element("div", { class: "scene" }, side("producer", offers, fields), side("consumer", offers, fields), broker)),
    element("div", { class: "below" }, parts.why, parts.steps),
    parts.status,
  );
}

/** A step of a link may take for ever: then the page begins again, without it. */
function anew() {
  if (root.dataset.state !== "busy") return change("new");
  history.replaceState(null, "", location.pathname);
  location.reload();
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    parts.status.textContent = "The link is copied: it holds the whole history.";
  } catch {
    parts.status.textContent = "Copy the address of this page: it holds the whole history.";
  }
}

async function exported() {
  const { program } = await ask("export");
  const file = URL.createObjectURL(new Blob([program], { type: "text/x-python" }));
  const dialog = element("dialog", { class: "export", "aria-label": "Program for fast_impl" },
    element("p", {}, "These steps on fast_impl, with the model's answers asserted:"),
    element("pre", { tabindex: "0" }, program),
    element("p", { class: "operations" },
      element("a", { href: file, download: "steps.py", class: "operation" }, "Save as steps.py"),
      button("Close", () => dialog.close(), { class: "operation" })));
  dialog.addEventListener("close", () => { dialog.remove(); URL.revokeObjectURL(file); });
  root.append(dialog);
  dialog.showModal();
  dialog.querySelector("button").focus();
}

// ---- the page, after each change ----

function show(next, anew = false) {
  view = { ...view, ...next };
  history[anew ? "pushState" : "replaceState"](null, "", `#${view.fragment}`);
  const { state, changes, before } = view;
  fill(state.choices);
  parts.back.disabled = view.path.length < 2;
  parts.forward.disabled = !ahead().length;
  parts.place.textContent = `Step ${view.path.length} of ${deepest()}`;
  parts.name.value = view.steps[view.at]?.name ?? "";
  parts.status.textContent = next.wrong ? `Not done. ${next.wrong}` : spoken();
  parts.status.classList.toggle("wrong", Boolean(next.wrong));
  const refused = element("p", {}, element("strong", { class: "bad" }, "Not done. "), next.wrong);
  parts.answer.replaceChildren(...(next.wrong ? [refused] : drawAnswer(view)));
  if (!state.channels.some((each) => each.key === chosen.channel)) chosen.channel = state.channels.at(-1)?.key ?? null;
  const touched = changes.find((each) => state.channels.some((channel) => channel.key === each.of));
  if (touched) chosen.channel = touched.of;
  channel();
  parts.brokers.replaceChildren(...state.brokers.map((each) => element("div", {},
    element("h3", {}, each.key), figures(each, changes))));
  parts.why.replaceChildren(...drawWhy(view));
  parts.steps.replaceChildren(element("h2", {}, "Steps"), tree());
  parts.steps.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", container: "nearest" });
}

function channel() {
  const keys = view.state.channels.map((each) => each.key);
  const pick = element("select", { "aria-label": "Channel that is shown" }, ...keys.map((key) => element("option", {}, key)));
  pick.value = chosen.channel;
  pick.addEventListener("change", () => { chosen.channel = pick.value; channel(); });
  const found = view.state.channels.find((each) => each.key === chosen.channel);
  const old = view.before?.channels.find((each) => each.key === chosen.channel);
  const waits = (view.record.waits ?? []).map((each) => element("p", { class: "waits" },
    element("code", {}, each.line), ` waits for ${each.for}. `,
    each.limit === null ? "It has no limit." : button("Let its time run out", () => change("add", `& ${each.on}`))));
  parts.channel.replaceChildren(
    element("h2", {}, found ? `Channel ${found.name}${found.broker ? `, of broker ${found.broker}` : ""}` : "No channel"),
    ...(keys.length > 1 ? [pick] : []),
    ...waits, ...(found ? drawChannel(found, old, view.changes) : []));
}

/** The objects that can be chosen, the newest one of each kind first chosen. */
function fill(choices) {
  for (const name of SIDES) {
    for (const [key, select] of Object.entries(parts[name].inputs)) {
      if (!CHOICES.includes(key)) continue;
      const kind = key === "on" ? name : key;
      const options = choices[kind];
      const known = new Set([...select.options].map((each) => each.value));
      const fresh = options.filter(([value]) => !known.has(value)).at(-1)?.[0];
      const value = options.some((each) => each[0] === select.value) ? select.value : options.at(-1)?.[0];
      select.replaceChildren(...options.map(([each, says]) =>
        element("option", { value: each }, says && says !== "open" ? `${each} (${says})` : each)));
      select.value = fresh ?? value ?? "";
      select.disabled = !options.length;
    }
  }
}

/** The steps that follow the one that is shown. */
function ahead() {
  return view.steps.flatMap((each, number) => (each.after === view.at ? [number] : []));
}

/** How many steps the branch has that is shown, to its end. */
function deepest() {
  let [length, at] = [view.path.length, view.at];
  for (;;) {
    const next = view.steps.findLastIndex((each) => each.after === at);
    if (next < 0 || at < 0) return length;
    [length, at] = [length + 1, next];
  }
}

/** What happened, for those who hear the page. */
function spoken() {
  const { record, changes } = view;
  if (!record.line) return "";
  const rule = record.why?.rules[0];
  const ended = record.ended.map((each) => ` ${each.line} ends: ${each.said}.`).join("");
  const names = new Map(view.state.channels.map(({ key, name, broker }) => [key, `channel ${name}${broker ? ` of ${broker}` : ""}`]));
  const of = (key) => names.get(key) ?? key;
  const changed = changes.map((each) => `${of(each.of)} ${each.figure} ${each.before ? `${each.before} → ` : ""}${each.after}`);
  return `${record.line.replace(/^& /, "")}: ${record.said}${rule ? `, by ${rule}` : ""}.${ended}` +
    (changed.length ? ` Changed: ${changed.join("; ")}.` : " Nothing changed.");
}

function tree() {
  const children = (number) => view.steps.flatMap((each, child) => (each.after === number ? [child] : []));
  const item = (number) => {
    const each = view.steps[number];
    const more = number === view.at ? { "aria-current": "step" } : {};
    const failing = view.failure?.step === number ? [element("span", { class: "bad" }, " ✗ differs")] : [];
    return element("li", {}, button("", () => change("go", number), more),
      ...(each.name ? [element("strong", {}, ` ${each.name}`)] : []), ...failing);
  };
  const labelled = (number) => {
    const made = item(number);
    const each = view.steps[number];
    made.firstChild.append(element("code", {}, each.line.replace(/^& /, "")),
      element("span", { class: each.error || each.played === false ? "bad" : each.answer === "SUCCESS" ? "code" : "faint" }, ` ${each.answer ?? ""}`));
    return made;
  };
  const branch = (first) => {
    const list = element("ol", {});
    for (let at = first; ;) {
      const made = labelled(at);
      list.append(made);
      const next = children(at);
      if (next.length === 1) { [at] = next; continue; }
      if (next.length) made.append(...next.map(branch));
      return list;
    }
  };
  return element("div", { class: "tree" }, ...children(-1).map(branch));
}

async function begin() {
  const first = await ask("begin");
  view = first;
  build(first);
  await opened();
}

async function opened() {
  const fragment = location.hash.slice(1);
  if (!fragment) return doing(async () => show(view));
  progress("Opening the history … If it takes too long, New begins without it.");
  await change("open", fragment);
}

window.addEventListener("hashchange", () => { if (view && location.hash.slice(1) !== view.fragment) opened(); });
begin().catch((error) => progress(`The model cannot run here: ${error.message}`));
