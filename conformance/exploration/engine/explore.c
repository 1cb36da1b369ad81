/* TruSt: each execution graph of the client that RC11 allows, exactly once, by re-execution.
 *
 * A read is added once for each store it may read from; a write once for each place in the modification order,
 * and it also revisits each earlier read that it may change, where everything added since then is forgotten but
 * what led to the write. */
#include <stdlib.h>

#include "engine.h"

enum { RUNS_BETWEEN = 64 }; /* two calls of `progress` */

/* What a step makes of run.graph. */
typedef enum { FURTHER, REVISIT, CUT, DROPPED, MISFIT } step_end;

/* ---- what is still to be explored: graphs that wait on a stack, the one to do next on top ---- */

typedef struct {
  graph **items; /* each as big as its graph */
  size_t count, room;
} stack;

static stack open;                              /* still to be explored */
static stack children;                          /* of the graph at hand */
static event first;                             /* of them, see subtrees_add_child */
static graph *const no_execution = &(graph){0}; /* a child that is none; it keeps its number */
static uint64_t chance;

static void subtrees_start(uint64_t seed) {
  while (open.count) free(open.items[--open.count]);
  chance = seed * 0x9E3779B97F4A7C15u;
}

static uint32_t subtrees_waiting(void) { return (uint32_t)open.count; }

static void push(stack *s, graph *g) {
  if (s->count == s->room && !(s->items = realloc(s->items, (s->room = 2 * s->room + 16) * sizeof *s->items))) abort();
  s->items[s->count++] = g;
}

/* A child of run.graph. Where the first is run.graph and one event more, that event is kept, and no item: most have no
 * other child, and need no copy. */
static void subtrees_add_child(const graph *g) {
  graph *copy = NULL;
  bool further = g == &run.graph;
  if (further && !children.count) {
    first = g->events[g->count - 1];
  } else {
    if (!(copy = malloc(graph_size(g)))) abort();
    graph_copy(copy, g);
    copy->further = further;
  }
  push(&children, copy);
}

static size_t subtrees_children(void) { return children.count; }

static void subtrees_add_none(void) { push(&children, no_execution); }

static void discard(graph *g) {
  if (g != no_execution) free(g);
}

/* All children but so many, the first. */
static void subtrees_forget(size_t kept) {
  while (children.count > kept) discard(children.items[--children.count]);
}

static void take(graph *g) {
  graph_copy(&run.graph, g);
  free(g);
}

static step_end take_child(size_t number) {
  graph *g = children.items[number];
  if (g == no_execution) return DROPPED;
  if (g) {
    take(g);
  } else {
    if (first.kind == WRITE) graph_make_room(&run.graph, first.place, first.rank);
    graph_add(&run.graph, &first);
    run.graph.further = true;
  }
  if (children.count > 1) run.graph.path[run.graph.path_length++] = (uint16_t)number;
  return run.graph.further ? FURTHER : REVISIT;
}

/* xorshift64 */
static size_t by_chance(size_t below) {
  chance ^= chance << 13, chance ^= chance >> 7, chance ^= chance << 17;
  return (size_t)((chance >> 11) % below);
}

/* Only one of several is gone on with. */
static step_end take_only(size_t wanted) {
  step_end end = wanted < children.count ? take_child(wanted) : MISFIT;
  for (size_t i = 0; i < children.count; i++)
    if (i != wanted) discard(children.items[i]);
  return end;
}

/* One child becomes run.graph, unless that one is no execution (DROPPED). The others wait, but above the prefix, or
 * where it was chosen by chance, they are discarded. MISFIT: the prefix names a child that does not exist. */
static step_end subtrees_take_child(void) {
  size_t count = children.count;
  step_end end;
  if (count > 1 && !run_is_below_prefix()) {
    end = take_only(run.options->prefix[run.graph.path_length]);
  } else if (count > 1 && run.options->seed) {
    run.report->estimate *= (double)count;
    end = take_only(by_chance(count));
  } else {
    for (size_t i = count; i-- > 1;) {
      graph *g = children.items[i];
      if (g == no_execution) {
        run.report->dropped++;
        continue;
      }
      g->path[g->path_length++] = (uint16_t)i;
      push(&open, g);
    }
    end = take_child(0);
  }
  children.count = 0;
  return end;
}

/* Into run.graph: the newest, or the oldest. */
static void subtrees_next(bool oldest) {
  size_t at = oldest ? 0 : open.count - 1;
  graph *g = open.items[at];
  memmove(open.items + at, open.items + at + 1, (--open.count - at) * sizeof *open.items);
  take(g);
}

uint32_t wm_open(uint32_t number, uint16_t *decisions, uint32_t room) {
  if (number >= open.count) return 0;
  const graph *g = open.items[number];
  uint32_t length = (uint32_t)g->path_length < room ? (uint32_t)g->path_length : room;
  memcpy(decisions, g->path, length * sizeof *decisions);
  return length;
}

