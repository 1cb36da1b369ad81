/* RC11: coherence, atomicity, and the axiom on seq_cst. That program order and reads-from have no cycle holds by
 * construction: what is new comes last. */
#include "engine.h"

/* ---- RC11's axiom on seq_cst accesses and fences ----
 *
 * psc = psc_base U psc_F has no cycle.
 *
 *   scb      = po U po|other;hb;po|other U hb|loc U mo U rb         (po|other: between different locations)
 *   psc_base = ([SC access] U [SC fence];hb?) ; scb ; ([SC access] U hb?;[SC fence])
 *   psc_F    = [SC fence] ; (hb U hb;eco;hb) ; [SC fence]
 *
 * Lahav, Vafeiadis, Kang, Hur, Dreyer: Repairing sequential consistency in C/C++11 (PLDI 2017), section 3.
 * A light fence takes part as an SC fence does, but only in pairs with a heavy one. A sleeper's queue takes no
 * part: it orders nothing for the program.
 *
 * What comes before an event in happens-before is a prefix of each thread; so unions over it are kept per prefix:
 * `x_up_to[id]` is the union of x over id and what is po-earlier. psc_F needs clocks only. Sets of events, as rows of
 * bits, are for psc_base; without seq_cst accesses it is part of psc_F. */

enum { WORDS = EVENTS / 64 };

typedef struct {
  uint64_t word[WORDS];
} set;

typedef struct {
  const graph *g;
  int words, count; /* of the seq_cst events */
  int16_t events[EVENTS];
  clock_vector eco_up_to[EVENTS]; /* what comes before in eco, rf too, and what happens before that */
  set eco[EVENTS], scb[EVENTS];
  set at_place[PLACES];
  set self_up_to[EVENTS], other_up_to[EVENTS], scb_up_to[EVENTS];
} relations;

static void put(set *s, int id) { s->word[id / 64] |= (uint64_t)1 << id % 64; }
static bool has(const set *s, int id) { return s->word[id / 64] >> id % 64 & 1; }
static void merge(const relations *r, set *into, const set *from) {
  for (int i = 0; i < r->words; i++) into->word[i] |= from->word[i];
}

#define EACH(r, s, id)                                              \
  for (int w_ = 0; w_ < (r)->words; w_++)                           \
    for (uint64_t rest_ = (s)->word[w_]; rest_; rest_ &= rest_ - 1) \
      for (int id = w_ * 64 + __builtin_ctzll(rest_), once_ = 1; once_; once_ = 0)

static bool is_fence(const event *e) { return e->kind == FENCE && e->order >= wm_seq_cst; }
static bool is_sequential(const event *e) {
  return e->order >= wm_seq_cst && e->order < wm_nonatomic && e->kind != CHOICE;
}

static clock_vector strictly_before(const event *e) {
  clock_vector clock = e->before;
  clock.of[e->thread] = (uint8_t)e->index;
  return clock;
}

/* The union over all that the clock has. */
static void gather(const relations *r, const set *up_to, const clock_vector *clock, set *into) {
  for (int thread = 0; thread < WM_THREADS; thread++)
    if (clock->of[thread]) merge(r, into, &up_to[r->g->of[thread][clock->of[thread] - 1]]);
}

/* What eco orders before it, as a set, if that is wanted, and as a clock. */
static void eco_before(relations *r, int id, set *events, clock_vector *clock) {
  const graph *g = r->g;
  const event *e = &g->events[id];
  if (!is_access(e) || e->sleeps) return;
  int rank = rank_of(g, e);
  EACH_AT(g, e->place, other) {
    const event *o = &g->events[other];
    if (rank_of(g, o) > rank || (rank_of(g, o) == rank && (e->kind == WRITE || o->kind == READ))) continue;
    if (events) put(events, other);
    clock_join(clock, &o->before);
  }
}

/* The po-earlier event that is last at another place, or NULL. */
static const event *last_elsewhere(const graph *g, const event *e) {
  for (int index = e->index; index-- > 0;) {
    const event *earlier = &g->events[g->of[e->thread][index]];
    if (earlier->kind == CHOICE || earlier->kind == WAKE) continue; /* RC11 has no such events */
    if (e->place == NOWHERE || earlier->place != e->place) return earlier;
  }
  return NULL;
}

