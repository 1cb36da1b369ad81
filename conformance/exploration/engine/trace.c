/* The failing execution, kept for who prints it: its steps in an order that respects po and rf. */
#include <stdio.h>

#include "run.h"

static wm_step steps[EVENTS];
static uint32_t count, path_length;
static uint16_t path[DECISIONS];

static struct {
  uintptr_t at;
  const char *name;
} names[PLACES];
static int name_count;

void trace_start(void) {
  count = path_length = 0;
  name_count = 0;
}

void wm_name(const volatile void *at, const char *name) {
  int i = 0;
  while (i < name_count && names[i].at != (uintptr_t)at) i++;
  if (i == PLACES) return;
  if (i == name_count) name_count++;
  names[i].at = (uintptr_t)at;
  names[i].name = name;
}

const char *place_name(int place) {
  static char text[48];
  uintptr_t at = run.places[place].at;
  for (int i = 0; i < name_count; i++) {
    if (names[i].at == at) return names[i].name;
    if (names[i].at + 1 == at) {
      snprintf(text, sizeof text, "sleepers of %s", names[i].name);
      return text;
    }
  }
  snprintf(text, sizeof text, "%#llx", (unsigned long long)at);
  return text;
}

static const char *kind_of(const event *e) {
  static const char *const kinds[] = {"read", "write", "fence", "choose"};
  if (e->kernel) return e->waits ? "woken" : e->kind == READ ? "queue" : e->order == wm_release ? "wake" : "sleep";
  return event_blocks(e) ? "waits" : e->exclusive ? "update" : kinds[e->kind];
}

/* What did not lead to the failure is left out, where that is known. */
static bool is_told(const event *e) {
  static const clock_vector nothing;
  return !memcmp(&run.blamed, &nothing, sizeof nothing) || clock_has(&run.blamed, e);
}

uint32_t trace_length(void) {
  uint32_t length = 0;
  for (const event *e = run.graph.events; e < run.graph.events + run.graph.count; e++) length += is_told(e);
  return length;
}

void path_keep(void) {
  path_length = (uint32_t)run.graph.path_length;
  memcpy(path, run.graph.path, path_length * sizeof *path);
  run.report->path_length = path_length;
}

void trace_keep(void) {
  static const char *const orders[] = {"relaxed", "acquire", "release", "acq_rel",
                                       "seq_cst", "light",   "heavy",   "nonatomic"};
  const graph *g = &run.graph;
  int done[WM_THREADS] = {0};
  int16_t number[EVENTS];
  count = 0;
  for (bool moved = true; moved;) {
    moved = false;
    for (int thread = 0; thread < WM_THREADS; thread++)
      for (; done[thread] < g->length[thread]; done[thread]++, moved = true) {
        int id = g->of[thread][done[thread]];
        const event *e = &g->events[id];
        const event *source = e->kind == READ && e->from >= 0 ? &g->events[e->from] : NULL;
        if (source && done[source->thread] <= source->index) break;
        if (!is_told(e)) continue;
        number[id] = (int16_t)count;
        wm_step *s = &steps[count++];
        *s = (wm_step){.kind = kind_of(e), .order = orders[e->order], .thread = thread, .value = e->value, .from = -2};
        if (e->site) s->file = e->site->file, s->line = e->site->line, s->text = e->site->text;
        if (e->kind == READ) s->from = source ? number[e->from] : -1;
        if (e->place != NOWHERE) snprintf(s->place, sizeof s->place, "%s", place_name(e->place));
      }
  }
  run.report->trace_length = count;
  path_keep();
}

bool wm_trace_at(uint32_t number, wm_step *step) {
  if (number >= count) return false;
  *step = steps[number];
  return true;
}

uint32_t wm_path(uint16_t *decisions, uint32_t room) {
  uint32_t length = path_length < room ? path_length : room;
  memcpy(decisions, path, length * sizeof *path);
  return length;
}
