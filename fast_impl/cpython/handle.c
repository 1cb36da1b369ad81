#include <stdarg.h>
#include <time.h>

#include "handles.h"

PyObject *handle_enter(PyObject *self, PyObject *Py_UNUSED(unused)) { return Py_NewRef(self); }

PyObject *handle_reduce_ex(PyObject *self, PyObject *Py_UNUSED(protocol)) {
  PyObject *name = PyType_GetName(Py_TYPE(self));
  if (name) PyErr_Format(PyExc_TypeError, "%U cannot be copied or pickled; use move() to hand it on", name); /* LIF-7 */
  Py_XDECREF(name);
  return NULL;
}

PyObject *config_of(const handles_state *state, uint64_t capacity, uint64_t max_message_size) {
  return PyObject_CallFunction(state->channel_config, "KK", (unsigned long long)capacity,
                               (unsigned long long)max_message_size);
}

PyObject *stats_of(PyObject *type, const omni_handle_stats *stats) {
  return PyObject_CallFunction(type, "KKK", (unsigned long long)stats->messages, (unsigned long long)stats->bytes,
                               (unsigned long long)stats->failed);
}

PyObject *raise_by(PyObject *raiser, const char *format, ...) {
  va_list values;
  va_start(values, format);
  PyObject *arguments = Py_VaBuildValue(format, values);
  va_end(values);
  if (!arguments) return NULL;
  PyObject *returned = PyObject_Call(raiser, arguments, NULL);
  Py_DECREF(arguments);
  if (returned) { /* it raises, always */
    Py_DECREF(returned);
    PyErr_SetString(PyExc_SystemError, "what should have raised returned");
  }
  return NULL;
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