static void scb_before(relations *r, int id) {
  const graph *g = r->g;
  const event *e = &g->events[id];
  set *scb = &r->scb[id], near = {{0}};
  *scb = (set){{0}};
  if (e->index) merge(r, scb, &r->self_up_to[g->of[e->thread][e->index - 1]]);
  const event *elsewhere = last_elsewhere(g, e);
  if (elsewhere) {
    clock_vector clock = strictly_before(elsewhere);
    gather(r, r->other_up_to, &clock, scb);
  }
  if (!is_access(e) || e->sleeps) return;
  clock_vector clock = strictly_before(e);
  gather(r, r->self_up_to, &clock, &near);
  for (int i = 0; i < r->words; i++) near.word[i] &= r->at_place[e->place].word[i];
  merge(r, scb, &near);
  if (e->kind == WRITE) merge(r, scb, &r->eco[id]); /* mo and rb */
}

/* up_to[id] from that of the event before it in its thread and its own. */
static void widen(const relations *r, set *up_to, int id, const set *own) {
  const event *e = &r->g->events[id];
  up_to[id] = e->index ? up_to[r->g->of[e->thread][e->index - 1]] : (set){{0}};
  merge(r, &up_to[id], own);
}

static void prepare_fences(relations *r, bool accesses) {
  const graph *g = r->g;
  for (int thread = 0; thread < WM_THREADS; thread++) {
    clock_vector clock = {{0}};
    for (int index = 0; index < g->length[thread]; index++) {
      int id = g->of[thread][index];
      if (accesses) r->eco[id] = (set){{0}};
      eco_before(r, id, accesses ? &r->eco[id] : NULL, &clock);
      r->eco_up_to[id] = clock;
    }
  }
}

static void prepare_accesses(relations *r) {
  const graph *g = r->g;
  for (int id = 0; id < g->count; id++)
    if (is_access(&g->events[id])) r->at_place[g->events[id].place] = (set){{0}};
  for (int id = 0; id < g->count; id++)
    if (is_access(&g->events[id]) && !g->events[id].sleeps) put(&r->at_place[g->events[id].place], id);
  for (int thread = 0; thread < WM_THREADS; thread++)
    for (int index = 0; index < g->length[thread]; index++) {
      int id = g->of[thread][index];
      const event *e = &g->events[id];
      set self = {{0}}, other = {{0}};
      if (index) other = r->self_up_to[g->of[thread][index - 1]];
      if (is_access(e))
        for (int i = 0; i < r->words; i++) other.word[i] &= ~r->at_place[e->place].word[i];
      put(&self, id);
      widen(r, r->self_up_to, id, &self);
      widen(r, r->other_up_to, id, &other);
    }
  for (int thread = 0; thread < WM_THREADS; thread++)
    for (int index = 0; index < g->length[thread]; index++) {
      scb_before(r, g->of[thread][index]);
      widen(r, r->scb_up_to, g->of[thread][index], &r->scb[g->of[thread][index]]);
    }
}

/* What these happen before or are, as a clock. */
static void join_all(const relations *r, const set *events, clock_vector *clock) {
  EACH(r, events, id) clock_join(clock, &r->g->events[id].before);
}

/* The seq_cst events that psc orders directly before event `id`, by their number among those. */
static void psc_before(const relations *r, int id, bool accesses, set *into) {
  const graph *g = r->g;
  const event *e = &g->events[id];
  set scb = {{0}};
  clock_vector clock = strictly_before(e), fences = {{0}};
  if (accesses) scb = r->scb[id];
  if (is_fence(e)) {
    if (accesses) gather(r, r->scb_up_to, &clock, &scb);
    fences = clock;
    for (int thread = 0; thread < WM_THREADS; thread++)
      if (clock.of[thread]) clock_join(&fences, &r->eco_up_to[g->of[thread][clock.of[thread] - 1]]);
  }
  if (accesses) join_all(r, &scb, &fences);
  for (int i = 0; i < r->count; i++) {
    const event *o = &g->events[r->events[i]];
    bool pair = (o->order != wm_light || e->order == wm_heavy) && (e->order != wm_light || o->order == wm_heavy);
    if (pair && (is_fence(o) ? clock_has(&fences, o) : has(&scb, r->events[i]))) put(into, i);
  }
}

