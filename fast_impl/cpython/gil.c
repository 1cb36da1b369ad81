/* Waiting without the GIL.
 *
 * To ask for the GIL while another thread holds it is to sleep in the kernel until that one lets go. A call that has
 * waited was, as a rule, woken by a thread that has the GIL and is itself about to wait, for the answer or for room. So
 * it looks for a moment whether the GIL has been given away, before it asks. */
#include "handles.h"
#include "platform/platform.h"

/* Whether the last of the calls that wait to give or take it has given it. A hint: others give and take it too. */
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
