/* Memory for one execution: an arena for each thread, so that an address does not depend on who ran first. */
#include <stdlib.h>

#include "run.h"

enum { ARENA = 256 * 1024, LINE = 64 };

typedef struct {
  char *memory;
  size_t used;
} arena;

static arena arenas[WM_THREADS + 1]; /* the last: before and after the threads */
static unsigned allocated;

typedef struct {
  size_t size;
  char unused[LINE - sizeof(size_t)];
} header;

void memory_start(void) {
  allocated = 0;
  for (arena *a = arenas; a <= arenas + WM_THREADS; a++) {
    if (a->used) memset(a->memory, 0, a->used);
    a->used = 0;
  }
}

void *wm_allocate(size_t size) {
  arena *a = &arenas[run.current < 0 ? WM_THREADS : run.current];
  size_t whole = sizeof(header) + (size + LINE - 1) / LINE * LINE;
  if (!a->memory && (!(a->memory = aligned_alloc(LINE, ARENA)) || !memset(a->memory, 0, ARENA))) return NULL;
  if (whole > ARENA - a->used) return NULL;
  header *h = (header *)(a->memory + a->used);
  a->used += whole;
  h->size = size;
  allocated++;
  return h + 1;
}

unsigned wm_allocated(void) { return allocated; }

void wm_free(void *memory, const wm_site *site) {
  if (!memory || run.current < 0) return;
  static const clock_vector nothing;
  int done = run.threads[run.current].replayed;
  const graph *g = &run.graph;
  const clock_vector *clock = done ? &g->events[g->of[run.current][done - 1]].before : &nothing;
  plain_freed((uintptr_t)memory, ((header *)memory - 1)->size, run.current, done, clock, site);
  if (run.failure) run_stop();
  allocated--;
}
