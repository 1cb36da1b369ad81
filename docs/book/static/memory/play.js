/* A row of the table of necessity, played.
 *
 * A file of build/executions/rows has every execution of one client with one access of the core weakened. What was
 * done so far is a prefix: some first steps of each thread. What may come next is the next step of a thread in any
 * execution that begins with them; a load is offered each store that it reads in one of these, once that store is there.
 * A failure is met when all that led to it, in one of them, has been done. */

const SECOND = "update"; /* half of a read-modify-write: comes with the first */
const SLEEPS = new Set(["awake", "waits"]);

/* The value of a file, for Play: steps, a trie of them per thread, and executions. */
export function decode(file) {
  const steps = file.steps.map(([kind, order, place, value, site, thread, number, core]) => ({
    kind: file.kinds[kind],
    order: file.orders[order],
    place: place < 0 ? "" : file.places[place],
    value: BigInt(value),
    file: file.sites[site][0],
    line: file.sites[site][1],
    /* Of a load: {thread, number} of the step whose store it reads, thread -1 for the initial value. */
    source: thread === undefined || thread === -2 ? null : { thread, number },
    /* Where the weakening has changed the order: the core's. */
    core: core === undefined ? null : file.orders[core],
  }));
  const tries = file.tries.map(trie);
  const width = tries.length + 2;
  const ends = file.ends.map(([failure, message, ...failed]) => ({ failure, message, failed }));
  const executions = [];
  for (let at = 0; at < file.executions.length; at += width) {
    const row = file.executions.slice(at, at + width);
    executions.push({ last: row.slice(0, -2), end: ends[row[width - 2]], core: row[width - 1] === 1 });
  }
  return { steps, tries, executions };
}

/* Of each node, from 1: its step, its depth, the last node below it, and its children; 0 is the root. */
function trie(runs) {
  const nodes = [{ step: -1, depth: 0, last: 0, parent: 0, children: [] }];
  for (const [from, ...steps] of runs) {
    let parent = from;
    for (const step of steps) {
      nodes.push({ step, depth: nodes[parent].depth + 1, last: nodes.length, parent, children: [] });
      nodes[parent].children.push(nodes.length - 1);
      parent = nodes.length - 1;
    }
  }
  for (let at = nodes.length - 1; at > 0; at--) {
    const parent = nodes[nodes[at].parent];
    parent.last = Math.max(parent.last, nodes[at].last);
  }
  return nodes;
}

export class Play {
  /* row: of index.json. file: that row's. */
  constructor(row, file) {
    this.row = row;
    this.set = decode(file);
    this.threads = this.set.tries.length;
    this.restart();
  }

  restart() {
    this.at = Array(this.threads).fill(0);
    /* Of each step done: {thread, number, node, step, sleeps, options, second}; number: in its thread. */
    this.done = [];
    this.possible = [this.set.executions]; /* that begin with what was done, after each step */
  }

  get now() {
    return this.possible[this.possible.length - 1];
  }

  depth(thread) {
    return this.set.tries[thread][this.at[thread]].depth;
  }

  stepOf(thread, node) {
    return this.set.steps[this.set.tries[thread][node].step];
  }

  /* What this thread may do next: {node, step, there, core, sleeps} for each; there: whether its source is there yet,
   * core: whether the core offers it here too, sleeps: whether it ends a sleep. One that is alone is no choice. */
  options(thread) {
    const trie = this.set.tries[thread];
    const here = this.at[thread];
    const found = new Map();
    for (const execution of this.now) {
      if (execution.last[thread] === here) continue;
      const node = trie[here].children.find((each) => execution.last[thread] <= trie[each].last);
      const option = found.get(node) || { node, step: this.stepOf(thread, node), core: false };
      option.core ||= execution.core;
      found.set(node, option);
    }
    const options = [...found.values()].sort((one, other) => one.node - other.node);
    const then = options.flatMap(({ node }) => trie[node].children.map((child) => this.stepOf(thread, child).kind));
    const sleeps = options[0]?.step.kind === "choose" && then.some((kind) => SLEEPS.has(kind));
    for (const each of options) {
      const source = each.step.source;
      each.sleeps = sleeps;
      each.there = !source || source.thread < 0 || source.number < this.depth(source.thread);
      if (this.leavesOut) each.core = this.parting === null && each.step.kind !== "left out";
    }
    return options;
  }

  /* Whether the row leaves a wake out: up to there the core does the same. */
  get leavesOut() {
    return this.row.weaker === "left out";
  }

