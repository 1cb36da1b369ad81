/* TruSt: each execution graph of the client that RC11 allows, exactly once, by re-execution.
 *
 * A read is added once for each store it may read from; a write once for each place in the modification order,
 * and it also revisits each earlier read that it may change, where everything added since then is forgotten but
 * what led to the write. Graphs still to be gone on with wait on a stack, the one to do next on top. */
#include <stdlib.h>

#include "run.h"

typedef struct {
  graph **items; /* each as big as its graph */
  size_t count, room;
} stack;

static stack open;     /* still to be explored */
static stack children; /* of the graph at hand */
static graph scratch;

static void push(stack *s, graph *g) {
  if (s->count == s->room && !(s->items = realloc(s->items, (s->room = 2 * s->room + 16) * sizeof *s->items))) abort();
  s->items[s->count++] = g;
}

static void add_child(const graph *g) {
  graph *copy = malloc(graph_size(g));
  if (!copy) abort();
  graph_copy(copy, g);
  copy->further = g == &run.graph;
  push(&children, copy);
}

static bool consistent(graph *g, int id, bool newest) {
  run.report->checks++;
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
  if (consistent(g, g->count - 1, true)) add_child(g);
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
    if (consistent(g, write, true) && (revisited < 0 || consistent(g, revisited, false))) add_child(g);
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
    add_child(&run.graph);
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

static void failed(void) {
  wm_report *report = run.report;
  report->failures++;
  report->kinds[run.failure]++;
  if (report->failure && report->trace_length <= trace_length()) return;
  report->failure = run.failure;
  memcpy(report->message, run.message, sizeof report->message);
  trace_keep();
}

static void completed(void) {
  wm_report *report = run.report;
  const graph *g = &run.graph;
  const event *asleep = NULL; /* the first thread that waits for ever */
  bool blocked = false, impatient = false;
  for (int number = 0; number < run.client->threads; number++) {
    if (run.threads[number].state == GIVEN_UP) {
      report->dropped++;
      return;
    }
    if (run.threads[number].state != BLOCKED) continue;
    const event *e = &g->events[g->of[number][g->length[number] - 1]];
    if (rank_of(g, e) != graph_last_rank(g, e->place)) {
      report->dropped++; /* it would have looked again, and may have woken others */
      return;
    }
    blocked = true;
    if (!e->patient) impatient = true; /* it goes on when its time is up: another execution */
    else if (!asleep) asleep = e;
  }
  if (asleep && !impatient && !run.options->blocking_allowed)
    run_failed(WM_LOST_WAKEUP, asleep->site, "lost wakeup: thread %d sleeps, and nobody is left to wake it",
               asleep->thread);
  if (run.options->check_repetition && !signatures_add(graph_signature(g))) report->repeated++;
  if ((uint32_t)g->count > report->longest) report->longest = (uint32_t)g->count;
  if (blocked) {
    report->blocked++;
    return;
  }
  report->complete++;
  run_end();
  if (run.failure) return;
  outcomes_add(&run.outcome);
  outcomes_judge(&run.outcome);
}

/* Decides nothing above the prefix: only the child it names is gone on with. */
static graph *choose_child(void) {
  graph *chosen = children.items[0];
  if (children.count == 1) {
    children.count = 0;
    return chosen;
  }
  uint32_t depth = (uint32_t)chosen->path_length;
  for (size_t i = 0; i < children.count; i++) children.items[i]->path[children.items[i]->path_length++] = (uint16_t)i;
  if (depth < run.options->prefix_length) {
    uint16_t wanted = run.options->prefix[depth];
    chosen = wanted < children.count ? children.items[wanted] : NULL;
    for (size_t i = 0; i < children.count; i++)
      if (i != wanted) free(children.items[i]);
  } else {
    for (size_t i = children.count; i-- > 1;) push(&open, children.items[i]);
  }
  children.count = 0;
  return chosen;
}

/* Goes on with run.graph until it is complete, leaving its siblings on the stack. */
static void extend(void) {
  run_start();
  while (!run.failure) {
    int number = next_thread();
    if (number < 0) {
      completed();
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
    if (!children.count) {
      run.report->dropped++; /* a read-modify-write that another one came before */
      return;
    }
    graph *chosen = choose_child();
    if (!chosen) {
      run_failed(WM_MISUSE, NULL, "the prefix does not fit: there is no such decision");
      break;
    }
    bool further = chosen->further;
    graph_copy(&run.graph, chosen);
    free(chosen);
    if (further) run_resume(number);
    else run_start();
  }
  if (run.failure) failed();
}

void wm_explore(const wm_client *client, const wm_options *options, wm_report *report) {
  memset(report, 0, sizeof *report);
  run.client = client;
  run.options = options;
  run.report = report;
  run.graph.count = run.graph.path_length = run.place_count = 0;
  memset(run.graph.length, 0, sizeof run.graph.length);
  outcomes_start();
  trace_start();
  while (open.count) free(open.items[--open.count]);
  if (client->threads < 1 || client->threads > WM_THREADS) {
    run.failure = WM_NONE;
    run_failed(WM_MISUSE, NULL, "%d threads: 1 to %d can be explored", client->threads, WM_THREADS);
    failed();
    return;
  }
  for (;;) {
    extend();
    if (!open.count || (report->failure && !options->all)) break;
    if (options->executions && report->complete + report->blocked >= options->executions) {
      report->cut += open.count;
      break;
    }
    if (options->split && open.count >= options->split) break;
    /* To split evenly, the oldest first: it has most below it. */
    size_t taken = options->split ? 0 : open.count - 1;
    graph_copy(&run.graph, open.items[taken]);
    free(open.items[taken]);
    memmove(open.items + taken, open.items + taken + 1, (--open.count - taken) * sizeof *open.items);
  }
  report->open = (uint32_t)open.count;
}

uint32_t wm_open(uint32_t number, uint16_t *decisions, uint32_t room) {
  if (number >= open.count) return 0;
  const graph *g = open.items[number];
  uint32_t length = (uint32_t)g->path_length < room ? (uint32_t)g->path_length : room;
  memcpy(decisions, g->path, length * sizeof *decisions);
  return length;
}
