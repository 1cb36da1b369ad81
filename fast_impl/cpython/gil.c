/* Waiting without the GIL, and the time that is left to wait.
 *
 * A thread that requests the GIL while another holds it sleeps in the kernel until it is released. A call that has
 * waited was, as a rule, woken by a thread that holds the GIL and is itself about to wait, for the answer or for room.
 * So it polls briefly whether the GIL has been released, before it requests it. */
#include <time.h>

#include "handles.h"
#include "platform/platform.h"

/* Whether the last waiting call that released or took the GIL released it. A hint: other code does both too. */
static _Atomic bool given;

PyThreadState *gil_release(void) {
  PyThreadState *thread = PyEval_SaveThread();
  platform_store(&given, true, relaxed); /* after the release: a premature read only costs contention */
  return thread;
}

void gil_acquire(PyThreadState *thread) {
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