  /* Does it, and the second half of a read-modify-write with it. */
  take(thread, node) {
    this.#push(thread, node, false);
    for (let next = this.options(thread); next.length === 1 && next[0].step.kind === SECOND;) {
      this.#push(thread, next[0].node, true);
      next = this.options(thread);
    }
  }

  #push(thread, node, second) {
    const options = this.options(thread);
    const chosen = options.find((each) => each.node === node);
    if (!chosen || !chosen.there) throw new Error(`thread ${thread} has no step ${node} here`);
    const last = this.set.tries[thread][node].last;
    this.possible.push(this.now.filter((each) => each.last[thread] >= node && each.last[thread] <= last));
    this.done.push({
      thread,
      number: this.depth(thread),
      node,
      step: chosen.step,
      sleeps: chosen.sleeps,
      options,
      second,
    });
    this.at[thread] = node;
  }

  /* Undoes the last; false where nothing was done. */
  back() {
    if (!this.done.length) return false;
    let undone;
    do {
      undone = this.done.pop();
      this.possible.pop();
      this.at[undone.thread] = this.set.tries[undone.thread][undone.node].parent;
    } while (undone.second);
    return true;
  }

  /* Lets the thread go on until it has a choice, or nothing to do: how many steps that was. */
  run(thread) {
    const before = this.done.length;
    while (!this.failure) {
      const options = this.options(thread);
      if (options.length !== 1 || !options[0].there) break;
      this.take(thread, options[0].node);
    }
    return this.done.length - before;
  }

  /* {failure, message} where all that led to a failure was done, that of the row first; or null. */
  get failure() {
    const met = this.now.filter(({ end }) => end.failure && end.failed.every((count, of) => this.depth(of) >= count));
    return (met.find(({ end }) => end.failure === this.row.failure) || met[0])?.end ?? null;
  }

  /* Whether nothing more can be done, and nothing has failed. */
  get isOver() {
    return !this.failure && this.at.every((_, thread) => !this.options(thread).some((each) => each.there));
  }

  /* Which execution that ends in the row's failure needs the fewest further steps; null where none begins so. */
  #nearest() {
    const left = ({ end }) => end.failed.reduce((sum, count, of) => sum + Math.max(0, count - this.depth(of)), 0);
    const ours = this.now.filter(({ end }) => end.failure === this.row.failure);
    return ours.reduce((best, each) => (best && best.left <= left(each) ? best : { each, left: left(each) }), null);
  }

  /* How many steps the failure is away at least; null where it cannot be reached any more. */
  get away() {
    return this.#nearest()?.left ?? null;
  }

  /* The next step to the failure, {thread, node}: of the thread that did the last, where that may be; that a thread
   * waits for ever, last of all. null: back. */
  hint() {
    const goal = this.#nearest();
    if (!goal) return null;
    const last = this.done.length ? this.done[this.done.length - 1].thread : 0;
    const order = [...this.at.keys()].map((each) => (each + last) % this.threads);
    let waits = null;
    for (const thread of order) {
      if (this.depth(thread) >= goal.each.end.failed[thread]) continue;
      const wanted = this.options(thread).find(
        ({ node, there }) =>
          there && goal.each.last[thread] >= node && goal.each.last[thread] <= this.set.tries[thread][node].last,
      );
      if (wanted && wanted.step.kind !== "waits") return { thread, node: wanted.node };
      if (wanted) waits = { thread, node: wanted.node };
    }
    return waits;
  }

  /* Does what the hint says: false where that was to step back, or where the failure is met. */
  follow() {
    if (this.failure) return false;
    const next = this.hint();
    if (!next) {
      this.back();
      return false;
    }
    this.take(next.thread, next.node);
    return true;
  }

  /* The place in `done` of the first step that the core does not offer after those before it; null where it does all.
   * Where a wake is left out that is the step in its stead. */
  get parting() {
    if (this.leavesOut) {
      const at = this.done.findIndex((each) => each.step.kind === "left out");
      return at < 0 ? null : at;
    }
    const at = this.possible.findIndex((each) => !each.some((execution) => execution.core));
    return at < 0 ? null : at - 1;
  }

  /* The place in `done` of a step of a thread by its number there. */
  placeOf(thread, number) {
    return this.done.findIndex((each) => each.thread === thread && each.number === number);
  }

  /* Whether the thread has come to where it waits for ever. */
  isAsleep(thread) {
    const node = this.at[thread];
    return node > 0 && this.stepOf(thread, node).kind === "waits";
  }
}
