/* Happens-before in what was done, with the weakened orders and with the core's; and from it, why the core does not
 * offer a step, or why it has no failure there. As graph.c of the explorer has it. */

const KERNEL = new Set(["awake", "waits"]); /* loads that order nothing */
const STORES = new Set(["write", "update"]);
const acquires = (order) => ["acquire", "acq_rel", "seq_cst", "heavy"].includes(order);
const releases = (order) => ["release", "acq_rel", "seq_cst", "heavy"].includes(order);

/* The kinds of fence that end a release or begin an acquire: light ones meet only heavy ones. */
const ANY = 0,
  LIGHT = 1,
  HEAVY = 2;
const none = () => [new Set(), new Set(), new Set()];
const both = (one, other) => one.map((each, kind) => new Set([...each, ...other[kind]]));

/* done: as of Play. core: with the core's orders. Gives of each step `before`: how many steps of each thread happen
 * before it, itself included; and `edges`: [from, to] where one synchronizes with the other. */
export function happensBefore(done, threads, core) {
  const info = [];
  const last = Array(threads).fill(null);
  const edges = [];
  const at = new Map(done.map((each, place) => [`${each.thread} ${each.number}`, place]));
  done.forEach(({ thread, number, step }, place) => {
    const order = core && step.core ? step.core : step.order;
    const previous = last[thread] === null ? null : info[last[thread]];
    const here = {
      order,
      before: previous ? [...previous.before] : Array(threads).fill(0),
      pending: previous ? previous.pending : none() /* what an acquire fence from here on synchronizes with */,
      released: previous ? previous.released : none() /* the last release fence */,
      message: none() /* what an acquire of this store synchronizes with */,
    };
    const join = (origins) => {
      for (const origin of origins) {
        if (info[origin].before.every((count, of) => count <= here.before[of])) continue;
        here.before = here.before.map((count, of) => Math.max(count, info[origin].before[of]));
        edges.push([origin, place]);
      }
    };
    here.before[thread] = number + 1;
    info.push(here);
    last[thread] = place;
    if (step.kind === "fence") {
      if (acquires(order)) join(here.pending[ANY]);
      if (order === "heavy") join(here.pending[LIGHT]);
      if (order === "light") join(here.pending[HEAVY]);
      here.released = [...here.released];
      if (releases(order)) here.released[ANY] = new Set([place]);
      if (order === "light") here.released[LIGHT] = new Set([place]);
      if (order === "heavy") here.released[HEAVY] = new Set([place]);
    } else if (step.source && step.source.thread >= 0 && !KERNEL.has(step.kind)) {
      const source = info[at.get(`${step.source.thread} ${step.source.number}`)];
      if (acquires(order)) join(source.message[ANY]);
      here.pending = both(here.pending, source.message);
    } else if (STORES.has(step.kind)) {
      here.message = here.released.map((each) => new Set(each));
      if (releases(order)) here.message[ANY] = new Set([place]);
      for (let earlier = place - 1; earlier >= 0; earlier--) {
        /* RC11: a release store heads later ones of its thread */
        const one = done[earlier];
        if (one.thread !== thread || one.step.place !== step.place || !STORES.has(one.step.kind)) continue;
        if (!releases(info[earlier].order)) continue;
        here.message[ANY] = new Set([...here.message[ANY], earlier]);
        break;
      }
      const read = done[at.get(`${thread} ${number - 1}`)];
      if (step.kind === "update" && read.step.source.thread >= 0)
        here.message = both(
          here.message,
          info[at.get(`${read.step.source.thread} ${read.step.source.number}`)].message,
        );
    }
  });
  return { before: info.map((each) => each.before), edges };
}

/* The edges that only the core's orders make. */
export function lostEdges(done, threads) {
  const weak = new Set(happensBefore(done, threads, false).edges.map(String));
  return happensBefore(done, threads, true).edges.filter((edge) => !weak.has(String(edge)));
}