/* Whether psc_F may lead over `e`, which is new or changed, and so happens before no fence: from a fence before it
 * to one after an access that eco orders after it. Of a thread's fences, most comes after the first and before the
 * last. */
static bool is_between_fences(const graph *g, const event *e) {
  bool before = false;
  int16_t last[WM_THREADS];
  for (int thread = 0; thread < WM_THREADS; thread++) {
    int index = 0, length = g->length[thread];
    while (index < e->before.of[thread] && !is_fence(&g->events[g->of[thread][index]])) index++;
    before |= index < e->before.of[thread];
    while (length && !is_fence(&g->events[g->of[thread][length - 1]])) length--;
    last[thread] = length ? g->of[thread][length - 1] : NO_EVENT;
  }
  if (!before) return false;
  int rank = rank_of(g, e);
  EACH_AT(g, e->place, id) {
    const event *later = &g->events[id];
    if (rank_of(g, later) <= rank) continue;
    for (int thread = 0; thread < WM_THREADS; thread++)
      if (last[thread] >= 0 && clock_has(&g->events[last[thread]].before, later)) return true;
  }
  return false;
}

/* `e`: the access that is new or changed. */
static bool is_psc_acyclic(const graph *g, const event *e) {
  static relations r; /* too big for the stack */
  set before[EVENTS], left = {{0}};
  bool accesses = g->sequential;
  if (!accesses && !is_between_fences(g, e)) return true;
  r.g = g, r.count = 0, r.words = (g->count + 63) / 64;
  for (int id = 0; id < g->count; id++)
    if (is_sequential(&g->events[id])) r.events[r.count++] = (int16_t)id;
  if (r.count < 2) return true;
  prepare_fences(&r, accesses);
  if (accesses) prepare_accesses(&r);
  for (int i = 0; i < r.count; i++) {
    memset(&before[i], 0, sizeof(set));
    psc_before(&r, r.events[i], accesses, &before[i]);
    put(&left, i);
  }
  for (int remaining = r.count, taken = 1; remaining; remaining -= taken) {
    if (!taken) return false;
    taken = 0;
    for (int i = 0; i < r.count; i++) {
      if (!has(&left, i)) continue;
      bool first = true;
      for (int w = 0; w * 64 < r.count; w++) first &= !(before[i].word[w] & left.word[w]);
      if (first) left.word[i / 64] &= ~((uint64_t)1 << i % 64), taken++;
    }
  }
  return true;
}

/* ---- coherence and atomicity ---- */

static bool is_coherent(graph *g, const event *e) {
  int rank = rank_of(g, e);
  EACH_AT(g, e->place, id) {
    const event *other = &g->events[id];
    if (other == e || !clock_has(&e->before, other)) continue;
    if (e->kind == WRITE ? rank_of(g, other) >= rank : rank_of(g, other) > rank) return false;
  }
  return true;
}

/* Whether store `w` comes between the two parts of `e`, where that is a read-modify-write. */
static bool is_between(graph *g, const event *w, const event *e) {
  return e->exclusive && w->rank < e->rank && w->rank > rank_of(g, event_before(g, e));
}

/* No store comes between the two parts of a read-modify-write: it is so without store `e`. */
static bool is_atomic(graph *g, const event *e) {
  EACH_AT(g, e->place, id) {
    const event *w = &g->events[id];
    if (w->kind == WRITE && (is_between(g, w, e) || is_between(g, e, w))) return false;
  }
  return !e->exclusive || rank_of(g, event_before(g, e)) < e->rank;
}

bool is_consistent(graph *g, int id, bool newest) {
  const event *e = &g->events[id];
  if (!is_access(e)) return true;
  if (!is_coherent(g, e)) return false;
  if (e->kind == WRITE && !is_atomic(g, e)) return false;
  if (e->sleeps) return true;
  /* Nothing is ordered after an event that reads or writes the newest value and was added last. */
  return (newest && rank_of(g, e) == graph_last_rank(g, e->place)) || is_psc_acyclic(g, e);
}
