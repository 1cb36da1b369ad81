/* RC11 but for its axiom on seq_cst: coherence and atomicity. That po and rf have no cycle holds by
 * construction: what is new comes last. */
#include "graph.h"

/* A sleeper's look at its word sees what was stored before each wake that came before the sleep. */
static clock_vector look(graph *g, const event *e) {
  clock_vector clock = e->before;
  const event *queue = &g->events[g->of[e->thread][e->index - 2]];
  if (queue->from >= 0) clock_join(&clock, &g->events[queue->from].message[ANY]);
  return clock;
}

static bool is_coherent(graph *g, const event *e) {
  clock_vector before = e->compare ? look(g, e) : e->before;
  int rank = rank_of(g, e);
  for (const event *other = g->events; other < g->events + g->count; other++) {
    if (other->place != e->place || other == e || !is_access(other) || !clock_has(&before, other)) continue;
    if (e->kind == WRITE ? rank_of(g, other) >= rank : rank_of(g, other) > rank) return false;
  }
  return true;
}

/* No store comes between the two parts of a read-modify-write. */
static bool is_atomic(graph *g, int place) {
  for (const event *e = g->events; e < g->events + g->count; e++) {
    if (e->kind != WRITE || e->place != place || !e->exclusive) continue;
    int low = rank_of(g, event_before(g, e));
    if (low >= e->rank) return false;
    for (const event *other = g->events; other < g->events + g->count; other++)
      if (other->kind == WRITE && other->place == place && other->rank > low && other->rank < e->rank) return false;
  }
  return true;
}

bool is_consistent(graph *g, int id, bool newest) {
  const event *e = &g->events[id];
  if (!is_access(e)) return true;
  if (!is_coherent(g, e)) return false;
  if (e->kind == WRITE && !is_atomic(g, e->place)) return false;
  if (e->kernel) return true;
  /* Nothing is ordered after an event that reads or writes the newest value and was added last. */
  return (newest && rank_of(g, e) == graph_last_rank(g, e->place)) || is_psc_acyclic(g);
}