/* How `from` comes before `to` in the core: edges on the way, or null where it does not. */
function way(from, to, done, { before, edges }) {
  const isBefore = (one, other) => before[other][done[one].thread] > done[one].number;
  if (!isBefore(from, to)) return null;
  if (done[from].thread === done[to].thread) return [];
  for (const [origin, reader] of edges) {
    const leads = done[reader].thread === done[to].thread && done[reader].number <= done[to].number;
    if (!leads || !isBefore(from, origin)) continue;
    const rest = way(from, origin, done, { before, edges });
    if (rest) return [...rest, [origin, reader]];
  }
  return null;
}

/* What one may know of the modification order: whether `store` comes after `read`, both as places in `done` or -1 for
 * the initial value. */
function isNewer(store, read, done, order) {
  if (store === read || store < 0) return false;
  if (read < 0 || way(read, store, done, order)) return true;
  const { thread, number, step } = done[store];
  if (step.kind !== "update") return false;
  const from = storeRead(
    done,
    done.findIndex((each) => each.thread === thread && each.number === number - 1),
  );
  return from === read || isNewer(from, read, done, order);
}

/* The place in `done` of the store that the load there reads, -1 for the initial value. */
function storeRead(done, place) {
  const { source } = done[place].step;
  return source.thread < 0
    ? -1
    : done.findIndex((each) => each.thread === source.thread && each.number === source.number);
}

const isLoad = ({ step }) => step.source && !KERNEL.has(step.kind);

/* Why the core does not let the last of `done` read what it reads: {newer, by, way}: the store `newer` has replaced that
 * value, and comes before the load by itself, or through the load `by`. null where that is not why. */
export function stale(done, threads) {
  const place = done.length - 1;
  if (!isLoad(done[place])) return null;
  const order = happensBefore(done, threads, true);
  const read = storeRead(done, place);
  for (let by = place - 1; by >= 0; by--) {
    const { step } = done[by];
    if (step.place !== done[place].step.place || KERNEL.has(step.kind)) continue;
    const store = STORES.has(step.kind) ? by : isLoad(done[by]) ? storeRead(done, by) : -1;
    if (!isNewer(store, read, done, order)) continue;
    const path = way(by, place, done, order);
    if (path) return { newer: store, by, way: path };
  }
  return null;
}

/* The same, where it is the core's fences: {store, after, before, load, older}. `store` has replaced the value, a fence
 * comes `after` it in its thread, and one `before` the load in its own. They come in one order; and that the other way
 * round is no way out shows a `load` behind the one that has missed the store `older` before the other. */
export function fenced(done, threads) {
  const place = done.length - 1;
  if (!isLoad(done[place])) return null;
  const order = happensBefore(done, threads, true);
  const kindOf = ({ step }) => (step.kind !== "fence" ? "" : step.core || step.order);
  const ORDERS = ["light", "heavy", "seq_cst"];
  const pairs = (one, other) =>
    ORDERS.includes(one) &&
    ORDERS.includes(other) &&
    (one !== "light" || other === "heavy") &&
    (other !== "light" || one === "heavy");
  const indices = (thread, test) => [...done.keys()].filter((at) => done[at].thread === thread && test(at));
  const missed = (load, store) =>
    done[load].step.place === done[store].step.place && isNewer(store, storeRead(done, load), done, order);
  const mine = done[place].thread;
  const fences = indices(mine, (at) => kindOf(done[at]) && at < place).reverse();
  for (let other = 0; other < threads; other++) {
    if (other === mine) continue;
    for (const store of indices(other, (at) => STORES.has(done[at].step.kind) && missed(place, at)))
      for (const before of fences)
        for (const after of indices(other, (at) => at > store && pairs(kindOf(done[before]), kindOf(done[at]))))
          for (const load of indices(other, (at) => at > after && isLoad(done[at])))
            for (const older of indices(
              mine,
              (at) => at < before && STORES.has(done[at].step.kind) && missed(load, at),
            ))
              return { store, after, before, load, older };
  }
  return null;
}
