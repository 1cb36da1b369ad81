// What a step answered and why, and the state after it, as elements. All text is set as text.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const RULE = /([A-Z]{3}-\d+|`[^`]+`)/;
const names = { rules: new Map(), sources: "" };

/** The rules' texts, and where the source files are. */
export function know(rules, sources) {
  Object.assign(names, { rules: new Map(Object.entries(rules)), sources });
}

/** Text in which each rule's id is a link to it, and what stands in backticks is code. */
function linked(text) {
  return text.split(RULE).map((part) => (names.rules.has(part) ? rule(part)
    : part.length > 2 && part.startsWith("`") ? element("code", {}, part.slice(1, -1)) : part));
}

function rule(id) {
  return element("a", { class: "rule", href: `rules.html#${id.toLowerCase()}`, title: names.rules.get(id) ?? "" }, id);
}

// ---- the answer ----

export function drawAnswer({ record, failure, at, rules, sources }) {
  know(rules, sources);
  if (!record.line) return [];
  const answers = [answered(record.line.replace(/^& /, ""), record)];
  for (const each of record.ended) answers.push(answered(`${each.line}, which waited`, each));
  if (failure && failure.step === at) answers.unshift(reported(failure, record));
  return answers;
}

function answered(line, { answer, said, error, played, why }) {
  const kind = error || played === false ? "bad" : /^(SUCCESS|True|granted)$/.test(answer) ? "good" : "other";
  const lines = [element("p", { class: "call" }, element("code", {}, line), " ", element("strong", { class: kind }, said))];
  if (why?.rules.length) {
    lines.push(element("dl", { class: "rules" }, ...why.rules.flatMap((id, number) => [
      element("dt", { class: number ? "" : "first" }, rule(id)), element("dd", {}, ...linked(names.rules.get(id) ?? ""))])));
  }
  if (played !== false && !why?.decisions.length && !why?.source) {
    lines.push(element("p", {}, "No line of the model ran: this is Python's own."));
  }
  return element("div", {}, ...lines);
}

function reported(failure, record) {
  const asked = failure.query ? [" Asked ", element("code", {}, failure.query), " after this step, it "] : [" Here it "];
  const got = failure.got ? [...asked, element("strong", { class: "bad" }, failure.got), "; the model ",
    element("strong", { class: "good" }, failure.query ? failure.now : failure.expected || record.said), "."] : [` ${failure.seen}.`];
  return element("div", { class: "reported" },
    element("p", {}, "This is the failing step of a report on ", element("code", {}, failure.target), "; rule ",
      rule(failure.rule), ".", ...got),
    element("p", {}, ...linked(names.rules.get(failure.rule) ?? "")));
}

// ---- why ----

export function drawWhy({ record }) {
  const whys = [...(record.why ? [record.why] : []), ...record.ended?.map((each) => each.why) ?? []];
  const parts = whys.flatMap((why) => [
    ...why.decisions.map((each) => decided(each)),
    ...(why.source ? [element("div", { class: "decision" }, element("h3", {}, why.source.of), listing(why.source, []))] : []),
    ...(why.also.length ? [element("details", {}, element("summary", {}, "Other rules on the lines that ran"),
      element("ul", {}, ...why.also.map(({ rules, file, line, text }) => element("li", {},
        ...rules.flatMap((id) => [rule(id), " "]), place(file, line), " ", element("code", {}, text)))))] : []),
  ]);
  return [element("h2", {}, "Why"), ...(parts.length ? parts : [element("p", {}, "There is nothing to explain.")])];
}

function decided({ call, answer, lists, asked, source, through }) {
  return element("div", { class: "decision" },
    element("h3", {}, call, answer ? [" answers ", answer].join("") : ""),
    ...lists.flatMap((each) => precedence(each)),
    ...through.map((each) => decided(each)),
    listing(source, asked));
}

/** Of an entry of a precedence: before the one that decided, that one, and after it. */
const SAID = ["does not apply", "decides", "not looked at"];

function precedence({ of, head, entries, decided: at }) {
  const words = element("p", {}, element("span", { class: "faint" }, `${of}: `), ...linked(head));
  if (!entries.length) return [words];
  return [words, element("ol", { class: "precedence" }, ...entries.map((text, number) => {
    const kind = at === null || number > at ? 2 : number === at ? 1 : 0;
    return element("li", { class: ["passed", "decides", "unasked"][kind] },
      ...linked(text), " ", element("span", { class: "mark" }, at === null ? "" : SAID[kind]));
  }))];
}

