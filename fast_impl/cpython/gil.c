/* Waiting, and copying, without the GIL, and so without holding up a collector that stops all threads.
 *
 * To ask for the GIL while another thread holds it is to sleep in the kernel until that thread releases it. A call that
 * has waited was, as a rule, woken by a thread that holds the GIL and is itself about to wait, for the answer or for
 * space. So it polls for a moment whether the GIL has been released, before it asks. A hint: other code releases and
 * takes it too. */
#include <string.h>
#include <time.h>

#include "handles.h"
#include "omni_internal.h"

#ifdef OMNI_POINTS
/* A test build: the points at which something can come between, passed to a callable of Python. */
static PyObject *point_callable;

PyObject *interruption_points(PyObject *Py_UNUSED(unused), PyObject *callable) {
  Py_XSETREF(point_callable, callable == Py_None ? NULL : Py_NewRef(callable));
  Py_RETURN_NONE;
}

static int point(const char *name) {
  PyObject *callable = Py_XNewRef(point_callable);
  if (!callable) return 0;
  PyObject *kind, *error, *trace, *returned;
  PyErr_Fetch(&kind, &error, &trace);
  returned = PyObject_CallFunction(callable, "s", name);
  Py_DECREF(callable);
  bool raised = !returned;
  Py_XDECREF(returned);
  if (!raised || kind || strcmp(name, "signals") != 0) { /* only a handler's exception is the result of the check */
    if (raised) PyErr_Clear();
    raised = false;
    PyErr_Restore(kind, error, trace);
  }
  return raised ? -1 : 0;
}
#else
static int point(const char *name) {
  (void)name;
  return 0;
}
#endif

PyThreadState *gil_give(handles_state *state) {
  point("release");
  PyThreadState *thread = PyEval_SaveThread();
  /* Only now; a premature read only costs contention. The state outlives the call, which has an object of ours */
  if (!FREE_THREADED) SET(state->given);
  return thread;
}

void gil_take(handles_state *state, PyThreadState *thread) {
  if (!FREE_THREADED) omni_spin_until(&state->given);
  PyEval_RestoreThread(thread);
  if (!FREE_THREADED) atomic_store_explicit(&state->given, false, memory_order_relaxed);
  point("retake");
}

int check_signals(void) { return point("signals") < 0 ? -1 : PyErr_CheckSignals(); }

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
