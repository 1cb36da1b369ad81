/* Happens-before, incrementally: a new event comes last in po and rf, and so in happens-before too.
 *
 * message: what who acquires from this write learns (its release sequence is folded in).
 * pending: what an acquire fence from here on learns, from all that was read before it.
 * released: the clock of the last release fence.
 * Each three times, for the asymmetric fences: ANY between ordinary ones, LIGHT is released by a light fence and
 * learnt by a heavy one, HEAVY the other way round. */
#include "graph.h"

static bool is_acquire(const event *e) {
  return e->order == wm_acquire || e->order == wm_acq_rel || e->order == wm_seq_cst || e->order == wm_heavy;
}
static bool is_release(const event *e) {
  return e->order == wm_release || e->order == wm_acq_rel || e->order == wm_seq_cst || e->order == wm_heavy;
}

static void fence(event *e) {
  if (is_acquire(e)) clock_join(&e->before, &e->pending[ANY]);
  if (e->order == wm_heavy) clock_join(&e->before, &e->pending[LIGHT]);
  if (e->order == wm_light) clock_join(&e->before, &e->pending[HEAVY]);
  if (is_release(e)) e->released[ANY] = e->before;
  if (e->order == wm_light) e->released[LIGHT] = e->before;
  if (e->order == wm_heavy) e->released[HEAVY] = e->before;
}

/* RC11: a release store also heads later stores of its own thread to the same place. */
static const event *own_head(const graph *g, const event *e) {
  for (int index = e->index; index-- > 0;) {
    const event *earlier = &g->events[g->of[e->thread][index]];
    if (earlier->kind == WRITE && earlier->place == e->place && is_release(earlier)) return earlier;
  }
  return NULL;
}

static void store(graph *g, event *e, const event *previous, bool cxx20) {
  memcpy(e->message, e->released, sizeof e->message);
  if (is_release(e)) e->message[ANY] = e->before;
  const event *head = cxx20 ? NULL : own_head(g, e);
  if (head) clock_join(&e->message[ANY], &head->before);
  if (e->exclusive && previous->from >= 0)
    for (int kind = 0; kind < FENCE_KINDS; kind++)
      clock_join(&e->message[kind], &g->events[previous->from].message[kind]);
}

void derive_clocks(graph *g, int id, bool cxx20) {
  event *e = &g->events[id];
  const event *previous = event_before(g, e);
  if (previous) {
    e->before = previous->before;
    e->past = previous->past;
    memcpy(e->pending, previous->pending, sizeof e->pending);
    memcpy(e->released, previous->released, sizeof e->released);
  } else {
    memset(&e->before, 0, sizeof e->before);
    memset(&e->past, 0, sizeof e->past);
    memset(e->pending, 0, sizeof e->pending);
    memset(e->released, 0, sizeof e->released);
  }
  e->before.of[e->thread] = e->past.of[e->thread] = (uint8_t)(e->index + 1);
  if (e->kind == READ && e->from >= 0) {
    const event *source = &g->events[e->from];
    clock_join(&e->past, &source->past);
    if (is_acquire(e)) clock_join(&e->before, &source->message[ANY]);
    for (int kind = 0; kind < FENCE_KINDS && !e->kernel; kind++) clock_join(&e->pending[kind], &source->message[kind]);
  }
  if (e->kind == FENCE) fence(e);
  if (e->kind == WRITE) store(g, e, previous, cxx20);
}
