/* What the runs so far have found: the failure at hand, different outcomes, and the trace of the shortest failure in an
 * order that respects program order and reads-from. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine.h"

run_state run;

/* ---- the failure of the run at hand ---- */

void run_failed(wm_failure failure, const char *format, ...) {
  if (!run.met) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(run.message, sizeof run.message, format, arguments);
    va_end(arguments);
    run.met = failure;
    if (run.current >= 0) run_trace(run.current, run.threads[run.current].replayed);
  }
  bool goes_on = failure == WM_ASSERTION || failure == WM_RACE || failure == WM_FREED;
  if (!run.failure && !(goes_on && run.options->ended)) run.failure = run.met;
}

void run_trace(int number, int count) {
  if (count) clock_join(&run.trace, &run.graph.events[run.graph.of[number][count - 1]].past);
}

/* ---- outcomes, and the executions met, as hash tables that grow ---- */

static wm_outcome_seen *outcomes;
static size_t outcome_count, outcome_room;
static uint32_t *index_of; /* number + 1, by hash */
static size_t index_room;
static uint64_t *signatures;
static size_t signature_count, signature_room;

static void outcomes_start(void) {
  outcome_count = signature_count = 0;
  if (index_of) memset(index_of, 0, index_room * sizeof *index_of);
  if (signatures) memset(signatures, 0, signature_room * sizeof *signatures);
}

static void *checked(void *memory) {
  if (!memory) abort();
  return memory;
}

static size_t hash_of(const wm_outcome_seen *o) {
  uint64_t hash = o->length;
  for (uint32_t i = 0; i < o->length; i++) hash = (hash ^ o->values[i]) * 0x9E3779B97F4A7C15u, hash ^= hash >> 31;
  return (size_t)hash;
}

static uint32_t *entry(const wm_outcome_seen *o) {
  size_t at = hash_of(o) % index_room;
  for (; index_of[at]; at = (at + 1) % index_room) {
    const wm_outcome_seen *old = &outcomes[index_of[at] - 1];
    if (old->length == o->length && !memcmp(old->values, o->values, o->length * sizeof *o->values)) break;
  }
  return &index_of[at];
}

bool outcomes_add(const wm_outcome_seen *outcome) {
  if (2 * (outcome_count + 1) > index_room) {
    index_room = index_room ? 2 * index_room : 64;
    free(index_of);
    index_of = checked(calloc(index_room, sizeof *index_of));
    for (size_t i = 0; i < outcome_count; i++) *entry(&outcomes[i]) = (uint32_t)i + 1;
  }
  uint32_t *at = entry(outcome);
  if (!*at) {
    if (outcome_count == outcome_room) {
      outcome_room = outcome_room ? 2 * outcome_room : 64;
      outcomes = checked(realloc(outcomes, outcome_room * sizeof *outcomes));
    }
    outcomes[outcome_count] = *outcome;
    outcomes[outcome_count].count = 0;
    outcomes[outcome_count].allowed =
        !run.options->allowed || run.options->allowed(run.client->context, outcome->values, outcome->length);
    *at = (uint32_t)++outcome_count;
    run.report->outcomes = outcome_count;
  }
  outcomes[*at - 1].count++;
  return outcomes[*at - 1].allowed;
}

const wm_outcome_seen *wm_outcomes(void) { return outcomes; }

static uint64_t *slot(uint64_t signature) {
  size_t at = signature % signature_room;
  while (signatures[at] && signatures[at] != signature) at = (at + 1) % signature_room;
  return &signatures[at];
}

bool signatures_add(uint64_t signature) {
  signature += !signature;
  if (2 * (signature_count + 1) > signature_room) {
    uint64_t *old = signatures;
    size_t old_room = signature_room;
    signature_room = old_room ? 2 * old_room : 1024;
    signatures = checked(calloc(signature_room, sizeof *signatures));
    for (size_t i = 0; i < old_room; i++)
      if (old[i]) *slot(old[i]) = old[i];
    free(old);
  }
  uint64_t *at = slot(signature);
  if (*at) return false;
  *at = signature;
  signature_count++;
  return true;
}

