/* One execution: the client's threads as coroutines, from their start, along a graph and beyond it. */
#ifndef WM_RUN_H
#define WM_RUN_H

#include <ucontext.h>

#include "graph.h"

/* What a coroutine wants next; `at` is NULL where it has no location. */
typedef struct {
  event e;
  uintptr_t at;
  unsigned size;
  unsigned below; /* of a choice */
} request;

typedef enum { RUNNING, ASKING, BLOCKED, GIVEN_UP, ENDED } thread_state;

typedef struct {
  ucontext_t context;
  char *stack;
  thread_state state;
  request request;
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
  ucontext_t scheduler;
  location places[PLACES];
  int place_count;
  unsigned number;
  wm_failure failure;
  const char *what;
  char message[512];
  const wm_site *site;
  wm_outcome_seen outcome;
  clock_vector blamed; /* what led to the failure; nothing: all did */
} run_state;

extern run_state run;

/* Whether the path is not above the prefix: what led there was counted by whoever found it. */
static inline bool run_is_below_prefix(void) { return (uint32_t)run.graph.path_length >= run.options->prefix_length; }

/* Starts again, and goes along the graph as far as it reaches. */
void run_start(void);
/* The newest event of the graph is what this thread asked for: go on to its next request. */
void run_resume(int number);
/* All threads have ended. */
void run_end(void);
void run_failed(wm_failure failure, const wm_site *site, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What led to the first `count` events of this thread, and they themselves, led to the failure. */
void run_blame(int number, int count);
/* From inside a coroutine: asks for one event, and gives what it reads. */
uint64_t run_ask(request *wanted);
/* From inside a coroutine: never to go on, for the execution has failed. */
void run_stop(void);
/* What a read of `from` would read here. */
uint64_t run_value(int place, int from);

/* plain.c: watches which accesses are not ordered. `clock`: what happens before it; `index`: of the event that
 * comes next in its thread, or of itself. */
void plain_start(void);
void plain_access(uintptr_t at, size_t size, bool write, int thread, int index, const clock_vector *clock,
                  const wm_site *site);
void plain_explored(uintptr_t at, size_t size, const event *e); /* one whose value is the graph's */
void plain_freed(uintptr_t at, size_t size, int thread, int index, const clock_vector *clock, const wm_site *site);
/* memory.c */
void memory_start(void);
/* outcomes.c */
void outcomes_start(void);
bool outcomes_add(const wm_outcome_seen *outcome); /* whether it is allowed */
bool signatures_add(uint64_t signature);           /* false: it was there already */
/* ended.c: of the run at hand */
void ended(void);
void ended_in_failure(void);
/* trace.c */
void trace_start(void);
uint32_t trace_length(void);
void trace_keep(void);
void path_keep(void); /* without the steps */
const char *place_name(int place);

#endif
