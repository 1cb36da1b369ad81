/* The engine's own header: execution graphs (events so far in the order in which they were added, program order as a
 * list per thread, the store that each read reads from, each location's modification order as ranks), the state of one
 * run of the client's threads as coroutines, and what each file offers to those above it:
 *
 *   operations.c, explore.c  ->  run.c  ->  memory.c  ->  report.c  ->  graph.c
 *                 explore.c  ->  consistency.c  ->  graph.c */
#ifndef WM_ENGINE_H
#define WM_ENGINE_H

#include <setjmp.h>
#include <string.h>

#include "explorer.h"

/* ---- graph.c ---- */

enum { EVENTS = 512, STEPS = 250, DECISIONS = 1024, PLACES = 256, NOWHERE = -1, INITIAL = -1, NO_EVENT = -2 };

/* How many events of each thread, from its first. */
typedef struct {
  uint8_t of[WM_THREADS];
} clock_vector;

typedef enum { READ, WRITE, FENCE, CHOICE, WAKE } event_kind;

/* What kind of fence ends a release or begins an acquire: light ones meet only heavy ones. */
enum { ANY, LIGHT, HEAVY, FENCE_KINDS };

typedef struct {
  uint8_t thread, kind, order;
  bool exclusive : 1; /* part of a read-modify-write */
  bool waits : 1;     /* a read that blocks its thread while it reads `unwanted`, */
  bool equal : 1;     /* ... or until it reads just that */
  bool sleeps : 1;    /* ... asleep: it is to be woken after a store, and orders nothing for the program */
  bool compares : 1;  /* a read with the order `failure` unless it reads `unwanted` */
  uint8_t failure, success;
  uint16_t index; /* in its thread */
  int16_t place;  /* location, or NOWHERE */
  int16_t from;   /* read: the event read from, or INITIAL */
  uint16_t rank;  /* write: place in the modification order; gaps mean nothing; the initial value has 0 */
  int16_t older;  /* the access at its place that was added before it, or NO_EVENT */
  uint64_t value, unwanted;
  const wm_site *site;
  /* derived, in graph.c */
  clock_vector before; /* happens-before, itself included */
  clock_vector past;   /* po and rf, itself included */
  clock_vector message[FENCE_KINDS], pending[FENCE_KINDS], released[FENCE_KINDS];
} event;

typedef struct {
  int count;
  int sequential; /* accesses that may be seq_cst */
  int path_length;
  uint16_t length[WM_THREADS];
  bool further;           /* its parent and one more event, not a revisit */
  int16_t newest[PLACES]; /* the access at each place that was added last, or NO_EVENT */
  int16_t of[WM_THREADS][STEPS];
  uint16_t path[DECISIONS]; /* that led here */
  event events[EVENTS];     /* last: a graph that waits has room only for those it has */
} graph;

/* The accesses at a place, the newest first. */
#define EACH_AT(g, place, id) for (int id = (g)->newest[place]; id >= 0; id = (g)->events[id].older)

static inline bool is_access(const event *e) { return e->kind == READ || e->kind == WRITE; }

static inline bool clock_has(const clock_vector *clock, const event *e) { return clock->of[e->thread] > e->index; }

static inline bool may_be_sequential(const event *e) {
  return is_access(e) &&
         (e->order == wm_seq_cst || (e->compares && (e->success == wm_seq_cst || e->failure == wm_seq_cst)));
}

static inline void clock_join(clock_vector *into, const clock_vector *other) {
  for (int i = 0; i < WM_THREADS; i++)
    if (other->of[i] > into->of[i]) into->of[i] = other->of[i];
}

static inline int rank_of(const graph *g, const event *e) {
  if (e->kind == WRITE) return e->rank;
  return e->from < 0 ? 0 : g->events[e->from].rank;
}

/* A read reads `value`, of `from`. */
static inline void event_reads(event *e, int from, uint64_t value) {
  e->from = (int16_t)from;
  e->value = value;
  if (e->compares) e->order = value == e->unwanted ? e->success : e->failure;
}

/* It blocks its thread. */
static inline bool event_blocks(const event *e) {
  if (!e->waits) return false;
  return (e->value == e->unwanted) != e->equal;
}

static inline event *event_before(graph *g, const event *e) {
  return e->index ? &g->events[g->of[e->thread][e->index - 1]] : NULL;
}

void graph_clear(graph *g);
/* Puts `e` at the end of its thread; false where there is no room. */
bool graph_add(graph *g, const event *e);
void graph_remove_last(graph *g);
/* Writes of `place` with a rank from `rank` on move up by one, to make room. */
void graph_make_room(graph *g, int place, int rank);
void graph_close_room(graph *g, int place, int rank);
/* The highest rank at `place`, or 0; and the event that has a rank there, or INITIAL. */
int graph_last_rank(const graph *g, int place);
int graph_at_rank(const graph *g, int place, int rank);
void graph_copy(graph *to, const graph *from);
/* Bytes up to its last event. */
size_t graph_size(const graph *g);
/* `from` without the events not in `keep`, which must be closed under po and rf predecessors but for
 * `except`, whose source the caller sets again. moved[id]: the new number of an event, or NO_EVENT. */
