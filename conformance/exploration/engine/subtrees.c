#include "subtrees.h"

#include <stdlib.h>

#include "run.h"

typedef struct {
  graph **items; /* each as big as its graph */
  size_t count, room;
} stack;

static stack open;     /* still to be explored */
static stack children; /* of the graph at hand */
static uint64_t chance;

void subtrees_start(uint64_t seed) {
  while (open.count) free(open.items[--open.count]);
  chance = seed * 0x9E3779B97F4A7C15u;
}

uint32_t subtrees_waiting(void) { return (uint32_t)open.count; }

static void push(stack *s, graph *g) {
  if (s->count == s->room && !(s->items = realloc(s->items, (s->room = 2 * s->room + 16) * sizeof *s->items))) abort();
  s->items[s->count++] = g;
}

void subtrees_add_child(const graph *g) {
  graph *copy = malloc(graph_size(g));
  if (!copy) abort();
  graph_copy(copy, g);
  copy->further = g == &run.graph;
  push(&children, copy);
}

uint32_t subtrees_children(void) { return (uint32_t)children.count; }

static void take(graph *g) {
  graph_copy(&run.graph, g);
  free(g);
}

/* xorshift64 */
static size_t by_chance(size_t below) {
  chance ^= chance << 13, chance ^= chance >> 7, chance ^= chance << 17;
  return (size_t)((chance >> 11) % below);
}

/* Only one of several is gone on with. */
static bool take_only(size_t wanted) {
  bool there = wanted < children.count;
  for (size_t i = 0; i < children.count; i++)
    if (i == wanted) take(children.items[i]);
    else free(children.items[i]);
  return there;
}

bool subtrees_take_child(void) {
  size_t count = children.count;
  uint32_t depth = (uint32_t)run.graph.path_length;
  bool there = true;
  if (count > 1)
    for (size_t i = 0; i < count; i++) children.items[i]->path[children.items[i]->path_length++] = (uint16_t)i;
  if (count > 1 && !run_is_below_prefix()) {
    there = take_only(run.options->prefix[depth]);
  } else if (count > 1 && run.options->seed) {
    run.report->estimate *= (double)count;
    take_only(by_chance(count));
  } else {
    for (size_t i = count; i-- > 1;) push(&open, children.items[i]);
    take(children.items[0]);
  }
  children.count = 0;
  return there;
}

void subtrees_next(bool oldest) {
  size_t at = oldest ? 0 : open.count - 1;
  graph *g = open.items[at];
  memmove(open.items + at, open.items + at + 1, (--open.count - at) * sizeof *open.items);
  take(g);
}

uint32_t wm_open(uint32_t number, uint16_t *decisions, uint32_t room) {
  if (number >= open.count) return 0;
  const graph *g = open.items[number];
  uint32_t length = (uint32_t)g->path_length < room ? (uint32_t)g->path_length : room;
  memcpy(decisions, g->path, length * sizeof *decisions);
  return length;
}