/* ---- revisits ---- */

/* TruSt's condition for a write to change what an earlier read reads: whatever that deletes, and the read itself,
 * was added as if nothing else were to come. So one parent, and only one, revisits to the same graph.
 *
 * Kokologiannakis, Marmanis, Gladstein, Vafeiadis: Truly stateless, optimal dynamic partial order reduction
 * (POPL 2022), algorithm 2. */
static bool is_maximally_added(const graph *g, int id, int write) {
  const event *e = &g->events[id];
  const clock_vector *past = &g->events[write].past;
  if (e->kind == CHOICE) return e->value == 0;
  if (!is_access(e)) return true;
  int rank = rank_of(g, e);
  EACH_AT(g, e->place, other) {
    const event *o = &g->events[other];
    if (other == write || (other > id && !clock_has(past, o))) continue;
    if (o->kind == READ && e->kind == WRITE && o->from == id) return false;
    if (o->kind == WRITE && o->rank > rank) return false;
  }
  return true;
}

static bool may_revisit(const graph *g, int read, int write, bool *keep) {
  const event *r = &g->events[read], *w = &g->events[write];
  if (clock_has(&w->past, r)) return false;
  for (int id = 0; id < g->count; id++) {
    keep[id] = id <= read || clock_has(&w->past, &g->events[id]);
    if ((!keep[id] || id == read) && !is_maximally_added(g, id, write)) return false;
  }
  return true;
}

/* ---- the exploration ---- */

static graph scratch;

static bool consistent(graph *g, int id, bool newest) {
  run.report->checks += run_is_below_prefix();
  return is_consistent(g, id, newest);
}

static bool cxx20(void) { return run.options->cxx20; }

/* `write` is the newest event and has no place in the modification order yet; it has changed `revisited`, if any. */
static void place_write(graph *g, int revisited) {
  int write = g->count - 1, place = g->events[write].place;
  int last = graph_last_rank(g, place), low = 0;
  if (g->events[write].exclusive) last = low = rank_of(g, event_before(g, &g->events[write]));
  for (int rank = last; rank >= low; rank--) {
    if (graph_at_rank(g, place, rank) == NO_EVENT) continue;
    graph_make_room(g, place, rank + 1);
    g->events[write].rank = (uint16_t)(rank + 1);
    if (consistent(g, write, true) && (revisited < 0 || consistent(g, revisited, false))) subtrees_add_child(g);
    g->events[write].rank = 0;
    graph_close_room(g, place, rank + 1);
  }
}

static void add_write(const event *e) {
  graph *g = &run.graph;
  graph_add(g, e);
  int write = g->count - 1;
  g->events[write].rank = 0;
  derive_clocks(g, write, cxx20());
  place_write(g, NOWHERE);
  bool keep[EVENTS];
  int16_t moved[EVENTS];
  EACH_AT(g, e->place, read) {
    if (g->events[read].kind != READ || !may_revisit(g, read, write, keep)) continue;
    keep[write] = true;
    graph_restrict(&scratch, g, keep, read, moved);
    event_reads(&scratch.events[moved[read]], moved[write], e->value);
    derive_clocks(&scratch, moved[read], cxx20());
    place_write(&scratch, moved[read]);
  }
  graph_remove_last(g);
}

static bool is_bounded(int number) {
  const graph *g = &run.graph;
  uint32_t steps = run.options->steps ? run.options->steps : STEPS;
  return g->length[number] >= steps || g->length[number] >= STEPS || g->count + 1 >= EVENTS ||
         g->path_length + 1 >= DECISIONS;
}

/* Whether the read-modify-write goes on, of which `read`, the newest event, is the first half: not if another one has
 * read the same store, and what this one stores cannot make that one read it instead. */
static bool goes_on(graph *g, const event *read, const request *r) {
  if (!r->second || event_blocks(read) || (read->compares && read->value != read->unwanted)) return true;
  if (is_bounded(read->thread)) return true; /* there is no room to try */
  int rank = rank_of(g, read);
  bool replaced = false;
  EACH_AT(g, read->place, id) {
    const event *w = &g->events[id];
    replaced |= w->kind == WRITE && w->exclusive && rank_of(g, event_before(g, w)) == rank;
  }
  if (!replaced) return true;
  event second = *r->second;
  second.thread = read->thread;
  second.place = read->place;
  second.value = truncated(changed(r->change, read->value, r->operand), r->size);
  size_t kept = subtrees_children();
  add_write(&second);
  bool fits = subtrees_children() > kept;
  subtrees_forget(kept);
  return fits;
}

