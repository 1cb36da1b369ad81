/* TruSt's condition for a write to change what an earlier read reads: whatever that deletes, and the read itself,
 * was added as if nothing else were to come. So one parent, and only one, revisits to the same graph.
 *
 * Kokologiannakis, Marmanis, Gladstein, Vafeiadis: Truly stateless, optimal dynamic partial order reduction
 * (POPL 2022), algorithm 2. */
#include "graph.h"

static bool is_maximally_added(const graph *g, int id, int write) {
  const event *e = &g->events[id];
  const clock_vector *past = &g->events[write].past;
  if (e->kind == CHOICE) return e->value == 0;
  if (e->kind == FENCE) return true;
  int rank = rank_of(g, e);
  for (int other = 0; other < g->count; other++) {
    const event *o = &g->events[other];
    if (other == write || o->place != e->place || (other > id && !clock_has(past, o))) continue;
    if (o->kind == READ && e->kind == WRITE && o->from == id) return false;
    if (o->kind == WRITE && o->rank > rank) return false;
  }
  return true;
}

bool may_revisit(const graph *g, int read, int write, bool *keep) {
  const event *r = &g->events[read], *w = &g->events[write];
  if (clock_has(&w->past, r)) return false;
  for (int id = 0; id < g->count; id++) {
    keep[id] = id <= read || clock_has(&w->past, &g->events[id]);
    if ((!keep[id] || id == read) && !is_maximally_added(g, id, write)) return false;
  }
  return true;
}