/* ---- traces ---- */

static wm_step steps[EVENTS], whole[EVENTS];
static uint32_t step_count, path_length;
static uint16_t path[DECISIONS];

static struct {
  uintptr_t at;
  const char *name;
} names[PLACES];
static int name_count;

void report_start(void) {
  step_count = path_length = 0;
  name_count = 0;
  outcomes_start();
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
  for (int i = 0; i < name_count; i++)
    if (names[i].at == at) return names[i].name;
  snprintf(text, sizeof text, "%#llx", (unsigned long long)at);
  return text;
}

static const char *kind_of(const event *e) {
  static const char *const kinds[] = {"read", "write", "fence", "choose", "wake"};
  if (event_blocks(e)) return "waits";
  if (e->sleeps) return "awake";
  return e->exclusive ? "update" : kinds[e->kind];
}

/* What did not lead to the failure is left out, where that is known. */
static bool is_shown(const event *e) {
  static const clock_vector nothing;
  return !memcmp(&run.trace, &nothing, sizeof nothing) || clock_has(&run.trace, e);
}

static uint32_t trace_length(void) {
  uint32_t length = 0;
  for (const event *e = run.graph.events; e < run.graph.events + run.graph.count; e++) length += is_shown(e);
  return length;
}

void path_keep(void) {
  path_length = (uint32_t)run.graph.path_length;
  memcpy(path, run.graph.path, path_length * sizeof *path);
  run.report->path_length = path_length;
}

/* Gives how many there are. */
static uint32_t trace_keep(wm_step *into, bool all) {
  static const char *const orders[] = {"relaxed", "acquire", "release", "acq_rel",
                                       "seq_cst", "light",   "heavy",   "nonatomic"};
  const graph *g = &run.graph;
  int done[WM_THREADS] = {0};
  int16_t number[EVENTS];
  uint32_t count = 0;
  for (bool moved = true; moved;) {
    moved = false;
    for (int thread = 0; thread < WM_THREADS; thread++)
      for (; done[thread] < g->length[thread]; done[thread]++, moved = true) {
        int id = g->of[thread][done[thread]];
        const event *e = &g->events[id];
        const event *source = e->kind == READ && e->from >= 0 ? &g->events[e->from] : NULL;
        if (source && done[source->thread] <= source->index) break;
        if (!all && !is_shown(e)) continue;
        number[id] = (int16_t)count;
        wm_step *s = &into[count++];
        *s = (wm_step){.kind = kind_of(e), .order = orders[e->order], .thread = thread, .value = e->value, .from = -2};
        s->led = is_shown(e);
        if (e->site) s->file = e->site->file, s->line = e->site->line, s->text = e->site->text;
        if (e->kind == READ) s->from = source ? number[e->from] : -1;
        if (e->place != NOWHERE) snprintf(s->place, sizeof s->place, "%s", place_name(e->place));
      }
  }
  return count;
}

bool wm_trace_at(uint32_t number, wm_step *step) {
  if (number >= step_count) return false;
  *step = steps[number];
  return true;
}

uint32_t wm_path(uint16_t *decisions, uint32_t room) {
  uint32_t length = path_length < room ? path_length : room;
  memcpy(decisions, path, length * sizeof *path);
  return length;
}

void report_failure(void) {
  wm_report *report = run.report;
  report->failures++;
  report->kinds[run.failure]++;
  if (report->failure && report->trace_length <= trace_length()) return;
  report->failure = run.failure;
  memcpy(report->message, run.message, sizeof report->message);
  report->trace_length = step_count = trace_keep(steps, false);
  path_keep();
}

void report_execution(void) {
  if (!run.options->ended) return;
  wm_execution ended = {.failure = run.failure, .message = run.failure ? run.message : "", .stopped = run.stopped};
  ended.count = trace_keep(whole, true);
  ended.steps = whole;
  run.options->ended(run.client->context, &ended);
}