function place(file, line) {
  return element("a", { href: `${names.sources}${file}.html#L${line}` }, `${file.split("/").at(-1)}:${line}`);
}

/** A function's lines: those that ran are marked, and after a condition stands what it was. */
function listing({ file, of, lines }, asked) {
  const rows = lines.map(([number, text, mark]) => {
    const answers = asked.filter((each) => each.line === number).map(({ holds }) => (holds === null ? "not asked" : holds ? "yes" : "no"));
    const said = answers.length ? [element("span", { class: "holds" }, ` ${answers.join(", ")}`)] : [];
    const [code, comment] = text.split(/(?= {2}# )/);
    return element("span", { class: `line ${mark}` },
      element("a", { href: `${names.sources}${file}.html#L${number}`, "aria-label": `Line ${number} of ${file}` }, String(number)),
      " ", code, ...(comment ? linked(comment) : []), ...said, "\n");
  });
  return element("details", { class: "listing", open: "" }, element("summary", {}, `The lines of ${of}`),
    element("pre", { tabindex: "0", "aria-label": `The lines of ${of}, those that ran marked` }, ...rows));
}

// ---- the state ----

/** A table of figures; those that changed are lit. */
export function figures(of, changes) {
  return element("dl", { class: "figures" }, ...Object.entries(of.figures).map(([name, text]) => {
    const lit = changes.find((each) => each.of === of.key && each.figure === name);
    return element("div", lit ? { class: "lit" } : {}, element("dt", {}, name),
      element("dd", {}, text, ...(lit ? [element("span", { class: "was" }, ` was ${lit.before}`)] : [])));
  }));
}

/** Slots that are drawn. */
const MOST = 16;

export function drawChannel(channel, old, changes) {
  const known = new Set((old?.waiting ?? []).map((each) => each.number));
  const held = new Set((old?.held ?? []).map((each) => each.number));
  const cells = channel.waiting.slice(0, MOST).map((each) => message(each, known.has(each.number) ? "" : "lit")).reverse();
  const hidden = channel.waiting.length - cells.length;
  const free = Math.min(channel.capacity - channel.waiting.length, MOST - cells.length);
  const rest = channel.capacity - channel.waiting.length - free;
  const empty = Array.from({ length: Math.max(free, 0) }, () => element("li", { class: "slot free", "aria-hidden": "true" }));
  const label = `${channel.waiting.length} waiting of ${channel.capacity}, the newest first`;
  return [
    element("div", { class: `drawing${channel.registered ? "" : " gone"}` },
      element("p", { class: "ends" }, standing(channel.sides.producer, "producer"), standing(channel.sides.consumer, "consumer")),
      element("ol", { class: "slots", "aria-label": label }, ...empty, ...cells),
      element("p", { class: "faint" }, [hidden ? `${hidden} newer messages are not drawn. ` : "", rest > 0 ? `${rest} more free slots. ` : "",
        channel.registered ? "" : "Both handles are gone: the channel is registered no more."].join("")),
      element("div", { class: "beside" },
        group("Reserved", channel.reserved ? [region(channel.reserved)] : []),
        group("Held: popped and readable", channel.held.map((each) => message(each, held.has(each.number) ? "" : "lit"))),
        ...(channel.earlier.length ? [group("Expired, with a live view", channel.earlier.map((each) => message(each, "")))] : []))),
    figures(channel, changes),
  ];
}

function standing(handles, side) {
  return element("span", { class: side }, handles.map(([name, says]) => `${name}: ${says}`).join(", ") || `no ${side} in a variable`);
}

function message({ number, text, variable, views }, lit) {
  const known = text || "copied out";
  return element("li", { class: `slot full ${lit}`, title: known },
    element("span", { class: "number" }, `${number}`), element("code", {}, known),
    ...(variable ? [element("span", { class: "variable" }, variable)] : []),
    ...(views?.length ? [element("span", { class: "view" }, `view ${views.filter(Boolean).join(", ") || "without a name"}`)] : []));
}

function region({ variable, text, views }) {
  return element("li", { class: "slot region" }, element("code", {}, text),
    ...(variable ? [element("span", { class: "variable" }, variable)] : []),
    ...(views.length ? [element("span", { class: "view" }, `view ${views.join(", ")}`)] : []));
}

function group(title, items) {
  return element("div", { class: "group" }, element("h3", {}, title),
    items.length ? element("ol", { class: "slots" }, ...items) : element("p", { class: "faint" }, "none"));
}
