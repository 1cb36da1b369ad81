/* RC11's axiom on seq_cst accesses and fences: psc = psc_base U psc_F has no cycle.
 *
 *   scb      = po U po|other;hb;po|other U hb|loc U mo U rb         (po|other: between different locations)
 *   psc_base = ([SC access] U [SC fence];hb?) ; scb ; ([SC access] U hb?;[SC fence])
 *   psc_F    = [SC fence] ; (hb U hb;eco;hb) ; [SC fence]
 *
 * Lahav, Vafeiadis, Kang, Hur, Dreyer: Repairing sequential consistency in C/C++11 (PLDI 2017), section 3.
 * A light fence takes part as an SC fence does, but only in pairs with a heavy one. */
#include "graph.h"

enum { WORDS = EVENTS / 64 };

typedef struct {
  uint64_t word[WORDS];
} set;

typedef struct {
  const graph *g;
  int words, count; /* of the seq_cst events */
  int16_t events[EVENTS];
  set hb[EVENTS];     /* what happens before, without itself */
  set other[EVENTS];  /* po-earlier at another place */
  set through[EVENTS]; /* hb ; po|other */
} relations;

static void put(set *s, int id) { s->word[id / 64] |= (uint64_t)1 << id % 64; }
static bool has(const set *s, int id) { return s->word[id / 64] >> id % 64 & 1; }
static void merge(const relations *r, set *into, const set *from) {
  for (int i = 0; i < r->words; i++) into->word[i] |= from->word[i];
}

#define EACH(r, s, id)                                                                       \
  for (int w_ = 0; w_ < (r)->words; w_++)                                                    \
    for (uint64_t rest_ = (s)->word[w_]; rest_; rest_ &= rest_ - 1)                          \
      for (int id = w_ * 64 + __builtin_ctzll(rest_), once_ = 1; once_; once_ = 0)

static bool is_fence(const event *e) { return e->kind == FENCE && e->order >= wm_seq_cst; }
static bool is_sequential(const event *e) { return e->order >= wm_seq_cst && e->kind != CHOICE; }

static void prepare(relations *r) {
  const graph *g = r->g;
  for (int id = 0; id < g->count; id++) {
    const event *e = &g->events[id];
    memset(&r->hb[id], 0, sizeof(set));
    memset(&r->other[id], 0, sizeof(set));
    for (int thread = 0; thread < WM_THREADS; thread++)
      for (int index = 0; index < e->before.of[thread]; index++)
        if (g->of[thread][index] != id) put(&r->hb[id], g->of[thread][index]);
    for (int index = 0; index < e->index; index++) {
      int earlier = g->of[e->thread][index];
      if (e->place == NOWHERE || g->events[earlier].place != e->place) put(&r->other[id], earlier);
    }
  }
  for (int id = 0; id < g->count; id++) {
    memset(&r->through[id], 0, sizeof(set));
    EACH(r, &r->hb[id], earlier) merge(r, &r->through[id], &r->other[earlier]);
  }
}

/* What comes before event `id` at its place: mo and rb, and of eco also rf. */
static void before_at_place(const relations *r, int id, bool eco, set *into) {
  const graph *g = r->g;
  const event *e = &g->events[id];
  if (!is_access(e) || (e->kind == READ && !eco)) return;
  int rank = rank_of(g, e);
  for (int other = 0; other < g->count; other++) {
    const event *o = &g->events[other];
    if (o->place != e->place || other == id || !is_access(o)) continue;
    if (rank_of(g, o) < rank || (eco && e->kind == READ && o->kind == WRITE && rank_of(g, o) == rank)) put(into, other);
  }
}

static void scb_before(const relations *r, int id, set *into) {
  const event *e = &r->g->events[id];
  for (int index = 0; index < e->index; index++) put(into, r->g->of[e->thread][index]);
  EACH(r, &r->other[id], earlier) merge(r, into, &r->through[earlier]);
  if (is_access(e)) EACH(r, &r->hb[id], earlier) if (r->g->events[earlier].place == e->place) put(into, earlier);
  before_at_place(r, id, false, into);
}

/* The seq_cst events that psc orders directly before event `id`. */
static void psc_before(const relations *r, int id, bool accesses, set *into) {
  const graph *g = r->g;
  set start = {{0}}, scb = {{0}}, eco = {{0}}, fences = {{0}};
  put(&start, id);
  if (is_fence(&g->events[id])) {
    merge(r, &start, &r->hb[id]);
    merge(r, &fences, &r->hb[id]);
    EACH(r, &r->hb[id], earlier) before_at_place(r, earlier, true, &eco);
    EACH(r, &eco, earlier) merge(r, &fences, &r->hb[earlier]);
  }
  /* Between fences alone, psc_base is part of psc_F. */
  if (accesses) EACH(r, &start, earlier) scb_before(r, earlier, &scb);
  merge(r, &fences, &scb);
  EACH(r, &scb, earlier) merge(r, &fences, &r->hb[earlier]);
  const event *e = &g->events[id];
  for (int i = 0; i < r->count; i++) {
    const event *o = &g->events[r->events[i]];
    bool pair = (o->order != wm_light || e->order == wm_heavy) && (e->order != wm_light || o->order == wm_heavy);
    if (pair && has(is_fence(o) ? &fences : &scb, r->events[i])) put(into, i);
  }
}

bool is_psc_acyclic(const graph *g) {
  static relations r; /* too big for the stack */
  set before[EVENTS], left = {{0}};
  bool accesses = false;
  r.g = g, r.count = 0, r.words = (g->count + 63) / 64;
  for (int id = 0; id < g->count; id++)
    if (is_sequential(&g->events[id])) {
      accesses |= is_access(&g->events[id]);
      r.events[r.count++] = (int16_t)id;
    }
  if (r.count < 2) return true;
  prepare(&r);
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
      for (int w = 0; w < r.words; w++) first &= !(before[i].word[w] & left.word[w]);
      if (first) left.word[i / 64] &= ~((uint64_t)1 << i % 64), taken++;
    }
  }
  return true;
}