static void try_reading(graph *g, const request *r, int rank) {
  event e = r->e;
  int from = graph_at_rank(g, e.place, rank);
  if (from == NO_EVENT) return;
  event_reads(&e, from, run_value(e.place, from));
  /* A waiter that reads a stale value loads again, and only its last load counts; a sleeper is to be woken first. */
  if (event_blocks(&e) && !e.sleeps && rank != graph_last_rank(g, e.place)) return;
  graph_add(g, &e);
  derive_clocks(g, g->count - 1, cxx20());
  if (consistent(g, g->count - 1, true)) {
    if (goes_on(g, &g->events[g->count - 1], r)) subtrees_add_child(g);
    else subtrees_add_none();
  }
  graph_remove_last(g);
}

static void add_read(const request *r) {
  for (int rank = graph_last_rank(&run.graph, r->e.place); rank >= 0; rank--) try_reading(&run.graph, r, rank);
}

static void add_other(event e, unsigned choices) {
  for (unsigned value = 0; value < choices; value++) {
    if (e.kind == CHOICE) e.value = value;
    graph_add(&run.graph, &e);
    derive_clocks(&run.graph, run.graph.count - 1, cxx20());
    subtrees_add_child(&run.graph);
    graph_remove_last(&run.graph);
  }
}

/* The thread to step: the one inside a read-modify-write, or else the first that is not about to wait, for the later a
 * wait begins, the fewer stores come that end it; or else the first that can; or -1. */
static int next_thread(void) {
  int first = -1, waits = -1;
  for (int number = run.client->threads; number-- > 0;) {
    const thread *t = &run.threads[number];
    if (t->state != ASKING) continue;
    if (t->request->e.exclusive) return number;
    *(t->request->e.waits ? &waits : &first) = number;
  }
  return first < 0 ? waits : first;
}

static step_end last_step;

/* Adds what this thread asks for, and takes a child. */
static step_end take_step(int number) {
  if (is_bounded(number)) return CUT;
  const request *r = run.threads[number].request;
  if (r->e.kind == READ) add_read(r);
  else if (r->e.kind == WRITE) add_write(&r->e);
  else add_other(r->e, r->e.kind == CHOICE ? r->below : 1);
  if (!subtrees_children()) return DROPPED; /* a store of a read-modify-write that has no place */
  return subtrees_take_child();
}

/* A step inside the coroutine that runs, which is not left where it goes on: as it mostly does, for it was the
 * one to step, and a step of one thread lets no other go on. */
static bool step(void) {
  if (next_thread() != run.current) return false;
  last_step = take_step(run.current);
  return last_step == FURTHER;
}

/* Goes on with run.graph until it is complete, leaving its siblings. */
static void extend(void) {
  bool dropped = false;
  run_start();
  while (!run.failure) {
    int number = next_thread();
    if (number < 0) {
      if (run_is_below_prefix()) dropped = !run_finish();
      else run_failed(WM_MISUSE, "the prefix does not fit: an execution ends before it");
      break;
    }
    last_step = take_step(number);
    if (last_step == FURTHER) run_resume(number); /* which takes steps of its own */
    if (last_step == REVISIT) run_start();
    if (last_step == MISFIT) run_failed(WM_MISUSE, "the prefix does not fit: there is no such decision");
    run.report->cut += last_step == CUT;
    run.report->dropped += last_step == DROPPED;
    if (last_step == CUT || last_step == DROPPED) return;
  }
  if (!dropped) report_execution();
  if (run.failure) report_failure();
}

/* Whether to stop here, and leave the rest open. */
static bool is_enough(uint64_t runs, uint64_t first_failed) {
  const wm_options *o = run.options;
  if (run.report->failure && !o->all && runs - first_failed >= o->further) return true;
  if (o->split && subtrees_waiting() >= o->split) return true;
  return o->progress && runs % RUNS_BETWEEN == 0 && !o->progress(run.client->context, run.report);
}

void wm_explore(const wm_client *client, const wm_options *options, wm_report *report) {
  memset(report, 0, sizeof *report);
  run.client = client;
  run.options = options;
  run.report = report;
  run.step = step;
  run.place_count = 0;
  graph_clear(&run.graph);
  report->estimate = options->seed ? 1 : 0;
  report_start();
  subtrees_start(options->seed);
  if (client->threads < 1 || client->threads > WM_THREADS) {
    run.failure = WM_NONE;
    run_failed(WM_MISUSE, "%d threads: 1 to %d can be explored", client->threads, WM_THREADS);
    report_failure();
    return;
  }
  for (uint64_t runs = 1, first_failed = 0;; runs++) {
    extend();
    if (report->failure && !first_failed) first_failed = runs;
    if (!subtrees_waiting() || is_enough(runs, first_failed)) break;
    if (options->executions && report->complete + report->blocked >= options->executions) {
      report->cut += subtrees_waiting();
      break;
    }
    subtrees_next(options->split); /* to split evenly, the oldest: it has most below it */
  }
  report->open = subtrees_waiting();
  if (options->seed) path_keep();
}
