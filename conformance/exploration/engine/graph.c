/* An execution graph, and happens-before in it, kept incrementally: a new event comes last in program order and
 * reads-from, and so in happens-before too. */
#include "engine.h"

void graph_clear(graph *g) {
  g->count = g->sequential = g->path_length = 0;
  memset(g->length, 0, sizeof g->length);
  for (int place = 0; place < PLACES; place++) g->newest[place] = NO_EVENT;
}

bool graph_add(graph *g, const event *e) {
  if (g->count == EVENTS || g->length[e->thread] == STEPS) return false;
  int id = g->count++;
  event *added = &g->events[id];
  *added = *e;
  added->index = g->length[e->thread];
  g->of[e->thread][g->length[e->thread]++] = (int16_t)id;
  g->sequential += may_be_sequential(e);
  if (!is_access(e)) return true;
  added->older = g->newest[e->place];
  g->newest[e->place] = (int16_t)id;
  return true;
}

void graph_remove_last(graph *g) {
  const event *e = &g->events[--g->count];
  g->length[e->thread]--;
  g->sequential -= may_be_sequential(e);
  if (is_access(e)) g->newest[e->place] = e->older;
}

void graph_make_room(graph *g, int place, int rank) {
  EACH_AT(g, place, id)
    if (g->events[id].kind == WRITE && g->events[id].rank >= rank) g->events[id].rank++;
}

void graph_close_room(graph *g, int place, int rank) {
  EACH_AT(g, place, id)
    if (g->events[id].kind == WRITE && g->events[id].rank > rank) g->events[id].rank--;
}

int graph_last_rank(const graph *g, int place) {
  int last = 0;
  EACH_AT(g, place, id)
    if (g->events[id].kind == WRITE && g->events[id].rank > last) last = g->events[id].rank;
  return last;
}

int graph_at_rank(const graph *g, int place, int rank) {
  if (!rank) return INITIAL;
  EACH_AT(g, place, id)
    if (g->events[id].kind == WRITE && g->events[id].rank == rank) return id;
  return NO_EVENT;
}

size_t graph_size(const graph *g) { return offsetof(graph, events) + (size_t)g->count * sizeof *g->events; }

void graph_copy(graph *to, const graph *from) {
  memcpy(to, from, offsetof(graph, of));
  for (int thread = 0; thread < WM_THREADS; thread++)
    memcpy(to->of[thread], from->of[thread], from->length[thread] * sizeof **from->of);
  memcpy(to->path, from->path, (size_t)from->path_length * sizeof *from->path);
  memcpy(to->events, from->events, (size_t)from->count * sizeof *from->events);
}

void graph_restrict(graph *to, const graph *from, const bool *keep, int except, int16_t *moved) {
  graph_clear(to);
  to->path_length = from->path_length;
  memcpy(to->path, from->path, (size_t)from->path_length * sizeof *from->path);
  for (int id = 0; id < from->count; id++) {
    moved[id] = keep[id] ? (int16_t)to->count : NO_EVENT;
    if (keep[id]) graph_add(to, &from->events[id]);
  }
  for (int id = 0; id < from->count; id++) /* a source may have been added after its reader */
    if (keep[id] && id != except && from->events[id].kind == READ && from->events[id].from >= 0)
      to->events[moved[id]].from = moved[from->events[id].from];
}

static uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
  return hash ^ hash >> 29;
}

uint64_t graph_signature(const graph *g) {
  uint64_t hash = 1;
  for (int thread = 0; thread < WM_THREADS; thread++)
    for (int index = 0; index < g->length[thread]; index++) {
      const event *e = &g->events[g->of[thread][index]];
      uint64_t position = 0;
      if (e->kind == READ)
        position = e->from < 0 ? 1 : g->events[e->from].thread * 512u + g->events[e->from].index + 2u;
      if (e->kind == WRITE)
        EACH_AT(g, e->place, w) position += g->events[w].kind == WRITE && g->events[w].rank < e->rank;
      hash = mix(mix(mix(hash, thread * 8u + e->kind), (uint64_t)e->place), position);
      hash = mix(hash, e->value);
    }
  return hash;
}

/* ---- clocks ----
 *
 * message: what an acquire of this write synchronizes with (its release sequence is folded in).
 * pending: what an acquire fence from here on synchronizes with, from all earlier reads.
 * released: the clock of the last release fence.
 * Each three times, for the asymmetric fences: ANY between ordinary ones, LIGHT is released by a light fence and
 * acquired by a heavy one, HEAVY the other way round. */

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
  EACH_AT(g, e->place, id) {
    const event *earlier = &g->events[id];
    if (earlier->thread == e->thread && earlier != e && earlier->kind == WRITE && is_release(earlier)) return earlier;
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
    for (int kind = 0; kind < FENCE_KINDS && !e->sleeps; kind++) clock_join(&e->pending[kind], &source->message[kind]);
  }
  if (e->kind == FENCE) fence(e);
  if (e->kind == WRITE) store(g, e, previous, cxx20);
}
