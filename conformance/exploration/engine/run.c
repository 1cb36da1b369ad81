/* One execution: the client's threads as coroutines, from their start, along a graph and beyond it.
 *
 * Coroutines are switched by _setjmp and _longjmp, without a system call; to start one again is to jump to its top. */
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#include "engine.h"

enum { STACK = 256 * 1024 };

static bool replays; /* threads go through what the graph has already */

/* To the scheduler; comes back when the coroutine is resumed. */
static void leave(void) {
  thread *t = &run.threads[run.current];
  t->resumed = &t->here;
  if (!_setjmp(t->here)) _longjmp(run.scheduler, 1);
}

static void body(void) {
  if (!_setjmp(run.threads[run.current].top)) _longjmp(run.scheduler, 1);
  run.client->thread(run.client->context, run.current);
  run.threads[run.current].state = ENDED;
  for (;;) leave();
}

/* A coroutine that waits at its top. */
static void create(int number) {
  ucontext_t context;
  void *stack = malloc(STACK);
  if (!stack || getcontext(&context)) abort();
  context.uc_stack.ss_sp = stack;
  context.uc_stack.ss_size = STACK;
  context.uc_link = NULL;
  makecontext(&context, body, 0);
  run.current = number;
  run.threads[number].created = true;
  if (!_setjmp(run.scheduler)) setcontext(&context);
  run.current = -1;
}

static int place_of(request *wanted) {
  if (!wanted->at) return NOWHERE;
  int place = 0;
  while (place < run.place_count && run.places[place].at != wanted->at) place++;
  if (place == PLACES) {
    run_failed(WM_MISUSE, "more than %d locations", PLACES);
    return 0;
  }
  location *l = &run.places[place];
  if (place == run.place_count) {
    run.place_count++;
    *l = (location){.at = wanted->at, .size = wanted->size};
  }
  if (l->run != run.number) {
    l->run = run.number;
    l->initial = 0;
    l->size = wanted->size; /* another run may have laid out its memory otherwise */
    l->newest = INITIAL;
    memcpy(&l->initial, (void *)wanted->at, wanted->size); /* little endian; the rest stays 0 */
  }
  if (l->size != wanted->size)
    run_failed(WM_MISUSE, "%s is used with %u and with %u bytes", place_name(place), l->size, wanted->size);
  return place;
}

uint64_t run_value(int place, int from) {
  if (from >= 0) return run.graph.events[from].value;
  return run.places[place].initial;
}

void run_stop(void) {
  for (;;) leave();
}

/* Memory holds the newest of what was stored so far, for plain reads that come after all of it. */
static void keep_in_memory(const event *e, uintptr_t at) {
  location *l = &run.places[e->place];
  if (l->newest >= 0 && run.graph.events[l->newest].rank > e->rank) return;
  l->newest = (int16_t)(e - run.graph.events);
  memcpy((void *)at, &e->value, l->size);
}

/* Whether the graph already says what this thread asked for, and its source has been gone through. */
static bool answer(int number) {
  thread *t = &run.threads[number];
  if (t->replayed == run.graph.length[number]) return false;
  event *e = &run.graph.events[run.graph.of[number][t->replayed]];
  const request *r = t->request;
  if (e->kind == READ && e->from >= 0) {
    const event *source = &run.graph.events[e->from];
    if (run.threads[source->thread].replayed <= source->index) return false;
  }
  if (e->kind == READ) event_reads(e, e->from, run_value(e->place, e->from));
  if (e->kind != r->e.kind || e->place != r->e.place || (e->kind == WRITE && e->value != r->e.value))
    run_failed(WM_MISUSE, "thread %d does not do the same when it is run again", number);
  t->replayed++;
  t->answer = e->value;
  if (e->kind == WRITE) keep_in_memory(e, r->at);
  if (is_access(e)) memory_explored(r->at, r->size, e);
  t->state = event_blocks(e) ? BLOCKED : RUNNING;
  return true;
}

uint64_t run_ask(request *wanted) {
  thread *t = &run.threads[run.current];
  wanted->e.thread = (uint8_t)run.current;
  wanted->e.place = (int16_t)place_of(wanted);
  t->request = wanted;
  if (run.failure || !answer(run.current)) t->state = ASKING;
  while (t->state == ASKING && !run.failure && !replays && run.step()) answer(run.current);
  while (t->state != RUNNING || run.failure) leave();
  return t->answer;
}

