/* What the page says of steps, of choices, and of the core. Sentences are arrays of texts and of places in `done`, which
 * become links to those steps. */
import { fenced, lostEdges, stale } from "./order.js";

const FENCES = {
  light: "light fence",
  heavy: "heavy fence",
  seq_cst: "full fence",
  acq_rel: "acquire-release fence",
};

const number = (value) => (value >= 1n << 16n ? `0x${value.toString(16)}` : String(value));

/* A step without the value that it reads. */
export function asked(step) {
  const { kind, place, order, value } = step;
  if (kind === "read") return `load of ${place}`;
  if (kind === "write") return `store to ${place}: ${number(value)}`;
  if (kind === "fetch" || kind === "update") return `read-modify-write of ${place}`;
  if (kind === "fence") return FENCES[order] || `${order} fence`;
  if (kind === "left out") return "a wake is left out here";
  if (kind === "choose") return "a choice of the system";
  if (kind === "awake") return `sleep on ${place}`;
  if (kind === "waits") return `wait for another value of ${place}`;
  return `wake of who sleeps on ${place}`;
}

/* A step that was done; `second`: the other half of a read-modify-write, or null. */
export function did(step, second) {
  const { kind, place, value } = step;
  if (kind === "read") return `load of ${place}: ${number(value)}`;
  if (kind === "fetch" && second)
    return `read-modify-write of ${place}: ${number(value)} becomes ${number(second.value)}`;
  return asked(step);
}

/* The order that shows on a step; "" where that says nothing. */
export function orderOf(step, second) {
  if (["fence", "choose", "awake", "wake", "waits", "left out"].includes(step.kind)) return "";
  if (!second || second.order === "relaxed" || second.order === step.order) return step.order;
  return step.order === "acquire" ? "acq_rel" : second.order;
}

/* Of an option: what it reads, and from where. */
export function option({ step, sleeps }, play) {
  if (step.kind === "choose") return choice(step, sleeps);
  if (step.kind === "waits") return ["is not woken"];
  const what = step.kind === "awake" ? ["is over"] : [`${number(step.value)}, `];
  if (step.source.thread < 0) return [...what, "the initial value"];
  const place = play.placeOf(step.source.thread, step.source.number);
  if (place < 0) return [...what, `which thread ${step.source.thread} has not stored yet`];
  const { thread, step: source } = play.done[place];
  return [
    ...what,
    step.kind === "awake" ? " by " : "from ",
    place,
    ` (thread ${thread}, ${source.file}:${source.line})`,
  ];
}

function choice(step, sleeps) {
  const which = sleeps
    ? ["only a wake ends the sleep", "its time is up", "a signal ends it"]
    : ["memory is given", "memory is refused"];
  return [which[Number(step.value)] ?? number(step.value)];
}

/* In a line, for a list and for the status. */
export function line(entry, second, play) {
  const { step } = entry;
  if (step.kind === "choose") return choice(step, entry.sleeps);
  if (step.kind === "waits") return [`${asked(step)}, for ever`];
  if (step.kind === "awake") return [`${asked(step)} `, ...option(entry, play)];
  if (!step.source) return [did(step, second)];
  return [`${asked(step)} reads `, ...option(entry, play)];
}

const edge = ([from, to]) => [from, " synchronizes with ", to];

function path(way) {
  return way.flatMap((each, at) => [at ? ", and " : "", ...edge(each)]);
}

/* Why the core does not offer the step at which it parts, or has no failure where it offers all: sentences. */
export function why(play) {
  const { parting, done, threads, row } = play;
  if (play.leavesOut)
    return parting === null
      ? []
      : [
          [
            "In the core a wake is called here, at ",
            parting,
            `: ${row.access}. A thread that sleeps on this word, or is about to, is woken by it.`,
          ],
        ];
  if (parting !== null) return whyNotOffered(done.slice(0, parting + 1), threads);
  if (!play.failure) return [];
  return [["The core offers each of these steps too, and does not fail."], ...whyNoRace(play)];
}

function whyNotOffered(done, threads) {
  const load = done.length - 1;
  const old = stale(done, threads);
  if (old) {
    const seen = old.by === old.newer ? [] : [" (", old.by, " has read that)"];
    const before = old.way.length ? [", for ", ...path(old.way)] : "";
    return [
      [
        "The core does not offer ",
        load,
        ": ",
        old.newer,
        " has stored a newer value",
        ...seen,
        ", and that happens before the load",
        ...before,
        ".",
      ],
    ];
  }
  const fences = fenced(done, threads);
  if (fences)
    return [
      [
        "The core does not offer ",
        load,
        ". There the fences at ",
        fences.after,
        " and ",
        fences.before,
        " come in one order, for both threads:",
      ],
      [
        "if ",
        fences.after,
        " is the first, a load behind the other reads what ",
        fences.store,
        " has stored before it, or something newer;",
      ],
      ["if ", fences.before, " is the first, ", fences.load, " would have read what ", fences.older, " has stored."],
    ];
  return [["The core has no execution in which ", load, " reads this after the steps before it."]];
}

function whyNoRace(play) {
  const lost = lostEdges(play.done, play.threads);
  if (lost.length) {
    const [from, to] = lost[lost.length - 1];
    return [
      [
        "There ",
        ...edge([from, to]),
        ": what thread ",
        String(play.done[from].thread),
        " has done before the one happens before what thread ",
        String(play.done[to].thread),
        " does after the other. With the change nothing orders the two accesses.",
      ],
    ];
  }
  return [
    [
      "There this access is atomic, and two atomic accesses are never a data race. With the change one of the two is a plain access, and nothing orders them.",
    ],
  ];
}
