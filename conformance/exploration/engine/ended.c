/* An execution that has ended: complete, waiting for ever, no execution at all, or a failure. */
#include <stdio.h>

#include "run.h"

void ended_in_failure(void) {
  wm_report *report = run.report;
  report->failures++;
  report->kinds[run.failure]++;
  if (report->failure && report->trace_length <= trace_length()) return;
  report->failure = run.failure;
  memcpy(report->message, run.message, sizeof report->message);
  trace_keep();
}

static void forbidden(void) {
  char values[400] = "";
  size_t used = 0;
  for (uint32_t i = 0; i < run.outcome.length && used < sizeof values; i++)
    used += (size_t)snprintf(values + used, sizeof values - used, " %llu", (unsigned long long)run.outcome.values[i]);
  run_failed(WM_FORBIDDEN, NULL, "an outcome that is not allowed:%s", values);
}

void ended(void) {
  wm_report *report = run.report;
  const graph *g = &run.graph;
  const event *asleep = NULL; /* the first thread that waits for ever */
  bool blocked = false, impatient = false;
  for (int number = 0; number < run.client->threads; number++) {
    if (run.threads[number].state == GIVEN_UP) {
      report->dropped++;
      return;
    }
    if (run.threads[number].state != BLOCKED) continue;
    const event *e = &g->events[g->of[number][g->length[number] - 1]];
    if (rank_of(g, e) != graph_last_rank(g, e->place)) {
      report->dropped++; /* it would have looked again, and may have woken others */
      return;
    }
    blocked = true;
    if (!e->patient) impatient = true; /* it goes on when its time is up: another execution */
    else if (!asleep) asleep = e;
  }
  if (asleep && !impatient && !run.options->blocking_allowed)
    run_failed(WM_LOST_WAKEUP, asleep->site, "lost wakeup: thread %d sleeps, and nobody is left to wake it",
               asleep->thread);
  if (run.options->check_repetition && !signatures_add(graph_signature(g))) report->repeated++;
  if ((uint32_t)g->count > report->longest) report->longest = (uint32_t)g->count;
  if (blocked) {
    report->blocked++;
    return;
  }
  report->complete++;
  run_end();
  if (!run.failure && !outcomes_add(&run.outcome)) forbidden();
}