static void resume(int number) {
  run.current = number;
  run.threads[number].state = RUNNING;
  if (!_setjmp(run.scheduler)) _longjmp(*run.threads[number].resumed, 1);
  run.current = -1;
}

void run_resume(int number) {
  if (answer(number) && run.threads[number].state == RUNNING) resume(number);
}

void run_start(void) {
  run.number++;
  run.failure = run.met = WM_NONE;
  run.stopped = -1;
  memset(&run.trace, 0, sizeof run.trace);
  run.outcome.length = 0;
  run.current = -1;
  replays = true;
  memory_start();
  if (run.client->begin) run.client->begin(run.client->context);
  for (int number = 0; number < run.client->threads; number++) {
    thread *t = &run.threads[number];
    if (!t->created) create(number);
    t->replayed = 0;
    t->resumed = &t->top;
  }
  for (int number = 0; number < run.client->threads && !run.failure; number++) resume(number);
  for (bool moved = true; moved && !run.failure;) {
    moved = false;
    for (int number = 0; number < run.client->threads && !run.failure; number++)
      if (run.threads[number].state == ASKING && answer(number)) {
        moved = true;
        if (run.threads[number].state == RUNNING) resume(number);
      }
  }
  replays = false;
}

static void forbidden(void) {
  char values[400] = "";
  size_t used = 0;
  for (uint32_t i = 0; i < run.outcome.length && used < sizeof values; i++)
    used += (size_t)snprintf(values + used, sizeof values - used, " %llu", (unsigned long long)run.outcome.values[i]);
  run_failed(WM_FORBIDDEN, "an outcome that is not allowed:%s", values);
}

/* Whether the client may wait for ever here. */
static bool may_wait(void) {
  if (run.options->blocking_allowed) return true;
  if (!run.client->stuck || !run.options->allowed) return false;
  run.client->stuck(run.client->context);
  return outcomes_add(&run.outcome);
}

/* Whether the store's thread wakes, after it, those who sleep on its word. */
static bool is_followed_by_wake(const event *store) {
  const graph *g = &run.graph;
  for (int index = store->index + 1; index < g->length[store->thread]; index++) {
    const event *e = &g->events[g->of[store->thread][index]];
    if (e->kind == WAKE && e->place == store->place) return true;
  }
  return false;
}

/* Of a thread that fell asleep before its word was changed: whether it is woken after one of these changes. */
static bool is_woken(const event *sleeper) {
  const graph *g = &run.graph;
  EACH_AT(g, sleeper->place, id) {
    const event *e = &g->events[id];
    if (e->kind != WRITE || e->rank <= rank_of(g, sleeper) || e->value == sleeper->unwanted) continue;
    if (is_followed_by_wake(e)) return true;
  }
  return false;
}

bool run_finish(void) {
  wm_report *report = run.report;
  const graph *g = &run.graph;
  const event *sleeper = NULL; /* the first thread that waits for ever */
  for (int number = 0; number < run.client->threads; number++) {
    if (run.threads[number].state == GIVEN_UP) {
      report->dropped++;
      return false;
    }
    if (run.threads[number].state != BLOCKED) continue;
    const event *e = &g->events[g->of[number][g->length[number] - 1]];
    if (rank_of(g, e) != graph_last_rank(g, e->place) && (!e->sleeps || is_woken(e))) {
      report->dropped++; /* it would have loaded again, and may have woken others */
      return false;
    }
    if (!sleeper) sleeper = e;
  }
  if (run.met) {
    run.failure = run.met;
    return true;
  }
  if (sleeper && !may_wait())
    run_failed(WM_LOST_WAKEUP, "lost wakeup: thread %d sleeps, and no thread is left to wake it", sleeper->thread);
  if (run.options->check_repetition && !signatures_add(graph_signature(g))) report->repeated++;
  if ((uint32_t)g->count > report->longest) report->longest = (uint32_t)g->count;
  if (sleeper) {
    report->blocked++;
    return true;
  }
  report->complete++;
  if (run.client->end) run.client->end(run.client->context);
  if (!run.failure && !outcomes_add(&run.outcome)) forbidden();
  return true;
}
