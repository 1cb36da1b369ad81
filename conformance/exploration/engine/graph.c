#include "graph.h"

bool graph_add(graph *g, const event *e) {
  if (g->count == EVENTS || g->length[e->thread] == STEPS) return false;
  int id = g->count++;
  g->events[id] = *e;
  g->events[id].index = g->length[e->thread];
  g->of[e->thread][g->length[e->thread]++] = (int16_t)id;
  return true;
}

void graph_remove_last(graph *g) { g->length[g->events[--g->count].thread]--; }

void graph_make_room(graph *g, int place, int rank) {
  for (event *e = g->events; e < g->events + g->count; e++)
    if (e->kind == WRITE && e->place == place && e->rank >= rank) e->rank++;
}

void graph_close_room(graph *g, int place, int rank) {
  for (event *e = g->events; e < g->events + g->count; e++)
    if (e->kind == WRITE && e->place == place && e->rank > rank) e->rank--;
}

int graph_last_rank(const graph *g, int place) {
  int last = 0;
  for (const event *e = g->events; e < g->events + g->count; e++)
    if (e->kind == WRITE && e->place == place && e->rank > last) last = e->rank;
  return last;
}

int graph_at_rank(const graph *g, int place, int rank) {
  for (int id = 0; id < g->count && rank; id++) {
    const event *e = &g->events[id];
    if (e->kind == WRITE && e->place == place && e->rank == rank) return id;
  }
  return rank ? NO_EVENT : INITIAL;
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
  to->count = 0;
  to->path_length = from->path_length;
  memcpy(to->path, from->path, (size_t)from->path_length * sizeof *from->path);
  memset(to->length, 0, sizeof to->length);
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
      for (const event *w = g->events; e->kind == WRITE && w < g->events + g->count; w++)
        position += w->kind == WRITE && w->place == e->place && w->rank < e->rank;
      hash = mix(mix(mix(hash, thread * 8u + e->kind), (uint64_t)e->place), position);
      hash = mix(hash, e->value);
    }
  return hash;
}