void graph_restrict(graph *to, const graph *from, const bool *keep, int except, int16_t *moved);
/* The same for any two runs that give the same po, rf and modification orders. */
uint64_t graph_signature(const graph *g);

/* Everything derived of one event, from its predecessor in program order and its source. */
void derive_clocks(graph *g, int id, bool cxx20);

/* ---- consistency.c ---- */

/* Whether the graph is consistent with event `id`, which is new or changed; in a revisit both the write and the read
 * are, and each is asked for. */
bool is_consistent(graph *g, int id, bool newest);

/* ---- the run at hand ---- */

/* What a coroutine wants next; `at` is NULL where it has no location. */
typedef struct {
  event e;
  uintptr_t at;
  unsigned size;
  unsigned below;      /* of a choice */
  const event *second; /* of the read of a read-modify-write: its write, but for the value; else NULL */
  wm_change change;    /* what that makes of the value read, see `changed` */
  uint64_t operand;
} request;

static inline uint64_t truncated(uint64_t value, unsigned size) {
  return size == 8 ? value : value & (((uint64_t)1 << size * 8) - 1);
}

/* What a read-modify-write that has read `value` writes. */
static inline uint64_t changed(wm_change change, uint64_t value, uint64_t operand) {
  switch (change) {
    case wm_add:
      return value + operand;
    case wm_subtract:
      return value - operand;
    case wm_or:
      return value | operand;
    case wm_and:
      return value & operand;
    default:
      return operand;
  }
}

typedef enum { RUNNING, ASKING, BLOCKED, GIVEN_UP, ENDED } thread_state;

typedef struct {
  bool created;
  jmp_buf top, here, *resumed; /* resumed: where it goes on */
  thread_state state;
  const request *request; /* on its stack */
  uint64_t answer;
  int replayed; /* own events it has gone through */
} thread;

typedef struct {
  uintptr_t at;
  unsigned size;
  uint64_t initial;
  unsigned run;   /* the last run that touched it */
  int16_t newest; /* event: the last in modification order that this run has gone through */
} location;

typedef struct {
  const wm_client *client;
  const wm_options *options;
  wm_report *report;
  graph graph;
  thread threads[WM_THREADS];
  int current; /* the coroutine that runs, or -1: begin or end */
  /* explore.c's: takes the step that the coroutine that runs asks for; false where that is not to go on. */
  bool (*step)(void);
  jmp_buf scheduler;
  location places[PLACES];
  int place_count;
  unsigned number;
  wm_failure failure; /* it has ended this run */
  wm_failure met;     /* the first, which may let it go on */
  int stopped;        /* the thread whose plain access that was; or -1 */
  char message[512];
  wm_outcome_seen outcome;
  clock_vector trace; /* the events that led to the failure; none: all of them */
} run_state;

extern run_state run;

/* Whether the path is not above the prefix: what is above was counted by the exploration that left the prefix. */
static inline bool run_is_below_prefix(void) { return (uint32_t)run.graph.path_length >= run.options->prefix_length; }

/* ---- report.c: failures, outcomes and traces of the runs so far ---- */

void run_failed(wm_failure failure, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first `count` events of this thread, and what they depend on, are part of the failure's trace. */
void run_trace(int number, int count);
void report_start(void);
void report_failure(void);
void report_execution(void);                       /* to those who want each */
bool outcomes_add(const wm_outcome_seen *outcome); /* whether it is allowed */
bool signatures_add(uint64_t signature);           /* false: it was there already */
void path_keep(void);                              /* of one run by chance: its decisions without a trace */
const char *place_name(int place);

/* ---- memory.c: an arena per thread, and a race detector for plain memory ---- */

/* In each: `clock` is what happens before the access; `index` is that of the next event in its thread, or its own. */
void memory_start(void);
void memory_access(uintptr_t at, size_t size, bool write, int thread, int index, const clock_vector *clock,
                   const wm_site *site);
void memory_explored(uintptr_t at, size_t size, const event *e); /* an access whose value is the graph's */
void memory_free(void *memory, int thread, int index, const clock_vector *clock, const wm_site *site);

/* ---- run.c ---- */

/* Starts again, and replays the graph as far as it reaches. */
void run_start(void);
/* The newest event of the graph is what this thread asked for: go on, as far as `step` lets it. */
void run_resume(int number);
/* No thread can go on: counts the execution as complete, blocked, dropped or failed. false: dropped. */
bool run_finish(void);
/* From inside a coroutine: asks for one event, and gives what it reads. */
uint64_t run_ask(request *wanted);
/* From inside a coroutine: never to go on, for the execution has failed. */
void run_stop(void);
/* What a read of `from` would read here. */
uint64_t run_value(int place, int from);

#endif
