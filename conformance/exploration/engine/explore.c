/* TruSt: each execution graph of the client that RC11 allows, exactly once, by re-execution.
 *
 * A read is added once for each store it may read from; a write once for each place in the modification order,
 * and it also revisits each earlier read that it may change, where everything added since then is forgotten but
 * what led to the write. */
#include "run.h"
#include "subtrees.h"

enum { RUNS_BETWEEN = 64 }; /* two calls of `progress` */

static graph scratch;

static bool consistent(graph *g, int id, bool newest) {
  run.report->checks += run_is_below_prefix();
  return is_consistent(g, id, newest);
}

static bool cxx20(void) { return run.options->cxx20; }

static void try_reading(graph *g, event e, int rank) {
  int from = graph_at_rank(g, e.place, rank);
  if (from == NO_EVENT) return;
  event_reads(&e, from, run_value(e.place, from));
  /* One who looks too early looks again; only what it read last counts. */
  if (event_blocks(&e) && rank != graph_last_rank(g, e.place)) return;
  graph_add(g, &e);
  derive_clocks(g, g->count - 1, cxx20());
  if (consistent(g, g->count - 1, true)) subtrees_add_child(g);
  graph_remove_last(g);
}

static void add_read(const event *e) {
  for (int rank = graph_last_rank(&run.graph, e->place); rank >= 0; rank--) try_reading(&run.graph, *e, rank);
}

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
  for (int read = write; read-- > 0;) {
    if (g->events[read].kind != READ || g->events[read].place != e->place) continue;
    if (!may_revisit(g, read, write, keep)) continue;
    keep[write] = true;
    graph_restrict(&scratch, g, keep, read, moved);
    event_reads(&scratch.events[moved[read]], moved[write], e->value);
    derive_clocks(&scratch, moved[read], cxx20());
    place_write(&scratch, moved[read]);
  }
  graph_remove_last(g);
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

/* The thread to step: whoever is inside a read-modify-write, or else the first that can; or -1. */
static int next_thread(void) {
  int first = -1;
  for (int number = run.client->threads; number-- > 0;) {
    const thread *t = &run.threads[number];
    if (t->state != ASKING) continue;
    first = number;
    if (t->request.e.exclusive) return number;
  }
  return first;
}

static bool is_bounded(int number) {
  const graph *g = &run.graph;
  uint32_t steps = run.options->steps ? run.options->steps : STEPS;
  return g->length[number] >= steps || g->length[number] >= STEPS || g->count + 1 >= EVENTS ||
         g->path_length + 1 >= DECISIONS;
}

/* Goes on with run.graph until it is complete, leaving its siblings. */
static void extend(void) {
  run_start();
  while (!run.failure) {
    int number = next_thread();
    if (number < 0) {
      if (run_is_below_prefix()) ended();
      else run_failed(WM_MISUSE, NULL, "the prefix does not fit: an execution ends before it");
      break;
    }
    if (is_bounded(number)) {
      run.report->cut++;
      return;
    }
    const request *r = &run.threads[number].request;
    if (r->e.kind == READ) add_read(&r->e);
    else if (r->e.kind == WRITE) add_write(&r->e);
    else add_other(r->e, r->e.kind == CHOICE ? r->below : 1);
    if (!subtrees_children()) {
      run.report->dropped++; /* a read-modify-write that another one came before */
      return;
    }
    if (!subtrees_take_child()) {
      run_failed(WM_MISUSE, NULL, "the prefix does not fit: there is no such decision");
      break;
    }
    if (run.graph.further) run_resume(number);
    else run_start();
  }
  if (run.failure) ended_in_failure();
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
  run.graph.count = run.graph.path_length = run.place_count = 0;
  report->estimate = options->seed ? 1 : 0;
  memset(run.graph.length, 0, sizeof run.graph.length);
  outcomes_start();
  trace_start();
  subtrees_start(options->seed);
  if (client->threads < 1 || client->threads > WM_THREADS) {
    run.failure = WM_NONE;
    run_failed(WM_MISUSE, NULL, "%d threads: 1 to %d can be explored", client->threads, WM_THREADS);
    ended_in_failure();
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
