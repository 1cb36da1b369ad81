/* Waiting without the GIL.
 *
 * To ask for the GIL while another thread holds it is to sleep in the kernel until that thread releases it. A call that
 * has waited was, as a rule, woken by a thread that holds the GIL and is itself about to wait, for the answer or for
 * space. So it polls for a moment whether the GIL has been released, before it asks. */
#include <time.h>

#include "handles.h"
#include "platform/platform.h"

/* Whether the last of the waiting calls to release or take the GIL released it. A hint: other code does both too. */
static _Atomic bool given;

PyThreadState *gil_give(void) {
  PyThreadState *thread = PyEval_SaveThread();
  platform_store(&given, true, relaxed); /* only now: who sees it too early finds the GIL held */
  return thread;
}

void gil_take(PyThreadState *thread) {
  for (int spins = platform_spins; spins > 0 && !platform_load(&given, relaxed); spins--) platform_pause();
  PyEval_RestoreThread(thread);
  platform_store(&given, false, relaxed);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t deadline_after(int64_t timeout) {
  int64_t begun = now();
  return timeout < 0 || timeout > INT64_MAX - begun ? FOREVER : begun + timeout;
}

int64_t time_left(int64_t deadline) {
  if (deadline == FOREVER) return FOREVER;
  int64_t left = deadline - now();
  return left > 0 ? left : 1;
}
