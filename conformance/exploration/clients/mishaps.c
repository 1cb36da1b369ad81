/* What a system does to a call now and then: a signal ends its sleep, memory is refused. How often, the client says;
 * each thread has its own count, so that it does not depend on who ran first. */
#include "script.h"

static int signals[WM_THREADS], refusals[WM_THREADS];

void mishaps_begin(const script *s) {
  for (int t = 0; t < WM_THREADS; t++) signals[t] = s->signals, refusals[t] = s->refusals;
}

int fault_sleep(platform_word *word, uint32_t value, bool timed, const wm_site *site) {
  int me = wm_self();
  unsigned ends = (timed ? WM_TIMED : 0) | (me >= 0 && signals[me] ? WM_INTERRUPTIBLE : 0);
  int slept = wm_sleep(&word->value, sizeof word->value, value, ends, site);
  if (slept == WM_SIGNAL) signals[me]--;
  return slept;
}

bool fault_refusal(const wm_site *site) {
  int me = wm_self();
  if (me < 0 || !refusals[me] || !wm_choose(2, site)) return false;
  refusals[me]--;
  return true;
}
